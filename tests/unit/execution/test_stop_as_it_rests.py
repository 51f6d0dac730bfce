"""What rests at the exchange for a position is what the desk believes, though less was taken than asked."""

from collections.abc import Mapping
from dataclasses import replace as as_changed
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from patang.errors import BrokerRefused
from patang.execution.orders.slicing import slices
from patang.market.instruments import Instrument
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
)
from tests.unit.execution.samples import option_signal
from tests.unit.execution.stages import bought
from tests.unit.execution.test_second_try import facts
from tests.unit.execution.trading_desk import TradingDesk

D = Decimal
TICK = "Tick size for this script is 0.35. Kindly enter price in the multiple of tick size for this script."


def poll(desk: TradingDesk, *, after: float) -> None:
    desk.pass_time(after)
    desk.follower().follow("main", desk.market_time, "poll")


def answering_without_doing(desk: TradingDesk, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """The broker takes the change of an order, and the exchange does not."""
    change, left = desk.exchange._modify, [None] * times

    def modify(order_id: str, changes: Mapping[str, str]) -> None:
        if left:
            left.pop()
            return
        change(order_id, changes)

    monkeypatch.setattr(desk.exchange, "_modify", modify)


def test_a_stop_that_the_exchange_did_not_raise_is_raised_again(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = TradingDesk()
    entered(desk, option_signal())
    answering_without_doing(desk, monkeypatch, 1)
    desk.pass_time(20)
    desk.exchange.prices = {"NIFTY26AUG25000CE": 110.0}
    mark(desk, 110.0, trailing="90")
    keep(desk)
    pump(desk)
    assert resting(desk).trigger_price == D(90), "as the broker has answered"
    poll(desk, after=20)
    assert resting(desk).trigger_price == D(90), "the exchange is given its time"
    poll(desk, after=15)
    assert (resting(desk).trigger_price, resting(desk).state) == (D(60), "RESTING")
    assert desk.metrics.counts["protection_refused"] == 1
    desk.pass_time(15)
    mark(desk, 110.0, trailing="90")
    keep(desk)
    pump(desk)
    poll(desk, after=40)
    (order,) = [o for o in desk.exchange.book.values() if o["status"] == "TRIGGER PENDING"]
    assert (order["trigger_price"], resting(desk).trigger_price) == (90.0, D(90))
    assert desk.metrics.counts["protection_refused"] == 1
    assert "PROTECTION_CORRECTED" in desk.events()


def test_a_stop_that_the_exchange_did_not_enlarge_leaves_its_position_bare(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = TradingDesk()
    desk.exchange.fill_at_most = 65
    bought(desk, option_signal(), 130)
    desk.lane().process({"account": "main", "intent_id": resting(desk).intent_id})
    pump_without_matching(desk)
    answering_without_doing(desk, monkeypatch, 99)
    desk.exchange.match()
    desk.exchange.prices = {}
    for _ in range(4):
        pump_without_matching(desk)
    assert (position(desk).open_quantity, resting(desk).quantity, live_sells(desk)) == (130, 130, 65)
    poll(desk, after=31)
    assert resting(desk).quantity == 65
    assert desk.protector().sweep(desk.positions(), desk.market_time) == 1


def pump_without_matching(desk: TradingDesk) -> None:
    desk.exchange.match, kept = lambda: None, desk.exchange.match
    pump(desk)
    desk.exchange.match = kept


def refusing_slices(desk: TradingDesk, times: int) -> None:
    """The broker cuts at 1,755 units, and refuses the last part so often."""
    left = [None] * times

    def place_sliced(request: OrderRequest) -> tuple[SliceResult, ...]:
        *first, last = slices(request.quantity, 65, 1800)
        taken = [SliceResult(desk.exchange.place(as_changed(request, quantity=n))) for n in first]
        if left:
            left.pop()
            return (*taken, SliceResult(None, "Too many requests"))
        return (*taken, SliceResult(desk.exchange.place(as_changed(request, quantity=last))))

    desk.exchange.place_sliced = place_sliced


def test_a_cut_stop_of_which_a_part_was_refused_is_told_and_laid_again() -> None:
    desk = TradingDesk()
    refusing_slices(desk, 1)
    bought(desk, option_signal(), 65 * 60)
    desk.lane().process({"account": "main", "intent_id": resting(desk).intent_id})
    pump(desk)
    assert (resting(desk).state, resting(desk).quantity, live_sells(desk)) == ("RESTING", 3900, 3510)
    poll(desk, after=31)
    assert resting(desk).quantity == 3510
    assert desk.metrics.counts["protection_refused"] == 1
    assert desk.protector().sweep(desk.positions(), desk.market_time) == 1
    keep(desk)
    pump(desk)
    assert live_sells(desk) == 3510, "not before its pause is over"
    desk.pass_time(10)
    keep(desk)
    pump(desk)
    assert (resting(desk).state, resting(desk).number, live_sells(desk)) == ("RESTING", 2, 3900)
    assert desk.protector().sweep(desk.positions(), desk.market_time) == 0
    assert desk.exchange.oversold == []


def test_a_part_that_is_refused_again_and_again_is_asked_for_less_and_less_often() -> None:
    desk = TradingDesk()
    refusing_slices(desk, 99)
    bought(desk, option_signal(), 65 * 60)
    desk.lane().process({"account": "main", "intent_id": resting(desk).intent_id})
    pump(desk)
    pauses = []
    for _ in range(4):
        poll(desk, after=31)
        corrected = resting(desk)
        assert corrected.retry_at is not None
        pauses.append(corrected.retry_at - desk.market_time)
        desk.pass_time(pauses[-1].total_seconds())
        keep(desk)
        pump(desk)
        assert resting(desk).number == corrected.number + 1
    assert pauses == [timedelta(seconds=s) for s in (10, 20, 40, 80)]
    assert desk.exchange.oversold == []


def test_a_change_that_is_not_taken_again_and_again_is_asked_for_less_and_less_often(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = TradingDesk()
    entered(desk, option_signal())
    answering_without_doing(desk, monkeypatch, 4)
    desk.pass_time(20)
    desk.exchange.prices = {"NIFTY26AUG25000CE": 110.0}
    mark(desk, 110.0, trailing="90")
    keep(desk)
    pump(desk)
    pauses = []
    for _ in range(4):
        poll(desk, after=31)
        retry_at = resting(desk).retry_at
        assert retry_at is not None
        pauses.append(retry_at - desk.market_time)
        poll(desk, after=5)
        desk.pass_time(max(pauses[-1].total_seconds(), 16) - 5)
        mark(desk, 110.0, trailing="90")
        keep(desk)
        pump(desk)
    assert pauses == [timedelta(seconds=s) for s in (10, 20, 40, 80)]
    poll(desk, after=31)
    assert (resting(desk).trigger_price, resting(desk).refusals) == (D(90), 0), "the book shows it taken"


def test_an_exit_does_not_wait_for_what_its_stop_was_refused_before(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = TradingDesk()
    entered(desk, option_signal())
    often = resting(desk).model_copy(update={"refusals": 5})
    desk.store.write(replace(position(desk).evolve(protection=often)))
    # What raises the stop, and what turns it into the sell.
    answering_without_doing(desk, monkeypatch, 2)
    desk.pass_time(20)
    desk.exchange.prices = {"NIFTY26AUG25000CE": 110.0}
    mark(desk, 110.0, trailing="90")
    keep(desk)
    pump(desk)
    poll(desk, after=31)
    assert resting(desk).retry_at == desk.market_time + timedelta(minutes=5)
    assert desk.exits().begin(position(desk), "TIME", desk.market_time, D(110), D("109.90"))
    pump(desk)
    poll(desk, after=11)
    keep(desk)
    pump(desk)
    assert position(desk).state == "CLOSED"
    assert desk.exchange.oversold == []


def test_what_our_table_would_cut_and_the_broker_would_not_rests_as_one_stop() -> None:
    desk = TradingDesk()
    desk.facts = option_facts(desk)

    def too_small(request: OrderRequest) -> tuple[SliceResult, ...]:
        raise BrokerRefused("Quantity should be greater than or equal to 5005 for order slicing.")

    desk.exchange.place_sliced = too_small
    bought(desk, option_signal(), 65 * 60)
    desk.lane().process({"account": "main", "intent_id": resting(desk).intent_id})
    pump(desk)
    assert [i.state for i in intents(desk, "PROTECT")] in (["REJECTED", "ACKED"], ["ACKED", "REJECTED"])
    assert (laid(desk).terms.autoslice, laid(desk).state) == (False, "ACKED")
    assert (resting(desk).state, live_sells(desk)) == ("RESTING", 3900)


def option_facts(desk: TradingDesk, last: int = 100) -> Any:
    option = Instrument(
        instrument_token=12345602,
        exchange="NFO",
        tradingsymbol="NIFTY26AUG25000CE",
        name="NIFTY",
        instrument_type="CE",
        segment="NFO-OPT",
        tick_size=D("0.05"),
        lot_size=65,
        expiry=option_signal().expiry,
        strike=D(25000),
    )
    found = facts(desk, last_price=D(last))
    return as_changed(found, instrument=option, largest=1755)


def test_while_the_order_that_follows_a_refused_stop_is_on_its_way_nothing_is_called_resting() -> None:
    desk = TradingDesk()
    desk.facts = option_facts(desk, last=70)
    entered(desk, option_signal(), 65)
    assert resting(desk).state == "RESTING"
    (order,) = [o for o in desk.exchange.book.values() if o["status"] == "TRIGGER PENDING"]
    order |= {"status": "REJECTED", "status_message": TICK}
    desk.order_updates().apply({"account": "main", "source": "frame", "order": order})
    assert desk.lane().process({"account": "main", "intent_id": laid(desk).intent_id}) == "REJECTED"
    following = laid(desk)
    assert (following.state, following.attempt, resting(desk).state) == ("NEW", 2, "LAYING")
    assert desk.protector().sweep(desk.positions(), desk.market_time) == 1
    pump(desk)
    assert (laid(desk).state, resting(desk).state, live_sells(desk)) == ("ACKED", "RESTING", 65)
    assert desk.protector().sweep(desk.positions(), desk.market_time) == 0


def test_what_follows_a_refused_stop_that_was_enlarged_is_believed_as_large_as_it_is() -> None:
    desk = TradingDesk()
    desk.facts = option_facts(desk, last=70)
    desk.exchange.fill_at_most = 65
    bought(desk, option_signal(), 130)
    desk.lane().process({"account": "main", "intent_id": resting(desk).intent_id})
    pump(desk)
    assert (laid(desk).terms.quantity, resting(desk).quantity, live_sells(desk)) == (65, 130, 130)
    (order,) = [o for o in desk.exchange.book.values() if o["status"] == "TRIGGER PENDING"]
    order |= {"status": "REJECTED", "status_message": TICK}
    desk.order_updates().apply({"account": "main", "source": "frame", "order": order})
    assert desk.lane().process({"account": "main", "intent_id": laid(desk).intent_id}) == "REJECTED"
    assert (laid(desk).terms.quantity, resting(desk).quantity) == (65, 65)
    desk.pass_time(20)
    pump(desk)
    keep(desk)
    pump(desk)
    assert (resting(desk).quantity, live_sells(desk)) == (130, 130)
    assert desk.exchange.oversold == []
