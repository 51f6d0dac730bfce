"""What the training of a model has shown, as the gates judge it and the report draws it."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from patang.model.inputs import StrategyName

__all__ = ["Evidence", "Outcomes", "RandomEntries", "Reliability", "Trial", "WindowMetrics"]


class _Value(BaseModel):
    # A score that is not a number must come back from a file as it went: JSON has no word for it.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class WindowMetrics(_Value):
    """A model on a stretch of time it has not seen: `rows` entries from `first` to `last`.

    `base_rate` is the share of winners in the rows it was fitted on; `brier_skill` is told against it, or
    against the mean of the model's own answers where that is the better guess; `return_r2` is the
    regressor's. `effective_rows` is the sum of the rows' uniqueness.
    """

    name: str
    first: date
    last: date
    rows: int
    effective_rows: float
    base_rate: float
    won: float
    accuracy: float
    f1: float
    auc: float
    brier: float
    brier_skill: float
    calibration_error: float
    return_r2: float


class Reliability(_Value):
    """Predicted against observed frequency, over bins of equal count."""

    predicted: tuple[float, ...]
    observed: tuple[float, ...]
    count: tuple[int, ...]


class Trial(_Value):
    """One choice of parameters that was tried; none may be left out, since the best of many looks good.

    `day_returns` are the net returns of its out-of-sample trades by day, percent of the capital; the days are
    the same for all trials of a search.
    """

    number: int
    parameters: Mapping[str, float]
    score: float
    day_returns: tuple[float, ...]


class Outcomes(_Value):
    """Entries that no model of theirs had seen, in order of time: what was predicted and what became of them.

    `entered` and `left` are market times, returns percent of the entry price; `net_pct` is after charges,
    spread and slippage as assumed, `slippage_pct` the part of it that is slippage of both sides.
    `taken`: the prediction was good enough to trade it.
    """

    entered: tuple[datetime, ...]
    left: tuple[datetime, ...]
    p_win: tuple[float, ...]
    expected_return_pct: tuple[float, ...]
    gross_pct: tuple[float, ...]
    net_pct: tuple[float, ...]
    slippage_pct: tuple[float, ...]
    weight: tuple[float, ...]
    taken: tuple[bool, ...]
    modelled: tuple[bool, ...]


class RandomEntries(_Value):
    """Entries that nothing chose, at the clock times of the trades and through the same exits: the mean net
    return in percent of each of many sets of them, drawn from `pool` entries."""

    means: tuple[float, ...]
    pool: int


class Evidence(_Value):
    """One training run of one strategy.

    `data` is the data set's card; `windows` are those of the walk-forward, `combinations` the Sharpe ratios
    (a year) of the paths of the combinatorial cross-validation, `final` the window that nothing was chosen
    on. `importance` is XGBoost's gain by input, `contributions` the mean absolute Shapley value (log-odds).
    `outcomes` are those of the walk-forward, `final_outcomes` those of the final window, `random_entries`
    what luck would have made of the trades among them; None where there was none or nothing to draw from.
    `final_asked` counts how often the ledger knows that the final window was looked at, this time included;
    `earlier_sharpes` are the Sharpe ratios, a day, of the trials of earlier runs for this strategy on the
    same source, beside those in `trials`.
    """

    version: int = 1
    strategy: StrategyName
    model_version: str
    seed: int
    data: Mapping[str, Any]
    parameters: Mapping[str, float]
    windows: tuple[WindowMetrics, ...]
    combinations: tuple[float, ...]
    final: WindowMetrics
    reliability: Reliability
    importance: Mapping[str, float]
    contributions: Mapping[str, float]
    trials: tuple[Trial, ...]
    outcomes: Outcomes
    final_outcomes: Outcomes
    random_entries: RandomEntries | None = None
    final_asked: int = 1
    earlier_sharpes: tuple[float, ...] = ()

    @property
    def earlier_trials(self) -> int:
        """How many trials earlier runs had made."""
        return len(self.earlier_sharpes)
