"""A plan worked through by the Distributed Map of a stage: prepared, started, followed, collected.

Whatever has a result is not asked for again, so that a run that was broken off, by whomever, goes on where it
was when the same command is given again.
"""

import json
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Final

from patang.backtest.jobs import Job, JobResult
from patang.backtest.worker import RUNS, JobEvent, input_path, result_path, results_folder
from patang.errors import OtherSideFailed
from patang.ports import ObjectStore
from patang_workbench.research.job_plans import Plan

__all__ = ["ResearchStage", "RunUnfinished", "collect", "follow", "missing", "start"]

_AT_ONCE: Final = 8
_ENDED: Final = ("SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED")


class RunUnfinished(OtherSideFailed):
    """Jobs are left without a result; the same command goes on with them."""


@dataclass(frozen=True, slots=True)
class ResearchStage:
    """Where a run is worked through: the store's bucket, its machine, and what the worker is given.

    `steps` is a boto3 client of Step Functions; `time_limit` is in seconds.
    """

    objects: ObjectStore
    bucket: str
    steps: Any
    machine: str
    memory_mb: int
    time_limit: int


def missing(plan: Plan, objects: ObjectStore) -> tuple[Job, ...]:
    """The jobs without a result."""
    done = set(objects.list(results_folder(plan.run)))
    return tuple(job for job in plan.jobs if result_path(plan.run, job.key) not in done)


def start(plan: Plan, jobs: tuple[Job, ...], stage: ResearchStage) -> str:
    """Upload what the jobs read, their manifest, and start the machine; the execution's ARN."""
    needed = {name for job in jobs for name in job.inputs}
    for name in sorted(needed):
        if not stage.objects.list(input_path(name)):
            stage.objects.put(input_path(name), plan.inputs[name])
    name = f"{plan.run}-{uuid.uuid4().hex[:8]}"
    manifest = f"{RUNS}{plan.run}/jobs-{name}.jsonl"
    lines = (JobEvent(run=plan.run, job=job).model_dump_json() for job in jobs)
    stage.objects.put(manifest, "\n".join(lines).encode(), content_type="application/jsonlines")
    given = {"bucket": stage.bucket, "manifest": manifest, "report": f"{RUNS}{plan.run}/map-{name}"}
    answer = stage.steps.start_execution(stateMachineArn=stage.machine, name=name, input=json.dumps(given))
    return str(answer["executionArn"])


def follow(
    execution: str, stage: ResearchStage, told: Callable[[int, int], None], *, pause: float = 1.0
) -> None:
    """Return when the execution has ended. `told` gets how many jobs are done and how many failed for good.

    Raises RunUnfinished with what Step Functions says if it did not end well.
    """
    while True:
        state = stage.steps.describe_execution(executionArn=execution)
        for run in stage.steps.list_map_runs(executionArn=execution)["mapRuns"]:
            counts = stage.steps.describe_map_run(mapRunArn=run["mapRunArn"])["itemCounts"]
            told(counts["succeeded"], counts["failed"])
        if state["status"] in _ENDED:
            break
        time.sleep(pause)
    if state["status"] != "SUCCEEDED":
        raise RunUnfinished(
            f"the run ended {state['status']} ({state.get('error')}: {state.get('cause')}); "
            f"{_first_failure(execution, stage)}. What is done is kept: the same command does the rest"
        )


def _first_failure(execution: str, stage: ResearchStage) -> str:
    """What a child that failed says, for it is more than the map does."""
    for run in stage.steps.list_map_runs(executionArn=execution)["mapRuns"]:
        failed = stage.steps.list_executions(mapRunArn=run["mapRunArn"], statusFilter="FAILED", maxResults=1)[
            "executions"
        ]
        if failed:
            child = stage.steps.describe_execution(executionArn=failed[0]["executionArn"])
            return f"a job says {child.get('error')}: {child.get('cause')}"
    return "no job says why"


def collect(plan: Plan, objects: ObjectStore) -> list[JobResult]:
    """The results in the order of the jobs. Raises RunUnfinished if one is not there."""
    left = missing(plan, objects)
    if left:
        raise RunUnfinished(
            f"{len(left)} of {len(plan.jobs)} jobs have no result, the first is {left[0].key}: "
            "give the same command again to go on with them"
        )

    def read(job: Job) -> JobResult:
        return JobResult.model_validate_json(objects.get(result_path(plan.run, job.key)) or b"")

    with ThreadPoolExecutor(_AT_ONCE) as readers:
        return list(readers.map(read, plan.jobs))
