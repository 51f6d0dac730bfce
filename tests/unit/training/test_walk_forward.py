"""Walk-forward: a model knows nothing of its window or later, and a window is the same wherever it runs."""

from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.training.dataset import Dataset
from patang.training.walk_forward import Window, run_window, windows
from tests.unit.training.sample_data import entries

PARAMETERS = {"rounds": 15, "max_depth": 2, "min_child_weight": 10}


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


def test_a_market_that_changed_is_no_skill() -> None:
    """Winners grow more and nothing foretells which: what was calibrated later knows the share of now better
    than the rows that were fitted on, and knows no more than that."""
    noise = entries(strength=0)
    drift = np.linspace(-0.2, 0.2, len(noise))
    data = replace(noise, gross_pct=noise.gross_pct + drift, net_pct=noise.net_pct + drift)

    found = run_window(window_of(data), data, PARAMETERS, 7)

    assert found.metrics is not None
    assert found.metrics.won > found.metrics.base_rate + 0.1
    assert found.metrics.brier_skill <= 0


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
