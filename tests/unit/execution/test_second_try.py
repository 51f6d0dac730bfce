"""A refusal that other terms cure is tried again as another intent: three in all, and never the same tag."""

import contextlib
from decimal import Decimal
from typing import Any

import pytest

from patang.errors import BrokerRefused, TryAgain
from patang.execution.intent import OrderIntent
from patang.execution.orders.market_facts import MarketFacts, MarketQuote, facts_of
from patang.keys import intent_key
from patang.market.instruments import Instrument
from patang.ports import OrderRequest
from patang.records import load, replace
from tests.unit.execution.lane_cases import deliver, new_intent, stored
from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import closing, submitted, tell, the_proposal
from tests.unit.execution.trading_desk import Killed, TradingDesk

TICK = "Tick size for this script is 0.10. Kindly enter price in the multiple of tick size for this script."
BAND = (
    "Your order price is higher than the current upper circuit limit of 1500.00. Place it within the range."
)
FUNDS = "Insufficient funds."


def facts(desk: TradingDesk, **quoted: Any) -> MarketFacts:
    instrument = Instrument(
        instrument_token=408065,
        exchange="NSE",
        tradingsymbol="INFY",
        name="INFOSYS",
        instrument_type="EQ",
        segment="NSE",
        tick_size=Decimal("0.05"),
        lot_size=1,
    )
    quote = MarketQuote(**({"last_price": Decimal("1500.00")} | quoted))
    return facts_of(instrument, quote, MORNING, desk.settings)


def refusing(desk: TradingDesk, *messages: str) -> list[OrderRequest]:
    """The broker refuses with these words, one a call, and then takes what comes."""
    place, asked, left = desk.exchange.place, [], list(messages)

    def place_or_refuse(request: OrderRequest) -> str:
        asked.append(request)
        if left:
            raise BrokerRefused(left.pop(0))
        return place(request)

    desk.exchange.place = place_or_refuse
    return asked


def run(desk: TradingDesk) -> list[str]:
    """Everything that waits on the lane's queue, and what comes of it."""
    states = []
    while desk.queue.messages:
        _, _, body = desk.queue.messages.pop(0)
        states.append(desk.lane().process(body))
    return states


def followed(desk: TradingDesk, intent: OrderIntent) -> OrderIntent:
    (found,) = [other for other in desk.intents() if other.cured_from == intent.intent_id]
    return found


def test_an_entry_off_the_tick_is_tried_again_with_another_intent_and_its_yes_goes_with_it() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.facts = facts(desk)
    price = intent.terms.price or Decimal(0)
    asked = refusing(desk, TICK.replace("0.10", "0.35"))
    assert run(desk) == ["REJECTED", "ACKED"]
    second = followed(desk, intent)
    assert stored(desk, intent).state == "REJECTED"
    assert (second.attempt, second.state, second.kind) == (2, "ACKED", "ENTRY")
    assert (second.terms.price or 0) % Decimal("0.35") == 0
    assert (second.terms.price or 0) <= price, "never dearer than what was agreed to"
    assert [request.tag for request in asked] == [intent.intent_id, second.intent_id]
    assert second.is_as_wanted
    proposal = the_proposal(desk)
    assert (proposal.intent_id, proposal.state) == (second.intent_id, "SUBMITTED")
    assert desk.risk().reservations[proposal.order_id].intent_id == second.intent_id
    assert desk.workflows.answers == {
        "approval-token": desk.workflows.answers["approval-token"],
        "lane-token": {"ok": True, "reason": "ACKED", "intent_id": second.intent_id, "message": ""},
    }
    assert desk.notifier.sent[-1][0] == "Order refused, tried again"
    desk.exchange.prices = {"INFY": 1490.0}
    desk.exchange.match()
    tell(desk)
    (position,) = desk.positions()
    assert position.entry_intent_id == second.intent_id


def test_three_orders_at_most_and_then_the_refusal_stands() -> None:
    desk = TradingDesk()
    submitted(desk)
    desk.facts = facts(desk)
    words = [TICK.replace("0.10", step) for step in ("0.35", "0.45", "0.55", "0.65")]
    asked = refusing(desk, *words)
    assert run(desk) == ["REJECTED"] * 3
    assert len(asked) == 3
    assert len({request.tag for request in asked}) == 3
    assert [intent.attempt for intent in desk.intents() if intent.kind == "ENTRY"].count(3) == 1
    assert the_proposal(desk).state == "CONCLUDED"
    assert desk.risk().reservations == {}
    assert desk.metrics.counts["entry_rejected"] == 1
    assert desk.workflows.answers["lane-token"]["reason"] == "REJECTED"


@pytest.mark.parametrize("words", [FUNDS, "The market is closed.", ""])
def test_what_cannot_be_cured_is_not_tried_again(words: str) -> None:
    desk = TradingDesk()
    submitted(desk)
    desk.facts = facts(desk)
    asked = refusing(desk, words)
    assert run(desk) == ["REJECTED"]
    assert len(asked) == 1
    assert the_proposal(desk).outcome == "REJECTED"


def test_an_exit_goes_on_with_the_cured_order_and_its_position_knows_it() -> None:
    desk = TradingDesk()
    position, intent = closing(desk)
    desk.facts = facts(desk, lower_circuit=Decimal("1489.50"), last_price=Decimal("1490.00"))
    message = "Your order price is lower than the current lower circuit limit of 1489.50."
    asked = refusing(desk, message)
    desk.queue.messages = [message for message in desk.queue.messages if message[1] == intent.intent_id]
    assert run(desk) == ["REJECTED", "ACKED"]
    (held,) = desk.positions()
    second = followed(desk, intent)
    assert (held.state, held.exit_intent_id) == ("CLOSING", second.intent_id)
    assert second.terms.price == Decimal("1489.50")
    assert [request.price for request in asked] == [str(intent.terms.price), "1489.50"]
    assert "exit_failed" not in desk.metrics.counts
    desk.exchange.prices = {"INFY": 1490.0}
    desk.exchange.match()
    tell(desk)
    assert desk.positions()[0].state == "CLOSED"
    assert position.position_id == held.position_id


def refused_by_the_exchange(desk: TradingDesk, intent: OrderIntent, message: str) -> list[str]:
    """The broker has taken it, and the exchange has not: told by a frame, and by the order book."""
    assert deliver(desk, intent) == "ACKED"
    desk.queue.messages.clear()
    order = desk.exchange.book[stored(desk, intent).broker_order_id or ""]
    order |= {"status": "REJECTED", "status_message": message}
    desk.exchange.frames.clear()
    return tell(desk, order, order)


def test_what_the_exchange_refuses_after_the_broker_took_it_is_cured_by_the_lane_too() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.facts = facts(desk)
    heard = refused_by_the_exchange(desk, intent, TICK.replace("0.10", "0.35"))
    assert heard == ["REFUSED", "UNCHANGED"]
    assert stored(desk, intent).state == "ACKED"
    assert run(desk) == ["REJECTED", "ACKED"]
    second = followed(desk, intent)
    assert (the_proposal(desk).intent_id, second.state) == (second.intent_id, "ACKED")
    assert desk.exchange.sent == [intent.intent_id, second.intent_id]
    assert tell(desk, desk.exchange.book[stored(desk, intent).broker_order_id or ""]) == ["UNCHANGED"]


def test_a_refusal_by_the_exchange_stands_where_nothing_cures_it_or_the_lane_does_not_come() -> None:
    lost, unknown, funds = TradingDesk(), TradingDesk(), TradingDesk()
    entries = [submitted(desk) for desk in (lost, unknown, funds)]
    lost.facts = facts(lost)
    assert refused_by_the_exchange(funds, entries[2], FUNDS) == ["APPLIED", "UNCHANGED"]
    assert refused_by_the_exchange(unknown, entries[1], TICK) == ["REFUSED", "UNCHANGED"]
    assert run(unknown) == ["REJECTED"]
    assert refused_by_the_exchange(lost, entries[0], TICK) == ["REFUSED", "UNCHANGED"]
    lost.pass_time(9)
    order = lost.exchange.book[stored(lost, entries[0]).broker_order_id or ""]
    assert tell(lost, order) == ["UNCHANGED"]
    lost.pass_time(1)
    assert tell(lost, order) == ["APPLIED"]
    for desk in (lost, unknown, funds):
        assert the_proposal(desk).outcome == "REJECTED"
        assert desk.risk().reservations == {}
        assert desk.metrics.counts["entry_rejected"] == 1
    assert run(lost) == ["REJECTED"], "the lane that comes after all sends nothing"
    assert lost.exchange.sent == [entries[0].intent_id]


def test_an_order_that_lives_is_not_placed_again_whatever_the_reply_has_said() -> None:
    """A frame tells that it stands at the exchange before the reply says that it was refused."""
    desk = TradingDesk()
    intent = submitted(desk)
    desk.facts = facts(desk)
    place = desk.exchange.place

    def take_and_refuse(request: OrderRequest) -> str:
        place(request)
        tell(desk)
        raise BrokerRefused(TICK.replace("0.10", "0.35"))

    desk.exchange.place = take_and_refuse
    assert run(desk) == ["ACKED"]
    assert desk.exchange.sent == [intent.intent_id]
    assert stored(desk, intent).state == "ACKED"


def test_a_cured_order_is_still_that_of_the_person_who_wanted_it() -> None:
    desk = TradingDesk()
    intent = new_intent(desk, "ORDER")
    with desk.fuse.spared():
        desk.store.write(replace(stored(desk, intent).evolve(wanted_by="asha")))
    desk.facts = facts(desk)
    refusing(desk, TICK.replace("0.10", "0.35"))
    assert deliver(desk, intent) == "REJECTED"
    assert followed(desk, intent).wanted_by == "asha"


def test_without_a_market_to_look_at_nothing_is_tried_again() -> None:
    for unknown in (None, TryAgain("the broker is busy")):
        desk = TradingDesk()
        submitted(desk)
        asked = refusing(desk, BAND)
        if unknown is not None:

            def busy(terms: Any, as_of: Any, error: TryAgain = unknown) -> None:
                raise error

            desk.market_facts = busy
        assert run(desk) == ["REJECTED"]
        assert len(asked) == 1


def test_cured_terms_that_the_market_would_refuse_too_are_not_sent() -> None:
    desk = TradingDesk()
    submitted(desk)
    # Another tick would not help: the day's band has come down below the limit meanwhile.
    desk.facts = facts(desk, upper_circuit=Decimal("1400.00"))
    asked = refusing(desk, TICK.replace("0.10", "0.35"))
    assert run(desk) == ["REJECTED"]
    assert len(asked) == 1


def test_killed_between_the_refusal_and_the_second_order_nothing_is_lost_or_doubled() -> None:
    for victim in range(1, 40):
        desk = TradingDesk()
        intent = new_intent(desk, "ENTRY")
        desk.facts = facts(desk)
        asked = refusing(desk, TICK.replace("0.10", "0.35"))
        begun = desk.fuse.steps
        desk.fuse.kill = lambda step, at=begun + victim: "after" if step == at else ""
        with contextlib.suppress(Killed):
            run(desk)
        begun_again = desk.fuse.steps
        desk.fuse.kill = lambda step: ""
        for _ in range(3):
            desk.pass_time(10)
            for written in desk.intents():
                deliver(desk, written)
        tags = [request.tag for request in asked]
        assert len(tags) == len(set(tags)), tags
        assert len(desk.exchange.book) <= 1
        ends = {other.state for other in desk.intents()}
        assert ends <= {"ACKED", "REJECTED", "DROPPED"}, ends
        assert load(desk.store, OrderIntent, intent_key("main", intent.intent_id)) is not None
        named = load(desk.store, OrderIntent, intent_key("main", the_proposal(desk).intent_id or ""))
        assert named is not None
        assert named.intent_id in (intent.intent_id, *(o.intent_id for o in desk.intents() if o.cured_from))
        if begun_again < begun + victim:
            assert victim > 6
            break
    else:
        pytest.fail("an order and its cure have fewer steps than that")
