"""A backtest that somebody asks the desk for: what may be asked, and the research job that it becomes."""

import re
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from patang.backtest.jobs import Job, program, run_id
from patang.backtest.worker import RUNS
from patang.errors import BadInput
from patang.settings import Settings

__all__ = [
    "BACKTESTS",
    "MOST_SYMBOL_DAYS",
    "REPORTS",
    "WARM_UP_DAYS",
    "BacktestDone",
    "BacktestWish",
    "backtest_job",
    "manifest_path",
    "report_name",
    "report_path",
    "run_named",
]

REPORTS: Final = "reports/"
# Nine sessions warm the indicators of fifteen minutes up, as on a live morning; holidays lie between.
WARM_UP_DAYS: Final = 21
# What one worker reads, keeps in its memory and goes through in its time, with room to spare.
MOST_SYMBOL_DAYS: Final = 6_000
_PREFIX: Final = "backtest-"
# Below which the worker writes.
BACKTESTS: Final = f"{REPORTS}{_PREFIX}"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BacktestWish(_Value):
    """The days, both included, and what is assumed; `symbols` go before those that the settings name.

    `volume_share` is the part of a minute's volume that an order may have, `latency_bars` the minutes from a
    decision to its order, `entries` as `patang.backtest.fills.FillTerms` has it.
    """

    first: date
    last: date
    symbols: tuple[str, ...] = ()
    settings: Settings
    entries: Literal["limit", "market"] = "limit"
    latency_bars: Annotated[int, Field(ge=0, le=60)] = 1
    volume_share: Annotated[float, Field(gt=0, le=1)] = 0.1

    @property
    def looked_at(self) -> tuple[str, ...]:
        """The indices and shares whose minutes are read."""
        universe = self.settings.universe
        named = (*universe.indices, *self.settings.options.underlyings, *universe.equities)
        return self.symbols or tuple(dict.fromkeys(named))

    def check_size(self) -> None:
        """Raises BadInput for one that runs backwards, or is more than one worker can do."""
        if self.first > self.last:
            raise BadInput(f"a backtest from {self.first} to {self.last} runs backwards: swap the days")
        days = (self.last - self.first).days + 1 + WARM_UP_DAYS
        symbols = len(self.looked_at)
        if symbols * days > MOST_SYMBOL_DAYS:
            fits = MOST_SYMBOL_DAYS // symbols - WARM_UP_DAYS
            advice = f"ask for at most {fits} days, or fewer symbols" if fits > 0 else "name fewer symbols"
            raise BadInput(
                f"{symbols} symbols over {days} days ({WARM_UP_DAYS} of them before, to warm the indicators "
                f"up) are {symbols * days:,} days of bars, and one backtest may have {MOST_SYMBOL_DAYS:,}: "
                f"{advice}"
            )


class BacktestDone(_Value):
    """What a worker says of a backtest that it has made: below which path its files are."""

    folder: str
    trades: int


def backtest_job(wish: BacktestWish, models: str) -> Job:
    """The job of a wish; the same wish of the same program and models is the same job.

    `models` tells which model artifacts are deployed.
    """
    parameters: Mapping[str, object] = {"wish": wish.model_dump(mode="json"), "models": models}
    return Job(kind="backtest", inputs=(), parameters=parameters, seed=0, program=program())


def manifest_path(run: str) -> str:
    """Where the one line of a run's manifest is."""
    return f"{RUNS}{run}/jobs-asked.jsonl"


def report_name(job: Job) -> str:
    """How the report of a backtest's job is called."""
    return f"{_PREFIX}{run_id((job,))}"


def run_named(report: str) -> str:
    """The run of a report of this name; of one that somebody has put there himself, any other word."""
    return report.removeprefix(_PREFIX)


def report_path(report: str, file: str) -> str:
    """Where a file of a report is in the store. Raises BadInput for what cannot be the name of one."""
    if not _NAME.fullmatch(report):
        raise BadInput(f"{report[:120]!r} is no name of a report: list_reports has them")
    return f"{REPORTS}{report}/{file}"
