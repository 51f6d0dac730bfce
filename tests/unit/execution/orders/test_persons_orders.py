"""Orders of people: looked at first, written once, sent by the lane, and told of."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patang.accounts.account import Account
from patang.errors import BadInput, SessionExpired, TryAgain
from patang.execution.intent import OrderIntent
from patang.execution.orders.requests import Basket, CancelOrder, DeleteGtt, ExitPosition, ModifyOrder
from patang.keys import account_key
from patang.market.preflight import Check, Preflight
from patang.records import create, load, replace
from tests.unit.execution.orders.order_room import OrderRoom
from tests.unit.execution.orders.samples import FUTURE, OPTION, SHARE, option_order, share_order
from tests.unit.execution.samples import equity_signal
from tests.unit.execution.stages import bought, submitted


def test_an_order_becomes_one_intent_that_the_lane_sends_and_its_caller_follows() -> None:
    room = OrderRoom()
    (intent,) = room.taken(option_order(quantity=130, price="101"))
    assert (intent.kind, intent.state, intent.lane) == ("ORDER", "NEW", "entry")
    assert intent.reason == "asked for by owner"
    before = room.state(seconds=0)
    assert (before.answered, before.intents[0].state) == (False, "NEW")
    room.run_lane()
    assert room.exchange.sent == [intent.intent_id]
    after = room.state()
    assert (after.answered, after.intents[0].state) == (True, "ACKED")
    room.trade()
    (view,) = room.state().intents
    assert (view.state, view.filled_quantity, view.average_price) == ("COMPLETE", 130, Decimal("100.0"))
    assert room.positions() == [], "what a person buys is not a position of Patang's"
    assert "ORDER_ASKED" in room.events()


def test_the_same_request_is_the_same_intent_however_often_it_comes() -> None:
    room = OrderRoom()
    first = room.ask(option_order())
    room.run_lane()
    again = room.ask(option_order())
    assert again.intent_ids == first.intent_ids
    assert again.repeated
    assert room.queue.messages == []
    room.run_lane()
    assert room.exchange.sent == list(first.intent_ids)
    with pytest.raises(BadInput, match="stands for another PlaceOrder"):
        room.ask(option_order(quantity=130))
    other = room.ask(option_order(), "r-2")
    assert other.intent_ids != first.intent_ids


def test_a_request_whose_writer_died_before_he_told_the_lane_is_told_when_it_comes_again() -> None:
    room = OrderRoom()
    (intent,) = room.taken(option_order())
    room.queue.messages.clear()
    room.ask(option_order())
    assert [body["intent_id"] for _, _, body in room.queue.messages] == [intent.intent_id]


@pytest.mark.parametrize("request_id", ["", "a b", "x" * 65, "é"])
def test_an_id_that_is_none_is_refused(request_id: str) -> None:
    with pytest.raises(BadInput, match="request id is"):
        OrderRoom().ask(option_order(), request_id)


def test_what_breaks_a_rule_leaves_no_trace_and_may_come_back_under_its_id() -> None:
    room = OrderRoom()
    assert room.refusals(option_order(quantity=66, price="100.02")) == [
        "quantity is 66: give a multiple of the lot of 65, such as 65 or 130",
        "price is 100.02: give a multiple of the tick of 0.05: 100.00 or 100.05",
    ]
    assert room.ask(option_order()).accepted
    assert room.refusals(option_order(tradingsymbol="NIFTY26AUG99999CE"), "r-2") == [
        "tradingsymbol is NIFTY26AUG99999CE: it is not listed on NFO: search the instruments"
    ]


def test_more_than_the_freeze_quantity_is_cut_into_intents_of_one_request() -> None:
    room = OrderRoom()
    room.exchange.net = 1_000_000.0
    intents = room.taken(option_order(quantity=4030))
    assert [intent.terms.quantity for intent in intents] == [1755, 1755, 520]
    assert len({intent.intent_id for intent in intents}) == 3
    assert not any(intent.terms.autoslice for intent in intents)
    room.run_lane()
    room.trade()
    assert [view.state for view in room.state().intents] == ["COMPLETE"] * 3
    assert room.exchange.net_quantity(OPTION.tradingsymbol) == 4030
    room.exchange.net = 10**9
    assert room.refusals(option_order(quantity=65 * 27 * 20 + 65), "r-2") == [
        "quantity is 35165: it makes 21 orders: 35100 at most"
    ]


@settings(max_examples=20, deadline=None)
@given(lots=st.integers(1, 540))
def test_slices_sum_to_what_was_asked_with_tags_of_their_own(lots: int) -> None:
    room = OrderRoom()
    room.exchange.net = 10.0**9
    intents = room.taken(option_order(quantity=65 * lots))
    assert sum(intent.terms.quantity for intent in intents) == 65 * lots
    assert all(intent.terms.quantity <= 1755 and intent.terms.quantity % 65 == 0 for intent in intents)
    assert len({intent.intent_id for intent in intents}) == len(intents)


def test_the_broker_cuts_it_where_the_person_wants_that() -> None:
    room = OrderRoom()
    room.exchange.net = 1_000_000.0
    (intent,) = room.taken(option_order(quantity=4030, autoslice=True))
    assert (intent.terms.quantity, intent.terms.autoslice) == (4030, True)


def halted(room: OrderRoom) -> None:
    room.halts().halt("main", "the owner said stop", "owner", room.market_time)


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
        (halted, "its entries are stopped (the owner said stop): resume it first"),
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


def bought_by_patang(room: OrderRoom) -> Any:
    """Twenty shares for the day, by the desk's own steps."""
    clear_account(room)
    return bought(room, equity_signal())


def clear_account(room: OrderRoom) -> None:
    """The stages of a trade open the account themselves."""
    for key in [key for key in room.store.items if key.partition == "ACCOUNTS" or key.sort == "SESSION"]:
        del room.store.items[key]


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


def test_a_standing_order_is_changed_by_an_intent_and_stands_at_its_new_price() -> None:
    room = OrderRoom()
    (placed,) = room.taken(option_order(price="95"))
    room.run_lane()
    (change,) = room.taken(ModifyOrder(order_id=placed.intent_id, price=Decimal("96.5")), "r-2")
    assert (change.kind, change.target_intent_id) == ("MODIFY", placed.intent_id)
    assert change.changes == {"price": "96.5"}
    assert (change.terms.price, change.terms.quantity, change.lane) == (Decimal("96.5"), 65, "entry")
    room.run_lane()
    assert room.intent(change.intent_id).state == "COMPLETE"
    assert room.intent(placed.intent_id).limit_price == Decimal("96.5")
    assert room.intent(placed.intent_id).modifications == 1


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"price": Decimal("95.02")}, "price is 95.02"),
        ({"price": Decimal(120)}, "beyond 100"),
        ({"quantity": 66}, "quantity is 66"),
        ({"quantity": 6500}, "quantity is 6500: one order takes 1755"),
        ({"order_type": "SL"}, "trigger_price is None"),
        ({"order_type": "SL-M", "trigger_price": Decimal(110)}, "order_type is SL-M"),
        ({"variety": "co", "price": Decimal(96)}, "variety is co: the order is regular"),
    ],
)
def test_a_change_is_looked_at_like_a_new_order(change: dict[str, Any], text: str) -> None:
    room = OrderRoom()
    (placed,) = room.taken(option_order(price="95", quantity=130))
    room.run_lane()
    told = room.refusals(ModifyOrder(order_id=placed.intent_id, **change), "r-2")
    assert any(text in each for each in told), told


def test_while_halted_a_purchase_may_only_become_smaller() -> None:
    room = OrderRoom()
    (placed,) = room.taken(option_order(price="95", quantity=130))
    room.run_lane()
    halted(room)
    for change in ({"price": Decimal(96)}, {"quantity": 195}):
        assert (
            "entries are stopped" in room.refusals(ModifyOrder(order_id=placed.intent_id, **change), "r-2")[0]
        )
    (smaller,) = room.taken(ModifyOrder(order_id=placed.intent_id, quantity=65), "r-2")
    assert smaller.lane == "exit"


def test_a_sale_does_not_grow_beyond_what_is_held() -> None:
    room = OrderRoom()
    room.hold(OPTION, "NRML", 130)
    (placed,) = room.taken(option_order(transaction_type="SELL", price="110"))
    room.run_lane()
    assert room.refusals(ModifyOrder(order_id=placed.intent_id, quantity=195), "r-2")
    assert room.ask(ModifyOrder(order_id=placed.intent_id, quantity=130), "r-2").accepted


def test_a_cancel_goes_by_the_intents_id_or_the_brokers_and_before_sending_needs_no_broker() -> None:
    room = OrderRoom()
    (first,), (second,) = (room.taken(option_order(price="95"), f"p-{n}") for n in (1, 2))
    receipt = room.ask(CancelOrder(order_id=first.intent_id), "c-1")
    assert receipt.intent_ids == (first.intent_id,)
    assert room.intent(first.intent_id).state == "DROPPED"
    room.run_lane()
    assert room.exchange.sent == [second.intent_id]
    broker_id = room.intent(second.intent_id).broker_order_id or ""
    (cancel,) = room.taken(CancelOrder(order_id=broker_id), "c-2")
    assert (cancel.kind, cancel.target_intent_id, cancel.lane) == ("CANCEL", second.intent_id, "exit")
    room.run_lane()
    room.hear()
    assert room.intent(second.intent_id).state == "CANCELLED"
    assert "it has ended CANCELLED" in room.refusals(CancelOrder(order_id=broker_id), "c-3")[0]
    assert "no such order" in room.refusals(CancelOrder(order_id="99"), "c-4")[0]


def test_an_order_that_was_placed_elsewhere_can_be_changed_and_cancelled() -> None:
    room = OrderRoom()
    row = {
        "order_id": "260818000009999",
        "tag": "byhand",
        "status": "OPEN",
        "variety": "regular",
        "validity": "DAY",
        "exchange": "NFO",
        "tradingsymbol": OPTION.tradingsymbol,
        "transaction_type": "BUY",
        "quantity": 65,
        "filled_quantity": 0,
        "average_price": 0.0,
        "product": "NRML",
        "order_type": "LIMIT",
        "price": 95.0,
        "trigger_price": 0.0,
        "order_timestamp": "2026-08-18 09:59:00",
    }
    room.exchange.book[row["order_id"]] = row
    (change,) = room.taken(ModifyOrder(order_id=row["order_id"], price=Decimal(96)))
    assert (change.target_intent_id, change.target_order_id) == (None, row["order_id"])
    room.run_lane()
    assert room.exchange.book[row["order_id"]]["price"] == 96.0
    room.taken(CancelOrder(order_id=row["order_id"]), "r-2")
    room.run_lane()
    assert room.exchange.book[row["order_id"]]["status"] == "CANCELLED"


def test_what_sells_for_a_position_of_patangs_is_not_changed_and_not_cancelled() -> None:
    room = OrderRoom()
    room.market["INFY"] = 1500.0
    position = bought_by_patang(room)
    room.run_lane()
    room.hear()
    resting = next(intent for intent in room.intents() if intent.kind == "PROTECT")
    for wish in (
        CancelOrder(order_id=resting.intent_id),
        ModifyOrder(order_id=resting.intent_id, price=Decimal(1400)),
    ):
        assert f"it sells position {position.position_id}" in room.refusals(wish)[0]


def test_a_basket_is_sent_only_if_all_of_it_may_be() -> None:
    room = OrderRoom()
    wrong = Basket(orders=(option_order(), share_order(price="800.01"), option_order(quantity=1)))
    assert room.refusals(wrong) == [
        "orders[1].price is 800.01: give a multiple of the tick of 0.05: 800.00 or 800.05",
        "orders[2].quantity is 1: give a multiple of the lot of 65, such as 65",
    ]
    intents = room.taken(Basket(orders=(option_order(), share_order())))
    assert [intent.terms.tradingsymbol for intent in intents] == [OPTION.tradingsymbol, "INFY"]
    room.run_lane()
    room.trade()
    assert [view.state for view in room.state().intents] == ["COMPLETE", "COMPLETE"]


def test_a_basket_is_paid_and_covered_as_a_whole() -> None:
    room = OrderRoom()
    room.exchange.net = 10_000.0
    assert "15950.00 are needed" in room.refusals(Basket(orders=(option_order(), share_order())))[0]
    room.hold(OPTION, "NRML", 65)
    sale = option_order(transaction_type="SELL")
    assert "quantity is 130: 65 may be sold" in room.refusals(Basket(orders=(sale, sale)))[0]


def test_of_a_basket_that_fails_in_part_the_rest_is_cancelled_where_that_is_wanted() -> None:
    for cancel_rest in (True, False):
        room = OrderRoom()
        room.exchange.mishaps = ["", "refuse", ""]
        orders = (option_order(price="95"), share_order(), share_order(price="790"))
        first, _, third = room.taken(Basket(orders=orders, cancel_rest=cancel_rest))
        room.run_lane()
        state = room.state()
        assert [view.state for view in state.intents] == ["ACKED", "REJECTED", "ACKED"]
        assert state.intents[1].message == "Insufficient funds."
        assert len(state.cancels) == (2 if cancel_rest else 0)
        assert room.state().cancels == state.cancels, "looking again cancels once"
        room.run_lane()
        room.hear()
        ended = [view.state for view in room.state().intents]
        assert ended == (
            ["CANCELLED", "REJECTED", "CANCELLED"] if cancel_rest else ["ACKED", "REJECTED", "ACKED"]
        )
        assert room.exchange.sent == [first.intent_id, third.intent_id]


def basket_of_three(room: OrderRoom) -> tuple[OrderIntent, ...]:
    """All below the market, so that they stand."""
    orders = (option_order(price="95"), share_order(price="790"), share_order(price="780"))
    return room.taken(Basket(orders=orders, cancel_rest=True))


def states(room: OrderRoom, intents: tuple[OrderIntent, ...]) -> list[str]:
    return [room.intent(intent.intent_id).state for intent in intents]


def test_the_rest_of_a_basket_goes_by_itself_when_an_update_ends_one_of_its_orders() -> None:
    room = OrderRoom()
    intents = basket_of_three(room)
    room.run_lane()
    room.hear()
    room.exchange.cancel("regular", room.intent(intents[1].intent_id).broker_order_id or "")
    room.hear()
    room.run_lane()
    room.hear()
    assert states(room, intents) == ["CANCELLED"] * 3
    cancels = [i for i in room.intents() if i.kind == "CANCEL"]
    assert {i.target_intent_id for i in cancels} == {intents[0].intent_id, intents[2].intent_id}
    assert set(room.state().cancels) == {i.intent_id for i in cancels}
    assert room.store.query_index("OPEN_BASKETS") == []


def test_the_rest_of_a_basket_goes_at_the_next_poll_where_the_broker_refused_one_at_once() -> None:
    room = OrderRoom()
    room.exchange.mishaps = ["", "refuse", ""]
    intents = basket_of_three(room)
    unsent = [m for m in room.queue.messages if m[1] == intents[2].intent_id]
    room.queue.messages = [m for m in room.queue.messages if m not in unsent]
    room.run_lane()
    assert states(room, intents) == ["ACKED", "REJECTED", "NEW"]
    for _ in range(3):
        room.pass_time(5)
        room.follower().follow("main", room.market_time, "poll")
    assert states(room, intents) == ["ACKED", "REJECTED", "DROPPED"], "the third is not sent any more"
    assert len([i for i in room.intents() if i.kind == "CANCEL"]) == 1, "looking again cancels once"
    room.run_lane()
    room.hear()
    assert states(room, intents) == ["CANCELLED", "REJECTED", "DROPPED"]
    assert "ORDER_DROPPED" in room.events()
    assert room.store.query_index("OPEN_BASKETS") == []


def test_of_a_basket_nobody_knows_the_end_of_an_order_is_waited_for() -> None:
    room = OrderRoom()
    room.exchange.mishaps = ["unheard", "refuse"]
    intents = basket_of_three(room)
    room.run_lane()
    assert states(room, intents) == ["UNKNOWN", "REJECTED", "ACKED"]
    assert len(room.state().cancels) == 1
    room.pass_time(5)
    room.follower().follow("main", room.market_time, "poll")
    room.run_lane()
    room.hear()
    assert states(room, intents) == ["CANCELLED", "REJECTED", "CANCELLED"]
    assert len(room.state().cancels) == 2


def test_who_waits_is_told_as_soon_as_the_broker_has_answered() -> None:
    room = OrderRoom()
    room.taken(option_order())
    began = room.clock.now()
    assert not room.state(seconds=1).answered
    assert 1 <= (room.clock.now() - began).total_seconds() < 1.5
    room.run_lane()
    began = room.clock.now()
    assert room.state(seconds=5).answered
    assert room.clock.now() == began
    with pytest.raises(BadInput, match="no request 'r-9'"):
        room.state("r-9")


def test_an_outcome_that_nobody_knows_is_told_as_that() -> None:
    room = OrderRoom()
    room.exchange.mishaps = ["lost"]
    room.taken(option_order())
    room.run_lane()
    (view,) = room.state().intents
    assert (view.state, view.answered) == ("UNKNOWN", False)
    room.pass_time(40)
    room.reconciler().run(room.market_time)
    (view,) = room.state().intents
    assert (view.state, view.answered) == ("REJECTED", True)
    assert view.message == "never reached the broker"


def test_a_future_is_bought_by_the_brokers_margin() -> None:
    room = OrderRoom()
    room.exchange.margin_rate = 0.12
    order = option_order(tradingsymbol=FUTURE.tradingsymbol, price="24400")
    assert room.ask(order).accepted
    room.exchange.net = 190_000.0
    assert "MARGIN_INSUFFICIENT" in room.refusals(order, "r-2")[0]


def test_a_market_order_carries_its_protection_and_is_paid_at_its_worst() -> None:
    room = OrderRoom()
    room.exchange.net = 7_292.0
    order = option_order(order_type="MARKET", price=None)
    assert "7293.00 are needed" in room.refusals(order)[0], "102 rupees a unit, with the buffer"
    room.exchange.net = 7_293.0
    (intent,) = room.taken(order)
    assert intent.terms.market_protection == -1


def test_a_basket_asks_for_its_quotes_in_one_call() -> None:
    room, asked = OrderRoom(), []
    quotes = room.quotes

    def counted(identifiers: Any) -> Any:
        asked.append(sorted(identifiers))
        return quotes(asked[-1])

    room.quotes = counted
    room.taken(Basket(orders=(option_order(), share_order(), option_order())))
    assert asked == [["NFO:NIFTY26AUG24500CE", "NSE:INFY"]]


def test_a_request_is_no_more_orders_than_one_transaction_takes() -> None:
    room = OrderRoom()
    room.exchange.net = 10.0**9
    large = option_order(quantity=1755 * 20)
    assert len(room.taken(Basket(orders=(large,) * 3))) == 60
    told = room.refusals(Basket(orders=(large, large, large, option_order())), "r-2")
    assert told == ["orders[3].quantity is 65: a request makes 60 orders at most: send two"]


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
