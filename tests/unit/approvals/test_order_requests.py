"""Orders that are asked for: who needs a yes, what may be asked, what a yes sends, and that only once."""

from dataclasses import replace
from decimal import Decimal

import pytest

from patang.approvals.requests.record import OrderRequest
from patang.errors import BadInput, Refused, TryAgain
from patang.execution.orders.requests import (
    Basket,
    CancelOrder,
    DeleteGtt,
    ModifyOrder,
    PlaceGtt,
)
from patang.keys import preflight_key
from patang.market.preflight import MODEL_PROMOTED
from patang.ports import Put
from patang.settings import ApprovalSettings
from patang.settings.requests import RequestSettings
from tests.unit.approvals.asking import OWNER, PROGRAM, AskingRoom, asking, intents, purchase


@pytest.fixture
def desk() -> AskingRoom:
    return AskingRoom()


def kinds(desk: AskingRoom) -> list[str]:
    return [item["kind"] for key, item in desk.store.items.items() if key.partition.startswith("OUTBOX")]


def test_the_owners_own_press_of_a_button_is_his_yes(desk):
    answer = desk.wants(who=OWNER)
    assert answer.state == "SENT"
    assert len(answer.intent_ids) == len(intents(desk)) == 1
    assert desk.intent(answer.intent_ids[0]).wanted_by == "person:asha"
    assert desk.request().state == "SENT"
    assert desk.notifier.sent == []


def test_a_programs_order_waits_and_shows_what_it_comes_to(desk):
    answer = desk.wants()
    assert (answer.state, answer.intent_ids, intents(desk)) == ("WAITING", (), [])
    assert desk.queue.messages == []
    figures = answer.figures
    assert figures is not None
    assert figures.lines == ("BUY 10 NSE:INFY LIMIT 800 CNC DAY",)
    assert (figures.estimated_price, figures.value, figures.orders) == (800, 8000, 1)
    assert 8 < figures.charges < 20
    assert figures.margin_needed >= 8000 * 1.1
    assert figures.exposure_after == figures.exposure_before + 8000
    assert figures.orders_left_today == 19
    ((subject, text),) = desk.notifier.sent
    assert subject == "Approve? BUY 10 INFY at 800"
    assert "in the simulator, asked for by token:t1 of asha" in text
    assert desk.decisions().linked(desk.nonce()) == desk.request()
    assert kinds(desk) == ["APPROVAL_ASKED"]


def test_the_yes_sends_once(desk):
    waiting = desk.wants()
    assert desk.say("approve") == "APPROVED"
    answer = desk.wants()
    assert (answer.state, answer.repeated) == ("SENT", True)
    assert len(intents(desk)) == len(desk.queue.messages) == 1
    assert desk.say("approve", waiting.terms_digest) == "ALREADY_DECIDED"
    assert desk.say("decline", waiting.terms_digest) == "ALREADY_DECIDED"
    assert len(intents(desk)) == 1
    assert sorted(kinds(desk)) == ["APPROVAL_APPROVED", "APPROVAL_ASKED", "ORDER_ASKED"]


def test_a_no_ends_it_and_counts_it_no_more(desk):
    waiting = desk.wants()
    assert desk.say("decline") == "DECLINED"
    answer = desk.wants()
    assert (answer.state, "USER_REJECTED" in answer.message) == ("DECLINED", True)
    assert desk.say("approve", waiting.terms_digest) == "ALREADY_DECIDED"
    assert intents(desk) == []
    again = desk.wants(request_id="r-2")
    assert again.figures is not None
    assert again.figures.orders_left_today == 19


def test_a_program_cannot_ask_without_end_by_taking_back_what_it_asked():
    """Each question is a message to a person, who would say yes to the hundredth to have peace."""
    desk = asking(max_orders_a_day=2)
    answers = []
    for number in range(8):
        answer = desk.wants(request_id=f"r-{number}")
        answers.append(answer.state)
        if answer.state == "WAITING":
            assert desk.say("decline", who=PROGRAM, request_id=f"r-{number}") == "DECLINED"
    assert answers == ["WAITING"] * 6 + ["REFUSED"] * 2
    assert len(desk.notifier.sent) == 6
    assert "asked 6 times today" in answer.message
    assert desk.wants(who=OWNER, request_id="own").state == "SENT"


def test_nobody_answers(desk):
    waiting = desk.wants()
    desk.pass_time(299)
    assert desk.request_decisions().sweep("main") == 0
    desk.pass_time(1)
    assert desk.say("approve") == "EXPIRED"
    assert desk.request().state == "EXPIRED"
    desk.wants(request_id="r-2")
    desk.pass_time(300)
    assert desk.request_decisions().sweep("main") == 1
    assert desk.request("r-2").state == "EXPIRED"
    assert desk.wants().state == "EXPIRED"
    assert waiting.expires_at == desk.request().expires_at_time
    assert intents(desk) == []


def test_a_yes_to_other_terms_is_none(desk):
    desk.wants()
    assert desk.say("approve", "0" * 64) == "TERMS_CHANGED"
    assert desk.request().state == "WAITING"


@pytest.mark.parametrize("field", ["wish", "figures", "mode"])
def test_what_was_tampered_with_is_not_sent(desk, field):
    desk.wants()
    asked = desk.request()
    forged = {
        "wish": asked.wish | {"quantity": 100},
        "figures": asked.figures.model_copy(update={"value": Decimal(1)}),
        "mode": "paper",
    }
    key, item = asked.key(), asked.evolve(**{field: forged[field]}).model_dump(mode="json", exclude_none=True)
    desk.store.items[key] = item
    assert desk.say("approve") == "REFUSED"
    assert intents(desk) == []
    assert desk.request().state == "REFUSED"


def test_a_program_cannot_say_yes_to_what_a_program_has_asked_for(desk):
    desk.wants()
    assert desk.say("approve", who=PROGRAM) == "NOT_IN_PERSON"
    assert desk.say("approve", who=replace(PROGRAM, scopes=OWNER.scopes)) == "NOT_IN_PERSON"
    assert desk.request().state == "WAITING"
    assert desk.say("decline", who=PROGRAM) == "DECLINED"


def test_another_persons_account_is_unknown(desk):
    stranger = replace(OWNER, name="ravi", actor="person:ravi", accounts=("his",))
    with pytest.raises(BadInput, match="you have no account 'main'"):
        desk.wants(who=stranger)
    desk.wants()
    assert desk.say("approve", who=stranger) == "UNKNOWN"
    assert (
        desk.decisions().reduce(stranger, "main", desk.request().approval_id, 1, "0" * 64).result == "UNKNOWN"
    )
    with pytest.raises(BadInput, match="you have no account"):
        desk.order_requests().answer(stranger, "main", "r-1")


def test_reading_is_not_trading(desk):
    with pytest.raises(Refused, match="no scope 'trade'"):
        desk.wants(who=replace(PROGRAM, scopes=frozenset({"read"})))


@pytest.mark.parametrize(
    ("approval", "who", "state"),
    [
        ("always", OWNER, "WAITING"),
        ("always", PROGRAM, "WAITING"),
        ("programs", OWNER, "SENT"),
        ("programs", PROGRAM, "WAITING"),
    ],
)
def test_whose_yes_the_settings_ask_for(approval, who, state):
    assert asking(approval=approval).wants(who=who).state == state


def test_in_the_first_sessions_with_real_money_a_program_always_needs_a_yes():
    desk = asking(assistant_alone_inr=50_000)
    desk.settings = desk.settings.model_copy(update={"mode": "live"})
    sell = purchase(transaction_type="SELL")
    desk.hold_shares(20)
    assert desk.wants(sell).state == "WAITING"
    assert desk.wants(sell, OWNER, "r-2").state == "SENT"


def test_a_persons_own_order_with_real_money_asks_no_model_for_leave():
    desk = asking()
    desk.settings = desk.settings.model_copy(update={"mode": "live"})
    shown = {"found": "for demonstration only: equity-1", "passed": False, "blocks": False}
    checks = [
        {"name": "session", "passed": True, "found": "AB1234", "account": "main"},
        {"name": MODEL_PROMOTED, **shown},
    ]
    day = desk.clock.now().date()
    desk.store.write(Put(preflight_key(day), {"mode": "live", "passed": True, "checks": checks}))
    answer = desk.wants(purchase(1), OWNER)
    assert answer.state == "SENT", answer.message
    assert [desk.intent(one).terms.mode for one in answer.intent_ids] == ["live"]


def test_rules_come_first_and_leave_nothing(desk):
    before = dict(desk.store.items)
    answer = desk.wants(purchase(price="800.01"))
    assert answer.state == "REFUSED"
    assert [rule.field for rule in answer.broken] == ["price"]
    assert "tick" in answer.message
    assert desk.store.items == before
    assert desk.notifier.sent == []
    assert desk.wants(purchase()).state == "WAITING"


@pytest.mark.parametrize("who", [OWNER, PROGRAM])
def test_a_limit_of_value_holds_for_everybody(who):
    desk = asking(max_order_value_inr=8000)
    assert desk.wants(purchase(10), who).state != "REFUSED"
    answer = desk.wants(purchase(11), who, "r-2")
    assert answer.state == "REFUSED"
    assert "'Largest value of a request' is ₹8,000.00" in answer.message


def test_a_basket_is_one_value():
    desk = asking(max_order_value_inr=8000)
    answer = desk.wants(Basket(orders=(purchase(6), purchase(6))))
    assert (answer.state, answer.broken[0].value) == ("REFUSED", "9600.00")


def test_the_days_orders_and_value_are_counted_whoever_asks():
    desk = asking(max_orders_a_day=2, max_day_value_inr=20_000)
    assert desk.wants(purchase(10), OWNER, "r-1").state == "SENT"
    assert (
        "'Largest value of a day's requests' is ₹20,000.00" in desk.wants(purchase(16), OWNER, "r-2").message
    )
    assert desk.wants(purchase(10), PROGRAM, "r-2").state == "WAITING"
    assert "'Most requested orders a day' is 2" in desk.wants(purchase(1), OWNER, "r-3").message
    desk.pass_time(86_400)
    desk.sign_in_again()
    assert desk.wants(purchase(1), OWNER, "r-4").state == "SENT"


@pytest.mark.parametrize("who", [OWNER, PROGRAM])
def test_two_at_once_cannot_both_be_the_last_of_the_day(who):
    desk = asking(max_orders_a_day=1)
    asked = desk.order_requests()
    look = asked._orders.look

    def meanwhile(*arguments):
        decision = look(*arguments)
        asked._orders.look = look
        assert desk.wants(purchase(1), OWNER, "faster").state == "SENT"
        return decision

    asked._orders.look = meanwhile
    assert asked.submit(who, "main", "slower", purchase(1)).state == "REFUSED"
    assert len(intents(desk)) == 1


def test_cancelling_waits_for_nobody_and_no_limit():
    desk = asking(approval="always", max_orders_a_day=1)
    desk.settings = desk.settings.model_copy(update={"requests": RequestSettings(max_orders_a_day=1)})
    sent = desk.wants(purchase(1), OWNER)
    desk.run_lane()
    desk.settings = desk.settings.model_copy(
        update={"requests": RequestSettings(approval="always", max_orders_a_day=0)}
    )
    answer = desk.wants(CancelOrder(order_id=sent.intent_ids[0]), PROGRAM, "r-2")
    assert (answer.state, len(answer.intent_ids)) == ("SENT", 1)
    assert desk.intent(answer.intent_ids[0]).kind == "CANCEL"


def test_the_same_id_is_the_same_request(desk):
    first = desk.wants()
    assert desk.wants().approval_id == first.approval_id
    assert len(desk.notifier.sent) == 1
    with pytest.raises(BadInput, match="stands for another PlaceOrder"):
        desk.wants(purchase(11))
    with pytest.raises(BadInput, match="stands for another PlaceOrder"):
        desk.wants(CancelOrder(order_id="1"))


def test_a_price_that_ran_away_is_not_bought(desk):
    desk.wants(purchase(price=None))
    desk.market["INFY"] = 808.05
    assert desk.say("approve") == "REFUSED"
    assert "PRICE_DRIFT" in desk.request().outcome
    subject, text = desk.notifier.sent[-1]
    assert subject == "Approved, but not sent"
    assert "PRICE_DRIFT" in text
    assert intents(desk) == []
    assert desk.wants(request_id="r-2").figures.orders_left_today == 19


def test_a_little_drift_is_let_through(desk):
    desk.wants(purchase(price=None))
    desk.market["INFY"] = 807.95
    assert desk.say("approve") == "APPROVED"
    assert len(intents(desk)) == 1


def test_limits_that_became_tighter_hold_for_what_waits(desk):
    desk.wants()
    desk.settings = desk.settings.model_copy(update={"requests": RequestSettings(max_order_value_inr=7999)})
    assert desk.say("approve") == "REFUSED"


def test_a_halt_in_between_stops_a_purchase(desk):
    desk.wants()
    desk.halt()
    assert desk.say("approve") == "REFUSED"
    assert "its entries are stopped" in desk.request().outcome


def test_another_mode_in_between_stops_it(desk):
    desk.wants()
    desk.settings = desk.settings.model_copy(update={"mode": "paper"})
    assert desk.say("approve") == "REFUSED"
    assert "it was asked for in mode simulator" in desk.request().outcome


def test_what_cannot_be_looked_at_stays_approved_for_a_minute(desk, monkeypatch):
    desk.wants()
    monkeypatch.setattr(desk, "quotes", unreachable)
    assert desk.say("approve") == "APPROVED"
    assert (desk.request().state, intents(desk)) == ("APPROVED", [])
    monkeypatch.undo()
    desk.pass_time(59)
    assert desk.request_decisions().sweep("main") == 1
    assert (desk.request().state, len(intents(desk))) == ("SENT", 1)
    assert desk.request_decisions().sweep("main") == 0


def test_a_yes_grows_old(desk, monkeypatch):
    desk.wants()
    monkeypatch.setattr(desk, "quotes", unreachable)
    desk.say("approve")
    monkeypatch.undo()
    desk.pass_time(61)
    desk.request_decisions().sweep("main")
    assert (desk.request().state, intents(desk)) == ("REFUSED", [])


def unreachable(identifiers):
    raise TryAgain("no quotes")


def test_fewer(desk):
    asked = desk.wants(purchase(10))
    done = desk.decisions().reduce(OWNER, "main", asked.approval_id, 4, asked.terms_digest)
    assert done.result == "REDUCED"
    smaller = desk.request()
    assert smaller.figures.lines == ("BUY 4 NSE:INFY LIMIT 800 CNC DAY",)
    assert (smaller.figures.value, smaller.proposed_quantity) == (3200, 10)
    assert smaller.figures.margin_needed == (Decimal(str(asked.figures.margin_needed)) * 4 / 10)
    assert smaller.figures.exposure_after == smaller.figures.exposure_before + 3200
    assert desk.say("approve", asked.terms_digest) == "TERMS_CHANGED"
    assert desk.say("approve", done.terms_digest) == "APPROVED"
    ((intent),) = intents(desk)
    assert intent["terms"]["quantity"] == 4
    assert desk.wants(purchase(10)).state == "SENT"


@pytest.mark.parametrize("quantity", [0, 10, 11])
def test_never_more(desk, quantity):
    asked = desk.wants(purchase(10))
    done = desk.decisions().reduce(OWNER, "main", asked.approval_id, quantity, asked.terms_digest)
    assert (done.result, desk.request().terms_digest) == ("NOT_REDUCED", asked.terms_digest)


def test_an_id_leads_to_it(desk):
    desk.wants()
    request = desk.request()
    assert isinstance(request, OrderRequest)
    assert desk.decisions().find("main", request.approval_id) == request


def test_changes_and_triggers_wait_too(desk):
    sent = desk.wants(purchase(2, "790"), OWNER)
    desk.run_lane()
    change = desk.wants(ModifyOrder(order_id=sent.intent_ids[0], price="791"), request_id="r-2")
    assert (change.state, change.figures.lines) == ("WAITING", ("becomes BUY 2 NSE:INFY LIMIT 791 CNC DAY",))
    assert desk.say("approve", request_id="r-2") == "APPROVED"
    desk.hold_shares(20)
    trigger = desk.wants(
        PlaceGtt.model_validate(
            {
                "kind": "two-leg",
                "exchange": "NSE",
                "tradingsymbol": "INFY",
                "trigger_values": ["760", "840"],
                "legs": [
                    {"transaction_type": "SELL", "quantity": 5, "product": "CNC", "price": price}
                    for price in ("759", "840")
                ],
            }
        ),
        request_id="r-3",
    )
    assert (trigger.state, trigger.figures.value) == ("WAITING", 4200)
    assert desk.say("approve", request_id="r-3") == "APPROVED"
    desk.run_lane()
    ((gtt),) = desk.exchange.gtts()
    assert desk.wants(DeleteGtt(gtt_id=gtt.gtt_id), request_id="r-4").state == "WAITING"


def test_the_mail_cannot_be_sent(desk):
    def broken(*_):
        raise TryAgain("no mail")

    desk.notifier.send = broken
    assert desk.wants().state == "WAITING"
    assert [place.sort for place in desk.store.places.values() if place.partition == "LIVE_REQUESTS"] == [
        f"main#{desk.request().approval_id}"
    ]


def test_prices_of_approval_settings_are_those_of_the_bot():
    desk = AskingRoom(approval=ApprovalSettings(max_price_drift_pct=Decimal(5)))
    desk.wants(purchase(price=None))
    desk.market["INFY"] = 830.0
    assert desk.say("approve") == "APPROVED"
