"""Research in pieces that know nothing of each other: one cell of a sweep, one window of a
walk-forward, one backtest that was asked for.

A run is a list of jobs. Whoever works through it (a process, or many Lambdas) calls `run_job`, and keeps the
result under the job's key, so that what is done is not done again and any order gives the same results.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict

from patang.errors import BadInput, PatangError

__all__ = ["Job", "JobKind", "JobResult", "Read", "Work", "program", "run_id", "run_job"]

type JobKind = Literal["backtest", "cell", "window"]

# The packed object of a name.
type Read = Callable[[str], bytes]

_SOURCES: Final = Path(__file__).resolve().parents[1]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Job(_Value):
    """Everything that a result depends on.

    `inputs` are names of packed objects, which are made of their content; `parameters` are those of the work
    of this kind; `program` tells which code it was prepared by.
    """

    kind: JobKind
    inputs: tuple[str, ...]
    parameters: Mapping[str, Any]
    seed: int
    program: str

    @property
    def key(self) -> str:
        """The same for the same job, and for no other."""
        return _hash(self.model_dump(mode="json"))


class JobResult(_Value):
    """What came of a job: `values`, or why this one has none, which is as final as a value."""

    key: str
    values: Mapping[str, Any] | None = None
    refused: str | None = None


# What does the jobs of a kind; its answer is written as JSON, and so is read by the same model.
type Work = Callable[[Job, Read], BaseModel]


def run_job(job: Job, read: Read, work: Mapping[JobKind, Work]) -> JobResult:
    """Do it. What the domain refuses is a result; other faults are raised, for another try may pass.

    Raises BadInput if the job was prepared by another version of the program than this one.
    """
    if job.program != program():
        raise BadInput(
            f"the job was prepared by program {job.program[:12]} and this is {program()[:12]}: "
            "deploy the version that prepares, or prepare with the one that is deployed"
        )
    try:
        found = work[job.kind](job, read)
    except PatangError as error:
        return JobResult(key=job.key, refused=str(error))
    return JobResult(key=job.key, values=json.loads(found.model_dump_json()))


def run_id(jobs: Iterable[Job]) -> str:
    """The name of the run of these jobs: started again, it is the same run and goes on where it was."""
    return _hash([job.key for job in jobs])[:16]


@cache
def program() -> str:
    """The hash of this package's files, tables and all, so that results of different code never meet."""
    digest = hashlib.sha256()
    for source in sorted(_SOURCES.rglob("*")):
        # There lies what is compiled from these files, also by numba, while the program runs.
        if source.is_file() and "__pycache__" not in source.parts:
            content = source.read_bytes()
            digest.update(f"{source.relative_to(_SOURCES).as_posix()} {len(content)}\n".encode())
            digest.update(content)
    return digest.hexdigest()


def _hash(content: Any) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
