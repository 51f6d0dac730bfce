"""However the stream is delivered, what is left behind is what one instance leaves that read it once.

Batches of any size, delivered again at once or later, to one of two instances or to a new one, which may die
at any write; and records that the ingester put twice, late or in another order.
"""

from collections.abc import Callable
from datetime import timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from patang.features.service import FeatureService
from patang.market.envelope import envelope
from patang.market.ticks import StreamRecord, pack, unpack
from tests.unit.features.test_service import SHARD, Desk, whole
from tests.unit.market.market_day import at, marker_record, quiet_second

EVERY = timedelta(seconds=10)
SEEDS = st.integers(0, 2**32)


def day_so_far(minutes: int = 6) -> list[list[bytes]]:
    """Ten seconds of market at a time: a record of ticks an underlying, a gap once, then the marker."""
    steps, moment = [], at("09:15")
    for n in range(6 * minutes + 1):
        ticks = unpack(quiet_second(moment, 10 * n)).ticks
        shares = [
            pack(StreamRecord("ticks", moment, "*", part)) for part in (ticks[:1], ticks[1:4], ticks[4:])
        ]
        gap = [envelope("gap", moment, since=moment - EVERY)] if n == 15 else []
        steps.append([*gap, *shares, marker_record(moment + timedelta(seconds=4))])
        moment += EVERY
    return steps


STEPS = day_so_far()
RECORDS = [record for step in STEPS for record in step]
ONCE = whole(RECORDS)


def left_behind(desk: Desk) -> tuple[dict[str, bytes], dict[str, object]]:
    """Everything that others read: closed minutes and chains, and which cycles began."""
    blobs = {p: b for p, b in desk.objects.blobs.items() if p.startswith(("minutes/", "chains/"))}
    return blobs, desk.workflows.started


class Crashes:
    """Lets every so many-th write fail, before or after it took effect."""

    def __init__(self, random: Random, odds: float) -> None:
        self._random = random
        self._odds = odds

    def may_fail[**P, R](self, call: Callable[P, R]) -> Callable[P, R]:
        def act(*args: P.args, **named: P.kwargs) -> R:
            before, after = (self._random.random() < self._odds for _ in range(2))
            if before:
                raise ConnectionError("the instance is gone")
            result = call(*args, **named)
            if after:
                raise ConnectionError("the answer is lost")
            return result

        return act


@settings(max_examples=25, deadline=None)
@given(SEEDS, st.sampled_from([0.0, 0.05, 0.2]))
def test_any_delivery_leaves_what_one_leaves(seed: int, crash_odds: float) -> None:
    random, desk = Random(seed), Desk()
    crashes = Crashes(random, crash_odds)
    desk.store.write = crashes.may_fail(desk.store.write)
    desk.objects.put = crashes.may_fail(desk.objects.put)
    desk.workflows.start = crashes.may_fail(desk.workflows.start)
    instances = [desk.instance(), desk.instance()]
    records = desk.stream.put(RECORDS)
    delivered: list[list[tuple[str, bytes]]] = []
    while records:
        size = random.randint(1, 40)
        batch, records = records[:size], records[size:]
        for due in (batch, *random.sample([batch, *delivered[-3:]], random.randint(0, 1))):
            deliver(desk, instances, due, random)
        delivered.append(batch)
    assert left_behind(desk) == left_behind(ONCE)


def deliver(
    desk: Desk, instances: list[FeatureService], batch: list[tuple[str, bytes]], random: Random
) -> None:
    """Until it succeeds, as the event source does; each time to one of the instances, or to a new one."""
    while True:
        place = random.randrange(len(instances))
        if random.random() < 0.3:
            instances[place] = desk.instance()
        try:
            instances[place].process(batch, SHARD)
        except ConnectionError:
            continue
        return


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_records_put_twice_late_or_in_another_order_change_nothing(seed: int) -> None:
    random = Random(seed)
    records: list[bytes] = []
    late: list[bytes] = []
    for *ticks, marker in STEPS:
        # Behind its marker a record is still in time: no minute closes before its grace is over.
        delayed = [record for record in ticks if random.random() < 0.2]
        again = [record for record in ticks if random.random() < 0.2]
        put = [*late, *again, *(record for record in ticks if record not in delayed)]
        random.shuffle(put)
        records += [*put, marker]
        late = delayed
    records[-1:-1] = late
    desk = Desk()
    desk.instance().process(desk.stream.put(records), SHARD)
    assert left_behind(desk) == left_behind(ONCE)
