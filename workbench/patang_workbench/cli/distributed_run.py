"""The jobs of a run over the workers of a stage, told what they cost before they start."""

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from patang.adapters.aws.s3 import S3Objects
from patang.backtest.jobs import JobResult
from patang.errors import PatangError
from patang_workbench.cli.deployed import stack_outputs
from patang_workbench.cli.distributed import LOCAL
from patang_workbench.cli.progress import progress_bar
from patang_workbench.cli.running import CommandError
from patang_workbench.local_stack.assembly import AssemblyError
from patang_workbench.local_stack.deployment import DeploymentError
from patang_workbench.local_stack.emulator import EmulatorError
from patang_workbench.research.distributed import ResearchStage, collect, follow, missing, start
from patang_workbench.research.job_costs import cost_of, seconds_of_one
from patang_workbench.research.job_plans import Plan
from patang_workbench.research.local_stage import local_stage

__all__ = ["worked_through"]


def worked_through(plan: Plan, options: argparse.Namespace) -> list[JobResult]:
    """The results of the plan's jobs in their order, from the stage that `options` names.

    What it costs is told first, on standard error; in the cloud nothing starts without --yes. Raises
    CommandError with what went wrong; what is done is kept in the cloud, and not done again.
    """
    try:
        with _stage(options) as stage:
            return _worked(plan, stage, options)
    except (PatangError, AssemblyError, DeploymentError, EmulatorError) as error:
        raise CommandError(str(error)) from error
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"AWS did not do what the run needs: {error}") from error


def _worked(plan: Plan, stage: ResearchStage, options: argparse.Namespace) -> list[JobResult]:
    left = missing(plan, stage.objects)
    cost = cost_of(left, len(plan.inputs), seconds_of_one(plan, left), stage.memory_mb, stage.time_limit)
    _say(f"run {plan.run}: {len(plan.jobs) - len(left)} of {len(plan.jobs)} jobs have a result")
    _say(f"in the cloud: {cost}")
    if left and options.distributed != LOCAL and not options.yes:
        raise CommandError("nothing was started: give --yes to start at this cost")
    if left:
        execution = start(plan, left, stage)
        with progress_bar(len(left)) as step:
            follow(execution, stage, _steps(step))
    return collect(plan, stage.objects)


def _steps(step: Callable[[str], None]) -> Callable[[int, int], None]:
    """From counts to steps of a bar."""
    seen = 0

    def told(succeeded: int, failed: int) -> None:
        nonlocal seen
        for _ in range(succeeded + failed - seen):
            step(f"{failed} failed" if failed else "jobs")
        seen = max(seen, succeeded + failed)

    return told


@contextmanager
def _stage(options: argparse.Namespace) -> Iterator[ResearchStage]:
    if options.distributed == LOCAL:
        if options.workers < 1:
            raise CommandError(f"{options.workers} workers do nothing: give one at least")
        with local_stage(options.workers, _say) as local:
            yield local.stage
        return
    outputs = {
        **stack_outputs(f"patang-{options.distributed}-data"),
        **stack_outputs(f"patang-{options.distributed}-research"),
    }
    worker = boto3.client("lambda").get_function_configuration(FunctionName=outputs["ResearchWorkerName"])
    yield ResearchStage(
        objects=S3Objects(boto3.client("s3"), outputs["StoreBucket"]),
        bucket=outputs["StoreBucket"],
        steps=boto3.client("stepfunctions"),
        machine=outputs["ResearchMachineArn"],
        memory_mb=worker["MemorySize"],
        time_limit=worker["Timeout"],
    )


def _say(line: str) -> None:
    print(f"patang: {line}", file=sys.stderr)
