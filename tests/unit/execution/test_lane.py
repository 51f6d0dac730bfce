"""The lane sends each intent at most once and always says what became of it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from patang.errors import BadInput, OutcomeUnknown, Refused
from patang.execution.intent import OrderIntent
from patang.keys import intent_key, preflight_key
from patang.ports import BrokerOrder, BrokerPosition, OrderRequest, Put
from patang.records import load, replace
from patang.settings import Mode
from tests.unit.execution.lane_cases import new_intent
from tests.unit.execution.samples import MORNING
from tests.unit.execution.stages import bought, closing, entry_of, submitted, tell, the_proposal
from tests.unit.execution.trading_desk import Killed, TradingDesk


def process(desk: TradingDesk, intent: OrderIntent) -> str:
    return desk.lane().process({"account": intent.account, "intent_id": intent.intent_id})


def stored(desk: TradingDesk, intent: OrderIntent) -> OrderIntent:
    found = load(desk.store, OrderIntent, intent_key(intent.account, intent.intent_id))
    assert found is not None
    return found


def test_an_intent_leaves_once_with_its_id_as_tag() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    assert process(desk, intent) == "ACKED"
    assert desk.exchange.sent == [intent.intent_id]
    sent = stored(desk, intent)
    assert sent.broker_order_id in desk.exchange.book
    assert sent.latency_ms is not None
    assert desk.workflows.answers["lane-token"] == {
        "ok": True,
        "reason": "ACKED",
        "intent_id": intent.intent_id,
        "message": "",
    }
    assert process(desk, intent) == "ACKED"
    assert desk.exchange.sent == [intent.intent_id]


def test_two_lanes_with_one_intent_send_one_order() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    place, second = desk.exchange.place, []

    def place_while_another_lane_comes(request: OrderRequest) -> str:
        second.append(process(desk, intent))
        return place(request)

    desk.exchange.place = place_while_another_lane_comes
    assert process(desk, intent) == "ACKED"
    assert second == ["UNKNOWN"]
    assert desk.exchange.sent == [intent.intent_id]
    assert stored(desk, intent).state == "ACKED"


def test_two_lanes_that_have_read_new_at_the_same_moment_send_one_order() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    write, other = desk.store.write, []

    def write_after_the_other(*writes: object) -> None:
        if not other:
            other.append("")
            other[0] = process(desk, intent)
        write(*writes)

    desk.store.write = write_after_the_other
    assert process(desk, intent) == "ACKED"
    assert other == ["ACKED"]
    assert desk.exchange.sent == [intent.intent_id]


def test_a_crash_after_the_claim_never_sends_again() -> None:
    desk = TradingDesk()
    intent = submitted(desk)

    def die(request: OrderRequest) -> str:
        raise Killed

    place, desk.exchange.place = desk.exchange.place, die
    with pytest.raises(Killed):
        process(desk, intent)
    desk.exchange.place = place
    assert stored(desk, intent).state == "SENDING"
    assert process(desk, intent) == "UNKNOWN"
    desk.clock.advance(31)
    assert process(desk, intent) == "REJECTED"
    assert desk.exchange.sent == []
    assert "never reached" in stored(desk, intent).status_message
    assert desk.risk().reservations == {}
    assert the_proposal(desk).outcome == "REJECTED"


def test_a_reply_that_was_lost_is_found_by_tag() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.exchange.mishaps = ["unheard"]
    assert process(desk, intent) == "UNKNOWN"
    assert desk.workflows.answers["lane-token"]["ok"] is False
    assert process(desk, intent) == "ACKED"
    assert desk.exchange.sent == [intent.intent_id]


def test_an_order_that_appears_late_is_waited_for() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.exchange.mishaps = ["late"]
    assert process(desk, intent) == "UNKNOWN"
    desk.clock.advance(7)
    assert process(desk, intent) == "UNKNOWN"
    desk.clock.advance(2)
    desk.exchange.match()
    assert process(desk, intent) == "ACKED"
    assert len(desk.exchange.book) == 1


@pytest.mark.parametrize(
    ("mishap", "says"), [("refuse", "Insufficient"), ("busy", "not sent"), ("expired", "not sent")]
)
def test_a_clear_no_ends_the_entry_and_frees_its_capital(mishap: str, says: str) -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.exchange.mishaps = [mishap]
    assert process(desk, intent) == "REJECTED"
    assert says in stored(desk, intent).status_message
    assert desk.risk().reservations == {}
    assert the_proposal(desk).state == "CONCLUDED"
    assert desk.notifier.sent[-1][0] == "Entry rejected"
    assert desk.workflows.answers["lane-token"]["ok"] is False


def test_any_surprise_while_sending_is_an_unknown_outcome() -> None:
    desk = TradingDesk()
    intent = submitted(desk)

    def surprise(request: OrderRequest) -> str:
        raise ZeroDivisionError("of the client")

    desk.exchange.place = surprise
    assert process(desk, intent) == "UNKNOWN"
    assert "ZeroDivisionError" in stored(desk, intent).status_message


def test_a_stale_entry_is_dropped_and_a_stale_exit_is_not() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.clock.advance(45)
    assert process(desk, intent) == "DROPPED"
    assert "stale" in stored(desk, intent).reason
    assert the_proposal(desk).outcome == "DROPPED"
    assert desk.exchange.sent == []

    other = TradingDesk()
    _, exit_intent = closing(other)
    other.clock.advance(600)
    assert process(other, exit_intent) == "ACKED"


def test_a_halt_stops_entries_at_the_counter_and_lets_exits_through() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.store.write(replace(desk.risk().evolve(state="HALTED", halt_reason="enough")))
    assert process(desk, intent) == "DROPPED"
    assert "enough" in stored(desk, intent).reason

    other = TradingDesk()
    _, exit_intent = closing(other)
    other.store.write(replace(other.risk().evolve(state="HALTED")))
    assert process(other, exit_intent) == "ACKED"


def test_live_entries_need_the_preflight_and_live_exits_do_not() -> None:
    desk = TradingDesk()
    desk.settings = desk.settings.model_copy(update={"mode": "live"})
    intent = submitted(desk)
    assert process(desk, intent) == "DROPPED"
    assert "preflight" in stored(desk, intent).reason

    other = TradingDesk(mode="live")
    checks = [{"name": "session", "passed": True, "found": "AB1234", "account": "main"}]
    other.store.write(Put(preflight_key(MORNING.date()), {"mode": "live", "passed": True, "checks": checks}))
    _, exit_intent = closing(other)
    other.store.write(Put(preflight_key(MORNING.date()), {"mode": "live", "passed": False}))
    assert process(other, exit_intent) == "ACKED"


@pytest.mark.parametrize("then", ["paper", "simulator"])
def test_nothing_that_was_made_in_another_mode_is_ever_sent_for_real(then: Mode) -> None:
    desk = TradingDesk(mode=then)
    checks = [{"name": "session", "passed": True, "found": "AB1234", "account": "main"}]
    desk.store.write(Put(preflight_key(MORNING.date()), {"mode": "live", "passed": True, "checks": checks}))
    entry = submitted(desk)
    desk.settings = desk.settings.model_copy(update={"mode": "live"})
    assert process(desk, entry) == "DROPPED"

    other = TradingDesk(mode=then)
    _, exit_intent = closing(other)
    process(other, exit_intent)
    standing = stored(other, exit_intent)
    changes = [
        other.amendments().reprice(standing, Decimal("1480.00"), other.market_time, "slow"),
        other.amendments().cancel(stored(other, exit_intent), other.market_time, "changed my mind"),
    ]
    other.settings = other.settings.model_copy(update={"mode": "live"})
    for change in changes:
        assert other.lane().process({"account": "main", "intent_id": change}) == "DROPPED"

    third = TradingDesk(mode=then)
    _, exit_intent = closing(third)
    third.settings = third.settings.model_copy(update={"mode": "live"})
    assert process(third, exit_intent) == "DROPPED"
    assert [len(d.exchange.book) for d in (desk, other, third)] == [0, 2, 1]
    assert all(order["status"] != "CANCELLED" for order in other.exchange.book.values())


def test_a_cancel_and_a_new_price_reach_the_order_they_name() -> None:
    desk = TradingDesk()
    _, exit_intent = closing(desk)
    process(desk, exit_intent)
    target = stored(desk, exit_intent)
    modify_id = desk.amendments().reprice(target, Decimal("1480.00"), desk.market_time, "slow")
    assert desk.lane().process({"account": "main", "intent_id": modify_id}) == "COMPLETE"
    assert desk.exchange.book[target.broker_order_id or ""]["price"] == 1480.0
    target = stored(desk, exit_intent)
    assert target.limit_price == Decimal("1480.00")
    cancel_id = desk.amendments().cancel(target, desk.market_time, "enough")
    assert desk.lane().process({"account": "main", "intent_id": cancel_id}) == "COMPLETE"
    assert desk.exchange.book[target.broker_order_id or ""]["status"] == "CANCELLED"
    assert [message[0] for message in desk.queue.messages[-2:]] == ["main#exit", "main#exit"]


def test_a_change_to_an_order_that_has_ended_is_dropped() -> None:
    desk = TradingDesk()
    bought(desk)
    entry = entry_of(desk)
    assert desk.amendments().cancel(entry, desk.market_time, "late") is None

    other = TradingDesk()
    _, exit_intent = closing(other)
    process(other, exit_intent)
    target = stored(other, exit_intent)
    cancel_id = other.amendments().cancel(target, other.market_time, "late")
    other.exchange.prices = {"INFY": 1489.0}
    other.exchange.match()
    tell(other)
    assert other.lane().process({"account": "main", "intent_id": cancel_id}) == "DROPPED"


def test_a_wish_that_is_repeated_is_one_intent() -> None:
    desk = TradingDesk()
    _, exit_intent = closing(desk)
    process(desk, exit_intent)
    target = stored(desk, exit_intent)
    assert desk.amendments().cancel(target, desk.market_time, "once") is not None
    assert desk.amendments().cancel(target, desk.market_time, "twice") is None


@pytest.mark.parametrize("heard", [True, False])
def test_a_cancel_whose_reply_was_lost_is_resolved_from_the_order(heard: bool) -> None:
    desk = TradingDesk()
    _, exit_intent = closing(desk)
    process(desk, exit_intent)
    cancel_id = desk.amendments().cancel(stored(desk, exit_intent), desk.market_time, "enough")
    cancel, calls = desk.exchange.cancel, []

    def unheard(variety: str, order_id: str, parent_order_id: str | None = None) -> None:
        calls.append(order_id)
        if heard:
            cancel(variety, order_id)
        raise OutcomeUnknown("no reply")

    desk.exchange.cancel = unheard
    body = {"account": "main", "intent_id": cancel_id}
    assert desk.lane().process(body) == "UNKNOWN"
    desk.clock.advance(31)
    assert desk.lane().process(body) == ("COMPLETE" if heard else "REJECTED")
    assert len(calls) == 1


def test_a_lookup_that_fails_leaves_the_intent_for_the_reconciler() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.exchange.mishaps = ["unheard"]
    process(desk, intent)
    desk.exchange.session_dead = True
    desk.clock.advance(60)
    assert process(desk, intent) == "UNKNOWN"


def test_waiting_and_sending_are_measured() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.clock.advance(1.5)
    process(desk, intent)
    assert desk.metrics.durations["order_waited"] == [1500.0]
    assert len(desk.metrics.durations["order_sent"]) == 1


@pytest.mark.parametrize(
    "body", [{}, {"account": "main"}, {"account": "main", "intent_id": "N404"}, {"account": 7}]
)
def test_a_body_that_names_no_intent_is_bad_input(body: dict[str, object]) -> None:
    with pytest.raises(BadInput):
        TradingDesk().lane().process(body)


def test_a_frame_that_overtakes_the_reply_is_kept() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    place = desk.exchange.place

    def place_and_fill_before_the_reply(request: OrderRequest) -> str:
        order_id = place(request)
        desk.exchange.prices = {"INFY": 1500.0}
        desk.exchange.match()
        tell(desk)
        return order_id

    desk.exchange.place = place_and_fill_before_the_reply
    desk.clock.advance(timedelta(seconds=1).total_seconds())
    assert process(desk, intent) == "COMPLETE"
    assert stored(desk, intent).latency_ms is not None
    assert len(desk.positions()) == 1
    assert desk.workflows.answers["lane-token"]["ok"] is True


@pytest.mark.parametrize("trouble", [Refused("no such call"), BadInput("a row that nobody can read")])
def test_a_look_before_the_claim_that_fails_ends_the_intent_and_blocks_nobody(trouble: Exception) -> None:
    desk = TradingDesk()
    intent = new_intent(desk, "CONVERT")

    def fail() -> list[BrokerPosition]:
        raise trouble

    desk.exchange.positions = fail
    assert process(desk, intent) == "REJECTED"
    assert "not sent" in stored(desk, intent).status_message


def test_a_redelivery_whose_look_up_fails_unexpectedly_ends_its_message_too() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.exchange.mishaps = ["lost"]
    assert process(desk, intent) == "UNKNOWN"

    def fail() -> list[BrokerOrder]:
        raise ValueError("what nobody has thought of")

    desk.exchange.orders = fail
    assert process(desk, intent) == "UNKNOWN"
    assert desk.metrics.counts["lookup_failed"] == 1
