"""A person sets another stop or target: what holds it, who may, what rests at the exchange afterwards, and
that no fill, no trail and no race takes it back."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from patang.audit.event import AuditEvent
from patang.execution.conclusion import Conclusion
from patang.execution.guarding.levels import LevelChange, LevelWish, PersonsLevels
from patang.execution.reservation_sweep import ReservationSweep
from patang.identity.rights import OwnerNeeded
from patang.keys import day_key, outbox_partition, risk_key
from patang.market.sessions import IST
from patang.portfolio.account_state import AccountDay, RiskState
from patang.portfolio.position import PriceBreak
from patang.ports import WriteConflict
from patang.records import create, load, load_all, replace
from patang.settings import ExitSettings
from tests.unit.execution.protected import (
    carried_signal,
    entered,
    intents,
    keep,
    live_sells,
    mark,
    position,
    pump,
    resting,
    seen,
)
from tests.unit.execution.samples import MORNING, equity_signal
from tests.unit.execution.stages import entry_of, submitted, tell
from tests.unit.execution.test_guard import marker, ticks
from tests.unit.execution.trading_desk import TradingDesk

D = Decimal
OWNER = "person:asha"


def at(seconds: float) -> datetime:
    return MORNING + timedelta(seconds=seconds)


def levels(desk: TradingDesk) -> PersonsLevels:
    return PersonsLevels(desk.store, desk.protector(), desk.get_settings, desk.clock)


def put(
    desk: TradingDesk,
    stop: str | None = None,
    target: str | None = None,
    actor: str = OWNER,
    **more: Any,
) -> LevelChange:
    wish = LevelWish(None if stop is None else D(stop), None if target is None else D(target), **more)
    return levels(desk).set("main", position(desk).position_id, wish, actor, desk.market_time)


def remedies(change: LevelChange) -> dict[str, str]:
    assert not change.was_made
    return {broken.field: broken.remedy for broken in change.broken}


def told(desk: TradingDesk) -> list[AuditEvent]:
    day = desk.market_time.astimezone(IST).date()
    events = load_all(desk.store, AuditEvent, outbox_partition("main", day))
    return [event for event in events if event.kind == "POSITION_LEVELS_SET"]


def at_rest(desk: TradingDesk) -> tuple[float, float]:
    """Trigger and limit of the one stop at the exchange."""
    (order,) = [o for o in desk.exchange.book.values() if o["status"] == "TRIGGER PENDING"]
    return order["trigger_price"], order["price"]


@pytest.mark.parametrize("stop", ["1495.00", "1490.05", "1480.00"])
def test_the_stop_that_rests_follows_a_persons_at_once_however_small_the_step(stop: str) -> None:
    """In the same second that protection was laid, in which a stop that trails would still wait."""
    desk = TradingDesk()
    entered(desk)
    seen(desk, 1501.0, after=0)
    done = put(desk, stop)
    assert done.was_made
    pump(desk)
    assert at_rest(desk)[0] == float(stop)
    assert position(desk).stop_loss_price == D(stop)
    assert resting(desk).trigger_price == D(stop)
    assert live_sells(desk) == 20
    assert desk.exchange.oversold == []


def test_a_trigger_of_stop_and_target_follows_both() -> None:
    desk = TradingDesk()
    entered(desk, carried_signal())
    put(desk, "1492.00", "1530.00")
    pump(desk)
    (gtt,) = desk.exchange.gtts()
    assert tuple(D(value) for value in gtt.request.trigger_values) == (D("1492.00"), D("1530.00"))
    assert (resting(desk).trigger_price, resting(desk).target_price) == (D("1492.00"), D("1530.00"))


def test_another_target_alone_is_not_sent_to_a_broker_who_holds_no_target() -> None:
    desk = TradingDesk()
    entered(desk)
    assert put(desk, target="1530.00").was_made
    pump(desk)
    assert intents(desk, "MODIFY") == []
    assert position(desk).by_hand == ("target",)


def test_the_guard_sells_by_the_new_levels_from_its_next_look() -> None:
    desk = TradingDesk()
    entered(desk)
    guard = desk.guard()
    guard.process([ticks(1501.0, at=at(1))])
    put(desk, "1499.00", "1503.00")
    assert guard.process([ticks(1502.0, at=at(2))]) == 0
    assert guard.process([ticks(1503.0, at=at(3))]) == 1
    assert position(desk).exit_reason == "TARGET"


def test_a_guard_that_has_listed_the_old_levels_sells_by_none_of_them() -> None:
    """Within the second in which it has listed what is open it looks again before it sells."""
    desk = TradingDesk()
    entered(desk)
    guard = desk.guard()
    guard.process([ticks(1501.0, at=at(1))])
    put(desk, "1480.00", "1530.00")
    pump(desk)
    assert guard.process([ticks(1489.0, at=at(1.2)), ticks(1516.0, at=at(1.4))]) == 0
    assert position(desk).state == "OPEN"
    assert guard.process([ticks(1479.0, at=at(1.6))]) == 0, "the broker's stop is there first"
    assert guard.process([ticks(1479.0, at=at(5))]) == 1


def test_the_guard_sells_at_a_raised_stop_that_has_not_reached_the_broker() -> None:
    desk = TradingDesk()
    entered(desk)
    seen(desk, 1501.0)
    put(desk, "1499.00")
    assert desk.guard().process([ticks(1498.9, at=at(5))]) == 1
    assert position(desk).exit_reason == "STOP"


def test_what_is_set_and_by_whom_stands_in_the_audit_log() -> None:
    desk = TradingDesk()
    entered(desk)
    seen(desk, 1501.0)
    put(desk, "1495.00", "1520.00", reason="news at noon")
    (event,) = told(desk)
    assert event.actor == OWNER
    details = event.details
    assert (details["stop_before"], details["stop_after"]) == ("1490.00", "1495.00")
    assert (details["target_before"], details["target_after"]) == ("1515.00", "1520.00")
    assert (details["last_price"], details["reason"]) == ("1501.0", "news at noon")
    assert details["limits_passed"] == []


def test_what_stands_already_is_no_change_and_no_event() -> None:
    desk = TradingDesk()
    entered(desk)
    before = desk.store.writes
    done = put(desk, "1490.00", "1515.00")
    assert (done.was_made, done.broken, told(desk)) == (False, (), [])
    assert desk.store.writes == before


@pytest.mark.parametrize(
    ("stop", "target", "field", "words"),
    [
        (None, None, "stop_loss_price", "give stop_loss_price, target_price, or both"),
        ("1495.03", None, "stop_loss_price", "steps of 0.05: give 1495.00 or 1495.05"),
        ("1501.00", None, "stop_loss_price", "sell at once: give one below the last price of 1501.0"),
        ("1500.95", "1500.90", "target_price", "sell at once: give one above the last price of 1501.0"),
        (None, "1501.00", "target_price", "sell at once"),
        (None, "1520.01", "target_price", "steps of 0.05"),
    ],
)
def test_levels_that_cannot_be_are_told_at_their_field(
    stop: str | None, target: str | None, field: str, words: str
) -> None:
    desk = TradingDesk()
    entered(desk)
    seen(desk, 1501.0)
    assert words in remedies(put(desk, stop, target))[field]
    assert position(desk).by_hand == ()
    assert told(desk) == []


def test_both_fields_are_told_of_at_once() -> None:
    desk = TradingDesk()
    entered(desk)
    assert set(remedies(put(desk, "1490.01", "1520.01"))) == {"stop_loss_price", "target_price"}


def test_a_stop_below_one_that_has_trailed_up_would_do_nothing_and_is_refused() -> None:
    desk = TradingDesk()
    entered(desk)
    mark(desk, 1505.0, trailing="1497.50")
    assert "trailed the price to 1497.50" in remedies(put(desk, "1495.00"))["stop_loss_price"]
    assert put(desk, "1500.00").was_made


def test_a_trail_goes_on_above_a_persons_stop_and_never_below_it() -> None:
    desk = TradingDesk(exits=ExitSettings(trailing_stop_shares_pct=D("0.5")))
    entered(desk)
    guard = desk.guard()

    def seen_at(price: float, seconds: float) -> None:
        desk.exchange.prices = {"INFY": price}
        desk.pass_time((at(seconds) - desk.market_time).total_seconds())
        guard.process([ticks(price, at=at(seconds)), marker(at(seconds))])
        keep(desk)
        pump(desk)

    seen_at(1504.0, 10)
    put(desk, "1500.00")
    pump(desk)
    assert at_rest(desk)[0] == 1500.0
    # The trail rises from 1496.48 to 1499.47: below the person's, nothing moves.
    seen_at(1507.0, 60)
    assert (at_rest(desk)[0], resting(desk).amendments) == (1500.0, 1)
    # At 1512 it stands above, and what rests follows it in its usual steps.
    seen_at(1512.0, 120)
    assert at_rest(desk)[0] == 1504.4
    assert "trailed the price to 1504.44" in remedies(put(desk, "1502.00"))["stop_loss_price"]
    assert position(desk).stop_loss_price == D("1500.00")


def test_a_late_fill_of_the_entry_leaves_what_a_person_has_set() -> None:
    desk = TradingDesk()
    desk.exchange.fill_at_most = 7
    desk.exchange.prices = {"INFY": 1500.0}
    intent = submitted(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.queue.messages.clear()
    desk.exchange.match()
    tell(desk)
    assert position(desk).quantity == 7
    put(desk, "1496.00")
    pump(desk)
    found = position(desk)
    assert (found.quantity, found.stop_loss_price, found.target_price) == (20, D("1496.00"), D("1515.00"))
    assert at_rest(desk)[0] == 1496.0
    assert live_sells(desk) == 20


def test_nothing_is_set_while_it_is_being_sold_or_once_it_is() -> None:
    desk = TradingDesk()
    entered(desk)
    desk.exits().begin(position(desk), "STOP", desk.market_time, D("1500"), None)
    assert "being sold already (STOP)" in remedies(put(desk, "1495.00"))["position_id"]
    pump(desk)
    assert "nothing of it is held" in remedies(put(desk, "1495.00"))["position_id"]
    gone = levels(desk).set("main", "nobody", LevelWish(D(1)), OWNER, desk.market_time)
    assert "none of this id" in remedies(gone)["position_id"]
    assert told(desk) == []


def test_a_position_of_another_mode_or_of_restated_shares_waits() -> None:
    desk = TradingDesk()
    entered(desk)
    broken = PriceBreak(day=desk.market_time.date(), kept=D(1500), told=D(740))
    desk.store.write(replace(position(desk).evolve(price_break=broken)))
    assert "say the ratio first" in remedies(put(desk, "1495.00"))["position_id"]
    desk.settings = desk.settings.model_copy(update={"mode": "paper"})
    assert "in mode simulator, and the desk is in mode paper" in remedies(put(desk, "1495.00"))["position_id"]


def test_who_changes_it_and_who_sells_it_at_once_cannot_both_have_it(monkeypatch: Any) -> None:
    """The exit wins between the person's look and his write: he is told, and nothing of his is written."""
    desk = TradingDesk()
    entered(desk)
    write = desk.store.write

    def sold_first(*writes: Any) -> None:
        monkeypatch.setattr(desk.store, "write", write)
        desk.exits().begin(position(desk), "STOP", desk.market_time, D("1500"), None)
        write(*writes)

    monkeypatch.setattr(desk.store, "write", sold_first)
    assert "being sold already" in remedies(put(desk, "1495.00"))["position_id"]
    assert (position(desk).stop_loss_price, told(desk)) == (D("1490.00"), [])


def test_where_the_lane_cannot_be_told_at_once_a_sweep_does_it(monkeypatch: Any) -> None:
    desk = TradingDesk()
    entered(desk)
    protector = desk.protector()
    monkeypatch.setattr(desk, "protector", lambda: protector)

    def busy(*_: Any) -> None:
        raise WriteConflict(())

    monkeypatch.setattr(protector, "keep", busy)
    assert put(desk, "1495.00").was_made
    assert intents(desk, "MODIFY") == []
    monkeypatch.undo()
    keep(desk)
    pump(desk)
    assert at_rest(desk)[0] == 1495.0


def test_a_change_that_the_broker_refuses_is_tried_again_and_the_stop_rests_on() -> None:
    desk = TradingDesk()
    entered(desk)
    desk.exchange.slips = ["refuse"]
    put(desk, "1490.50")
    pump(desk)
    assert at_rest(desk)[0] == 1490.0
    desk.pass_time(30)
    keep(desk)
    pump(desk)
    assert at_rest(desk)[0] == 1490.5


def test_a_persons_wish_does_not_wait_for_what_was_refused_before() -> None:
    desk = TradingDesk()
    entered(desk)
    laid = position(desk)
    waits = laid.protection.model_copy(
        update={"refusals": 3, "retry_at": desk.market_time + timedelta(minutes=5)}
    )
    desk.store.write(replace(laid.evolve(protection=waits)))
    put(desk, "1495.00")
    pump(desk)
    assert at_rest(desk)[0] == 1495.0


@pytest.mark.parametrize("actor", ["token:t1 of asha", "client:claude of asha", "stdio of claude"])
def test_a_program_may_raise_a_stop_and_not_lower_one(actor: str) -> None:
    desk = TradingDesk()
    entered(desk)
    assert put(desk, "1495.00", actor=actor).was_made
    with pytest.raises(OwnerNeeded, match=r"below that of 1495\.00, which raises what INFY may lose"):
        put(desk, "1494.00", actor=actor, beyond_limits=True)
    assert position(desk).stop_loss_price == D("1495.00")
    assert put(desk, target="1530.00", actor=actor).was_made
    assert put(desk, "1494.00").was_made


def test_a_stop_that_risks_more_than_a_trade_may_has_to_be_meant() -> None:
    """Two percent of 300,000 are 6,000: 20 shares of 1,500 lose that much and their charges at 1,200."""
    desk = TradingDesk()
    entered(desk)
    told_so = remedies(put(desk, "1200.00"))["stop_loss_price"]
    assert "loses 60" in told_so
    assert "rupees with its charges, and a trade may lose 6000.00. Say beyond_limits" in told_so
    assert put(desk, "1205.00").was_made
    done = put(desk, "1200.00", beyond_limits=True)
    assert done.was_made
    assert "a trade may lose 6000.00" in done.passed[0]
    assert [event.details["limits_passed"] for event in told(desk)] == [[], list(done.passed)]
    pump(desk)
    assert at_rest(desk)[0] == 1200.0


def test_a_stop_beyond_what_the_day_may_still_lose_has_to_be_meant() -> None:
    desk = TradingDesk()
    entered(desk)
    day = desk.market_time.astimezone(IST).date()
    limit = desk.settings.capital.starting_capital_inr * desk.settings.capital.daily_loss_limit_pct / 100
    lost = limit - 500
    desk.store.write(
        create(AccountDay(account="main", day=day, realised_pnl=-lost, by_mode={desk.settings.mode: -lost}))
    )
    assert load(desk.store, AccountDay, day_key("main", day)) is not None
    told_so = remedies(put(desk, "1470.00"))["stop_loss_price"]
    assert f"and may lose {limit:.2f}" in told_so
    assert put(desk, "1489.00").was_made, "within what is left"


def test_a_lower_stop_and_an_entry_that_is_being_decided_on_do_not_both_take_what_is_left() -> None:
    """Each is written against the state of risk that it has seen."""
    desk = TradingDesk()
    entered(desk)
    before = load(desk.store, RiskState, risk_key("main"))
    put(desk, "1489.00")
    with pytest.raises(WriteConflict):
        desk.store.write(replace(before))
    raised = load(desk.store, RiskState, risk_key("main"))
    put(desk, "1495.00")
    assert load(desk.store, RiskState, risk_key("main")) == raised, "a higher stop adds no risk"


def bought_in_part(price: float = 1500.0) -> TradingDesk:
    """Seven of twenty, bought at 1500; the exchange has not traded the rest yet."""
    desk = TradingDesk()
    desk.exchange.fill_at_most = 7
    desk.exchange.prices = {"INFY": price}
    intent = submitted(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.queue.messages.clear()
    desk.exchange.match()
    tell(desk)
    assert position(desk).quantity == 7
    return desk


def test_what_is_still_being_bought_counts_with_what_is_held() -> None:
    """Seven shares at 1200 lose 2,100, and the twenty that are ordered more than the 6,000 of a trade."""
    desk = bought_in_part()
    told_so = remedies(put(desk, "1200.00"))["stop_loss_price"]
    assert "once the 13 units still on order are bought" in told_so
    assert "a trade may lose 6000.00" in told_so
    assert position(desk).by_hand == ()
    pump(desk)
    assert position(desk).quantity == 20
    assert put(desk, "1210.00").was_made


def test_once_the_entry_has_ended_what_was_held_counts_alone() -> None:
    desk = bought_in_part()
    entry = entry_of(desk)
    assert desk.amendments().cancel(entry, desk.market_time, "enough")
    desk.exchange.fill_at_most = 0
    pump(desk)
    assert entry_of(desk).is_final
    assert position(desk).quantity == 7
    assert put(desk, "1200.00").was_made


def test_the_reservation_of_what_is_still_being_bought_holds_the_risk_of_a_persons_stop() -> None:
    """Whoever decides on another entry meanwhile sees what the rest of this one may lose."""
    desk = bought_in_part()
    (before,) = desk.risk().reservations.values()
    assert put(desk, "1400.00").was_made
    (held,) = desk.risk().reservations.values()
    most = entry_of(desk).limit_price or entry_of(desk).terms.price
    assert held.risk_amount > (most - 1400) * 13 > before.risk_amount
    assert (held.exposure, held.intent_id) == (before.exposure, before.intent_id)
    pump(desk)
    assert desk.risk().reservations == {}
    assert position(desk).stop_loss_price == D("1400.00")


def test_a_reservation_that_the_sweep_makes_anew_holds_the_risk_of_a_persons_stop() -> None:
    desk = bought_in_part()
    assert put(desk, "1400.00").was_made
    desk.store.write(replace(desk.risk().evolve(reservations={})))
    conclusion = Conclusion(desk.store, desk.clock, desk.notifier, desk.metrics)
    assert ReservationSweep(desk.store, conclusion, desk.clock).run("main", desk.market_time) == 1
    assert holds_the_risk_of(desk, 13)


def test_a_fill_of_an_order_without_its_reservation_makes_one_that_holds_it_too() -> None:
    desk = bought_in_part()
    assert put(desk, "1400.00").was_made
    desk.store.write(replace(desk.risk().evolve(reservations={})))
    desk.exchange.match()
    tell(desk)
    assert position(desk).quantity == 14
    assert holds_the_risk_of(desk, 6)


def holds_the_risk_of(desk: TradingDesk, coming: int) -> bool:
    """Whether what is reserved is what so many units may lose at 1400, with charges."""
    (held,) = desk.risk().reservations.values()
    most = entry_of(desk).limit_price or entry_of(desk).terms.price
    return (most - 1400) * coming < held.risk_amount < (most - 1400) * coming + 100


def test_the_day_may_not_lose_more_by_what_is_still_being_bought() -> None:
    desk = bought_in_part()
    day = desk.market_time.astimezone(IST).date()
    limit = desk.settings.capital.starting_capital_inr * desk.settings.capital.daily_loss_limit_pct / 100
    lost = limit - 900
    desk.store.write(
        create(AccountDay(account="main", day=day, realised_pnl=-lost, by_mode={desk.settings.mode: -lost}))
    )
    # Fifty rupees lower: the seven alone lose 350 more, the twenty 1,000.
    told_so = remedies(put(desk, "1440.00"))["stop_loss_price"]
    assert "with every stop hit the day loses" in told_so
    assert "once the 13 units still on order are bought" in told_so


def test_a_raised_stop_that_does_not_go_up_with_dear_fills_is_the_owners_too() -> None:
    """A share's stop keeps its distance as dearer fills come; one that was set stays, and they may lose more.
    A program is told so, and may set it once the order has ended."""
    desk = bought_in_part()
    entry = entry_of(desk)
    dear = entry.evolve(limit_price=D("1507.00"))
    desk.store.write(replace(dear))
    with pytest.raises(OwnerNeeded, match="would stay there while 13 units are still being bought"):
        put(desk, "1490.05", actor="token:t1 of asha")
    assert put(desk, "1490.05").was_made
    assert put(desk, "1499.00", actor="token:t1 of asha").was_made


def test_without_a_price_yet_it_is_held_against_what_was_paid() -> None:
    desk = TradingDesk()
    entered(desk, equity_signal())
    assert "last price of 1500" in remedies(put(desk, "1500.00"))["stop_loss_price"]
