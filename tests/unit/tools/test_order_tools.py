"""Orders by the tools: the one road of requests, in the broker's own words."""

from decimal import Decimal
from types import SimpleNamespace

import pytest

from patang.execution.orders.requests import ModifyGtt, PlaceGtt
from patang.kite_replies.gtt import Trigger
from patang.tools.caller import Caller
from patang.tools.calling import Answered, call
from patang.tools.tool import Progress
from tests.unit.approvals.asking import OWNER, PROGRAM, AskingRoom

BUY = {
    "exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY", "quantity": 10, "product": "CNC",
    "order_type": "LIMIT", "price": 800, "request_id": "r-1", "wait_seconds": 0,
}  # fmt: skip
SELL_TRIGGER = {
    "exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "SELL", "product": "CNC",
}  # fmt: skip
SINGLE = SELL_TRIGGER | {"trigger_type": "single", "trigger_value": 760, "quantity": 5, "limit_price": 758}
TWO_LEG = SELL_TRIGGER | {
    "trigger_type": "two-leg",
    "lower_trigger_value": 760, "lower_quantity": 5, "lower_limit_price": 758,
    "upper_trigger_value": 900, "upper_quantity": 5, "upper_limit_price": 899,
}  # fmt: skip


@pytest.fixture
def room() -> AskingRoom:
    return AskingRoom()


def asked(room: AskingRoom, name: str, who=PROGRAM, **args) -> Answered:
    return call(Caller(who, room), name, args)


def test_a_programs_order_waits_for_its_owners_yes_and_is_then_sent(room):
    waiting = asked(room, "place_order", **BUY)
    assert (waiting.status, waiting.reply.state) == (202, "WAITING")
    assert waiting.reply.mode == "simulator"
    assert waiting.reply.message.startswith("Nothing is sent yet: it waits for the owner's yes")
    assert "request_state" in waiting.reply.message
    assert waiting.reply.figures.value == 8000
    assert waiting.reply.approval_url == f"https://desk.example/proposals/main/{waiting.reply.approval_id}"
    assert room.queue.messages == []
    assert room.say("approve", waiting.reply.terms_digest) == "APPROVED"
    room.run_lane()
    sent = asked(room, "request_state", request_id="r-1")
    assert (sent.status, sent.reply.state, sent.reply.approval_url) == (200, "SENT", None)
    [intent] = sent.reply.intents
    assert (intent.state, intent.tradingsymbol, intent.quantity) == ("ACKED", "INFY", 10)
    assert intent.broker_order_id


def test_the_owners_own_press_is_his_yes_and_the_brokers_word_is_awaited(room):
    sent = asked(room, "place_order", OWNER, **BUY)
    assert (sent.status, sent.reply.state) == (202, "SENT")
    assert not sent.reply.intents[0].answered


def test_repeated_it_is_the_same_request_and_without_an_id_it_gets_one(room):
    first = asked(room, "place_order", **BUY)
    again = asked(room, "place_order", **BUY)
    assert again.reply.approval_id == first.reply.approval_id
    assert again.reply.repeated
    changed = asked(room, "place_order", **BUY | {"quantity": 11})
    assert (changed.status, changed.reply.error_type) == (400, "BadRequestError")
    unnamed = asked(room, "place_order", **{k: v for k, v in BUY.items() if k != "request_id"})
    assert unnamed.reply.request_id != first.reply.request_id
    assert asked(room, "request_state", request_id=unnamed.reply.request_id).reply.state == "WAITING"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"price": None}, "price is None: an order of type LIMIT needs its limit"),
        ({"order_type": "MARKET"}, "price is 800: leave it out"),
        ({"order_type": "SL"}, "trigger_price is None"),
        ({"validity": "TTL"}, "validity_ttl is None"),
        ({"variety": "iceberg"}, "iceberg_legs is None"),
        ({"variety": "auction"}, "auction_number is None"),
        ({"disclosed_quantity": 11}, "disclosed_quantity is 11"),
        ({"tag": "not a tag"}, "tag is 'not a tag'"),
        ({"exchange": "NYSE"}, "exchange: Input should be"),
        ({"quantity": 1.5}, "quantity: "),
        ({"qty": 1}, "qty: there is no such argument; there are: variety, exchange, tradingsymbol"),
    ],
)
def test_what_no_market_would_take_is_told_before_anything_is_asked(room, changes, words):
    before = dict(room.store.items)
    refused = asked(room, "place_order", **BUY | changes)
    assert (refused.status, refused.reply.error_type) == (400, "BadRequestError")
    assert words in refused.reply.message
    assert room.store.items == before


def test_an_order_that_leaves_out_what_it_needs_is_told_all_of_it(room):
    refused = asked(room, "place_order", exchange="NSE", tradingsymbol="INFY", quantity=1, order_type="LIMIT")
    assert refused.reply.message == "transaction_type: is needed; product: is needed"


def test_what_the_market_or_a_limit_refuses_is_a_placement_error_with_its_rules(room):
    before = dict(room.store.items)
    refused = asked(room, "place_order", **BUY | {"price": 800.03})
    assert (refused.status, refused.reply.error_type) == (400, "OrderPlacementError")
    assert refused.reply.details["state"] == "REFUSED"
    assert refused.reply.details["broken"][0]["field"] == "price"
    assert "800.05" in refused.reply.message
    assert room.store.items == before
    gone = asked(room, "modify_order", order_id="260818000999999", price=801)
    assert (gone.status, gone.reply.error_type) == (400, "OrderModificationError")


def test_an_order_that_stands_is_changed_and_taken_back(room):
    asked(room, "place_order", OWNER, **BUY)
    room.run_lane()
    order_id = asked(room, "request_state", request_id="r-1").reply.intents[0].broker_order_id
    changed = asked(room, "modify_order", OWNER, order_id=order_id, price=799.5, wait_seconds=0)
    assert changed.reply.state == "SENT"
    room.run_lane()
    done = asked(room, "request_state", request_id=changed.reply.request_id)
    assert [(intent.kind, intent.answered) for intent in done.reply.intents] == [("MODIFY", True)]
    taken = asked(room, "cancel_order", variety="regular", order_id=order_id, wait_seconds=0)
    assert taken.reply.state == "SENT", "a program's cancel waits for nobody"
    room.run_lane()
    (order,) = room.broker("main", room.settings.mode).orders()
    assert order.status == "CANCELLED"


def test_a_basket_is_one_request(room):
    order = {k: v for k, v in BUY.items() if k not in ("request_id", "wait_seconds")}
    both = {"orders": [order, order | {"quantity": 2}], "cancel_rest": True}
    waiting = asked(room, "place_basket", **both)
    assert waiting.reply.figures.orders == 2
    assert room.request(waiting.reply.request_id).wanted().cancel_rest


def wished(room: AskingRoom, answered: Answered) -> PlaceGtt | ModifyGtt:
    assert not answered.failed, answered.reply
    return room.request(answered.reply.request_id).wanted()


def test_triggers_are_said_in_the_brokers_words(room):
    room.hold_shares(20)
    single = wished(room, asked(room, "place_gtt_order", **SINGLE | {"last_price": 800}))
    assert (single.kind, single.trigger_values) == ("single", (Decimal(760),))
    assert (single.legs[0].quantity, single.legs[0].price) == (5, Decimal(758))
    both = wished(room, asked(room, "place_gtt_order", **TWO_LEG))
    assert both.trigger_values == (Decimal(760), Decimal(900))
    assert [leg.price for leg in both.legs] == [Decimal(758), Decimal(899)]


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (SINGLE | {"limit_price": None}, "limit_price is missing: a single trigger needs it"),
        (SINGLE | {"upper_quantity": 5}, "upper_quantity is 5: leave it out of a single trigger"),
        (TWO_LEG | {"lower_quantity": None}, "lower_quantity is missing"),
        (TWO_LEG | {"lower_trigger_value": 950}, "give the stop first"),
        (SINGLE | {"product": "MIS"}, "product: Input should be"),
    ],
)
def test_a_trigger_that_does_not_agree_is_told(room, args, words):
    refused = asked(room, "place_gtt_order", **args)
    assert (refused.status, refused.reply.error_type) == (400, "BadRequestError")
    assert words in refused.reply.message


def test_a_changed_trigger_keeps_its_product_where_none_is_said(room):
    standing = Trigger.model_validate(
        {
            "id": 77,
            "type": "single",
            "status": "active",
            "condition": {"exchange": "NSE", "tradingsymbol": "INFY", "trigger_values": [750]},
            "orders": [
                {
                    "exchange": "NSE",
                    "tradingsymbol": "INFY",
                    "transaction_type": "SELL",
                    "quantity": 5,
                    "product": "MTF",
                    "price": 749,
                }
            ],
        }
    )
    asked_for = []
    submitted = SimpleNamespace(submit=lambda who, account, name, wish: asked_for.append(wish))
    services = SimpleNamespace(
        broker_reads=lambda account: SimpleNamespace(trigger=lambda trigger_id: standing),
        order_requests=lambda: submitted,
    )
    args = {k: v for k, v in SINGLE.items() if k != "product"} | {"trigger_id": 77}
    call(Caller(PROGRAM, services), "modify_gtt_order", args)
    [wish] = asked_for
    assert (wish.gtt_id, wish.legs[0].product) == ("77", "MTF")


def test_an_answer_that_does_not_say_whether_it_is_on_its_way_is_a_fault():
    with pytest.raises(TypeError, match="Progress does not say"):
        assert Progress().on_its_way
