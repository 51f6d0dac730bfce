"""What each kind of research job is: the functions that a single process calls too, on packed inputs."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

from patang.backtest.jobs import Job, JobKind, Read, Work, program
from patang.backtest.packing import unpack_dataset

if TYPE_CHECKING:
    # Whoever works on cells needs no xgboost.
    from patang.training.walk_forward import Window

__all__ = ["WORK", "window_job"]


def window_job(window: "Window", data: str, parameters: Mapping[str, float], seed: int) -> Job:
    """The job of `training.walk_forward.run_window(window, ...)` on the packed data set named `data`."""
    return Job(
        kind="window",
        inputs=(data,),
        parameters={"window": window.model_dump(mode="json"), "model": dict(parameters)},
        seed=seed,
        program=program(),
    )


def _window(job: Job, read: Read) -> BaseModel:
    from patang.training.walk_forward import Window, run_window

    (name,) = job.inputs
    window = Window.model_validate(job.parameters["window"])
    return run_window(window, unpack_dataset(read(name)), job.parameters["model"], job.seed)


WORK: Final[Mapping[JobKind, Work]] = {"window": _window}
