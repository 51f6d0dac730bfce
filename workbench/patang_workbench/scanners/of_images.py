"""Scanners of Dockerfiles: checkov for what an image must not do, hadolint for how it is written."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from patang_workbench.deployment.programs import ROOT
from patang_workbench.scanners.findings import Finding
from patang_workbench.scanners.of_templates import checkov
from patang_workbench.scanners.programs import BESIDE, run

__all__ = ["checkov_images", "dockerfiles", "hadolint"]


def dockerfiles(root: Path = ROOT) -> tuple[Path, ...]:
    """Every Dockerfile of the project: the home desk's, and those of functions that are images."""
    return tuple(sorted([root / "Dockerfile", *root.glob("functions/*/Dockerfile")]))


def checkov_images(files: Sequence[Path], root: Path = ROOT) -> Iterator[Finding]:
    """Raises ScannerError."""
    for path, found in checkov("dockerfile", files, root):
        lines = tuple(found["file_line_range"])
        yield Finding(
            "checkov", found["check_id"], path.relative_to(root).as_posix(), found["check_name"], lines
        )


def hadolint(files: Sequence[Path], root: Path = ROOT) -> Iterator[Finding]:
    """Raises ScannerError."""
    command = [BESIDE / "hadolint", "--no-fail", "--format", "json", *(str(file) for file in files)]
    for found in json.loads(run(command, good=(0,), folder=root).stdout):
        place = (root / found["file"]).relative_to(root).as_posix()
        yield Finding("hadolint", found["code"], place, found["message"], (found["line"],))
