"""Uniqueness of overlapping holding periods, against counting minute by minute."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.errors import BadInput
from patang.training.uniqueness import average_uniqueness


def counted(symbol, begin, end):
    """The definition, a minute at a time."""
    found = []
    for one, first, last in zip(symbol, begin, end, strict=True):
        shares = [
            1 / sum(s == one and b <= minute < e for s, b, e in zip(symbol, begin, end, strict=True))
            for minute in range(first, last)
        ]
        found.append(sum(shares) / len(shares))
    return found


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(0, 30), st.integers(1, 12)), min_size=1))
def test_it_is_what_counting_every_minute_gives(rows):
    symbol = np.array([row[0] for row in rows])
    begin = np.array([row[1] for row in rows])
    end = begin + np.array([row[2] for row in rows])
    found = average_uniqueness(symbol, begin, end)
    assert found == pytest.approx(counted(symbol.tolist(), begin.tolist(), end.tolist()))
    assert ((found > 0) & (found <= 1)).all()


@pytest.mark.parametrize(
    ("symbol", "begin", "end", "expected"),
    [
        (["A", "A"], [0, 10], [10, 20], [1, 1]),
        (["A", "A"], [0, 0], [10, 10], [0.5, 0.5]),
        (["A", "B"], [0, 0], [10, 10], [1, 1]),
        (["A", "A"], [0, 5], [10, 10], [0.75, 0.5]),
        # Long after the others, far from them: gaps add nothing.
        (["A", "A", "A"], [0, 0, 9_000], [1, 1, 9_001], [0.5, 0.5, 1]),
    ],
)
def test_rows_share_the_time_they_are_held_together(symbol, begin, end, expected):
    assert average_uniqueness(np.array(symbol), np.array(begin), np.array(end)).tolist() == expected


def test_a_row_without_time_is_refused():
    with pytest.raises(BadInput, match="row 1 is held from 7 to 7"):
        average_uniqueness(np.array(["A", "A"]), np.array([0, 7]), np.array([3, 7]))


def test_nothing_has_no_weights():
    empty = np.array([], np.int64)
    assert len(average_uniqueness(np.array([], np.str_), empty, empty)) == 0


def test_many_rows_take_no_time_to_speak_of():
    rng = np.random.default_rng(1)
    begin = rng.integers(0, 10**6, 200_000)
    found = average_uniqueness(rng.choice(["A", "B"], 200_000), begin, begin + 45)
    assert 0 < found.min() < found.max() <= 1
