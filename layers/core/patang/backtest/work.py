"""What each kind of research job is: the functions that a single process calls too, on packed inputs."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel, ConfigDict

from patang.backtest.jobs import Job, JobKind, Read, Work, program
from patang.backtest.packing import unpack_dataset, unpack_symbol
from patang.backtest.sweep import Cell, CellResult, run_cells

if TYPE_CHECKING:
    # Whoever works on cells needs no xgboost.
    from patang.training.walk_forward import Window

__all__ = ["WORK", "CellResults", "cell_job", "window_job"]


class CellResults(BaseModel):
    """The cells of one job, in their order."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cells: tuple[CellResult, ...]


def cell_job(cells: Sequence[Cell], bars: str, seed: int) -> Job:
    """The job of `sweep.run_cells(cells, ...)` on the packed bars named `bars`, which are those of the cells'
    one symbol. No cell draws anything; `seed` is the run's."""
    parameters = {"cells": [cell.model_dump(mode="json") for cell in cells]}
    return Job(kind="cell", inputs=(bars,), parameters=parameters, seed=seed, program=program())


def window_job(window: "Window", data: str, parameters: Mapping[str, float], seed: int) -> Job:
    """The job of `training.walk_forward.run_window(window, ...)` on the packed data set named `data`."""
    return Job(
        kind="window",
        inputs=(data,),
        parameters={"window": window.model_dump(mode="json"), "model": dict(parameters)},
        seed=seed,
        program=program(),
    )


def _cells(job: Job, read: Read) -> BaseModel:
    (name,) = job.inputs
    cells = [Cell.model_validate(cell) for cell in job.parameters["cells"]]
    return CellResults(cells=tuple(run_cells(cells, unpack_symbol(read(name)))))


def _window(job: Job, read: Read) -> BaseModel:
    from patang.training.walk_forward import Window, run_window

    (name,) = job.inputs
    window = Window.model_validate(job.parameters["window"])
    return run_window(window, unpack_dataset(read(name)), job.parameters["model"], job.seed)


WORK: Final[Mapping[JobKind, Work]] = {"cell": _cells, "window": _window}
