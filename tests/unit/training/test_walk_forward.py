"""Walk-forward: a model knows nothing of its window or later, and a window is the same wherever it runs."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.market.sessions import IST
from patang.model.inputs import EQUITY_INPUTS
from patang.training.dataset import Dataset
from patang.training.walk_forward import Window, run_window, windows

PARAMETERS = {"rounds": 15, "max_depth": 2, "min_child_weight": 10}


def entries(rows: int = 1500, days: int = 30, strength: float = 1.0, seed: int = 1) -> Dataset:
    """A few entries an hour; the first input foretells the return by `strength`."""
    rng = np.random.default_rng(seed)
    opening = int(datetime(2026, 3, 2, 9, 15, tzinfo=IST).timestamp())
    entered = np.sort(opening + 86_400 * rng.integers(0, days, rows) + 60 * rng.integers(10, 300, rows))
    inputs = rng.normal(size=(rows, len(EQUITY_INPUTS)))
    gross = 0.1 * strength * inputs[:, 0] + rng.normal(0, 0.2, rows)
    return Dataset(
        strategy="equity",
        names=EQUITY_INPUTS,
        inputs=inputs,
        entered=entered,
        left=entered + 60 * rng.integers(1, 45, rows),
        symbol=np.full(rows, "SBIN"),
        gross_pct=gross,
        net_pct=gross - 0.05,
        slippage_pct=np.full(rows, 0.02),
        net_pnl=1_000 * (gross - 0.05),
        weight=rng.uniform(0.2, 1.0, rows),
        modelled=np.zeros(rows, np.bool_),
    )


def window_of(data: Dataset, number: int = 1) -> Window:
    return windows(data, 4, min_confidence=0.55)[number]


def spoilt(data: Dataset, chosen: NDArray[np.bool_]) -> Dataset:
    """The same, with the outcomes of the chosen entries far away from anything."""
    gross, net = (np.where(chosen, 50.0, column) for column in (data.gross_pct, data.net_pct))
    return replace(data, gross_pct=gross, net_pct=net)


def test_windows_follow_each_other_and_hold_every_entry_once() -> None:
    data = entries()

    found = windows(data, 4, min_confidence=0.55)

    assert all(a.end == b.begin for a, b in pairwise(found))
    held = [((data.entered >= w.begin.timestamp()) & (data.entered < w.end.timestamp())).sum() for w in found]
    assert sum(held) == (data.entered >= found[0].begin.timestamp()).sum()
    assert min(held) > 0.5 * max(held)


def test_too_few_days_are_named() -> None:
    with pytest.raises(BadInput, match="entries of 3 days cannot be cut into 6 windows"):
        windows(entries(days=3), 6, min_confidence=0.55)


def test_an_edge_is_found_out_of_sample() -> None:
    data = entries()

    found = run_window(window_of(data), data, PARAMETERS, 7)

    assert found.metrics is not None
    assert found.metrics.auc > 0.65
    assert found.metrics.brier_skill > 0.03
    taken = np.array(found.outcomes.taken)
    assert np.array(found.outcomes.net_pct)[taken].mean() > 0.03


def test_what_comes_later_changes_nothing() -> None:
    data = entries()
    window = window_of(data)
    end = window.end.timestamp()

    whole = run_window(window, data, PARAMETERS, 7)

    assert run_window(window, data.rows(data.entered < end), PARAMETERS, 7) == whole
    assert run_window(window, spoilt(data, data.entered >= end), PARAMETERS, 7) == whole


def test_an_entry_that_had_not_ended_before_the_window_teaches_nothing() -> None:
    data = entries()
    window = window_of(data)
    begin = window.begin.timestamp()
    reaching = np.flatnonzero(data.entered < begin)[-1]
    left = data.left.copy()
    left[reaching] = begin + 60
    data = replace(data, left=left)
    chosen = np.arange(len(data)) == reaching

    assert run_window(window, spoilt(data, chosen), PARAMETERS, 7) == run_window(window, data, PARAMETERS, 7)


def test_the_embargo_keeps_a_distance() -> None:
    data = entries()
    window = window_of(data)
    begin = window.begin.timestamp()
    close = (data.left >= begin - 86_400) & (data.entered < begin)
    apart = window.model_copy(update={"embargo_minutes": 1440})

    assert run_window(apart, spoilt(data, close), PARAMETERS, 7) == run_window(apart, data, PARAMETERS, 7)
    assert run_window(window, data, PARAMETERS, 7) != run_window(apart, data, PARAMETERS, 7)


def test_a_window_that_cannot_be_measured_says_so() -> None:
    data = entries(rows=90)
    window = window_of(data)

    found = run_window(window, data, PARAMETERS, 7)

    assert found.metrics is None
    assert "entries" in found.told
    assert found.outcomes.entered == ()


def test_the_same_bytes_twice_and_through_json() -> None:
    data = entries()
    window = Window.model_validate_json(window_of(data).model_dump_json())

    first = run_window(window, data, PARAMETERS, 7).model_dump_json()

    assert run_window(window_of(data), data, PARAMETERS, 7).model_dump_json() == first
    assert window.end - window.begin >= timedelta(days=1)
