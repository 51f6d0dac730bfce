"""How good a model's answers are, on entries it has not seen; every row counts by its uniqueness."""

from datetime import date, datetime

import numpy as np
from numpy.typing import NDArray

from patang.market.sessions import IST
from patang.model.inference import Answers
from patang.training.dataset import Dataset
from patang.training.evidence import Reliability, WindowMetrics

__all__ = ["expected_calibration_error", "reliability", "window_metrics"]

type Floats = NDArray[np.float64]

_BINS = 10


def window_metrics(
    name: str, data: Dataset, answers: Answers, base_rate: float, mean_gross: float
) -> WindowMetrics:
    """The measures of scikit-learn; `base_rate` and `mean_gross` are those of the rows that were fitted on.

    Accuracy and F1 are those of "p_win is at least a half". Where all rows won, or all lost, the area under
    the curve is that of chance. R2 is against the guess that knows the fitted rows' mean alone, skill against
    the better of two: the base rate for all, or the mean of the model's own answers for all. Else a model
    that was calibrated after the market had changed would have skill for that alone.
    """
    # Here: scikit-learn is a second of waiting, and in no layer.
    from sklearn.metrics import accuracy_score, brier_score_loss, f1_score, roc_auc_score

    won, weight, p_win = data.won, data.weight, answers.p_win
    yes = p_win >= 0.5
    brier = float(brier_score_loss(won, p_win, sample_weight=weight, pos_label=1))
    constants = (base_rate, float(np.average(p_win, weights=weight)))
    guess = min(float(np.average((constant - won) ** 2, weights=weight)) for constant in constants)
    missed = float(np.average((data.gross_pct - answers.expected_return_pct) ** 2, weights=weight))
    spread = float(np.average((data.gross_pct - mean_gross) ** 2, weights=weight))
    both = 0 < won.sum() < len(won)
    return WindowMetrics(
        name=name,
        first=_day(data.entered[0]),
        last=_day(data.entered[-1]),
        rows=len(data),
        effective_rows=data.effective_rows,
        base_rate=base_rate,
        won=float(np.average(won, weights=weight)),
        accuracy=float(accuracy_score(won, yes, sample_weight=weight)),
        f1=float(f1_score(won, yes, sample_weight=weight, zero_division=0.0)),
        auc=float(roc_auc_score(won, p_win, sample_weight=weight)) if both else 0.5,
        brier=brier,
        # Less the last digits: they would be skill of a model that answers the same to all.
        brier_skill=round(1 - brier / guess, 12),
        calibration_error=expected_calibration_error(p_win, won, weight),
        return_r2=1 - missed / spread,
    )


def expected_calibration_error(p_win: Floats, won: Floats, weight: Floats) -> float:
    """Mean distance of predicted and observed frequency over ten bins of equal count, weighted."""
    bins = _binned(p_win)
    apart = [weight[rows].sum() * abs(_mean(p_win, rows, weight) - _mean(won, rows, weight)) for rows in bins]
    return float(sum(apart) / weight.sum())


def reliability(p_win: Floats, won: Floats, weight: Floats) -> Reliability:
    """Predicted against observed, over the same bins."""
    bins = _binned(p_win)
    return Reliability(
        predicted=tuple(_mean(p_win, rows, weight) for rows in bins),
        observed=tuple(_mean(won, rows, weight) for rows in bins),
        count=tuple(map(len, bins)),
    )


def _binned(p_win: Floats) -> list[NDArray[np.intp]]:
    order = np.argsort(p_win, kind="stable")
    return [rows for rows in np.array_split(order, _BINS) if len(rows)]


def _mean(values: Floats, rows: NDArray[np.intp], weight: Floats) -> float:
    return float(np.average(values[rows], weights=weight[rows]))


def _day(epoch: int) -> date:
    return datetime.fromtimestamp(int(epoch), IST).date()
