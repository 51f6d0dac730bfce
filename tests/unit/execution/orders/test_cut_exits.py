"""A position that has grown beyond what one order may have is still sold once: one exit, several orders."""

from dataclasses import replace
from decimal import Decimal

from patang.execution.orders.slicing import slices
from patang.ports import OrderRequest, SliceResult
from tests.unit.execution.samples import option_signal
from tests.unit.execution.stages import bought, tell
from tests.unit.execution.trading_desk import TradingDesk

LOT, FREEZE = 65, 1800


def test_an_exit_above_the_freeze_quantity_is_one_intent_of_one_position_that_the_broker_cuts() -> None:
    desk = TradingDesk()

    def place_sliced(request: OrderRequest) -> tuple[SliceResult, ...]:
        parts = slices(request.quantity, LOT, FREEZE)
        return tuple(SliceResult(desk.exchange.place(replace(request, quantity=units))) for units in parts)

    desk.exchange.place_sliced = place_sliced
    position = bought(desk, option_signal(), LOT * 60)
    desk.exchange.prices = {}
    assert desk.exits().begin(position, "TIME", desk.market_time, Decimal(100), Decimal("99.8"))
    assert not desk.exits().begin(position, "STOP", desk.market_time, Decimal(100), Decimal("99.8"))
    (exit_,) = [intent for intent in desk.intents() if intent.kind == "EXIT"]
    assert (exit_.terms.quantity, exit_.terms.autoslice) == (LOT * 60, True)
    desk.lane().process({"account": "main", "intent_id": exit_.intent_id})
    sold = [row for row in desk.exchange.book.values() if row["transaction_type"] == "SELL"]
    assert [row["quantity"] for row in sold] == [1755, 1755, 390]
    assert {row["tag"] for row in sold} == {exit_.intent_id}
    desk.exchange.prices = {position.symbol: 99.8}
    desk.exchange.match()
    tell(desk)
    (closed,) = desk.positions()
    assert (closed.state, closed.exited_quantity, closed.exit_intent_id) == (
        "CLOSED",
        LOT * 60,
        exit_.intent_id,
    )
    assert desk.exchange.net_quantity(position.symbol) == 0


def test_what_is_within_the_freeze_quantity_stays_one_order() -> None:
    desk = TradingDesk()
    position = bought(desk, option_signal(), LOT * 27)
    assert desk.exits().begin(position, "TIME", desk.market_time, Decimal(100), Decimal("99.8"))
    (exit_,) = [intent for intent in desk.intents() if intent.kind == "EXIT"]
    assert not exit_.terms.autoslice
