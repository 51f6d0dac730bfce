"""Nothing that is learnt from was still open, or within the embargo, when what is foretold was entered."""

from dataclasses import replace
from itertools import pairwise
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patang.errors import BadInput
from patang.training.splits import combinatorial, hold_out, most_blocks, walk_forward
from tests.unit.training.sample_data import entries

DAY = 86_400


def day_of(at):
    return (at + 19_800) // DAY


@st.composite
def held(draw):
    """Entries over some days, some of which are held for days."""
    seed = draw(st.integers(0, 2**32 - 1))
    data = entries(rows=draw(st.integers(40, 110)), days=draw(st.integers(12, 30)), seed=seed)
    longest = draw(st.sampled_from([30, 600, 4 * 1440]))
    held = 60 * np.random.default_rng(seed).integers(1, longest, len(data))
    return replace(data, left=data.entered + held)


def overlaps(data, one, other):
    return data.entered[one] <= data.left[other] and data.entered[other] <= data.left[one]


@settings(max_examples=10, deadline=None)
@given(held(), st.integers(0, 2), st.sampled_from([(4, 2), (5, 2), (3, 2)]))
def test_combinations_are_purged_and_embargoed_as_by_brute_force(data, embargo, shape):
    folds, test_folds = shape
    if folds > len(np.unique(day_of(data.entered))) // (embargo + 2):
        with pytest.raises(BadInput, match="cannot be cut"):
            combinatorial(data, folds, test_folds, embargo)
        return
    days = np.unique(day_of(data.entered))
    order = np.searchsorted(days, day_of(data.entered))
    for fold in combinatorial(data, folds, test_folds, embargo):
        tested = np.concatenate(fold.blocks)
        ends = [int(order[block].max()) for block in fold.blocks]
        expected = [
            row
            for row in range(len(data))
            if row not in set(tested.tolist())
            and not any(overlaps(data, row, other) for other in tested)
            and not any(end < order[row] <= end + embargo for end in ends)
        ]
        assert fold.fit.tolist() == expected


def test_every_path_has_every_entry_once():
    data = entries(days=24)
    found = combinatorial(data, 6, 2)
    assert len(found) == comb(6, 2)
    paths = sorted({path for fold in found for path in fold.paths})
    assert paths == list(range(5))
    for path in paths:
        rows = [
            block for fold in found for of, block in zip(fold.paths, fold.blocks, strict=True) if of == path
        ]
        assert np.array_equal(np.sort(np.concatenate(rows)), np.arange(len(data)))


@settings(max_examples=10, deadline=None)
@given(held(), st.integers(1, 4), st.integers(0, 2))
def test_windows_follow_each_other_and_know_only_what_had_ended(data, count, embargo):
    days = np.unique(day_of(data.entered))
    spans = walk_forward(data, count, first_fit=0.4, embargo_days=embargo)
    assert len(spans) == count
    assert all(earlier.end <= later.begin for earlier, later in pairwise(spans))
    assert len({len(np.unique(day_of(span.own(data).entered))) for span in spans}) == 1
    assert day_of(spans[-1].own(data).entered).max() == days[-1]
    for span in spans:
        known, own = span.known(data), span.own(data)
        assert (known.left < own.entered.min()).all()
        between = (days > day_of(known.entered).max(initial=0)) & (days < day_of(own.entered).min())
        assert between.sum() >= embargo
        apart = days[days < day_of(own.entered).min()][-embargo:] if embargo else []
        whole = (data.left < span.begin) & ~np.isin(day_of(data.entered), apart)
        assert (data.left[whole] < span.known_until).sum() == len(known)


def test_the_final_window_is_the_last_share_of_the_days():
    data = entries(days=50)
    span = hold_out(data, 0.2, embargo_days=1)
    assert len(np.unique(day_of(span.own(data).entered))) == 10
    assert len(np.unique(day_of(span.known(data).entered))) == 39


def test_too_few_days_are_named():
    data = entries(days=3)
    with pytest.raises(BadInput, match="entries of 3 days cannot be cut into 5 windows"):
        walk_forward(data, 5)
    with pytest.raises(BadInput, match="3 days cannot be cut into 6 blocks"):
        combinatorial(data)
    few = entries(days=14)
    assert most_blocks(few, 1) == 4
    assert len(combinatorial(few, 4)) == 6
    with pytest.raises(BadInput, match="cut into 2 blocks, 2 of them foretold"):
        combinatorial(few, 2)
