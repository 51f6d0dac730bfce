"""The verdict on a training: every gate asked, none left out, each with its number and a sentence."""

import operator
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from patang.training.evidence import Evidence, Outcomes
from patang.training.gates.bootstrap import mean_interval
from patang.training.gates.calibration import calibration_error_of_luck
from patang.training.gates.deflated_sharpe import deflated_sharpe
from patang.training.gates.overfitting import overfitting
from patang.training.gates.random_entries import share_as_good
from patang.training.gates.thresholds import THRESHOLDS
from patang.training.gates.trades import day_returns, taken
from patang.training.gates.verdict import GateResult, Verdict
from patang.training.metrics import expected_calibration_error

__all__ = ["judge"]

type Floats = NDArray[np.float64]

# The number, None where there is none, and how it came about.
type _Answer = tuple[float | None, str]

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class _Asked:
    """The numbers of one evidence, each with the sentence that tells it."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._all = taken(evidence.outcomes, evidence.final_outcomes)
        # Money is counted on recorded prices. Where all were modelled they are counted, and cannot promote.
        recorded = self._all.rows(~self._all.modelled)
        self._counted = recorded if len(recorded) else self._all
        final = taken(evidence.final_outcomes)
        self._final = final.rows(~final.modelled) if len(recorded) else final
        self._at = " at recorded prices" if len(recorded) else ""
        self._of = "" if len(recorded) else ", all of them modelled" if len(self._all) else ""

    def effective_size(self) -> _Answer:
        return (
            self._all.effective,
            f"{len(self._all)} trades overlap like {self._all.effective:.1f} that do not",
        )

    def recorded_prices(self) -> _Answer:
        recorded = self._all.rows(~self._all.modelled)
        return recorded.effective, f"{len(recorded)} of {len(self._all)} trades were at recorded prices"

    def brier_skill(self) -> _Answer:
        windows, final = self._evidence.windows, self._evidence.final
        if not windows:
            return None, "no window of the walk-forward could be measured"
        before = float(
            np.average([w.brier_skill for w in windows], weights=[w.effective_rows for w in windows])
        )
        told = f"{before:+.4f} over {len(windows)} windows, {final.brier_skill:+.4f} in the final one"
        return min(before, final.brier_skill), told

    def calibration_error(self) -> _Answer:
        p_win, won, weight = _foretold(self._evidence.outcomes, self._evidence.final_outcomes)
        if not len(p_win):
            return None, "nothing was foretold"
        seen = expected_calibration_error(p_win, won, weight)
        luck = calibration_error_of_luck(p_win, weight, self._evidence.seed)
        return seen - luck, f"{seen:.4f} of {len(p_win)} entries, of which luck explains {luck:.4f}"

    def final_expectancy(self) -> _Answer:
        if not len(self._final):
            return None, f"the model would have traded nothing in the final window{self._at}"
        trades, times = self._final, self._evidence.final_asked
        mean = float(np.average(trades.net_pct, weights=trades.weight))
        told = f"{mean:+.4f} % of {len(trades)} trades in the final window"
        if times <= 1:
            return mean, told
        # Whoever may look often enough finds a window that pays: one mean in so many has to.
        chance = mean_interval(
            trades.net_pct, trades.weight, trades.day, self._evidence.seed, level=1 - 1 / times
        )
        told = f"{told}, which was looked at {times} times"
        return (None, f"{told}, on fewer than five days") if chance is None else (chance.low, told)

    def random_entries(self) -> _Answer:
        drawn = self._evidence.random_entries
        if drawn is None or not len(self._all):
            return None, "nothing was drawn to compare with: no trade, or a data set without random entries"
        mean = float(np.mean(drawn.means))
        told = f"{len(drawn.means)} draws from {drawn.pool} entries at random earn {mean:+.4f} % a trade"
        return share_as_good(self._all, drawn), told

    def deflated_sharpe(self) -> _Answer:
        days = _days(self._evidence.outcomes, self._evidence.final_outcomes)
        trials = [trial.day_returns for trial in self._evidence.trials]
        if not trials:
            return None, "no trial is known: how many were made decides"
        earlier = self._evidence.earlier_sharpes
        value = deflated_sharpe(day_returns(self._counted, days), trials, earlier)
        return value, f"{len(trials)} trials and {len(earlier)} of earlier runs, {len(days)} days{self._of}"

    def overfitting(self) -> _Answer:
        trials = [trial.day_returns for trial in self._evidence.trials]
        found = overfitting(trials)
        told = f"{len(trials)} trials on {len(trials[0]) if trials else 0} days"
        if found is None:
            return None, f"{told}: two trials on eighteen days are the least"
        return found.harmful, f"{told}; PBO, whatever it earns, is {found.probability:.4f}"

    def expectancy(self, *, slippage: float) -> _Answer:
        trades = self._counted
        interval = mean_interval(trades.net_at(slippage), trades.weight, trades.day, self._evidence.seed)
        if interval is None:
            return None, f"{len(trades)} trades on fewer than five days"
        told = f"{interval.mean:+.4f} % a trade, interval {interval.low:+.4f} to {interval.high:+.4f}"
        return interval.low, f"{told}; {len(trades)} trades{self._of}"


def judge(evidence: Evidence) -> Verdict:
    """All gates of `THRESHOLDS`, in their order. What could not be measured has not passed."""
    asked = _Asked(evidence)
    answers: Mapping[str, Callable[[], _Answer]] = {
        "effective_size": asked.effective_size,
        "recorded_prices": asked.recorded_prices,
        "brier_skill": asked.brier_skill,
        "calibration_error": asked.calibration_error,
        "expectancy": lambda: asked.expectancy(slippage=1),
        "expectancy_slipped": lambda: asked.expectancy(slippage=2),
        "final_expectancy": asked.final_expectancy,
        "random_entries": asked.random_entries,
        "deflated_sharpe": asked.deflated_sharpe,
        "overfitting": asked.overfitting,
    }
    return Verdict(gates=tuple(_result(name, *answers[name]()) for name in THRESHOLDS))


def _result(name: str, value: float | None, told: str) -> GateResult:
    threshold = THRESHOLDS[name]
    passed = value is not None and bool(_COMPARE[threshold.comparison](value, threshold.bound))
    return GateResult(
        name=name,
        passed=passed,
        value=value,
        comparison=threshold.comparison,
        threshold=threshold.bound,
        told=f"{threshold.asks}: {told}",
    )


def _foretold(*stretches: Outcomes) -> tuple[Floats, Floats, Floats]:
    p_win, net, weight = (
        np.array([number for part in stretches for number in getattr(part, name)], np.float64)
        for name in ("p_win", "net_pct", "weight")
    )
    return p_win, (net > 0).astype(np.float64), weight


def _days(*stretches: Outcomes) -> NDArray[np.int64]:
    """The days of which something was foretold, whether or not it was traded."""
    everything = (part.model_copy(update={"taken": (True,) * len(part.taken)}) for part in stretches)
    return np.unique(taken(*everything).day)
