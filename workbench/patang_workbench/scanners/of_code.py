"""Scanners of our own files: bandit for unsafe code, detect-secrets for what must not be kept here."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from patang_workbench.deployment.programs import ROOT
from patang_workbench.scanners.findings import Finding
from patang_workbench.scanners.programs import CODE, run

__all__ = ["bandit", "detect_secrets", "project_files", "scanned_code"]

_CODE_FOLDERS: Final = ("layers/core/patang", "workbench/patang_workbench", "functions", "infra")

# Keys of services that the desk has nothing to do with: each detector is a regular expression a line, and all
# of them together took twice as long. What looks like chance is still found.
_OTHERS_KEYS: Final = (
    "Artifactory",
    "AzureStorageKey",
    "Cloudant",
    "DiscordBotToken",
    "GitLabToken",
    "IbmCloudIam",
    "IbmCosHmac",
    "IPPublic",
    "Mailchimp",
    "SendGrid",
    "Slack",
    "Softlayer",
    "SquareOAuth",
    "Stripe",
    "TwilioKey",
)
# What is accepted stands in one place, not in a comment of the line.
_NO_PRAGMA: Final = ("--disable-filter", "detect_secrets.filters.allowlist.is_line_allowlisted")
# Hashes of packages, line by line, and trees of models: numbers, which a person cannot write a secret into.
_NUMBERS: Final = ("requirements/*.txt", "requirements/*/*.txt", "requirements/*/package-lock.json")
_TREES: Final = ("model_artifacts/*/classifier.json", "model_artifacts/*/regressor.json")


def project_files(root: Path = ROOT) -> tuple[Path, ...]:
    """Files that git keeps or would take. Raises subprocess.CalledProcessError outside of a checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"],  # noqa: S607 (the person's own git)
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(root / name for name in listed.stdout.split("\0") if name and (root / name).is_file())


def scanned_code(root: Path = ROOT) -> tuple[Path, ...]:
    """The project's own Python; what `make synth` has copied of it is not. Raises as project_files."""
    folders = [root / folder for folder in _CODE_FOLDERS]
    return tuple(
        file
        for file in project_files(root)
        if file.suffix == ".py" and any(file.is_relative_to(folder) for folder in folders)
    )


def bandit(places: Sequence[Path], root: Path = ROOT) -> Iterator[Finding]:
    """What it says of these files, and of the Python below these folders. Raises ScannerError."""
    answer = json.loads(
        run([CODE / "bandit", "-q", "-f", "json", "-r", *places], good=(0, 1), folder=root).stdout
    )
    for found in answer["results"]:
        yield Finding(
            "bandit",
            found["test_id"],
            _below(found["filename"], root),
            found["issue_text"],
            (found["line_number"], *found["line_range"]),
        )
    for error in answer["errors"]:
        yield Finding("bandit", "unreadable", _below(error["filename"], root), error["reason"])


def detect_secrets(files: Sequence[Path], root: Path = ROOT) -> Iterator[Finding]:
    """What looks like a secret in these files; no service is asked whether one is. Raises ScannerError."""
    names = [
        file.relative_to(root).as_posix()
        for file in files
        if not any(file.relative_to(root).full_match(glob) for glob in (*_NUMBERS, *_TREES))
    ]
    without = [word for name in _OTHERS_KEYS for word in ("--disable-plugin", f"{name}Detector")]
    command = [CODE / "detect-secrets", "scan", "--no-verify", "--all-files", *_NO_PRAGMA, *without, *names]
    for place, entries in json.loads(run(command, good=(0,), folder=root).stdout)["results"].items():
        for found in entries:
            yield Finding(
                "detect-secrets",
                found["type"],
                place,
                "looks like a secret; one that is none is named in scanners/accepted.toml",
                (found["line_number"],),
                found["hashed_secret"],
            )


def _below(name: str, root: Path) -> str:
    path = root / name
    return path.relative_to(root).as_posix()
