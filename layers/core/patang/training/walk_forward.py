"""Walk-forward: models of what had ended by a moment, measured on what was entered after it.

`run_window` is the whole of one job. It reads nothing but its arguments, so that a window gives the same
result in this process, in another one, and in the cloud.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import xgboost
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from patang.errors import BadInput
from patang.market.sessions import IST
from patang.training.calibration import (
    area_under_curve,
    brier,
    calibrated,
    expected_calibration_error,
    fit_calibration,
)
from patang.training.dataset import Dataset
from patang.training.evidence import Outcomes, WindowMetrics
from patang.training.trainer import Parameters

__all__ = ["Window", "WindowResult", "run_window", "windows"]

type Floats = NDArray[np.float64]
type Chosen = NDArray[np.bool_]

# Of the entries that had ended before a window: the later ones calibrate what the earlier ones fitted.
_CALIBRATE = 0.25
_LEAST_ROWS = 30
_WHOLE = ("rounds", "max_depth")
_IST_AHEAD, _DAY = 5 * 3600 + 1800, 86_400
_NOTHING = Outcomes(**dict.fromkeys(Outcomes.model_fields, ()))


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Window(_Value):
    """Entries of `begin` to `end` (excluded), market time, foretold by models of what had ended
    `embargo_minutes` before `begin`. `min_confidence` is the p_win from which the desk would trade."""

    name: str
    begin: datetime
    end: datetime
    embargo_minutes: int = 0
    min_confidence: float = 0.55


class WindowResult(_Value):
    """`metrics` is None where the window could not be measured; `told` says why."""

    version: Literal[1] = 1
    window: Window
    parameters: Mapping[str, float]
    seed: int
    metrics: WindowMetrics | None
    outcomes: Outcomes
    told: str = ""


def windows(
    data: Dataset, count: int, *, first_fit: float = 0.4, embargo_minutes: int = 0, min_confidence: float
) -> tuple[Window, ...]:
    """`count` windows of about as many entries each, one after the other, behind the first share `first_fit`
    of the entries; cuts are at midnight, IST. Raises BadInput where the entries are of too few days."""
    day = _midnights(data.entered)
    cuts = [int(day[min(round(len(day) * q), len(day) - 1)]) for q in np.linspace(first_fit, 1, count + 1)]
    cuts[-1] = int(day[-1]) + _DAY
    if len(set(cuts)) != count + 1 or cuts[0] <= day[0]:
        raise BadInput(
            f"{len(data)} entries of {len(np.unique(day))} days cannot be cut into {count} windows behind "
            f"{first_fit:.0%} to fit on: ask for fewer windows or give more days"
        )
    return tuple(
        Window(
            name=f"window {number}",
            begin=datetime.fromtimestamp(begin, IST),
            end=datetime.fromtimestamp(end, IST),
            embargo_minutes=embargo_minutes,
            min_confidence=min_confidence,
        )
        for number, (begin, end) in enumerate(pairwise(cuts), 1)
    )


def run_window(window: Window, data: Dataset, parameters: Mapping[str, float], seed: int) -> WindowResult:
    """Fits and calibrates on the entries that had ended before the window, and measures on the window's own.

    `data` may hold more than is needed: what is entered at or after `window.end` changes nothing.
    `parameters` are fields of `trainer.Parameters`.
    """
    begin, end = int(window.begin.timestamp()), int(window.end.timestamp())
    known = data.rows(data.left < begin - 60 * window.embargo_minutes)
    own = data.rows((data.entered >= begin) & (data.entered < end))
    fit, calibrate = _in_two(known)
    short = _too_little(fit, calibrate, own)
    if short:
        return WindowResult(
            window=window, parameters=parameters, seed=seed, metrics=None, outcomes=_NOTHING, told=short
        )
    p_win, expected = _foretold(fit, calibrate, own, _typed(parameters), seed)
    # What a trade cost in the entries known before, charges and slippage: the regressor tells the gross.
    cost = float(np.average(known.gross_pct - known.net_pct, weights=known.weight))
    taken = (p_win >= window.min_confidence) & (expected > cost)
    return WindowResult(
        window=window,
        parameters=parameters,
        seed=seed,
        metrics=_metrics(window.name, fit, own, p_win, expected),
        outcomes=_outcomes(own, p_win, expected, taken),
    )


def _in_two(known: Dataset) -> tuple[Dataset, Dataset]:
    """To fit on, and to calibrate on: what was entered later, without entries that reach across the cut."""
    if not len(known):
        return known, known
    cut = int(np.quantile(known.entered, 1 - _CALIBRATE))
    return known.rows(known.left < cut), known.rows(known.entered >= cut)


def _too_little(fit: Dataset, calibrate: Dataset, own: Dataset) -> str:
    for name, part in (("to fit on", fit), ("to calibrate on", calibrate), ("in the window", own)):
        winners = int(part.won.sum())
        if len(part) < _LEAST_ROWS or not 0 < winners < len(part):
            return (
                f"{len(part)} entries {name}, {winners} of them winners: {_LEAST_ROWS} of both kinds needed"
            )
    return ""


def _typed(parameters: Mapping[str, float]) -> Parameters:
    whole: Mapping[str, Any] = {name: int(parameters[name]) for name in _WHOLE if name in parameters}
    return replace(Parameters(), **{**parameters, **whole})


def _foretold(
    fit: Dataset, calibrate: Dataset, own: Dataset, parameters: Parameters, seed: int
) -> tuple[Floats, Floats]:
    """p_win and expected return in percent of each of the window's entries."""

    def boosted(label: Floats, objective: str) -> xgboost.Booster:
        matrix = xgboost.DMatrix(fit.inputs, label=label, weight=fit.weight, nthread=1)
        settings = parameters.booster(objective) | {"seed": seed}
        return xgboost.train(settings, matrix, num_boost_round=parameters.rounds)

    def margin(part: Dataset) -> Floats:
        return np.asarray(classifier.inplace_predict(part.inputs, predict_type="margin"), np.float64)

    classifier = boosted(fit.won, "binary:logistic")
    p_win = calibrated(fit_calibration(margin(calibrate), calibrate.won), margin(own))
    regressor = boosted(fit.gross_pct, "reg:squarederror")
    return p_win, np.asarray(regressor.inplace_predict(own.inputs), np.float64)


def _metrics(name: str, fit: Dataset, own: Dataset, p_win: Floats, expected: Floats) -> WindowMetrics:
    base = float(np.average(fit.won, weights=fit.weight))
    yes = p_win >= 0.5
    right = float((yes & (own.won > 0)).sum())
    spread = float(np.mean((own.gross_pct - np.average(fit.gross_pct, weights=fit.weight)) ** 2))
    return WindowMetrics(
        name=name,
        first=_at(own.entered[0]).date(),
        last=_at(own.entered[-1]).date(),
        rows=len(own),
        effective_rows=float(own.weight.sum()),
        base_rate=base,
        won=float(own.won.mean()),
        accuracy=float((yes == (own.won > 0)).mean()),
        f1=2 * right / max(float(yes.sum() + own.won.sum()), 1.0),
        auc=area_under_curve(p_win, own.won),
        brier=brier(p_win, own.won),
        brier_skill=1 - brier(p_win, own.won) / brier(np.full(len(own), base), own.won),
        calibration_error=expected_calibration_error(p_win, own.won),
        return_r2=1 - float(np.mean((own.gross_pct - expected) ** 2)) / spread,
    )


def _outcomes(own: Dataset, p_win: Floats, expected: Floats, taken: Chosen) -> Outcomes:
    return Outcomes(
        entered=tuple(map(_at, own.entered)),
        left=tuple(map(_at, own.left)),
        p_win=tuple(p_win.tolist()),
        expected_return_pct=tuple(expected.tolist()),
        gross_pct=tuple(own.gross_pct.tolist()),
        net_pct=tuple(own.net_pct.tolist()),
        slippage_pct=tuple(own.slippage_pct.tolist()),
        weight=tuple(own.weight.tolist()),
        taken=tuple(taken.tolist()),
        modelled=tuple(own.modelled.tolist()),
    )


def _at(epoch: int) -> datetime:
    return datetime.fromtimestamp(int(epoch), IST)


def _midnights(entered: NDArray[np.int64]) -> NDArray[np.int64]:
    """The beginning of each entry's day, IST, epoch seconds."""
    return (entered + _IST_AHEAD) // _DAY * _DAY - _IST_AHEAD
