"""The broker's limits, whoever sends: never too many calls in any window, and always some left for exits."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patang.errors import BadInput, BrokerRefused
from patang.execution.lane.rate_tokens import LIMITS, RateRecord, RateTokens
from patang.market.sessions import IST
from patang.ports import Write, WriteConflict
from patang.records import create
from tests.fakes import MemoryStore

TEN = datetime(2026, 8, 18, 10, 0, tzinfo=IST)
ORDER = LIMITS["order"]


class Interleaved(MemoryStore):
    """Before each write something else may happen; `meanwhile` says what."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: Callable[[], None] | None = None

    def write(self, *writes: Write) -> None:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            meanwhile()
        super().write(*writes)


def most_in(moments: list[float], window: float) -> int:
    """The most moments that any half-open window of so many seconds holds."""
    ordered, first, most = sorted(moments), 0, 0
    for last, moment in enumerate(ordered):
        while moment - ordered[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most


asks = st.lists(
    st.tuples(
        st.integers(0, 400),  # milliseconds after the ask before
        st.sampled_from(["exit", "entry"]),
        st.integers(0, 3),  # the instance, each with a clock of its own
        st.integers(1, 3),  # orders
        st.booleans(),  # another instance asks between this one's read and write
    ),
    min_size=20,
    max_size=120,
)


@settings(max_examples=60, deadline=None)
@given(asks, st.tuples(*[st.integers(-20, 20)] * 4))
def test_no_second_ever_holds_more_orders_than_the_limit(asked, clocks):
    store = Interleaved()
    tokens = RateTokens(store)
    granted: list[float] = []
    entries: list[float] = []

    def ask(moment: int, lane: str, instance: int, orders: int) -> None:
        now = TEN + timedelta(milliseconds=moment + clocks[instance])
        if tokens.take("main", "order", lane, now, orders=orders) is None:
            granted.extend([moment / 1000] * orders)
            if lane == "entry":
                entries.extend([moment / 1000] * orders)

    moment = 0
    for after, lane, instance, orders, raced in asked:
        moment += after
        if raced:
            # Bound now: the loop goes on.
            store.meanwhile = lambda at=moment, other=(instance + 1) % 4: ask(at, "exit", other, 1)
        ask(moment, lane, instance, orders)
    assert most_in(granted, 1.0) <= ORDER.second
    assert most_in(entries, 1.0) <= ORDER.second - ORDER.reserved_second


@settings(max_examples=40, deadline=None)
@given(asks)
def test_an_exit_finds_its_share_whatever_entries_ask_for(asked):
    tokens = RateTokens(MemoryStore())
    exits: list[float] = []
    moment = 0
    for after, _, _, _, _ in asked:
        moment += after
        now = TEN + timedelta(milliseconds=moment)
        while tokens.take("main", "order", "entry", now) is None:
            pass
        recent = sum(moment / 1000 - then < 1.05 for then in exits)
        if recent < ORDER.reserved_second:
            assert tokens.take("main", "order", "exit", now) is None
            exits.append(moment / 1000)


def greedy(lane: str, calls: int) -> list[float]:
    """When so many calls get their tokens, each asked for as soon as it may be."""
    tokens, now, taken = RateTokens(MemoryStore()), TEN, []
    while len(taken) < calls:
        wait = tokens.take("main", "order", lane, now)
        if wait is None:
            taken.append(now.timestamp())
        else:
            assert wait.until > now, "a wait that is over already is a hot loop"
            now = wait.until
    return taken


def test_no_minute_holds_more_than_the_limit_and_most_of_it_can_be_used():
    taken = greedy("exit", 900)
    assert most_in(taken, 60.0) == ORDER.minute
    assert most_in(taken, 1.0) == ORDER.second
    assert taken[-1] - taken[0] < 3 * 61
    assert most_in(greedy("entry", 500), 60.0) == ORDER.minute - ORDER.reserved_minute


def test_a_day_ends_for_entries_before_it_ends_for_exits():
    store = MemoryStore()
    store.write(create(RateRecord(account="main", kind="order", day=TEN.date(), sent=4500)))
    tokens = RateTokens(store)
    wait = tokens.take("main", "order", "entry", TEN)
    assert wait is not None
    assert (wait.until, wait.why) == (
        datetime(2026, 8, 19, tzinfo=IST),
        "the broker takes 4500 calls a day, with the exits' share kept free",
    )
    now = TEN
    for _ in range(500):
        assert tokens.take("main", "order", "exit", now) is None
        now += timedelta(seconds=1)
    assert tokens.take("main", "order", "exit", now).why == "the broker takes 5000 calls a day"
    assert tokens.take("main", "order", "entry", TEN + timedelta(days=1)) is None


def test_kinds_and_accounts_have_their_own_tokens():
    tokens = RateTokens(MemoryStore())
    for _ in range(10):
        assert tokens.take("main", "order", "exit", TEN) is None
    assert tokens.take("main", "order", "exit", TEN) is not None
    assert tokens.take("main", "other", "exit", TEN) is None
    assert tokens.take("second", "order", "exit", TEN) is None


def test_a_clock_that_was_far_ahead_stops_nobody():
    tokens = RateTokens(MemoryStore())
    for _ in range(10):
        tokens.take("main", "order", "exit", TEN + timedelta(hours=1))
    assert tokens.take("main", "order", "exit", TEN) is None


def test_the_26th_modification_of_an_order_does_not_leave():
    store = MemoryStore()
    tokens = RateTokens(store)
    for n in range(25):
        now = TEN + timedelta(seconds=n)
        assert tokens.take("main", "order", "exit", now, modifies="151") is None
    assert tokens.modifications("main", "151") == 25
    before = dict(store.items)
    with pytest.raises(BrokerRefused, match="25 times"):
        tokens.take("main", "order", "exit", TEN + timedelta(minutes=1), modifies="151")
    assert store.items == before
    assert tokens.take("main", "order", "exit", TEN + timedelta(minutes=1), modifies="152") is None


def test_more_orders_than_a_share_has_must_be_cut():
    tokens = RateTokens(MemoryStore())
    with pytest.raises(BadInput, match="7 are there for an entry"):
        tokens.take("main", "order", "entry", TEN, orders=8)
    assert tokens.take("main", "order", "exit", TEN, orders=10) is None
    assert tokens.take("main", "order", "exit", TEN) is not None


@pytest.mark.parametrize(("lane", "attempts"), [("exit", 12), ("entry", 4)])
def test_contention_is_bounded_and_ends_in_a_wait(lane, attempts):
    class Contended(MemoryStore):
        tries = 0

        def write(self, *writes: Write) -> None:
            self.tries += 1
            raise WriteConflict([])

    store = Contended()
    wait = RateTokens(store).take("main", "order", lane, TEN)
    assert wait is not None
    assert wait.until == TEN + timedelta(milliseconds=200)
    assert store.tries == attempts


def test_an_exit_gets_through_while_entries_keep_writing():
    store = Interleaved()
    tokens = RateTokens(store)
    pushed = []

    def entry() -> None:
        if tokens.take("main", "order", "entry", TEN) is None:
            pushed.append(1)
            store.meanwhile = entry

    store.meanwhile = entry
    assert tokens.take("main", "order", "exit", TEN) is None
    assert sum(pushed) == 7
