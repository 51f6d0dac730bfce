"""Walk-forward: models of what had ended by a moment, measured on what was entered after it.

`run_window` is the whole of one job. It reads nothing but its arguments, so that a window gives the same
result in this process, in another one, and in the cloud.
"""

from collections.abc import Mapping
from datetime import datetime
from itertools import pairwise
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from patang.errors import BadInput
from patang.market.sessions import IST
from patang.model.inference import Answers
from patang.training.dataset import Dataset
from patang.training.evidence import Outcomes, WindowMetrics
from patang.training.metrics import window_metrics
from patang.training.trainer import Parameters, fit

__all__ = ["Window", "WindowResult", "outcomes_of", "run_window", "windows"]

type Chosen = NDArray[np.bool_]

_LEAST_ROWS = 30
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
    try:
        trained = fit(known, Parameters.of(parameters), seed)
    except BadInput as error:
        return _unmeasured(window, parameters, seed, str(error))
    if len(own) < _LEAST_ROWS:
        return _unmeasured(
            window, parameters, seed, f"{len(own)} entries in the window, {_LEAST_ROWS} needed"
        )
    answers = trained.answers(own)
    return WindowResult(
        window=window,
        parameters=parameters,
        seed=seed,
        metrics=window_metrics(window.name, own, answers, trained.base_rate, trained.mean_gross_pct),
        outcomes=outcomes_of(own, answers, trained.taken(answers, window.min_confidence)),
    )


def _unmeasured(window: Window, parameters: Mapping[str, float], seed: int, told: str) -> WindowResult:
    return WindowResult(
        window=window, parameters=parameters, seed=seed, metrics=None, outcomes=_NOTHING, told=told
    )


def outcomes_of(own: Dataset, answers: Answers, taken: Chosen) -> Outcomes:
    """What was foretold of each row, and what became of it."""
    return Outcomes(
        entered=tuple(map(_at, own.entered)),
        left=tuple(map(_at, own.left)),
        p_win=tuple(answers.p_win.tolist()),
        expected_return_pct=tuple(answers.expected_return_pct.tolist()),
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
