"""Frames, postbacks and polls in any mixture: the order comes out as the exchange has it."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import entry_of, submitted, the_proposal
from tests.unit.execution.test_updates import frame
from tests.unit.execution.trading_desk import TradingDesk

WANTED = 20


@st.composite
def histories(draw: st.DrawFn) -> list[dict[str, Any]]:
    """What the exchange says of one order over time: parts filled at prices, then its end."""
    parts = draw(st.lists(st.integers(1, WANTED), max_size=4))
    told, filled, value = [("OPEN", 0, 0.0)], 0, 0.0
    for part in parts:
        part = min(part, WANTED - filled)
        if part:
            price = draw(st.integers(29_900, 30_100)) / 20
            filled, value = filled + part, value + part * price
            told.append(("OPEN", filled, value / filled))
    end = "COMPLETE" if filled == WANTED else draw(st.sampled_from(["CANCELLED", "REJECTED", "OPEN"]))
    if end == "REJECTED" and filled:
        end = "CANCELLED"
    told.append((end, filled, value / filled if filled else 0.0))
    return [
        {"status": status, "filled_quantity": quantity, "average_price": round(price, 4), "at": second}
        for second, (status, quantity, price) in enumerate(told, 1)
    ]


def standing() -> TradingDesk:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.exchange.frames.clear()
    return desk


def apply(desk: TradingDesk, said: dict[str, Any], source: str) -> None:
    intent = entry_of(desk)
    order = frame(intent, said["status"], said["filled_quantity"], said["average_price"], at=said["at"]) | {
        "order_id": intent.broker_order_id
    }
    desk.order_updates().apply(
        {"account": "main", "source": source, "order": order, "received_at": MORNING.isoformat()}
    )


def outcome(desk: TradingDesk) -> tuple[Any, ...]:
    entry = entry_of(desk)
    held = [(p.quantity, p.entry_price, p.entry_charges, p.state) for p in desk.positions()]
    reserved = [str(kept.exposure) for kept in desk.risk().reservations.values()]
    return entry.state, entry.filled_quantity, entry.average_price, held, reserved, the_proposal(desk).outcome


@settings(max_examples=60, deadline=None)
@given(histories(), st.data())
def test_lost_repeated_and_shuffled_updates_end_as_the_exchange_has_it(history, data):
    """As long as one source tells the end: it is told last by the poll, if by nobody before."""
    straight = standing()
    for said in history:
        apply(straight, said, "frame")

    crooked = standing()
    arriving = data.draw(st.lists(st.sampled_from(history), max_size=10))
    for said in arriving:
        apply(crooked, said, data.draw(st.sampled_from(["frame", "postback"])))
        filled = [intent.filled_quantity for intent in [entry_of(crooked)]]
        assert filled[0] <= history[-1]["filled_quantity"]
    apply(crooked, history[-1], "poll")
    assert outcome(crooked) == outcome(straight)
    assert sum(p.quantity for p in crooked.positions()) == history[-1]["filled_quantity"]


@settings(max_examples=40, deadline=None)
@given(histories(), st.data())
def test_what_is_known_of_an_order_only_grows(history, data):
    desk, most, ended = standing(), 0, False
    for said in data.draw(st.lists(st.sampled_from(history), max_size=12)):
        apply(desk, said, "frame")
        entry = entry_of(desk)
        assert entry.filled_quantity >= most
        assert entry.is_final or not ended
        most, ended = entry.filled_quantity, entry.is_final


@pytest.mark.parametrize("first", ["cancel", "fill"])
def test_a_cancel_that_races_a_fill_comes_out_the_same_whichever_is_heard_first(first: str) -> None:
    """The exchange filled 12 before the cancel took the rest; the cancel's own reply may come before the word
    of the fill, and the fill's frame may come after the order's end."""
    desk = standing()
    desk.pass_time(desk.settings.entry_order_seconds)
    desk.order_watch().check(desk.market_time, {})
    (cancel,) = [intent for intent in desk.intents() if intent.kind == "CANCEL"]
    fill = {"status": "OPEN", "filled_quantity": 12, "average_price": 1500.0, "at": 30}
    end = {"status": "CANCELLED", "filled_quantity": 12, "average_price": 1500.0, "at": 31}
    desk.lane().process({"account": "main", "intent_id": cancel.intent_id})
    desk.exchange.frames.clear()
    for said in (end, fill) if first == "cancel" else (fill, end):
        apply(desk, said, "frame")
    assert (entry_of(desk).state, entry_of(desk).filled_quantity) == ("CANCELLED", 12)
    assert [p.quantity for p in desk.positions()] == [12]
    assert desk.risk().reservations == {}
    assert the_proposal(desk).outcome == "PARTLY_FILLED"


def test_a_fill_tells_how_long_it_took_from_the_signal_to_the_order_to_the_fill() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.clock.advance(0.25)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.exchange.frames.clear()
    desk.clock.advance(1.5)
    apply(desk, {"status": "OPEN", "filled_quantity": 5, "average_price": 1500.0, "at": 2}, "frame")
    desk.clock.advance(1)
    apply(desk, {"status": "COMPLETE", "filled_quantity": 20, "average_price": 1500.5, "at": 4}, "postback")
    told = [
        event["details"]["took"] | {"filled": event["details"]["filled_quantity"]}
        for event in desk.store.query(f"OUTBOX#main#{MORNING:%Y-%m-%d}")
        if event["kind"].startswith("ORDER_") and event["details"].get("filled_quantity")
    ]
    told.sort(key=lambda details: details["filled"])
    assert [(d["wish_to_order_ms"], d["order_to_fill_ms"], d["signal_to_fill_s"]) for d in told] == [
        (250.0, 1500.0, 2.0),
        (250.0, 2500.0, 4.0),
    ]
    assert desk.metrics.durations["order_to_fill"] == [1500.0, 2500.0]


def test_a_cancel_that_comes_too_late_is_done_and_the_whole_fill_counts() -> None:
    desk = standing()
    desk.pass_time(desk.settings.entry_order_seconds)
    desk.order_watch().check(desk.market_time, {})
    (cancel,) = [intent for intent in desk.intents() if intent.kind == "CANCEL"]
    desk.exchange.prices = {"INFY": 1500.0}
    desk.exchange.match()
    desk.exchange.frames.clear()
    desk.lane().process({"account": "main", "intent_id": cancel.intent_id})
    desk.follower().follow("main", desk.market_time, "poll")
    (cancel,) = [intent for intent in desk.intents() if intent.kind == "CANCEL"]
    assert cancel.is_final
    assert (entry_of(desk).state, desk.positions()[0].quantity) == ("COMPLETE", 20)
    assert desk.exchange.sent == [entry_of(desk).intent_id]
