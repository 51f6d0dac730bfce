"""Distributed research on this machine: the deployed template on the emulator, processes as its workers."""

import os
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from patang.adapters.aws.s3 import S3Objects
from patang_workbench.local_stack.assembly import Assembly, AssemblyError
from patang_workbench.local_stack.deployment import deploy
from patang_workbench.local_stack.emulator import ACCOUNT, REGION, Emulator
from patang_workbench.local_stack.processes import Keeper, clean_environment
from patang_workbench.local_stack.stack import PROJECT_ROOT
from patang_workbench.research.distributed import ResearchStage
from patang_workbench.research.local_workers import LocalWorkers

__all__ = ["LocalStage", "local_stage"]

_FORWARD = "MINISTACK_LAMBDA_PROXY_URL"


@dataclass(frozen=True, slots=True)
class LocalStage:
    """The stage, the emulator it is on, the processes that are its workers, and which models they have."""

    stage: ResearchStage
    emulator: Emulator
    workers: LocalWorkers
    models: str


@contextmanager
def local_stage(workers: int, progress: Callable[[str], None]) -> Iterator[LocalStage]:
    """Deploy the research stack onto an emulator of its own; it ends with the context. `progress` gets a line
    a step. Raises AssemblyError, EmulatorError or DeploymentError."""
    folder = PROJECT_ROOT / ".patang" / "run" / uuid.uuid4().hex[:8]
    folder.mkdir(parents=True)
    with ExitStack() as ending:
        keeper = ending.enter_context(Keeper())
        keeper.remove_folder(folder)
        progress("starting the AWS emulator")
        emulator = Emulator(PROJECT_ROOT / ".emulator/bin/python", folder / "emulator", keeper)
        ending.callback(emulator.stop)
        progress("writing the CloudFormation templates")
        _synthesise(folder / "assembly")
        emulator.wait_ready()
        outputs = deploy(emulator, Assembly(folder / "assembly", ACCOUNT, REGION), {}, progress)
        function = emulator.client("lambda")
        given = function.get_function_configuration(FunctionName=outputs["ResearchWorkerName"])
        environment = clean_environment(
            **emulator.client_environment(),
            # The image has it beside the code.
            MODEL_PATH=str(PROJECT_ROOT / "model_artifacts"),
            MODELS=given["Environment"]["Variables"]["MODELS"],
            STAGE="paper",
            POWERTOOLS_SERVICE_NAME="research_worker",
            STORE_BUCKET=outputs["StoreBucket"],
            OMP_NUM_THREADS="1",
            PYTHONUNBUFFERED="1",
        )
        progress(f"starting {workers} workers")
        running = ending.enter_context(
            LocalWorkers(
                workers,
                root=PROJECT_ROOT,
                environment=environment,
                log=folder / "workers.log",
                keeper=keeper,
            )
        )
        variables = {**given["Environment"]["Variables"], _FORWARD: running.address}
        _deploy_again(function, given["FunctionName"], variables)
        stage = ResearchStage(
            objects=S3Objects(emulator.client("s3"), outputs["StoreBucket"]),
            bucket=outputs["StoreBucket"],
            steps=emulator.client("stepfunctions"),
            machine=outputs["ResearchMachineArn"],
            memory_mb=given["MemorySize"],
            time_limit=given["Timeout"],
        )
        yield LocalStage(stage, emulator, running, given["Environment"]["Variables"]["MODELS"])


def _deploy_again(function: Any, name: str, variables: Mapping[str, str]) -> None:
    """With these variables, as the version that the map calls."""
    function.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
    version = function.publish_version(FunctionName=name)["Version"]
    function.update_alias(FunctionName=name, Name="live", FunctionVersion=version)


def _synthesise(folder: Path) -> None:
    binaries = str(Path(sys.executable).parent)
    environment = {**os.environ, "PATH": f"{binaries}:{os.environ.get('PATH', '')}"}
    done = subprocess.run(  # noqa: S603 (this interpreter and a module of ours)
        [sys.executable, "-m", "infra.research", "-o", str(folder)],
        cwd=PROJECT_ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AssemblyError(f"the templates could not be made:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
