"""Stops above the freeze quantity: several orders at the broker, one for us."""

from dataclasses import replace as as_changed
from decimal import Decimal

import pytest

from patang.execution.intent import Slice
from patang.execution.orders.slicing import slices
from patang.execution.protection import rules as protection_rules
from patang.ports import OrderRequest, SliceResult
from patang.records import replace
from tests.unit.execution.protected import (
    entered,
    intents,
    keep,
    laid,
    live_sells,
    mark,
    position,
    pump,
    resting,
    seen,
)
from tests.unit.execution.samples import equity_signal, option_signal
from tests.unit.execution.stages import bought
from tests.unit.execution.trading_desk import TradingDesk

D = Decimal


def cut(desk: TradingDesk) -> None:
    """As if the broker had cut the resting stop of 130 units into two orders of one tag."""
    stop = laid(desk)
    (order,) = [o for o in desk.exchange.book.values() if o["tag"] == stop.intent_id]
    order["quantity"] = 65
    other = order | {"order_id": order["order_id"] + "9"}
    desk.exchange.book[other["order_id"]] = other
    slices = tuple(
        Slice(broker_order_id=o["order_id"], status="TRIGGER PENDING", quantity=65) for o in (order, other)
    )
    terms = stop.terms.model_copy(update={"autoslice": True})
    desk.store.write(replace(stop.evolve(slices=slices, terms=terms, all_named=True)))


def test_a_stop_that_was_cut_is_cancelled_whole_before_its_position_is_sold() -> None:
    desk = TradingDesk()
    held = entered(desk, option_signal(), 130)
    cut(desk)
    assert desk.exits().begin(held, "TIME", desk.market_time, D(100), D("99.8"))
    assert [i.kind for i in desk.intents() if i.state == "NEW"] == ["CANCEL", "CANCEL"]
    pump(desk)
    found = position(desk)
    assert (found.state, found.exit_reason, live_sells(desk)) == ("CLOSED", "TIME", 0)
    assert [i.terms.quantity for i in intents(desk, "EXIT")] == [130]
    assert desk.exchange.oversold == []


def test_a_stop_that_was_cut_is_laid_anew_where_it_has_to_change() -> None:
    desk = TradingDesk()
    entered(desk, option_signal(), 130)
    cut(desk)
    desk.pass_time(20)
    desk.exchange.prices = {"NIFTY26AUG25000CE": 110.0}
    mark(desk, 110.0, trailing="100")
    keep(desk)
    pump(desk)
    assert (resting(desk).state, resting(desk).number, resting(desk).trigger_price) == ("RESTING", 2, D(100))
    assert live_sells(desk) == 130
    assert desk.exchange.oversold == []


def cutting(desk: TradingDesk) -> None:
    """The exchange takes 1,755 units of NIFTY in one order, and the broker cuts what is more."""

    def place_sliced(request: OrderRequest) -> tuple[SliceResult, ...]:
        parts = slices(request.quantity, 65, 1800)
        return tuple(SliceResult(desk.exchange.place(as_changed(request, quantity=n))) for n in parts)

    desk.exchange.place_sliced = place_sliced


def lowered(monkeypatch: pytest.MonkeyPatch, quantity: int) -> None:
    """The exchange has lowered what it takes in one order."""
    monkeypatch.setattr(protection_rules, "freeze_quantity", lambda *_: quantity)


@pytest.mark.parametrize("holding_period", ["intraday", "swing"])
def test_above_the_freeze_quantity_a_stop_for_the_day_is_cut_by_the_broker(holding_period: str) -> None:
    desk = TradingDesk()
    cutting(desk)
    exit_by = None if holding_period == "swing" else equity_signal().exit_by
    bought(desk, option_signal(holding_period=holding_period, exit_by=exit_by), 65 * 60)
    desk.lane().process({"account": "main", "intent_id": resting(desk).intent_id})
    pump(desk)
    stops = [o for o in desk.exchange.book.values() if o["transaction_type"] == "SELL"]
    assert [o["quantity"] for o in stops] == [1755, 1755, 390]
    assert {(o["order_type"], o["status"]) for o in stops} == {("SL", "TRIGGER PENDING")}
    assert desk.exchange.gtts() == []
    assert (resting(desk).kind, resting(desk).state, live_sells(desk)) == ("SL", "RESTING", 65 * 60)
    seen(desk, 59.0)
    pump(desk)
    assert (position(desk).state, live_sells(desk), desk.exchange.oversold) == ("CLOSED", 0, [])


def test_a_trigger_that_has_become_more_than_one_order_may_have_gives_way_to_a_cut_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = TradingDesk()
    cutting(desk)
    entered(desk, option_signal(holding_period="swing", exit_by=None), 65 * 27)
    assert resting(desk).kind == "GTT"
    lowered(monkeypatch, 1300)
    keep(desk)
    pump(desk)
    assert [gtt.status for gtt in desk.exchange.gtts()] == ["deleted"]
    assert (resting(desk).kind, resting(desk).state, live_sells(desk)) == ("SL", "RESTING", 65 * 27)
    assert laid(desk).terms.autoslice
    assert desk.exchange.oversold == []
