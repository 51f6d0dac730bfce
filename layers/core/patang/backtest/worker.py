"""The worker of a distributed run: one job an event, its result an object of the store.

research/inputs/<name>                      packed bars and data sets, named by their content
research/runs/<run>/jobs-<hash>.jsonl       what is to be done, a line an event
research/runs/<run>/results/<key>.json      what was done
"""

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, ValidationError

from patang.backtest.jobs import Job, JobKind, Work, run_job
from patang.errors import BadInput
from patang.ports import ObjectStore

__all__ = [
    "INPUTS",
    "KEPT",
    "RUNS",
    "JobEvent",
    "ResearchWorker",
    "input_path",
    "result_path",
    "results_folder",
]

INPUTS: Final = "research/inputs/"
RUNS: Final = "research/runs/"
# What the desk has archived of the past.
KEPT: Final = ("historical_candles/", "option_chain/")
# A sweep asks for the same few symbols over and over: a worker fetches each once.
_KEPT_INPUTS: Final = 4


class JobEvent(BaseModel):
    """A line of a manifest, which is what the worker is called with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    run: str
    job: Job


def input_path(name: str) -> str:
    """Where a packed object of this name is."""
    return f"{INPUTS}{name}"


def results_folder(run: str) -> str:
    """Below which a run's results are."""
    return f"{RUNS}{run}/results/"


def result_path(run: str, key: str) -> str:
    """Where the result of a job is."""
    return f"{results_folder(run)}{key}.json"


class ResearchWorker:
    """Answers events. A job whose result is there already is not done again, so an event may come twice."""

    def __init__(self, objects: ObjectStore, work: Mapping[JobKind, Work]) -> None:
        self._objects = objects
        self._work = work
        self._inputs: OrderedDict[str, bytes] = OrderedDict()

    def answer(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """{"key", "done": whether it was done now, "refused": why the job has no values, or None}.

        Raises BadInput for an event that is no job, or one of another version of the program.
        """
        try:
            asked = JobEvent.model_validate(event)
        except ValidationError as error:
            raise BadInput(f"this is no job of a research run: {error}") from error
        key = asked.job.key
        path = result_path(asked.run, key)
        if self._objects.get(path) is not None:
            return {"key": key, "done": False, "refused": None}
        result = run_job(asked.job, self._read, self._work)
        self._objects.put(path, result.model_dump_json().encode(), content_type="application/json")
        return {"key": key, "done": True, "refused": result.refused}

    def _read(self, name: str) -> bytes:
        if name not in self._inputs:
            found = self._objects.get(input_path(name))
            if found is None:
                raise FileNotFoundError(f"the store has no {input_path(name)}: prepare the run again")
            self._inputs[name] = found
            while len(self._inputs) > _KEPT_INPUTS:
                self._inputs.popitem(last=False)
        self._inputs.move_to_end(name)
        return self._inputs[name]
