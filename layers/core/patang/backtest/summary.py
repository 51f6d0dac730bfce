"""A run of research in figures: what is shown of it without reading all of it."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.backtest.figures import Metrics

__all__ = ["BacktestFigures", "ReportSummary", "RunState", "TrainingFigures"]

# REFUSED: it cannot be made, as for want of candles; FAILED: a worker broke off, ask again.
type RunState = Literal["RUNNING", "DONE", "REFUSED", "FAILED"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BacktestFigures(_Value):
    """A backtest, amounts in rupees. `refusals` counts each gate's no; `skipped` are sessions left out, with
    the reason; `foreknown_sessions` are those that a model had been told of: they are no test.
    `modelled_share` is the part of the trades whose option prices a model made."""

    sessions: int
    bars: int
    capital: float
    symbols: tuple[str, ...]
    models: Mapping[str, str]
    foreknown_sessions: int
    modelled_share: float
    refusals: Mapping[str, int]
    skipped: Mapping[date, str]


class TrainingFigures(_Value):
    """What the gates said to a model."""

    strategy: str
    model_version: str
    promoted: bool
    failed_gates: tuple[str, ...]


class ReportSummary(_Value):
    """By `kind` there are `backtest` with its `metrics`, or `training`. `first` and `last` are the days of
    the market that it looked at, `source` names where they are from."""

    version: Literal[1] = 1
    kind: Literal["backtest", "training"]
    source: str
    first: date | None = None
    last: date | None = None
    currency: Literal["INR"] = "INR"
    backtest: BacktestFigures | None = None
    metrics: Metrics | None = None
    training: TrainingFigures | None = None
