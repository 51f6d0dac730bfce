"""Order updates: any order, any number of times, any source, one truth."""

import itertools
from decimal import Decimal
from typing import Any

import pytest

from patang.errors import BadInput
from patang.execution.following.consequences import position_id_of
from patang.execution.intent import OrderIntent
from patang.keys import intent_key
from patang.records import load, replace
from tests.unit.execution.samples import MORNING, option_signal
from tests.unit.execution.stages import bought, closing, entry_of, submitted, tell, the_proposal
from tests.unit.execution.trading_desk import TradingDesk


def frame(
    intent: OrderIntent, status: str, filled: int = 0, price: float = 0.0, at: int = 1
) -> dict[str, Any]:
    """A frame of the exchange about this intent's order, `at` seconds past ten."""
    return {
        "order_id": "260818000009",
        "tag": intent.intent_id,
        "status": status,
        "exchange": intent.terms.exchange,
        "tradingsymbol": intent.terms.tradingsymbol,
        "transaction_type": intent.terms.transaction_type,
        "quantity": intent.terms.quantity,
        "filled_quantity": filled,
        "average_price": price,
        "order_timestamp": f"2026-08-18 10:00:{at:02d}",
    }


def sent(desk: TradingDesk, **entry: Any) -> OrderIntent:
    """An entry whose order stands at the broker unfilled, nothing heard of it yet."""
    intent = submitted(desk, **entry)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.exchange.frames.clear()
    return intent


def stored(desk: TradingDesk, intent: OrderIntent) -> OrderIntent:
    found = load(desk.store, OrderIntent, intent_key("main", intent.intent_id))
    assert found is not None
    return found


def test_a_fill_opens_the_position_and_takes_over_the_reservation() -> None:
    desk = TradingDesk()
    intent = sent(desk)
    assert tell(desk, frame(intent, "COMPLETE", 20, 1501.0, at=7)) == ["APPLIED"]
    (position,) = desk.positions()
    assert position.position_id == position_id_of(intent)
    assert (position.quantity, position.entry_price) == (20, Decimal(1501))
    assert position.entry_time == MORNING.replace(second=7)
    assert position.entry_slippage == Decimal(1)
    assert (position.stop_loss_price, position.target_price) == (Decimal(1491), Decimal(1516))
    assert desk.risk().reservations == {}
    assert desk.risk().last_option_entry is None
    assert the_proposal(desk).outcome == "FILLED"
    assert "POSITION_ENTERED" in desk.events()


def test_an_option_entry_starts_the_cooldown() -> None:
    desk = TradingDesk()
    intent = sent(desk, signal=option_signal(), quantity=65)
    tell(desk, frame(intent, "COMPLETE", 65, 101.0, at=3))
    assert desk.risk().last_option_entry == MORNING.replace(second=3)
    (position,) = desk.positions()
    assert (position.stop_loss_price, position.target_price) == (Decimal("60.60"), Decimal("151.50"))


def test_the_cooldown_begins_with_the_last_part_that_was_bought() -> None:
    desk = TradingDesk()
    intent = sent(desk, signal=option_signal(), quantity=195)
    tell(desk, frame(intent, "OPEN", 65, 101.0, at=3))
    tell(desk, frame(intent, "OPEN", 130, 101.0, at=9))
    assert desk.risk().last_option_entry == MORNING.replace(second=9)
    tell(desk, frame(intent, "CANCELLED", 130, 101.0, at=40))
    assert desk.risk().last_option_entry == MORNING.replace(second=9)


def test_a_fill_told_late_counts_from_when_it_was_and_never_shortens_a_pause() -> None:
    desk = TradingDesk()
    intent = sent(desk, signal=option_signal(), quantity=65)
    later = MORNING.replace(hour=11)
    desk.store.write(replace(desk.risk().evolve(last_option_entry=later)))
    tell(desk, frame(intent, "COMPLETE", 65, 101.0, at=3))
    assert desk.risk().last_option_entry == later
    other = TradingDesk()
    intent = sent(other, signal=option_signal(), quantity=65)
    other.pass_time(24 * 3600)
    tell(other, frame(intent, "COMPLETE", 65, 101.0, at=3))
    assert other.risk().last_option_entry == MORNING.replace(second=3)


def test_every_order_and_repetition_of_the_frames_comes_to_the_same() -> None:
    ends = []
    for order in itertools.permutations(range(4)):
        desk = TradingDesk()
        intent = sent(desk)
        frames = [
            frame(intent, "OPEN", at=1),
            frame(intent, "OPEN", 5, 1500.0, at=2),
            frame(intent, "OPEN", 12, 1500.5, at=3),
            frame(intent, "COMPLETE", 20, 1500.8, at=4),
        ]
        tell(desk, *(frames[n] for n in order), *(frames[n] for n in order))
        (position,) = desk.positions()
        ends.append((position.quantity, position.entry_price, position.entry_charges, position.state))
        assert stored(desk, intent).state == "COMPLETE"
        assert stored(desk, intent).filled_quantity == 20
        assert desk.risk().reservations == {}
    assert len(set(ends)) == 1


def test_a_partial_fill_keeps_the_reservation_of_the_rest() -> None:
    desk = TradingDesk()
    intent = sent(desk)
    whole = desk.risk().reservations["o-s-infy"].exposure
    tell(desk, frame(intent, "OPEN", 5, 1500.0, at=2))
    assert desk.risk().reservations["o-s-infy"].exposure == whole * 15 / 20
    tell(desk, frame(intent, "OPEN", 15, 1500.0, at=3))
    assert desk.risk().reservations["o-s-infy"].exposure == whole * 5 / 20
    tell(desk, frame(intent, "CANCELLED", 15, 1500.0, at=4))
    assert desk.risk().reservations == {}
    assert the_proposal(desk).outcome == "PARTLY_FILLED"
    assert desk.positions()[0].quantity == 15


def test_a_frame_may_come_before_the_reply_and_before_any_other_state() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    assert tell(desk, frame(intent, "COMPLETE", 20, 1500.0)) == ["APPLIED"]
    assert desk.lane().process({"account": "main", "intent_id": intent.intent_id}) == "COMPLETE"
    assert desk.exchange.sent == []


@pytest.mark.parametrize("status", ["REJECTED", "CANCELLED"])
def test_an_entry_that_bought_nothing_is_over(status: str) -> None:
    desk = TradingDesk()
    intent = sent(desk)
    tell(desk, frame(intent, status) | {"status_message": "margin"})
    assert desk.positions() == []
    assert desk.risk().reservations == {}
    assert the_proposal(desk).outcome == status
    assert "margin" in desk.notifier.sent[-1][1]
    assert desk.metrics.counts.get("entry_rejected", 0) == (status == "REJECTED")


def test_what_the_broker_called_final_stays_final() -> None:
    desk = TradingDesk()
    intent = sent(desk)
    tell(desk, frame(intent, "CANCELLED"))
    assert tell(desk, frame(intent, "OPEN")) == ["UNCHANGED"]
    assert stored(desk, intent).state == "CANCELLED"


def test_a_fill_that_the_broker_reports_after_the_end_counts_and_alarms() -> None:
    desk = TradingDesk()
    intent = sent(desk)
    tell(desk, frame(intent, "CANCELLED"))
    assert tell(desk, frame(intent, "COMPLETE", 20, 1500.0)) == ["APPLIED"]
    assert desk.positions()[0].quantity == 20
    assert desk.metrics.counts["fill_after_end"] == 1


def test_an_order_that_is_not_ours_is_recorded_once_for_each_thing_it_does() -> None:
    desk = TradingDesk()
    intent = sent(desk)
    foreign = frame(intent, "OPEN") | {"tag": None, "order_id": "77"}
    assert tell(desk, foreign, foreign, foreign | {"tag": "somebody else's"}) == ["FOREIGN"] * 3
    assert desk.events().count("FOREIGN_ORDER") == 1
    tell(desk, foreign | {"status": "COMPLETE", "filled_quantity": 20, "average_price": 1500.0})
    assert desk.events().count("FOREIGN_ORDER") == 2
    assert desk.positions() == []


def test_an_exit_closes_the_position_and_books_the_result() -> None:
    desk = TradingDesk()
    _, intent = closing(desk)
    tell(desk, frame(intent, "COMPLETE", 20, 1488.5, at=9))
    (position,) = desk.positions()
    assert position.state == "CLOSED"
    assert position.exit_slippage == Decimal("-0.5")
    assert position.realised_pnl is not None
    assert position.realised_pnl < -230
    assert desk.day().realised_pnl == position.realised_pnl == desk.risk().realised_total
    assert desk.day().closed_trades == 1
    assert desk.day().charges == position.entry_charges + (position.exit_charges or 0)
    assert desk.risk().peak_realised == 0
    tell(desk, frame(intent, "COMPLETE", 20, 1488.5, at=9))
    assert desk.day().closed_trades == 1
    assert "stray_exit" not in desk.metrics.counts


def test_a_fill_told_before_the_end_is_told_closes_quietly() -> None:
    desk = TradingDesk()
    _, intent = closing(desk)
    tell(desk, frame(intent, "OPEN", 20, 1488.5), frame(intent, "COMPLETE", 20, 1488.5))
    assert desk.positions()[0].state == "CLOSED"
    assert stored(desk, intent).state == "COMPLETE"
    assert "stray_exit" not in desk.metrics.counts


@pytest.mark.parametrize("status", ["REJECTED", "CANCELLED"])
def test_an_exit_that_failed_opens_the_position_again_with_an_alarm(status: str) -> None:
    desk = TradingDesk()
    _, intent = closing(desk)
    tell(desk, frame(intent, status, 8, 1488.5) | {"status_message": "circuit limit"})
    (position,) = desk.positions()
    assert (position.state, position.open_quantity, position.exit_intent_id) == ("OPEN", 12, None)
    assert desk.metrics.counts["exit_failed"] == 1
    assert "circuit limit" in desk.notifier.sent[-1][1]
    assert desk.exits().begin(position, "STOP", desk.market_time, Decimal(1480))
    (position,) = desk.positions()
    second = load(desk.store, OrderIntent, intent_key("main", position.exit_intent_id or ""))
    assert second is not None
    assert second.intent_id != intent.intent_id
    assert second.terms.quantity == 12
    tell(desk, frame(second, "COMPLETE", 12, 1480.0) | {"order_id": "260818000010"})
    (position,) = desk.positions()
    assert position.state == "CLOSED"
    assert position.exit_value == 8 * Decimal("1488.5") + 12 * 1480


def test_what_was_bought_while_it_was_sold_is_sold_next() -> None:
    desk = TradingDesk()
    entry = sent(desk)
    tell(desk, frame(entry, "OPEN", 5, 1500.0))
    (position,) = desk.positions()
    desk.exits().begin(position, "STOP", desk.market_time, Decimal(1480))
    assert [intent.kind for intent in desk.intents() if intent.state == "NEW"] == ["CANCEL", "EXIT"]
    (exit_intent,) = [intent for intent in desk.intents() if intent.kind == "EXIT"]
    tell(desk, frame(entry, "CANCELLED", 9, 1500.0))
    tell(desk, frame(exit_intent, "COMPLETE", 5, 1480.0) | {"order_id": "260818000010"})
    (position,) = desk.positions()
    assert (position.state, position.open_quantity) == ("OPEN", 4)
    assert "exit_failed" not in desk.metrics.counts


def test_an_order_given_up_as_never_placed_that_turns_up_is_taken_back() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.exchange.mishaps = ["lost"]
    body = {"account": "main", "intent_id": intent.intent_id}
    desk.lane().process(body)
    desk.clock.advance(31)
    assert desk.lane().process(body) == "REJECTED"
    tell(desk, frame(intent, "COMPLETE", 20, 1500.0))
    assert stored(desk, intent).state == "COMPLETE"
    assert desk.positions()[0].quantity == 20
    assert desk.metrics.counts["order_turned_up_late"] == 1


def test_a_lost_exit_that_turns_up_beside_another_is_cancelled() -> None:
    desk = TradingDesk()
    position, lost = closing(desk)
    desk.exchange.mishaps = ["lost"]
    body = {"account": "main", "intent_id": lost.intent_id}
    desk.lane().process(body)
    desk.clock.advance(31)
    assert desk.lane().process(body) == "REJECTED"
    (position,) = desk.positions()
    assert desk.exits().begin(position, "STOP", desk.market_time, Decimal(1485))
    tell(desk, frame(lost, "OPEN"))
    assert desk.metrics.counts["stray_exit"] == 1
    (cancel,) = [intent for intent in desk.intents() if intent.kind == "CANCEL"]
    assert cancel.target_intent_id == lost.intent_id
    assert desk.positions()[0].exit_intent_id != lost.intent_id


def test_a_lost_exit_that_turns_up_alone_is_the_positions_exit_again() -> None:
    desk = TradingDesk()
    _, lost = closing(desk)
    desk.exchange.mishaps = ["lost"]
    body = {"account": "main", "intent_id": lost.intent_id}
    desk.lane().process(body)
    desk.clock.advance(31)
    desk.lane().process(body)
    tell(desk, frame(lost, "OPEN"))
    (position,) = desk.positions()
    assert (position.state, position.exit_intent_id) == ("CLOSING", lost.intent_id)


def test_a_refusal_that_the_book_also_tells_is_no_order_turned_up_late() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.exchange.mishaps = ["refuse"]
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    tell(desk, frame(intent, "REJECTED"))
    assert "order_turned_up_late" not in desk.metrics.counts
    assert stored(desk, intent).broker_order_id == "260818000009"


@pytest.mark.parametrize(
    "update",
    [
        {},
        {"account": "main"},
        {"account": "", "order": {}},
        {"account": "main", "order": []},
        {"account": "main", "order": {"order_id": "1"}},
    ],
)
def test_an_update_that_does_not_parse_is_bad_input(update: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        TradingDesk().order_updates().apply(update)


def test_each_change_is_in_the_audit_outbox_with_its_figures() -> None:
    desk = TradingDesk()
    bought(desk)
    kinds = desk.events()
    for kind in (
        "ORDER_CONSTRUCTED",
        "APPROVAL_ASKED",
        "APPROVAL_APPROVED",
        "ORDER_SUBMITTED",
        "ORDER_SENDING",
        "ORDER_ACKED",
        "ORDER_COMPLETE",
        "POSITION_ENTERED",
    ):
        assert kinds.count(kind) == 1, kind
    assert entry_of(desk).state == "COMPLETE"
