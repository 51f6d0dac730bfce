"""A change of what is known to have filled, ended or been reached is dropped before it is sent."""

from decimal import Decimal

import pytest

from patang.execution.intent import Slice
from patang.records import replace
from tests.unit.execution.lane_cases import deliver, stored
from tests.unit.execution.protected import carried_signal, entered, intents, keep, laid, mark, position, pump
from tests.unit.execution.stages import closing, tell
from tests.unit.execution.trading_desk import TradingDesk

D = Decimal


def raised(desk: TradingDesk) -> None:
    """The trailing stop has risen, and the change of what rests waits for the lane."""
    desk.pass_time(20)
    mark(desk, 1510, trailing="1503")
    keep(desk)


def test_a_stop_whose_trigger_was_reached_is_not_raised() -> None:
    desk = TradingDesk()
    entered(desk)
    desk.exchange.prices = {}
    raised(desk)
    (modify,) = intents(desk, "MODIFY")
    (order,) = [o for o in desk.exchange.book.values() if o["tag"] == laid(desk).intent_id]
    tell(desk, order | {"status": "OPEN"})
    assert deliver(desk, modify) == "DROPPED"
    assert "its trigger was reached" in stored(desk, modify).reason
    assert desk.exchange.modified == []
    assert position(desk).state == "CLOSING"


def test_a_stop_that_sells_still_follows_the_price_down() -> None:
    desk = TradingDesk()
    entered(desk)
    desk.exchange.prices = {}
    (order,) = [o for o in desk.exchange.book.values() if o["tag"] == laid(desk).intent_id]
    order["status"] = "OPEN"
    tell(desk, order)
    desk.queue.messages.clear()
    desk.amendments().reprice(laid(desk), D("1480.00"), desk.market_time, "follows")
    (modify,) = intents(desk, "MODIFY")
    assert deliver(desk, modify) == "COMPLETE"
    assert desk.exchange.modified == [order["order_id"]]


@pytest.mark.parametrize("kind", ["GTT_MODIFY", "GTT_DELETE"])
def test_a_trigger_that_has_become_an_order_is_neither_changed_nor_deleted(kind: str) -> None:
    desk = TradingDesk()
    held = entered(desk, carried_signal())
    if kind == "GTT_MODIFY":
        desk.exchange.prices = {"INFY": 1510.0}
        raised(desk)
    else:
        assert desk.exits().begin(held, "TIME", desk.market_time, D(1500), D("1499.90"))
    (change,) = intents(desk, kind)
    desk.queue.messages.clear()
    desk.exchange.prices = {"INFY": 1489.0}
    desk.exchange.fill_at_most = 1
    desk.exchange.match()
    tell(desk)
    before = list(desk.exchange.triggers.values())
    assert deliver(desk, change) == "DROPPED"
    assert "was reached" in stored(desk, change).reason
    assert list(desk.exchange.triggers.values()) == before
    desk.exchange.fill_at_most = None
    desk.exchange.prices = {"INFY": 1490.0}
    pump(desk)
    assert position(desk).state == "CLOSED"
    assert "exit_failed" not in desk.metrics.counts


def test_an_exit_that_has_filled_whole_is_not_changed_though_its_end_is_not_told() -> None:
    desk = TradingDesk()
    _, intent = closing(desk)
    deliver(desk, intent)
    desk.queue.messages.clear()
    desk.amendments().reprice(stored(desk, intent), D("1480.00"), desk.market_time, "follows")
    (modify,) = intents(desk, "MODIFY")
    (order,) = [o for o in desk.exchange.book.values() if o["tag"] == intent.intent_id]
    tell(desk, order | {"status": "OPEN", "filled_quantity": 20, "average_price": 1489.0})
    assert deliver(desk, modify) == "DROPPED"
    assert desk.exchange.modified == []


def test_of_several_orders_the_one_that_has_ended_is_not_cancelled() -> None:
    desk = TradingDesk()
    _, intent = closing(desk)
    deliver(desk, intent)
    desk.queue.messages.clear()
    selling = stored(desk, intent)
    parts = tuple(
        Slice(broker_order_id=name, status="OPEN", quantity=10)
        for name in (selling.broker_order_id or "", "260818000077")
    )
    terms = selling.terms.model_copy(update={"autoslice": True})
    desk.store.write(replace(selling.evolve(slices=parts, terms=terms, all_named=True)))
    desk.amendments().cancel(stored(desk, intent), desk.market_time, "sold elsewhere")
    (order,) = [o for o in desk.exchange.book.values() if o["tag"] == intent.intent_id]
    tell(desk, order | {"status": "COMPLETE", "quantity": 10, "filled_quantity": 10, "average_price": 1489.0})
    states = {i.target_order_id: deliver(desk, i) for i in intents(desk, "CANCEL")}
    assert states[order["order_id"]] == "DROPPED"
    assert states["260818000077"] != "DROPPED"
