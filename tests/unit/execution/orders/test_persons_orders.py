"""Orders of people: looked at first, written once, sent by the lane, and told of."""

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patang.errors import BadInput
from patang.execution.orders.requests import Basket
from tests.unit.execution.orders.order_room import OrderRoom
from tests.unit.execution.orders.samples import FUTURE, OPTION, option_order


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


def test_a_request_is_no_more_orders_than_one_transaction_takes() -> None:
    room = OrderRoom()
    room.exchange.net = 10.0**9
    large = option_order(quantity=1755 * 20)
    assert len(room.taken(Basket(orders=(large,) * 3))) == 60
    told = room.refusals(Basket(orders=(large, large, large, option_order())), "r-2")
    assert told == ["orders[3].quantity is 65: a request makes 60 orders at most: send two"]
