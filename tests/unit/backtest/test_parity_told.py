"""What a day's comparison has told, kept for its account's owner."""

from datetime import timedelta

import pytest

from patang.backtest.parity.told import keep_told, told_of
from patang.errors import BadInput
from patang.execution.graduation import ParityReport
from patang.records import load
from patang_workbench.research.parity import keep_parity
from tests.fakes import MemoryObjects, MemoryStore
from tests.unit.api.sample_research import DAY, store_research


@pytest.fixture
def objects():
    found = MemoryObjects()
    store_research(found)
    return found


def test_what_was_found_comes_back_as_it_was(objects):
    told = told_of(objects, "main", DAY)
    assert told is not None
    assert (told.account, told.compared, told.unexplained) == ("main", 2, 2)
    again = MemoryObjects()
    keep_told(again, [told])
    assert told_of(again, "main", DAY) == told


def test_nothing_is_told_of_others_or_of_another_day(objects):
    assert told_of(objects, "nobody", DAY) is None
    assert told_of(objects, "main", DAY + timedelta(days=1)) is None


def test_what_another_version_kept_is_refused(objects):
    objects.put(f"parity/{DAY}/main.json", b'{"day": "2026-08-18"}')
    with pytest.raises(BadInput, match="patang parity"):
        told_of(objects, "main", DAY)


def test_a_day_that_is_compared_again_takes_the_place_of_the_first(objects):
    store, kept = MemoryStore(), MemoryObjects()
    both = [told_of(objects, "main", DAY), told_of(objects, "other", DAY)]
    keep_parity(store, kept, DAY, both)
    report = keep_parity(store, kept, DAY, both[:1])
    noted = load(store, ParityReport, report.key())
    assert (noted.compared, noted.unexplained) == (2, 2)
    assert told_of(kept, "main", DAY) == both[0]
