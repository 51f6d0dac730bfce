"""Requests of people on the table's own adapter: one transaction each, and once however many ask at once."""

from concurrent.futures import ThreadPoolExecutor
from threading import Lock

import boto3
import pytest

from patang.adapters.aws.dynamodb import DynamoStore
from patang.execution.orders.request_book import Receipt
from patang.execution.orders.requests import Basket
from patang.ports import Attributes, Key, Write, WriteConflict
from tests.unit.execution.orders.order_room import OrderRoom
from tests.unit.execution.orders.samples import OPTION, option_order

CALLERS = 8


class OneAtATime(DynamoStore):
    """The pretended table takes one call at a time; between two calls anybody may come in."""

    lock = Lock()

    def get(self, key: Key) -> Attributes | None:
        with self.lock:
            return super().get(key)

    def write(self, *writes: Write) -> None:
        with self.lock:
            super().write(*writes)


@pytest.fixture
def room(table: str) -> OrderRoom:
    made = OrderRoom(store=OneAtATime(boto3.client("dynamodb"), table))
    made.exchange.net = 10.0**9
    return made


def together(room: OrderRoom, *request_ids: str, side: str = "BUY") -> list[Receipt | None]:
    """What each caller is told; None where the account was too busy to be decided on."""

    def ask(request_id: str) -> Receipt | None:
        try:
            return room.ask(option_order(transaction_type=side), request_id)
        except WriteConflict:
            return None

    with ThreadPoolExecutor(len(request_ids)) as callers:
        return list(callers.map(ask, request_ids))


def test_the_largest_request_is_one_transaction(room: OrderRoom) -> None:
    large = option_order(quantity=1755 * 20)
    intents = room.taken(Basket(orders=(large, large, large)))
    assert len(intents) == 60
    assert len(room.intents()) == 60
    assert {intent.state for intent in intents} == {"NEW"}


def test_many_who_bring_the_same_request_are_told_of_the_same_intent(room: OrderRoom) -> None:
    for turn in range(5):
        receipts = [each for each in together(room, *(f"r-{turn}",) * CALLERS) if each is not None]
        assert {each.intent_ids for each in receipts} == {receipts[0].intent_ids}
        assert len(room.intents()) == turn + 1


def test_of_many_who_sell_the_same_holding_at_once_one_does(room: OrderRoom) -> None:
    room.taken(option_order(), "r-before")
    room.hold(OPTION, "NRML", 65)
    receipts = together(room, *(f"r-{number}" for number in range(CALLERS)), side="SELL")
    accepted = [each for each in receipts if each is not None and each.accepted]
    assert len(accepted) == 1
    (sale,) = [intent for intent in room.intents() if intent.terms.transaction_type == "SELL"]
    assert sale.intent_id == accepted[0].intent_ids[0]
