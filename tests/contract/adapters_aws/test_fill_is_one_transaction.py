"""A fill, its position and their audit events are one transaction: whatever fails, none is there alone."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from patang.adapters.aws.dynamodb import DynamoStore
from patang.errors import PatangError, TryAgain
from patang.keys import outbox_partition
from patang.ports import Put, Write, WriteConflict
from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import entry_of, submitted, tell
from tests.unit.execution.test_updates import frame
from tests.unit.execution.trading_desk import OneWriteAnItem, TradingDesk

DAY = MORNING.date()


class Meddling:
    """A store on which, once, somebody else changes the n-th item of the next transaction first."""

    def __init__(self, store: Any) -> None:
        self._store = store
        self.meddle: int | None = None
        self.met: Sequence[Write] = ()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def write(self, *writes: Write) -> None:
        if self.meddle is not None:
            number, self.meddle, self.met = self.meddle, None, writes
            theirs = writes[number]
            item = self._store.get(theirs.key) or {}
            revision = int(item.get("revision", 0)) + 1
            mine = dict(theirs.attributes) if isinstance(theirs, Put) else {}
            self._store.write(Put(theirs.key, {**(item or mine), "revision": revision}, expect=None))
        self._store.write(*writes)


def filled(store: Any) -> tuple[TradingDesk, dict[str, Any]]:
    """A desk whose entry stands at the broker, and the frame that tells of its fill."""
    desk = TradingDesk(store)
    intent = submitted(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    tell(desk)
    return desk, frame(entry_of(desk), "COMPLETE", 20, 1500.0, at=9) | {"order_id": _order_of(desk)}


def _order_of(desk: TradingDesk) -> str:
    return entry_of(desk).broker_order_id or ""


def events(desk: TradingDesk) -> list[str]:
    return [str(item["kind"]) for item in desk.store.query(outbox_partition("main", DAY))]


def transaction_of_a_fill() -> Sequence[Write]:
    """What is written when a whole entry is filled by one frame."""
    recorded: list[Sequence[Write]] = []
    desk, told = filled(OneWriteAnItem())
    plain = desk.store.write

    def write(*writes: Write) -> None:
        recorded.append(writes)
        plain(*writes)

    desk.store.write = write
    tell(desk, told)
    return next(writes for writes in recorded if any("POSITION#" in w.key.sort for w in writes))


PARTS = transaction_of_a_fill()


def test_the_transaction_holds_the_order_the_position_and_an_event_of_each() -> None:
    kinds = [
        str(w.attributes.get("kind"))
        for w in PARTS
        if isinstance(w, Put) and w.key.partition.startswith("OUTBOX#")
    ]
    assert {"ORDER_COMPLETE", "POSITION_ENTERED"} <= set(kinds)
    sorts = [w.key.sort.partition("#")[0] for w in PARTS]
    assert {"INTENT", "POSITION", "PROPOSAL", "RISK"} <= set(sorts)


@pytest.mark.parametrize("number", range(len(PARTS)), ids=[w.key.sort.partition("#")[0] for w in PARTS])
def test_whichever_part_fails_nothing_of_it_is_there(table: str, number: int) -> None:
    """On the real adapter: one item has changed since it was read, so DynamoDB refuses all of them."""
    store = Meddling(DynamoStore(boto3.client("dynamodb"), table))
    desk, told = filled(store)
    before = events(desk)
    store.meddle = number
    seen: list[tuple[int, list[str]]] = []
    plain = store._store.write

    def write(*writes: Write) -> None:
        try:
            plain(*writes)
        except WriteConflict:
            seen.append((len(desk.positions()), events(desk)))
            raise

    store._store.write = write
    # What the stranger has left may not be what the desk goes on with; only the first attempt is looked at.
    with suppress(PatangError, ValidationError):
        tell(desk, told)
    assert seen
    positions, kinds = seen[0]
    stranger = store.met[number].key
    made = 1 if stranger.sort.startswith("POSITION#") else 0
    assert positions == made
    theirs = 1 if stranger.partition.startswith("OUTBOX#") else 0
    assert len(kinds) == len(before) + theirs


@pytest.mark.parametrize("code", ["TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"])
def test_a_transaction_that_the_service_cancels_leaves_neither_and_is_written_the_next_time(
    table: str, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    client = boto3.client("dynamodb")
    desk, told = filled(DynamoStore(client, table))
    before, plain = events(desk), client.transact_write_items
    left = [3]

    def cancelled(**arguments: Any) -> Any:
        if left[0]:
            left[0] -= 1
            reasons = [{"Code": "None"} for _ in arguments["TransactItems"]]
            reasons[0] = {"Code": code}
            reply = {
                "Error": {"Code": "TransactionCanceledException", "Message": code},
                "CancellationReasons": reasons,
            }
            assert (desk.positions(), events(desk)) == ([], before)
            raise ClientError(reply, "TransactWriteItems")
        return plain(**arguments)

    monkeypatch.setattr(client, "transact_write_items", cancelled)
    for _ in range(4):
        try:
            tell(desk, told)
        except (TryAgain, ClientError):
            # The queue brings the update again.
            assert (desk.positions(), events(desk)) == ([], before)
            continue
        break
    (position,) = desk.positions()
    assert position.quantity == 20
    assert {"ORDER_COMPLETE", "POSITION_ENTERED"} <= set(events(desk)) - set(before)
