"""Whose turn it is to put ticks: two who share a table, and every way in which one may end."""

from collections.abc import Iterator

import pytest

from functions.ingester.lease import LEASE_SECONDS, Lease, LeasedStream, TurnRecord
from patang.errors import TryAgain
from patang.keys import ingester_lease_key
from patang.ports import WriteConflict
from patang.records import load
from tests.fakes import FixedClock, MemoryStore, RecordedStream

RENEWED = 3.0


class Away(MemoryStore):
    """A store that can be away, and whose next write may succeed with its answer lost."""

    def __init__(self) -> None:
        super().__init__()
        self.is_away = False
        self.loses_answer = False

    def get(self, key):
        if self.is_away:
            raise TryAgain("the table is away")
        return super().get(key)

    def write(self, *writes):
        if self.is_away:
            raise TryAgain("the table is away")
        super().write(*writes)
        if self.loses_answer:
            self.loses_answer = False
            # The client has tried again by itself, and met what its first try has written.
            raise WriteConflict([write.key for write in writes])


class Table:
    """A table, one wall clock, and those who share both. Seconds are monotonic and the wall's at once."""

    def __init__(self) -> None:
        self.store = Away()
        self.clock = FixedClock()
        self.start = self.clock.now()
        self.now = 100.0

    def lease(self, name: str) -> Lease:
        return Lease(self.store, self.clock, name)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds
        self.clock.advance(seconds)

    def look(self, *leases: Lease) -> None:
        for lease in leases:
            try:
                lease.keep(self.now)
            except TryAgain:
                assert self.store.is_away

    def record(self) -> TurnRecord | None:
        return load(self.store, TurnRecord, ingester_lease_key())


@pytest.fixture
def table() -> Iterator[Table]:
    return Table()


def test_the_first_has_it_and_the_second_stands_by(table):
    first, second = table.lease("first"), table.lease("second")
    table.look(first, second)
    assert first.may_put(table.now)
    assert (second.is_ours, second.may_put(table.now), second.is_lost) == (False, False, False)


def test_it_is_renewed_for_as_long_as_it_is_kept(table):
    first, second = table.lease("first"), table.lease("second")
    for _ in range(200):
        table.look(first, second)
        assert first.may_put(table.now)
        assert not second.is_ours
        table.pass_time(1.0)


def test_a_renewal_is_a_write_every_three_seconds_and_no_read(table):
    first = table.lease("first")
    for _ in range(31):
        table.look(first)
        table.pass_time(1.0)
    assert table.store.writes == 11


def test_the_next_has_it_at_its_next_look_when_it_is_given_up(table):
    first, second = table.lease("first"), table.lease("second")
    table.look(first, second)
    first.give_up()
    assert not first.may_put(table.now)
    table.look(second)
    assert second.may_put(table.now)
    assert table.record().holder == "second"


def test_whoever_stood_by_gives_nothing_up(table):
    first, second = table.lease("first"), table.lease("second")
    table.look(first, second)
    second.give_up()
    assert table.record().holder == "first"
    assert table.record().until is not None


def test_of_one_who_died_it_is_taken_when_it_has_run_out_and_not_before(table):
    dead, second = table.lease("dead"), table.lease("second")
    table.look(dead)
    taken_at = None
    for second_of_waiting in range(60):
        table.look(second)
        if second.is_ours:
            taken_at = second_of_waiting
            break
        table.pass_time(1.0)
    assert taken_at == LEASE_SECONDS + 5 + 1


def test_who_is_started_again_under_the_name_of_one_that_died_has_it_at_once(table):
    table.look(table.lease("place"))
    again = table.lease("place")
    table.look(again)
    assert again.may_put(table.now)


def test_between_two_puts_of_two_lies_more_than_a_put_can_take(table):
    """The holder hears nothing from the table any more; the other reads it well."""
    first, second = table.lease("first"), table.lease("second")
    table.look(first, second)
    last_of_first = first_of_second = None
    for _ in range(600):
        table.store.is_away = True
        table.look(first)
        table.store.is_away = False
        table.look(second)
        if first.may_put(table.now):
            last_of_first = table.now
            assert not second.may_put(table.now)
        if second.may_put(table.now):
            first_of_second = table.now
            break
        table.pass_time(0.1)
    assert first_of_second - last_of_first > 21.0


def test_while_the_table_is_away_nothing_is_put_and_then_it_goes_on(table):
    first = table.lease("first")
    table.look(first)
    table.store.is_away = True
    table.pass_time(7.9)
    table.look(first)
    assert first.may_put(table.now), "a moment's silence stops nothing"
    table.pass_time(600)
    table.look(first)
    assert not first.may_put(table.now)
    assert not first.is_lost
    table.store.is_away = False
    table.look(first)
    assert first.may_put(table.now), "nobody has taken it meanwhile"


def test_who_finds_it_taken_has_lost_it_for_good(table):
    first, second = table.lease("first"), table.lease("second")
    table.look(first)
    # As a process that was stopped and goes on, or whose host was.
    table.pass_time(60)
    table.look(second)
    assert second.may_put(table.now)
    assert not first.may_put(table.now), "before it has looked"
    table.look(first)
    table.pass_time(1.0)
    table.look(first)
    assert first.is_lost
    assert not first.is_ours
    second.give_up()
    table.look(first)
    assert not first.is_ours
    first.give_up()
    assert table.record().until is None


def test_a_question_that_took_long_counts_from_when_it_was_asked(table):
    first = table.lease("first")
    first.keep(table.now)
    assert not first.may_put(table.now + 8.0)


def test_of_two_who_look_at_once_one_has_it(table):
    """Both have read that there is none when the first of them writes."""
    first, second = table.lease("first"), table.lease("second")
    read, table.store.get = table.store.get, lambda key: None
    table.look(first, second)
    table.store.get = read
    table.pass_time(1.0)
    table.look(first, second)
    assert [lease.is_ours for lease in (first, second)] == [True, False]
    assert not second.is_lost


def test_a_renewal_whose_answer_was_lost_is_ours(table):
    first = table.lease("first")
    table.look(first)
    table.pass_time(RENEWED)
    table.store.loses_answer = True
    table.look(first)
    table.pass_time(1.0)
    table.look(first)
    assert first.may_put(table.now)
    assert not first.is_lost


def test_a_first_write_whose_answer_was_lost_is_ours_too(table):
    table.store.loses_answer = True
    first = table.lease("first")
    table.look(first)
    assert not first.is_ours
    table.pass_time(1.0)
    table.look(first)
    assert first.may_put(table.now)


def test_a_clock_that_is_seconds_ahead_takes_nothing_that_stands(table):
    first, second = table.lease("first"), table.lease("second")
    for _ in range(120):
        table.look(first)
        table.clock.advance(5)
        table.look(second)
        table.clock.advance(-5)
        assert not second.is_ours
        table.pass_time(1.0)


def test_the_stream_takes_nothing_from_who_stands_by(table):
    stream, seconds = RecordedStream(), table
    lease = table.lease("first")
    leased = LeasedStream(stream, lease, lambda: seconds.now)
    for put in (lambda: leased.put([("NIFTY", b"ticks")]), lambda: leased.mark(b"marker")):
        with pytest.raises(TryAgain, match="lease"):
            put()
    assert (stream.records, stream.marks) == ([], [])
    table.look(lease)
    leased.put([("NIFTY", b"ticks")])
    leased.mark(b"marker")
    assert (stream.records, stream.marks) == ([("NIFTY", b"ticks")], [b"marker"])
    assert leased.lane("NIFTY") == stream.lane("NIFTY")
    table.pass_time(8.0)
    with pytest.raises(TryAgain, match="lease"):
        leased.put([("NIFTY", b"more")])


def test_what_is_stored_is_one_item(table):
    table.look(table.lease("first"))
    assert list(table.store.items) == [ingester_lease_key()]
