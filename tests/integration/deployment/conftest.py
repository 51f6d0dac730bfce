"""The emulator's CloudFormation in the place of AWS, bootstrapped, with a pretended CDK and Docker."""

import shutil
from collections.abc import Callable, Iterator

import pytest

from patang_workbench.cli import deploy, staged
from patang_workbench.deployment import checks
from patang_workbench.local_stack.emulator import Emulator
from patang_workbench.local_stack.processes import Keeper
from patang_workbench.local_stack.stack import PROJECT_ROOT
from tests.integration.deployment.pretended import PretendedCdk

type Which = Callable[..., str | None]

PYTHON = PROJECT_ROOT / ".emulator" / "bin" / "python"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Keeper() as keeper:
        emulator = Emulator(PYTHON, tmp_path_factory.mktemp("emulator") / "run", keeper)
        emulator.wait_ready()
        yield emulator
        emulator.stop()


@pytest.fixture
def emulator(running: Emulator, monkeypatch: pytest.MonkeyPatch) -> Emulator:
    """Empty; found by whatever asks AWS through boto3. The commands set the region: it is put back."""
    running.reset()
    for name, value in running.client_environment().items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "CDK_DOCKER"):
        monkeypatch.delenv(name, raising=False)
    return running


@pytest.fixture
def cdk(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> PretendedCdk:
    emulator.client("ssm").put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="21", Type="String")
    pretended = PretendedCdk()
    monkeypatch.setattr(staged, "Programs", pretended)
    # The pretended templates are no whole stage, which alone has an estimate.
    monkeypatch.setattr(deploy, "estimate", pretended.month)
    monkeypatch.setattr(checks.shutil, "which", with_docker)
    return pretended


def with_docker(name: str, path: str | None = None, found: Which = shutil.which) -> str | None:
    """As `shutil.which` on a machine that has Docker."""
    return "/usr/bin/docker" if name == "docker" else found(name, path=path)
