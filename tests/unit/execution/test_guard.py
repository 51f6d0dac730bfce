"""The guard: marks, stops, targets and times, on ticks and without them."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from patang.execution.guarding.guard import GuardService
from patang.execution.intent import OrderIntent
from patang.execution.market_clock import MarketClock
from patang.keys import LIVE_INTENTS, mark_key, market_clock_key
from patang.market.ticks import TICK, StreamRecord, pack
from patang.portfolio.position import Mark
from patang.records import load, load_index, replace
from patang.settings import KiteSettings
from tests.unit.execution.samples import MORNING, TOKENS
from tests.unit.execution.stages import bought, closing, entry_of, submitted, tell
from tests.unit.execution.trading_desk import TradingDesk


def tick(price: float, at: datetime, token: int = TOKENS["INFY"], bid: float | None = None) -> Any:
    one = np.zeros(1, TICK)
    one[0]["token"], one[0]["last_price"] = token, price
    one[0]["bid"] = price - 0.1 if bid is None else bid
    one[0]["exchange_time"] = int(at.timestamp())
    return one


def ticks(*prices: float, at: datetime = MORNING + timedelta(seconds=5)) -> bytes:
    return pack(StreamRecord("ticks", at, "INFY", np.concatenate([tick(price, at) for price in prices])))


def marker(at: datetime) -> bytes:
    return pack(StreamRecord("marker", at, "", np.zeros(0, TICK)))


def exits(desk: TradingDesk) -> list[OrderIntent]:
    return [intent for intent in desk.intents() if intent.kind == "EXIT"]


@pytest.mark.parametrize(
    ("price", "reason"),
    [(1490.0, "STOP"), (1489.95, "STOP"), (1515.0, "TARGET"), (1490.05, None), (1514.95, None)],
)
def test_a_price_at_its_level_begins_the_exit(price: float, reason: str | None) -> None:
    desk = TradingDesk()
    bought(desk)
    assert desk.guard().process([ticks(price)]) == (1 if reason else 0)
    (position,) = desk.positions()
    assert position.state == ("CLOSING" if reason else "OPEN")
    assert position.exit_reason == reason


def test_what_was_bought_in_another_mode_is_left_alone() -> None:
    desk = TradingDesk(mode="paper")
    bought(desk)
    desk.settings = desk.settings.model_copy(update={"mode": "live"})
    assert desk.guard().process([ticks(1480.0), marker(MORNING.replace(hour=15, minute=10))]) == 0
    assert exits(desk) == []


def test_the_exit_is_a_protected_limit_below_the_bid_on_the_exits_own_lane() -> None:
    desk = TradingDesk()
    bought(desk)
    desk.guard().process([ticks(1489.0)])
    (intent,) = exits(desk)
    terms = intent.terms
    assert (terms.order_type, terms.transaction_type, terms.quantity) == ("LIMIT", "SELL", 20)
    assert Decimal("1480") < (terms.price or 0) < Decimal("1488.90")
    assert intent.expected_price == Decimal("1489.0")
    assert desk.queue.messages[0][:2] == ("main#exit", intent.intent_id)


def test_a_spike_inside_a_batch_is_not_missed_and_sells_once() -> None:
    desk = TradingDesk()
    bought(desk)
    guard = desk.guard()
    assert guard.process([ticks(1500.0, 1489.0, 1500.0, 1488.0), ticks(1480.0)]) == 1
    assert len(exits(desk)) == 1


def test_a_batch_read_again_from_before_the_position_sells_nothing() -> None:
    desk = TradingDesk()
    bought(desk)
    desk.guard().process([ticks(1480.0, at=MORNING - timedelta(seconds=1))])
    assert exits(desk) == []


def test_ticks_without_a_price_are_no_price() -> None:
    desk = TradingDesk()
    bought(desk)
    desk.guard().process([ticks(0.0)])
    assert exits(desk) == []


def test_time_ends_a_position_without_any_tick_of_it() -> None:
    desk = TradingDesk()
    position = bought(desk)
    assert position.exit_by is not None
    assert desk.guard().process([marker(position.exit_by - timedelta(seconds=1))]) == 0
    assert desk.guard().process([marker(position.exit_by)]) == 1
    assert desk.positions()[0].exit_reason == "TIME"


def test_whoever_comes_second_sells_nothing() -> None:
    desk = TradingDesk()
    position = bought(desk)
    assert desk.exits().begin(position, "FLATTEN", MORNING, Decimal(1500), actor="owner")
    assert not desk.exits().begin(position, "STOP", MORNING, Decimal(1489))
    assert desk.guard().process([ticks(1489.0)]) == 0
    assert len(exits(desk)) == 1
    assert desk.positions()[0].exit_reason == "FLATTEN"


def test_marks_are_written_every_five_seconds_of_market_time() -> None:
    desk = TradingDesk()
    position = bought(desk)
    guard = desk.guard()
    marked = []
    for second in range(1, 13):
        guard.process([ticks(1500.0 + second, at=MORNING + timedelta(seconds=second))])
        mark = load(desk.store, Mark, mark_key(position.position_id))
        assert mark is not None
        marked.append((mark.as_of.second, int(mark.last_price)))
    assert sorted(set(marked)) == [(1, 1501), (6, 1506), (11, 1511)]


def test_a_mark_is_what_would_be_left_now() -> None:
    desk = TradingDesk()
    position = bought(desk)
    desk.guard().process([ticks(1505.0)])
    mark = load(desk.store, Mark, mark_key(position.position_id))
    assert mark is not None
    assert mark.unrealised_pnl == 100 - position.entry_charges


def test_a_record_that_does_not_parse_is_kept_and_holds_nobody_up() -> None:
    desk = TradingDesk()
    bought(desk)
    assert desk.guard().process([b"rubbish", ticks(1489.0)]) == 1
    ((source, data, reason),) = desk.dead_letters.letters
    assert (source, data) == ("ticks", b"rubbish")
    assert "tick record" in reason


def test_after_a_refused_exit_the_guard_pauses_and_tries_again() -> None:
    desk = TradingDesk()
    bought(desk)
    desk.exchange.mishaps = ["refuse"]
    guard = desk.guard()
    guard.process([ticks(1489.0)])
    desk.lane().process(desk.queue.messages.pop()[2])
    assert desk.positions()[0].state == "OPEN"
    assert guard.process([ticks(1489.0, at=MORNING + timedelta(seconds=6))]) == 0
    assert guard.process([ticks(1489.0, at=MORNING + timedelta(seconds=15))]) == 1
    assert len(exits(desk)) == 2


def test_market_time_is_told_forwards_only_until_another_session() -> None:
    desk = TradingDesk()
    guard = desk.guard()
    guard.process([marker(MORNING), marker(MORNING + timedelta(seconds=2))])
    guard.process([marker(MORNING + timedelta(seconds=10)), marker(MORNING + timedelta(seconds=1))])
    desk.guard().process([marker(MORNING + timedelta(seconds=3))])
    clock = load(desk.store, MarketClock, market_clock_key())
    assert clock is not None
    assert clock.market_time == MORNING + timedelta(seconds=10)
    desk.clock.advance(61)
    desk.guard().process([marker(MORNING - timedelta(days=30))])
    clock = load(desk.store, MarketClock, market_clock_key())
    assert clock is not None
    assert clock.market_time == MORNING - timedelta(days=30)


class Paper:
    """A PaperMatcher with one fill to tell."""

    def __init__(self) -> None:
        self.seen: list[int] = []

    def match(self, ticks: Any, as_of: datetime) -> list[dict[str, Any]]:
        self.seen.append(len(ticks))
        return [{"account_id": "main", "order_id": "1", "status": "COMPLETE"}]


def test_on_paper_the_exchange_sees_the_ticks_and_its_frames_become_updates() -> None:
    desk, paper = TradingDesk(), Paper()
    desk.guard(lambda: paper).process([ticks(1500.0, 1501.0)])
    assert paper.seen == []
    desk.settings = desk.settings.model_copy(update={"mode": "paper", "kite": KiteSettings()})
    desk.guard(lambda: paper).process([ticks(1500.0, 1501.0)])
    assert paper.seen == [2]
    (update,) = desk.updates_queue.updates
    assert (update["account"], update["source"], update["order"]["order_id"]) == ("main", "frame", "1")


def test_on_paper_time_passes_without_ticks_too() -> None:
    desk, paper = TradingDesk(mode="paper"), Paper()
    guard = desk.guard(lambda: paper)
    guard.process([marker(MORNING + timedelta(seconds=second)) for second in range(12)])
    assert paper.seen == [0, 0, 0], "every five seconds"


def standing_entry(desk: TradingDesk) -> OrderIntent:
    intent = submitted(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    tell(desk)
    desk.queue.messages.clear()
    return entry_of(desk)


def run_to(desk: TradingDesk, guard: GuardService, at: datetime) -> None:
    desk.pass_time((at - desk.market_time).total_seconds())
    guard.process([marker(at)])


def test_an_entry_that_stands_too_long_is_cancelled_once() -> None:
    desk = TradingDesk()
    standing_entry(desk)
    guard = desk.guard()
    run_to(desk, guard, MORNING + timedelta(seconds=119))
    assert desk.queue.messages == []
    run_to(desk, guard, MORNING + timedelta(seconds=125))
    run_to(desk, guard, MORNING + timedelta(seconds=130))
    (message,) = desk.queue.messages
    assert message[0] == "main#exit"
    assert desk.metrics.counts["order_timed_out"] == 1
    told = [text for subject, text in desk.notifier.sent if subject == "Entry timed out"]
    assert len(told) == 1
    assert "0 of 20 were bought" in told[0]
    assert desk.lane().process(message[2]) == "COMPLETE"
    tell(desk)
    assert entry_of(desk).state == "CANCELLED"
    assert desk.risk().reservations == {}
    assert load_index(desk.store, OrderIntent, LIVE_INTENTS) == []


@pytest.mark.parametrize("state", ["REDUCING", "HALTED"])
def test_an_entry_that_stands_at_the_broker_goes_when_its_account_is_stopped(state: str) -> None:
    desk = TradingDesk()
    standing_entry(desk)
    day = MORNING.date() if state == "REDUCING" else None
    desk.store.write(replace(desk.risk().evolve(state=state, halted_day=day)))
    guard = desk.guard()
    run_to(desk, guard, MORNING + timedelta(seconds=10))
    (message,) = desk.queue.messages
    assert desk.lane().process(message[2]) == "COMPLETE"
    tell(desk)
    assert entry_of(desk).state == "CANCELLED"
    assert desk.risk().reservations == {}


def test_a_cancel_without_effect_is_asked_for_again() -> None:
    desk = TradingDesk()
    standing_entry(desk)
    guard = desk.guard()
    run_to(desk, guard, MORNING + timedelta(seconds=125))
    run_to(desk, guard, MORNING + timedelta(seconds=140))
    assert len({message[2]["intent_id"] for message in desk.queue.messages}) == 1
    run_to(desk, guard, MORNING + timedelta(seconds=160))
    assert len({message[2]["intent_id"] for message in desk.queue.messages}) == 2


def test_a_fast_replay_does_not_outrun_the_round_trip_of_an_order() -> None:
    desk = TradingDesk()
    standing_entry(desk)
    desk.guard().process([marker(MORNING + timedelta(seconds=600))])
    assert desk.queue.messages == []
    desk.clock.advance(2)
    desk.guard().process([marker(MORNING + timedelta(seconds=605))])
    assert len(desk.queue.messages) == 1


def standing_exit(desk: TradingDesk) -> OrderIntent:
    _, intent = closing(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    tell(desk)
    desk.queue.messages.clear()
    return exits(desk)[0]


def test_an_unfilled_exit_follows_the_price_down_and_never_up() -> None:
    desk = TradingDesk()
    first = standing_exit(desk).terms.price or Decimal(0)
    guard = desk.guard()
    guard.process([ticks(1470.0, at=MORNING + timedelta(seconds=4))])
    run_to(desk, guard, MORNING + timedelta(seconds=4))
    assert desk.queue.messages == []
    run_to(desk, guard, MORNING + timedelta(seconds=10))
    (message,) = desk.queue.messages
    assert desk.lane().process(message[2]) == "COMPLETE"
    lowered = exits(desk)[0]
    assert lowered.limit_price is not None
    assert lowered.limit_price < 1470 < first
    guard.process([ticks(1500.0, at=MORNING + timedelta(seconds=16))])
    run_to(desk, guard, MORNING + timedelta(seconds=20))
    assert len(desk.queue.messages) == 1


def test_past_the_brokers_modifications_the_exit_is_cancelled_and_placed_anew() -> None:
    desk = TradingDesk()
    intent = standing_exit(desk)
    desk.store.write(replace(intent.evolve(modifications=20)))
    guard = desk.guard()
    guard.process([ticks(1470.0, at=MORNING + timedelta(seconds=4))])
    run_to(desk, guard, MORNING + timedelta(seconds=10))
    ((_, _, body),) = desk.queue.messages
    desk.queue.messages.clear()
    assert desk.lane().process(body) == "COMPLETE"
    tell(desk)
    assert desk.positions()[0].state == "OPEN"
    guard.process([ticks(1469.0, at=MORNING + timedelta(seconds=30))])
    assert len(exits(desk)) == 2


def test_an_exit_that_nobody_was_told_of_is_told_again() -> None:
    desk = TradingDesk()
    _, intent = closing(desk)
    desk.queue.messages.clear()
    guard = desk.guard()
    run_to(desk, guard, MORNING + timedelta(seconds=5))
    assert desk.queue.messages == []
    run_to(desk, guard, MORNING + timedelta(seconds=10))
    assert desk.queue.messages[0][2] == {"account": "main", "intent_id": intent.intent_id}
    run_to(desk, guard, MORNING + timedelta(seconds=15))
    assert len(desk.queue.messages) == 1
