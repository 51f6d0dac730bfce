"""What is good once: the first who shows it, of however many at once, and on whatever instance."""

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from patang.identity.once import TakenOnce
from patang.market.sessions import IST
from tests.fakes import FixedClock, MemoryStore

NOON = datetime(2026, 8, 18, 12, tzinfo=IST)
LONG = timedelta(minutes=30)


def test_the_first_takes_it_and_nobody_after():
    store, clock = MemoryStore(), FixedClock(NOON)
    assert TakenOnce(store, clock).take("a state", LONG)
    assert not TakenOnce(store, clock).take("a state", LONG)
    assert TakenOnce(store, clock).take("another state", LONG)


def test_what_is_kept_is_its_hash_for_as_long_as_it_could_be_shown():
    written = []

    class Noting(MemoryStore):
        def write(self, *writes):
            written.extend(writes)
            super().write(*writes)

    TakenOnce(Noting(), FixedClock(NOON)).take("a state", LONG)
    [put] = written
    assert "a state" not in repr(put)
    assert put.expires_at == int((NOON + LONG).timestamp())


def test_of_many_at_once_it_is_one():
    store, clock = MemoryStore(), FixedClock(NOON)
    with ThreadPoolExecutor(16) as pool:
        taken = list(pool.map(lambda _: TakenOnce(store, clock).take("a state", LONG), range(200)))
    assert sum(taken) == 1
