"""A sweep or a walk-forward as a list of jobs, and the inputs they read."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched, groupby
from typing import TYPE_CHECKING

from patang.backtest.history import History
from patang.backtest.jobs import Job, JobResult, run_id, run_job
from patang.backtest.packing import name_of, pack_dataset, pack_symbol
from patang.backtest.sweep import Cell, CellResult
from patang.backtest.work import WORK, CellResults, cell_job, window_job
from patang.errors import BadInput
from patang.training.dataset import Dataset

if TYPE_CHECKING:
    # A sweep needs nothing of what trains models.
    from patang.training.search import WindowRun
    from patang.training.walk_forward import WindowResult

__all__ = ["Plan", "cell_results", "sweep_plan", "walk_forward_plan", "window_results"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Jobs in the order of their results, and what they read by its name."""

    jobs: tuple[Job, ...]
    inputs: Mapping[str, bytes]

    @property
    def run(self) -> str:
        """The name of the run; the same jobs are the same run."""
        return run_id(self.jobs)

    def here(self, job: Job) -> JobResult:
        """The job done in this process: what every worker has to agree with."""
        return run_job(job, self.inputs.__getitem__, WORK)


def sweep_plan(cells: Iterable[Cell], history: History, seed: int, *, cells_a_job: int = 1) -> Plan:
    """Neighbouring cells of one symbol and stretch share a job, up to `cells_a_job`.

    Raises BadInput for a cell of a symbol that the history does not have.
    """
    packed = {bars.symbol: pack_symbol(bars) for bars in history.symbols}
    names = {symbol: name_of(content) for symbol, content in packed.items()}
    jobs: list[Job] = []
    for (symbol, _, _), same in groupby(cells, key=lambda cell: (cell.symbol, cell.first, cell.last)):
        if symbol not in names:
            raise BadInput(f"{history.source} has no bars of {symbol}: name one of {', '.join(names)}")
        jobs += [cell_job(some, names[symbol], seed) for some in batched(same, cells_a_job, strict=False)]
    read = {name for job in jobs for name in job.inputs}
    return Plan(tuple(jobs), {names[s]: content for s, content in packed.items() if names[s] in read})


def walk_forward_plan(runs: "Sequence[WindowRun]", data: Dataset) -> Plan:
    """A job for each window and choice of parameters, in their order."""
    packed = pack_dataset(data)
    name = name_of(packed)
    jobs = tuple(window_job(run.window, name, run.parameters, run.seed) for run in runs)
    return Plan(jobs, {name: packed})


def cell_results(results: Iterable[JobResult]) -> list[CellResult]:
    """The cells of a sweep's results in the order of its jobs. Raises BadInput if a job was refused."""
    return [cell for result in results for cell in CellResults.model_validate(_values(result)).cells]


def window_results(results: Iterable[JobResult]) -> list["WindowResult"]:
    """The windows of a walk-forward's results. Raises BadInput if a job was refused."""
    from patang.training.walk_forward import WindowResult

    return [WindowResult.model_validate(_values(result)) for result in results]


def _values(result: JobResult) -> Mapping[str, object]:
    if result.values is None:
        raise BadInput(f"a job was refused: {result.refused}")
    return result.values
