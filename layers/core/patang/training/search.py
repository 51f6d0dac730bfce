"""Which parameters foretell best, window after window; every choice that was tried is kept."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.training.dataset import Dataset
from patang.training.evidence import Trial
from patang.training.gates.trades import day_returns, taken
from patang.training.trainer import Parameters
from patang.training.walk_forward import Window, WindowResult, run_window

__all__ = ["Run", "Tried", "WindowRun", "best", "choices", "run_here", "search"]

_ROUNDS, _DEPTHS, _RATES, _SHRINKAGES = (
    (20, 40, 80, 160),
    (1, 2, 3),
    (0.03, 0.05, 0.1),
    (1.0, 5.0, 20.0, 80.0),
)
# Of the independent rows: the least that a leaf may speak for.
_LEAF_SHARES = (0.005, 0.01, 0.02, 0.05)
# The second derivative of a coin's log loss.
_COIN = 0.25
_IST_AHEAD, _DAY = 5 * 3600 + 1800, 86_400


class WindowRun(NamedTuple):
    """One window under one choice of parameters: the arguments of `run_window` but for the data."""

    window: Window
    parameters: Mapping[str, float]
    seed: int


# Runs windows and gives their results in the same order: here, or spread over many machines.
type Run = Callable[[Sequence[WindowRun]], Iterable[WindowResult]]


class Tried(NamedTuple):
    """A trial, and its windows; `search` has those of the best alone."""

    trial: Trial
    results: tuple[WindowResult, ...]


def run_here(data: Dataset) -> Run:
    """One window after the other, in this process."""
    return lambda runs: (run_window(one.window, data, one.parameters, one.seed) for one in runs)


def choices(data: Dataset, trials: int, seed: int) -> tuple[Parameters, ...]:
    """`trials` different choices, drawn from a grid by scikit-learn; leaves are sized by the independent rows
    of `data`. Raises BadInput for more than the grid has."""
    # Here: scikit-learn is a second of waiting, and in no layer.
    from sklearn.model_selection import ParameterGrid, ParameterSampler

    leaves = [round(share * _COIN * data.effective_rows, 3) for share in _LEAF_SHARES]
    space = {
        "rounds": _ROUNDS,
        "max_depth": _DEPTHS,
        "eta": _RATES,
        "min_child_weight": leaves,
        "reg_lambda": _SHRINKAGES,
    }
    if not 1 <= trials <= len(ParameterGrid(space)):
        raise BadInput(f"{trials} trials: the grid has {len(ParameterGrid(space))}, and one is the least")
    return tuple(Parameters.of(drawn) for drawn in ParameterSampler(space, trials, random_state=seed))


def search(
    data: Dataset,
    windows: Sequence[Window],
    tries: Sequence[Parameters],
    seed: int,
    *,
    kept: Callable[[Trial], None],
    run: Run | None = None,
) -> tuple[Tried, ...]:
    """Every choice on every window of `data`, in order. `kept` is told of each trial as soon as it is done.

    The score is the mean Brier skill of the windows, each by its independent rows. It is not what was earned:
    that depends on a few trades, and the best of many choices by it would be the luckiest. Raises BadInput
    where no window can be measured.
    """
    runs = [WindowRun(window, asdict(choice), seed) for choice in tries for window in windows]
    results = iter((run or run_here(data))(runs))
    days = _days(data, windows)
    trials: list[Trial] = []
    leading: Tried | None = None
    for number, choice in enumerate(tries, 1):
        tried = _tried(number, choice, tuple(islice(results, len(windows))), days)
        kept(tried.trial)
        trials.append(tried.trial)
        # Every entry that was foretold is in the windows: of all trials they would be gigabytes.
        leading = tried if leading is None else best((leading, tried))
    return tuple(
        leading if leading is not None and trial is leading.trial else Tried(trial, ()) for trial in trials
    )


def best(tried: Sequence[Tried]) -> Tried:
    """The highest score; of equals the one tried first."""
    return max(tried, key=lambda one: (one.trial.score, -one.trial.number))


def _tried(
    number: int, choice: Parameters, results: tuple[WindowResult, ...], days: NDArray[np.int64]
) -> Tried:
    measured = [result.metrics for result in results if result.metrics is not None]
    if not measured:
        told = "; ".join(f"{result.window.name}: {result.told}" for result in results)
        raise BadInput(f"no window could be measured: {told}")
    skill = np.average([of.brier_skill for of in measured], weights=[of.effective_rows for of in measured])
    trial = Trial(
        number=number,
        parameters=asdict(choice),
        score=float(skill),
        day_returns=tuple(day_returns(taken(*(result.outcomes for result in results)), days).tolist()),
    )
    return Tried(trial, results)


def _days(data: Dataset, windows: Sequence[Window]) -> NDArray[np.int64]:
    """The days with entries in the windows, days since 1970-01-01 IST: the same for every trial."""
    inside = np.zeros(len(data), np.bool_)
    for window in windows:
        inside |= (data.entered >= window.begin.timestamp()) & (data.entered < window.end.timestamp())
    return np.unique((data.entered[inside] + _IST_AHEAD) // _DAY)
