"""What is shown of research: reports in a line and at length, days held against the backtest."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from patang.backtest.parity.told import DayParity
from patang.backtest.summary import ReportSummary, RunState
from patang.desk_view.views import Moment, ShownModel
from patang.training.gates.verdict import GateResult

__all__ = ["ParityDay", "ParityOfADay", "ReportLine", "ReportLines", "ReportTold"]


class ReportLine(ShownModel):
    """A report in a line; `net_return_pct` and `trades` of a backtest, `promoted` of a training."""

    report: str
    state: RunState
    kind: Literal["backtest", "training"] | None = None
    first: date | None = None
    last: date | None = None
    asked_at: Moment | None = None
    net_return_pct: float | None = None
    trades: int | None = None
    promoted: bool | None = None


class ReportLines(ShownModel):
    """A part of the list; `total`: how long the whole is."""

    reports: tuple[ReportLine, ...]
    total: int


class ReportTold(ShownModel):
    """A report at length. `told` says why there is none yet, or what to do; `changed`: settings that differed
    from the desk's. `summary` are its figures, `gates` what a training's gates said; `has_page`: it is drawn
    at /reports/{report}."""

    report: str
    state: RunState
    told: str | None = None
    asked_by: str | None = None
    asked_at: Moment | None = None
    changed: Mapping[str, Any] = {}
    summary: ReportSummary | None = None
    gates: tuple[GateResult, ...] = ()
    has_page: bool


class ParityDay(ShownModel):
    """How a day's decisions compare with the backtest's, over all accounts of the desk."""

    day: date
    compared: int
    unexplained: int


class ParityOfADay(ShownModel):
    """A day and what differed, account by account; `noted` is None for a day that nobody has compared."""

    day: date
    noted: ParityDay | None
    accounts: tuple[DayParity, ...]
