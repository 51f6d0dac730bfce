"""What a person may buy and sell now: halts, funds, prices, preflight, and what is Patang's own."""

from decimal import Decimal
from typing import Any

import pytest

from patang.accounts.account import Account
from patang.errors import SessionExpired, TryAgain
from patang.execution.orders.requests import DeleteGtt, ExitPosition
from patang.keys import account_key
from patang.market.preflight import Check, Preflight
from patang.records import create, load, replace
from tests.unit.execution.orders.order_room import OrderRoom, bought_by_patang, clear_account, halted
from tests.unit.execution.orders.samples import OPTION, SHARE, option_order, share_order
from tests.unit.execution.samples import equity_signal
from tests.unit.execution.stages import bought, submitted


def disabled(room: OrderRoom) -> None:
    account = load(room.store, Account, account_key("main"))
    assert account is not None
    room.store.write(replace(account.evolve(enabled=False)))


def poor(room: OrderRoom) -> None:
    room.exchange.net = 7_149.0


def dear(room: OrderRoom) -> None:
    room.exchange.margin_rate = 100.0


def at_its_circuit(room: OrderRoom) -> None:
    room.exchange.circuit = (Decimal(50), Decimal("99.9"))


@pytest.mark.parametrize(
    ("spoil", "text"),
    [
        (halted, "its entries are stopped («the owner said stop»): resume it first"),
        (disabled, "it does not trade"),
        (poor, "MARGIN_INSUFFICIENT: 7150.00 are needed with the buffer"),
        (dear, "MARGIN_INSUFFICIENT: 715000.00 are needed by the broker's own figure"),
        (at_its_circuit, "the exchange takes"),
    ],
)
def test_what_stops_the_desks_entries_stops_a_persons_purchase(spoil: Any, text: str) -> None:
    room = OrderRoom()
    spoil(room)
    (told,) = room.refusals(option_order())
    assert text in told


@pytest.mark.parametrize("spoil", [halted, disabled, poor, dear])
def test_a_sale_of_what_is_held_goes_on(spoil: Any) -> None:
    room = OrderRoom()
    room.hold(OPTION, "NRML", 65)
    spoil(room)
    (intent,) = room.taken(option_order(transaction_type="SELL"))
    assert intent.lane == "exit"
    room.run_lane()
    assert room.exchange.sent == [intent.intent_id]


def test_without_a_quote_nothing_is_bought_and_what_is_held_can_be_sold() -> None:
    room = OrderRoom()
    room.hold(OPTION, "NRML", 65)

    def unheard(identifiers: Any) -> Any:
        raise TryAgain("too many calls")

    room.quotes = unheard
    with pytest.raises(TryAgain):
        room.ask(option_order())
    room.quotes = lambda identifiers: {}
    with pytest.raises(TryAgain, match="no quote of NFO:NIFTY26AUG24500CE"):
        room.ask(option_order())
    assert room.ask(option_order(transaction_type="SELL")).accepted


def test_funds_that_cannot_be_asked_for_buy_nothing() -> None:
    room = OrderRoom()

    def dead(requests: Any) -> None:
        raise SessionExpired("log in again")

    room.exchange.order_margins = dead
    with pytest.raises(SessionExpired):
        room.ask(option_order())
    assert room.intents() == []


def test_real_orders_need_the_days_preflight() -> None:
    room = OrderRoom(mode="live")
    (told,) = room.refusals(option_order())
    assert "the preflight of 2026-08-18 has not run" in told


def test_an_account_that_the_preflight_has_stopped_is_told_so_and_buys_nothing() -> None:
    room = OrderRoom(mode="live")
    own = Check(name="graduation", account="main", passed=False, found="paper_sessions: 3")
    other = Check(name="session", account="other", passed=True, found="the session of AB1234")
    moment = room.market_time
    found = {"day": moment.date(), "mode": "live", "scheduled_time": moment, "ran_at": moment}
    room.store.write(create(Preflight.model_validate(found | {"passed": False, "checks": (own, other)})))
    assert "graduation: paper_sessions: 3" in room.refusals(option_order())[0]


def test_nothing_is_sold_short() -> None:
    room = OrderRoom()
    sale = option_order(transaction_type="SELL")
    (told,) = room.refusals(sale)
    assert told.startswith("quantity is 65: 0 may be sold: 0 are held")
    room.hold(OPTION, "NRML", 130)
    assert "quantity is 195" in room.refusals(option_order(transaction_type="SELL", quantity=195))[0]
    assert room.refusals(option_order(transaction_type="SELL", product="MIS")), "held in another product"
    room.taken(sale)
    assert room.refusals(option_order(transaction_type="SELL", quantity=130), "r-2"), "65 wait for the lane"
    room.run_lane()
    assert room.refusals(option_order(transaction_type="SELL", quantity=130), "r-2"), "65 stand at the broker"
    room.trade()
    assert room.refusals(option_order(transaction_type="SELL", quantity=130), "r-2"), "65 are sold"
    assert room.ask(sale, "r-2").accepted
    assert room.refusals(sale, "r-3")


def test_what_is_patangs_is_not_a_persons_to_sell() -> None:
    room = OrderRoom()
    room.market["INFY"] = 1500.0
    position = bought_by_patang(room)
    sale = share_order(transaction_type="SELL", product="MIS", quantity=20, price="1500")
    (told,) = room.refusals(sale)
    assert "20 of them are Patang's positions (exit those instead)" in told
    room.hold(SHARE, "MIS", 5)
    assert room.ask(share_order(transaction_type="SELL", product="MIS", quantity=5, price="1500")).accepted
    assert position.open_quantity == 20


def test_an_exit_is_the_positions_one_exit_whoever_began_it() -> None:
    room = OrderRoom()
    room.market["INFY"] = 1500.0
    position = bought_by_patang(room)
    receipt = room.ask(ExitPosition(position_id=position.position_id))
    (closing,) = room.positions()
    assert (closing.state, closing.exit_reason) == ("CLOSING", "PERSON")
    assert receipt.intent_ids == (closing.exit_intent_id,)
    assert room.ask(ExitPosition(position_id=position.position_id), "r-2").intent_ids == receipt.intent_ids
    room.run_lane()
    room.trade({"INFY": 1500.0})
    assert room.positions()[0].state == "CLOSED"
    assert room.exchange.net_quantity("INFY") == 0
    assert "it is closed" in room.refusals(ExitPosition(position_id=position.position_id), "r-3")[0]
    assert "there is none" in room.refusals(ExitPosition(position_id="P0"), "r-4")[0]


def test_an_exit_far_below_the_market_or_outside_of_hours_is_refused() -> None:
    room = OrderRoom()
    room.market["INFY"] = 1500.0
    position = bought_by_patang(room)
    slip = ExitPosition(position_id=position.position_id, price=Decimal(150))
    assert "beyond 1500" in room.refusals(slip)[0]
    assert room.positions()[0].state == "OPEN"


@pytest.mark.parametrize("earlier", [0, 1])
def test_of_two_sales_at_the_same_moment_one_is_refused(earlier: int) -> None:
    """Both have seen the same holding; whoever writes second looks again, as the first request of an account
    and as a later one."""
    room = OrderRoom()
    for number in range(earlier):
        room.taken(option_order(), f"r-earlier-{number}")
    room.hold(OPTION, "NRML", 65)
    sale, between = option_order(transaction_type="SELL"), []
    positions = room.exchange.positions

    def other_first() -> Any:
        if not between:
            between.append(None)
            between[0] = room.ask(sale, "r-other")
        return positions()

    room.exchange.positions = other_first
    receipt = room.ask(sale, "r-1")
    assert between[0].accepted
    assert not receipt.accepted
    assert "65 stand to be sold" in receipt.broken[0].text
    assert len(room.intents()) == 1 + earlier


def test_the_same_request_twice_at_the_same_moment_is_one_intent() -> None:
    room, between = OrderRoom(), []
    quotes = room.quotes

    def other_first(identifiers: Any) -> Any:
        if not between:
            between.append(None)
            between[0] = room.ask(option_order())
        return quotes(identifiers)

    room.quotes = other_first
    receipt = room.ask(option_order())
    assert receipt.intent_ids == between[0].intent_ids
    assert receipt.repeated
    assert len(room.intents()) == 1


def test_what_the_desks_own_entry_is_just_buying_is_not_a_persons_to_sell() -> None:
    room = OrderRoom()
    room.market["INFY"] = 1500.0
    clear_account(room)
    entry = submitted(room, equity_signal())
    room.lane().process({"account": "main", "intent_id": entry.intent_id})
    room.exchange.prices = {"INFY": 1500.0}
    room.exchange.match()
    assert room.positions() == [], "the fill was not told yet"
    sale = share_order(transaction_type="SELL", product="MIS", quantity=20, price="1500")
    assert "20 of them are Patang's positions" in room.refusals(sale)[0]


@pytest.mark.parametrize("bought", ["before", "meanwhile"])
def test_an_entry_that_fills_at_any_moment_of_a_look_is_not_a_persons_to_sell(bought: str) -> None:
    """The fill is told, or the whole purchase made, before each single read of the table in turn."""
    moment = 0
    while sold_at(moment, bought):
        moment += 1
    assert moment >= 8, "each read was a moment"


def sold_at(moment: int, bought: str) -> bool:
    """Whether there is such a moment: with it, the purchase is nobody's but Patang's."""
    room, reads = OrderRoom(), 0
    room.market["INFY"] = 1500.0
    clear_account(room)
    entry = submitted(room, equity_signal())
    if bought == "before":
        room.lane().process({"account": "main", "intent_id": entry.intent_id})
    query = room.store.query

    def interrupted(*args: Any, **words: Any) -> Any:
        nonlocal reads
        reads += 1
        if reads == moment + 1:
            if bought == "meanwhile":
                room.lane().process({"account": "main", "intent_id": entry.intent_id})
            room.trade({"INFY": 1500.0})
        return query(*args, **words)

    room.store.query = interrupted
    receipt = room.ask(share_order(transaction_type="SELL", product="MIS", quantity=11, price="1500"))
    assert not receipt.accepted, f"sold at read {moment}"
    assert "0 may be sold" in receipt.broken[0].text
    return reads > moment


def test_the_trigger_of_a_position_is_not_a_persons_to_change() -> None:
    room = OrderRoom()
    room.market["INFY"] = 1500.0
    clear_account(room)
    position = bought(room, equity_signal(holding_period="swing", exit_by=None))
    for intent in [i for i in room.intents() if i.kind == "GTT_PLACE"]:
        room.lane().process({"account": "main", "intent_id": intent.intent_id})
    (gtt,) = room.exchange.gtts()
    assert f"it guards position {position.position_id}" in room.refusals(DeleteGtt(gtt_id=gtt.gtt_id))[0]
    assert "no such trigger" in room.refusals(DeleteGtt(gtt_id="77"))[0]
