"""What a program may bring about without a person's yes, and what is no way round it."""

import pytest

from patang.execution.orders.requests import CancelOrder, PlaceAlert
from patang.keys import request_key
from tests.unit.approvals.asking import OWNER, PROGRAM, AskingRoom, asking, intents, purchase


@pytest.fixture
def desk() -> AskingRoom:
    return AskingRoom()


def test_what_an_assistant_may_send_alone():
    desk = asking(assistant_alone_inr=8000)
    assert desk.wants(purchase(11), request_id="more").state == "WAITING"
    assert desk.wants(purchase(10)).state == "SENT"


def test_many_small_orders_are_a_large_one():
    """What programs send alone in a day has an end; a person's own orders are not counted of it."""
    desk = asking(assistant_alone_inr=8000, assistant_alone_day_inr=20_000)
    assert desk.wants(purchase(10), OWNER, "own").state == "SENT"
    states = [desk.wants(purchase(10), request_id=f"r-{number}").state for number in range(4)]
    assert states == ["SENT", "SENT", "WAITING", "WAITING"]
    assert desk.wants(purchase(5), request_id="the-rest").state == "SENT"
    assert desk.wants(purchase(1), request_id="no-more").state == "WAITING"
    assert desk.say("approve", request_id="r-2") == "APPROVED"
    assert len(intents(desk)) == 5


def test_of_two_that_send_the_last_of_it_at_once_one_does():
    """Both have seen that there is room; the count that goes with the orders knows better."""
    desk = asking(assistant_alone_inr=8000, assistant_alone_day_inr=8000)
    service = desk.order_requests()
    needs_yes, met = service._needs_yes, []

    def seen(principal, request):
        needed = needs_yes(principal, request)
        if not met:
            met.append(desk.wants(request_id="other").state)
        return needed

    service._needs_yes = seen
    answer = service.submit(PROGRAM, "main", "r-1", purchase())
    assert (met, answer.state) == (["SENT"], "REFUSED")
    assert "alone" in answer.message
    assert len(intents(desk)) == 1


def test_what_was_sent_so_long_ago_that_it_is_being_forgotten_is_no_way_round_the_yes(desk):
    """The record of a cancellation ends between the look at it and the next: its id sends no purchase."""
    bought = desk.wants(purchase(5, "799"), OWNER, "first")
    desk.run_lane()
    assert desk.wants(CancelOrder(order_id=bought.intent_ids[0]), request_id="over").state == "SENT"
    before, get, ending = len(intents(desk)), desk.store.get, request_key("main", "over")

    def seen_once(key):
        found = get(key)
        if key == ending:
            desk.store.items.pop(key, None)
        return found

    desk.store.get = seen_once
    answer = desk.wants(request_id="over")
    assert (answer.state, len(intents(desk))) == ("REFUSED", before)
    assert "another id" in answer.message


def test_a_sale_is_worth_what_the_market_pays_however_low_its_limit():
    desk = asking(assistant_alone_inr=8000)
    desk.hold_shares(40)
    for number, low in enumerate(("799.5", "790")):
        sale = purchase(11, low, transaction_type="SELL")
        answer = desk.wants(sale, request_id=f"low-{number}")
        assert answer.state == "WAITING"
        assert answer.figures is not None
        assert answer.figures.value == 8800
    above = desk.wants(purchase(10, "801", transaction_type="SELL"), OWNER, "above")
    assert (above.figures and above.figures.value) == 8010


def test_a_sale_that_an_alert_places_is_worth_what_the_market_pays_too():
    desk = asking(assistant_alone_inr=8000)
    desk.hold_shares(40)
    left = {"exchange": "INDICES", "tradingsymbol": "NIFTY 50"}
    sale = {"exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "SELL", "product": "CNC"}
    sold_for_nothing = {"name": "dip", "left": left, "operator": "<=", "constant": 24000} | {
        "orders": [sale | {"quantity": 40, "price": "0.05"}]
    }
    answer = desk.wants(PlaceAlert.model_validate({"alert": sold_for_nothing}))
    assert answer.state == "WAITING"
    assert answer.figures is not None
    assert answer.figures.value == 32_000


@pytest.mark.parametrize("sent", [True, False])
def test_a_program_takes_no_stop_away_by_itself(desk, sent):
    desk.hold_shares(20)
    stop = purchase(5, transaction_type="SELL", order_type="SL", price="770", trigger_price="775")
    placed = desk.wants(stop, OWNER)
    assert placed.state == "SENT", placed.message
    if sent:
        desk.run_lane()
    away = CancelOrder(order_id=placed.intent_ids[0])
    assert desk.wants(away, PROGRAM, "r-2").state == "WAITING"
    assert desk.say("approve", request_id="r-2") == "APPROVED"
    assert desk.intent(placed.intent_ids[0]).state == ("ACKED" if sent else "DROPPED")


def test_the_owner_takes_his_stop_away_at_once(desk):
    desk.hold_shares(20)
    stop = purchase(5, transaction_type="SELL", order_type="SL", price="770", trigger_price="775")
    placed = desk.wants(stop, OWNER)
    desk.run_lane()
    away = desk.wants(CancelOrder(order_id=placed.intent_ids[0]), OWNER, "r-2")
    assert (away.state, desk.intent(away.intent_ids[0]).kind) == ("SENT", "CANCEL")
