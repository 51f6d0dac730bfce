"""Five want to close a position at once; one wins OPEN -> CLOSING, in memory and on the real adapters."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Barrier, Lock, local
from typing import Any

import boto3
import pytest

from patang.adapters.aws.dynamodb import DynamoStore
from patang.audit.event import AuditEvent
from patang.execution.amendments import Amendments
from patang.execution.intent import OrderIntent
from patang.execution.leaving.exits import Exits
from patang.keys import account_partition, outbox_partition, position_key
from patang.portfolio.position import Position
from patang.ports import Attributes, Key, StateStore, Write, WriteConflict
from patang.records import create, load, load_all
from patang_workbench.home_desk.database import Database
from patang_workbench.home_desk.state_store import HomeStore
from tests.fakes import FixedClock, MemoryStore, RecordedIntentQueue
from tests.unit.risk.samples import AS_OF, position

# Who may want to leave at the same moment: guard, cycle, square-off, flatten, person.
WRITERS = ("STOP", "SIGNAL_REVERSAL", "SQUARE_OFF", "FLATTEN", "PERSON")
DAY = date(2026, 8, 18)


class Racing:
    """A store on which all writers read a position before any of them writes.

    Writes are one after the other, as transactions on one item are; of each writer's first ones, `conflicts`
    are refused for a conflict between transactions, which names no item.
    """

    def __init__(self, store: StateStore, writers: int, conflicts: int) -> None:
        self._store = store
        self._all_have_read = Barrier(writers)
        self._lock = Lock()
        self._mine = local()
        self._conflicts = conflicts
        self.refused = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def get(self, key: Key) -> Attributes | None:
        with self._lock:
            found = self._store.get(key)
        if key.sort.startswith("POSITION#") and not getattr(self._mine, "has_read", False):
            self._mine.has_read = True
            self._all_have_read.wait(timeout=20)
        return found

    def write(self, *writes: Write) -> None:
        tried = self._mine.tried = getattr(self._mine, "tried", 0) + 1
        with self._lock, self._counted():
            if tried <= self._conflicts:
                raise WriteConflict(())
            self._store.write(*writes)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        try:
            yield
        except WriteConflict:
            self.refused += 1
            raise


@pytest.fixture(params=["memory", "home", "dynamodb"])
def store(request: pytest.FixtureRequest, table: str, tmp_path: Path) -> StateStore:
    match request.param:
        case "memory":
            return MemoryStore()
        case "home":
            return HomeStore(Database(tmp_path / "desk.sqlite"), "desk")
        case _:
            return DynamoStore(boto3.client("dynamodb"), table)


@pytest.mark.parametrize("conflicts", [0, 3])
def test_of_five_who_want_to_exit_one_wins(store: StateStore, conflicts: int) -> None:
    held = position(product="CNC")
    store.write(create(held))
    racing, queue, clock = Racing(store, len(WRITERS), conflicts), RecordedIntentQueue(), FixedClock()

    def leave(reason: str) -> bool:
        exits = Exits(racing, queue, Amendments(racing, queue, clock), clock)
        read = Position.model_validate(dict(store.get(held.key()) or {}))
        return exits.begin(read, reason, AS_OF, Decimal(99), Decimal("98.95"), actor=reason)

    with ThreadPoolExecutor(len(WRITERS)) as pool:
        won = list(pool.map(leave, WRITERS))

    assert sum(won) == 1
    winner = WRITERS[won.index(True)]
    closing = load(store, Position, position_key("main", held.position_id))
    assert closing is not None
    assert (closing.state, closing.exit_reason, closing.exit_attempts) == ("CLOSING", winner, 1)
    (intent,) = load_all(store, OrderIntent, account_partition("main"), "INTENT#")
    assert (intent.intent_id, intent.reason) == (closing.exit_intent_id, winner)
    assert [message[1] for message in queue.messages] == [intent.intent_id]
    (event,) = load_all(store, AuditEvent, outbox_partition("main", DAY))
    assert (event.kind, event.actor) == ("EXIT_BEGUN", winner)
    # The race was one: four have lost a write that they had made up their minds to.
    assert racing.refused >= len(WRITERS) - 1
