"""Walk-forward: models of what had ended by a moment, measured on what was entered after it.

`run_window` is the whole of one job. It reads nothing but its arguments, so that a window gives the same
result in this process, in another one, and in the cloud.
"""

from collections.abc import Mapping
from datetime import datetime
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
from patang.training.splits import walk_forward
from patang.training.trainer import Parameters, fit

__all__ = ["Window", "WindowResult", "outcomes_of", "run_window", "windows"]

type Chosen = NDArray[np.bool_]

_LEAST_ROWS = 30
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
    data: Dataset, count: int, *, first_fit: float = 0.4, embargo_days: int = 0, min_confidence: float
) -> tuple[Window, ...]:
    """`count` windows of as many days each, one after the other, behind the first share `first_fit` of the
    days; cuts are at midnight, IST. Raises BadInput where the entries are of too few days."""
    return tuple(
        Window(
            name=f"window {number}",
            begin=datetime.fromtimestamp(span.begin, IST),
            end=datetime.fromtimestamp(span.end, IST),
            embargo_minutes=(span.begin - span.known_until) // 60,
            min_confidence=min_confidence,
        )
        for number, span in enumerate(
            walk_forward(data, count, first_fit=first_fit, embargo_days=embargo_days), 1
        )
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
