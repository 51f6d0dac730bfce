"""Bandit and detect-secrets over the project, checkov and hadolint over its Dockerfiles; each can fail."""

import shutil
import subprocess

import pytest

from patang_workbench import scanners
from patang_workbench.deployment.programs import ROOT
from patang_workbench.scanners.of_code import scanned_code
from tests.infra.accepted_findings import nothing_but_accepted


@pytest.fixture(scope="module")
def files():
    return scanners.project_files()


@pytest.mark.thorough
def test_bandit_finds_nothing_that_was_not_accepted(files):
    known = (
        *scanners.read_acceptances(),
        *scanners.reasons_in_code((path for path in files if path.suffix == ".py"), ROOT),
    )

    nothing_but_accepted("bandit", scanners.bandit(scanned_code()), known)


def test_no_file_holds_what_looks_like_a_secret(files):
    assert len(files) > 1000
    nothing_but_accepted("detect-secrets", scanners.detect_secrets(files))


def test_every_dockerfile_is_looked_at(files):
    images = scanners.dockerfiles()

    assert set(images) == {path for path in files if path.name == "Dockerfile"}
    assert not list(scanners.hadolint(images))
    findings = list(scanners.checkov_images(images))
    result = scanners.sort_out("checkov", findings, scanners.read_acceptances())
    assert [str(finding) for finding in result.open] == []
    assert findings


def test_bandit_finds_what_runs_the_words_of_others(tmp_path):
    (tmp_path / "careless.py").write_text(
        "import subprocess\n\ndef f(words):\n    subprocess.run(words, shell=True)\n    return eval(words)\n"
    )

    found = list(scanners.bandit([tmp_path], tmp_path))
    left = scanners.sort_out("bandit", found, scanners.read_acceptances()).open
    assert {(finding.rule, finding.place, finding.lines[0]) for finding in left} >= {
        ("B602", "careless.py", 4),
        ("B307", "careless.py", 5),
    }


def test_a_file_that_bandit_cannot_read_is_a_finding(tmp_path):
    (tmp_path / "broken.py").write_text("def (:\n")

    assert [finding.rule for finding in scanners.bandit([tmp_path], tmp_path)] == ["unreadable"]


# Put together here, so that none of them stands in this file.
PLANTED = {
    "AWS Access Key": "AKIA" + "IOSFODNN7" + "QZXWVUT",
    "Secret Keyword": "api_secret = " + repr("q9z8x7c6v5" * 3 + "b4"),
    "Private Key": "-----BEGIN " + "EC PRIVATE KEY-----",
    "JSON Web Token": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiJvd25lciJ9." + "Zm9yZ2VkLXNpZ25hdHVyZQ",
}


@pytest.mark.parametrize("kind", PLANTED)
def test_a_planted_secret_is_found(tmp_path, kind):
    (tmp_path / "settings.py").write_text(
        f"{PLANTED[kind]}\n" if "=" in PLANTED[kind] else f"x = {PLANTED[kind]!r}\n"
    )

    found = list(scanners.detect_secrets([tmp_path / "settings.py"], tmp_path))
    left = scanners.sort_out("detect-secrets", found, scanners.read_acceptances()).open
    assert kind in {finding.rule for finding in left}


def test_a_comment_in_the_line_accepts_no_secret(tmp_path):
    (tmp_path / "settings.py").write_text(f"{PLANTED['Secret Keyword']}  # pragma: allowlist secret\n")

    assert list(scanners.detect_secrets([tmp_path / "settings.py"], tmp_path))


def test_an_image_that_runs_as_root_and_takes_whatever_is_newest_is_found(tmp_path):
    careless = tmp_path / "Dockerfile"
    careless.write_text("FROM python:latest\nRUN cd /srv\nCMD python -m http.server\n")

    assert {finding.rule for finding in scanners.checkov_images([careless], tmp_path)} >= {
        "CKV_DOCKER_3",
        "CKV_DOCKER_7",
    }
    assert {finding.rule for finding in scanners.hadolint([careless], tmp_path)} >= {"DL3007", "DL3003"}


def test_a_scanner_that_is_not_there_is_no_clean_result(monkeypatch, tmp_path):
    monkeypatch.setattr("patang_workbench.scanners.of_code.CODE", tmp_path)

    with pytest.raises(scanners.ScannerError, match="run `make security`"):
        list(scanners.bandit([tmp_path]))


def test_a_scanner_that_fails_is_no_clean_result(monkeypatch, tmp_path):
    shutil.copy("/bin/false", tmp_path / "detect-secrets")
    monkeypatch.setattr("patang_workbench.scanners.of_code.CODE", tmp_path)

    with pytest.raises(scanners.ScannerError, match="no answer"):
        list(scanners.detect_secrets([tmp_path / "detect-secrets"], tmp_path))


def test_code_is_what_git_keeps_and_not_what_synth_has_copied_of_it(tmp_path):
    for name in ("infra/app.py", "infra/cdk.out/asset/app.py", "docs/example.py"):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("x = 1\n")
    (tmp_path / ".gitignore").write_text("infra/cdk.out/\n")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True)

    assert scanned_code(tmp_path) == (tmp_path / "infra/app.py",)
