"""Guard, square-off, flatten and a person want to be out in the same moment, a thousand times: one sell."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier, RLock, local
from typing import Any

import pytest

from patang.audit.event import AuditEvent
from patang.keys import outbox_partition
from patang.ports import Attributes, Key, Write
from patang.records import create, load_all
from tests.unit.execution.protected import keep, mark, position, pump, resting
from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import tell
from tests.unit.execution.test_flatten import flatten
from tests.unit.execution.trading_desk import OneWriteAnItem, TradingDesk
from tests.unit.risk.samples import position as held_position

D = Decimal
HELD, STOP = 20, D(1490)
ROUNDS = 200
MOST_AT_ONCE = 5
# What stands at the broker when they all come: a stop, a trigger, a stop on its way there, one whose reply
# was lost, one that fills in this very moment.
STATES = ("stop", "trigger", "laying", "unknown", "filling")


class Together(OneWriteAnItem):
    """While `together` is set, each thread's first look at a position waits until all have looked."""

    def __init__(self) -> None:
        super().__init__()
        self.together: Barrier | None = None
        self._lock = RLock()
        self._mine = local()

    def get(self, key: Key) -> Attributes | None:
        with self._lock:
            found = super().get(key)
        gate = self.together
        first = gate is not None and getattr(self._mine, "met", None) is not gate
        if gate is not None and first and key.sort.startswith("POSITION#") and not self._lists():
            self._mine.met = gate
            gate.wait(timeout=20)
        return found

    def query_index(self, *args: Any, **kwargs: Any) -> list[Attributes]:
        with self._lock:
            self._mine.lists = True
            found = super().query_index(*args, **kwargs)
            self._mine.lists = False
        return found

    def _lists(self) -> bool:
        return bool(getattr(self._mine, "lists", False))

    def write(self, *writes: Write) -> None:
        with self._lock:
            super().write(*writes)


def protected_desk(state: str) -> TradingDesk:
    """A position of which this stands at the exchange."""
    desk = TradingDesk(store=Together())
    product = "CNC" if state == "trigger" else "MIS"
    held = held_position(
        "INFY",
        mode="simulator",
        product=product,
        exit_by=None,
        entry_time=MORNING,
        entry_price=D(1500),
        stop_loss_price=STOP,
        target_price=D(1600),
        quantity=HELD,
    )
    desk.exchange.carried[("NSE", "INFY", product)] = HELD
    desk.exchange.prices = {"INFY": 1500.0}
    desk.store.write(create(held))
    mark(desk, 1500.0)
    if state == "unknown":
        desk.exchange.mishaps = ["unheard"]
    keep(desk)
    if state == "laying":
        return desk
    if state == "unknown":
        (_, _, body), *_ = desk.queue.messages
        desk.queue.messages.clear()
        assert desk.lane().process(body) == "UNKNOWN"
        desk.exchange.frames.clear()
        return desk
    pump(desk)
    assert resting(desk).state == "RESTING"
    return desk


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(MOST_AT_ONCE) as threads:
        yield threads


def all_at_once(
    pool: ThreadPoolExecutor, desk: TradingDesk, acts: list[Callable[[], object]]
) -> list[object]:
    desk.store.together = Barrier(len(acts))
    done = [future.result() for future in [pool.submit(act) for act in acts]]
    desk.store.together = None
    return done


def begun(desk: TradingDesk) -> int:
    events = load_all(desk.store, AuditEvent, outbox_partition("main", MORNING.date()))
    return sum(event.kind == "EXIT_BEGUN" for event in events)


@pytest.mark.parametrize("state", STATES)
def test_four_want_out_at_once_and_one_sells(pool: ThreadPoolExecutor, state: str) -> None:
    chance = random.Random(state)
    for _ in range(ROUNDS):
        desk = protected_desk(state)
        held = position(desk)

        def leave(reason: str, desk: TradingDesk = desk, held: Any = held) -> bool:
            return desk.exits().begin(held, reason, MORNING, D(1500), D("1499.90"), actor=reason)

        def flatten_all(desk: TradingDesk = desk) -> bool:
            return bool(flatten(desk).run("main", "fire", "person:asha", MORNING).exits)

        acts: list[Callable[[], object]] = [
            lambda: leave("TIME"),
            lambda: leave("SQUARE_OFF"),
            lambda: leave("PERSON"),
            flatten_all,
        ]
        if state == "filling":
            desk.exchange.prices = {"INFY": 1489.0}
            desk.exchange.match()
            frames = list(desk.exchange.frames)
            desk.exchange.frames.clear()
            acts.append(lambda desk=desk, frames=frames: tell(desk, *frames) and False)
        chance.shuffle(acts)
        won = sum(map(bool, all_at_once(pool, desk, acts)))
        assert won == 1 or (state == "filling" and won == 0)
        assert begun(desk) == 1
        # Once it is sold, one more turn has nothing to sell again.
        for _ in range(4):
            sold_before = position(desk).state == "CLOSED"
            pump(desk)
            desk.pass_time(4)
            for intent in desk.intents():
                if intent.state == "UNKNOWN":
                    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
            keep(desk)
            if sold_before:
                break
        assert position(desk).state == "CLOSED"
        sold = [o for o in desk.exchange.book.values() if o["filled_quantity"]]
        assert [o["filled_quantity"] for o in sold] == [HELD]
        assert desk.exchange.oversold == []
        assert [gtt for gtt in desk.exchange.gtts() if gtt.status == "active"] == []
