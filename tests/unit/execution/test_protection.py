"""What rests at the broker for a position: laid with the first fill, grown, raised, lifted, turned into the
sell. The exchange counts, at each step, whether more stands to be sold than is held."""

from dataclasses import replace as as_changed
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from patang.execution.protection.protector import Protector
from patang.execution.protection.rules import MOST_PROTECTIVE_CHANGES
from patang.ports import WriteConflict
from patang.records import create, replace
from patang.settings import ExitSettings
from tests.unit.execution.protected import (
    carried_signal,
    entered,
    intents,
    keep,
    laid,
    live_sells,
    mark,
    position,
    pump,
    resting,
    seen,
)
from tests.unit.execution.samples import option_signal
from tests.unit.execution.stages import submitted, tell
from tests.unit.execution.test_guard import marker, ticks
from tests.unit.execution.trading_desk import TradingDesk

D = Decimal


def test_with_the_first_fill_a_stop_with_a_limit_rests_for_intraday_shares() -> None:
    desk = TradingDesk()
    entered(desk)
    (order,) = [o for o in desk.exchange.book.values() if o["transaction_type"] == "SELL"]
    assert (order["order_type"], order["status"], order["quantity"]) == ("SL", "TRIGGER PENDING", 20)
    assert order["trigger_price"] == 1490.0
    # Half a percent, the market protection above 500 rupees, and on the tick.
    assert order["price"] == 1482.55
    found = resting(desk)
    assert (found.kind, found.state, found.quantity) == ("SL", "RESTING", 20)
    assert order["tag"] == found.intent_id
    assert desk.exchange.oversold == []


def test_an_intraday_options_stop_is_no_stop_at_market() -> None:
    desk = TradingDesk()
    entered(desk, option_signal(), 65)
    (order,) = [o for o in desk.exchange.book.values() if o["transaction_type"] == "SELL"]
    assert (order["order_type"], order["trigger_price"], order["price"]) == ("SL", 60.0, 58.2)


@pytest.mark.parametrize("kind", ["share", "option"])
def test_what_may_be_carried_gets_one_trigger_of_stop_and_target(kind: str) -> None:
    desk = TradingDesk()
    signal = carried_signal() if kind == "share" else option_signal(holding_period="swing", exit_by=None)
    entered(desk, signal, 20 if kind == "share" else 65)
    (gtt,) = desk.exchange.gtts()
    assert gtt.request.kind == "two-leg"
    found = position(desk)
    assert found.product == ("CNC" if kind == "share" else "NRML")
    triggers = tuple(D(value) for value in gtt.request.trigger_values)
    assert triggers == (found.stop_loss_price, found.target_price)
    assert all(D(leg.price) < trigger for leg, trigger in zip(gtt.request.legs, triggers, strict=True))
    # Never a live target beside a live stop.
    assert [o for o in desk.exchange.book.values() if o["transaction_type"] == "SELL"] == []
    assert (resting(desk).kind, resting(desk).state, resting(desk).gtt_id) == ("GTT", "RESTING", gtt.gtt_id)


def test_protection_grows_with_each_fill_and_is_one_order() -> None:
    desk = TradingDesk()
    desk.exchange.fill_at_most = 7
    quantities = []
    desk.exchange.prices = {"INFY": 1500.0}
    submitted(desk)
    for _ in range(8):
        for _, _, body in list(desk.queue.messages):
            desk.lane().process(body)
        desk.queue.messages.clear()
        desk.exchange.match()
        tell(desk)
        quantities.append(live_sells(desk))
    assert quantities[-1] == 20
    assert sorted(quantities) == quantities
    assert len([o for o in desk.exchange.book.values() if o["transaction_type"] == "SELL"]) == 1
    assert desk.exchange.oversold == []
    assert resting(desk).quantity == position(desk).open_quantity == 20


def test_a_triggers_quantity_grows_with_the_fills_too() -> None:
    desk = TradingDesk()
    desk.exchange.fill_at_most = 7
    entered(desk, carried_signal())
    pump(desk)
    (gtt,) = desk.exchange.gtts()
    assert {leg.quantity for leg in gtt.request.legs} == {20}
    assert desk.exchange.oversold == []


@pytest.mark.parametrize(("price", "reason"), [(1489.0, "STOP"), (1516.0, "TARGET")])
@pytest.mark.parametrize("names_its_trigger", [True, False])
def test_the_order_of_a_trigger_is_followed_though_it_has_no_tag(
    price: float, reason: str, names_its_trigger: bool
) -> None:
    desk = TradingDesk()
    entered(desk, carried_signal())
    desk.exchange.names_triggers = names_its_trigger
    desk.exchange.prices = {"INFY": price}
    desk.exchange.match()
    tell(desk)
    assert (position(desk).state == "CLOSED") == names_its_trigger
    desk.trigger_watch().follow("main", "simulator", desk.exchange, desk.market_time)
    for order in desk.exchange.orders():
        desk.order_updates().apply_order("main", order, "poll")
    found = position(desk)
    assert (found.state, found.exit_reason) == ("CLOSED", reason)
    assert desk.events().count("EXIT_BEGUN") == 1
    assert desk.day().closed_trades == 1


def test_a_trigger_that_somebody_took_away_is_laid_again_with_an_alarm() -> None:
    desk = TradingDesk()
    entered(desk, carried_signal())
    (gtt,) = desk.exchange.gtts()
    desk.exchange.delete_gtt(gtt.gtt_id)
    assert desk.trigger_watch().follow("main", "simulator", desk.exchange, desk.market_time) == 1
    pump(desk)
    assert [gtt.status for gtt in desk.exchange.gtts()] == ["deleted", "active"]
    assert desk.metrics.counts["protection_lost"] == 1
    assert "PROTECTION_LOST" in desk.events()


def test_where_triggers_are_refused_a_stop_for_the_day_takes_their_place_and_is_laid_each_morning() -> None:
    desk = TradingDesk()
    desk.exchange.no_triggers = True
    entered(desk, carried_signal())
    assert (resting(desk).kind, resting(desk).state) == ("SL", "RESTING")
    assert desk.metrics.counts["protection_refused"] == 1
    first = laid(desk)
    desk.exchange.end_day()
    desk.exchange.frames.clear()
    desk.clock.moment += timedelta(days=1)
    # Before the open nothing is laid.
    desk.market_time = desk.market_time.replace(hour=9, minute=14) + timedelta(days=1)
    keep(desk)
    assert desk.queue.messages == []
    desk.market_time = desk.market_time.replace(minute=15)
    keep(desk)
    pump(desk)
    again = laid(desk)
    assert again.intent_id != first.intent_id
    assert (resting(desk).kind, resting(desk).state, resting(desk).laid_on) == (
        "SL",
        "RESTING",
        desk.market_time.date(),
    )
    assert live_sells(desk) == 20
    assert position(desk).state == "OPEN"


def test_a_carried_trigger_is_not_laid_twice_the_next_morning() -> None:
    desk = TradingDesk()
    entered(desk, carried_signal())
    desk.exchange.end_day()
    desk.clock.moment += timedelta(days=1)
    desk.market_time = desk.market_time.replace(hour=9, minute=15) + timedelta(days=1)
    desk.trigger_watch().follow("main", "simulator", desk.exchange, desk.market_time)
    keep(desk)
    pump(desk)
    assert len(desk.exchange.gtts()) == 1


def test_a_stop_whose_limit_was_jumped_follows_the_price_until_flat_and_calls_once() -> None:
    desk = TradingDesk()
    entered(desk)
    guard = desk.guard()
    seen(desk, 1470.0)
    tell(desk)
    assert (position(desk).state, position(desk).exit_reason) == ("CLOSING", "STOP")
    assert laid(desk).broker_status == "OPEN"
    for price in (1469.0, 1466.0, 1463.0):
        desk.pass_time(6)
        desk.exchange.prices = {"INFY": price - 20}
        guard.process([ticks(price, at=desk.market_time), marker(desk.market_time)])
        pump(desk)
    assert desk.metrics.counts["stop_jumped"] == 1
    assert desk.metrics.counts["exits_repriced"] >= 2
    assert position(desk).state == "CLOSING"
    desk.exchange.prices = {"INFY": 1463.0}
    pump(desk)
    assert position(desk).state == "CLOSED"
    assert len([o for o in desk.exchange.book.values() if o["transaction_type"] == "SELL"]) == 1


def test_a_trailing_stop_raises_what_rests_in_steps_and_not_on_every_tick() -> None:
    desk = TradingDesk(exits=ExitSettings(trailing_stop_shares_pct="0.5"))
    entered(desk)
    desk.exchange.prices = {"INFY": 1512.0}
    changed = []
    for second in range(60):
        desk.pass_time(1)
        mark(desk, 1512.0 + second, trailing=str(D("1504.40") + second))
        desk.exchange.prices = {"INFY": 1512.0 + second}
        keep(desk)
        pump(desk)
        changed.append(resting(desk).trigger_price)
    assert changed[-1] > 1550
    assert changed == sorted(changed)
    assert len(intents(desk, "MODIFY")) == 4
    order = next(o for o in desk.exchange.book.values() if o["transaction_type"] == "SELL")
    assert D(str(order["trigger_price"])) == resting(desk).trigger_price
    assert order["price"] < order["trigger_price"]
    desk.exchange.prices = {"INFY": 1540.0}
    desk.exchange.match()
    pump(desk)
    assert position(desk).exit_reason == "TRAILING_STOP"


def test_past_its_modifications_a_stop_is_cancelled_and_placed_anew() -> None:
    desk = TradingDesk()
    entered(desk)
    first = laid(desk)
    desk.store.write(replace(first.evolve(modifications=MOST_PROTECTIVE_CHANGES)))
    desk.pass_time(20)
    desk.exchange.prices = {"INFY": 1510.0}
    mark(desk, 1510.0, trailing="1500")
    keep(desk)
    pump(desk)
    sells = [o for o in desk.exchange.book.values() if o["transaction_type"] == "SELL"]
    assert [o["status"] for o in sells] == ["CANCELLED", "TRIGGER PENDING"]
    assert sells[1]["trigger_price"] == 1500.0
    assert (resting(desk).number, resting(desk).state) == (2, "RESTING")
    assert desk.exchange.oversold == []


def test_protection_that_is_refused_alarms_and_is_tried_again_but_not_at_once() -> None:
    desk = TradingDesk()
    desk.exchange.mishaps = ["", "refuse", ""]
    entered(desk)
    assert resting(desk).state == "GONE"
    keep(desk)
    assert desk.queue.messages == []
    desk.pass_time(11)
    keep(desk)
    pump(desk)
    assert resting(desk).state == "RESTING"


def test_a_position_that_stays_bare_alarms() -> None:
    desk = TradingDesk()
    desk.exchange.mishaps = ["", *["refuse"] * 20]
    entered(desk)
    protector = desk.protector()
    for _ in range(12):
        desk.pass_time(10)
        protector.sweep(desk.positions(), desk.market_time)
        pump(desk)
    assert desk.metrics.counts["unprotected_position"] >= 1


def test_a_position_that_others_keep_changing_does_not_keep_the_sweep_from_the_next_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = TradingDesk()
    held = entered(desk)
    busy, kept = held.evolve(position_id="busy"), []

    def keep_one(self: Protector, account: str, position_id: str, as_of: datetime) -> None:
        if position_id == "busy":
            raise WriteConflict([])
        kept.append(position_id)

    monkeypatch.setattr(Protector, "keep", keep_one)
    desk.protector().sweep([busy, held], desk.market_time)
    assert kept == [held.position_id]
    assert desk.metrics.counts["protection_postponed"] == 1


def test_the_sweep_lays_what_a_dead_process_did_not(monkeypatch: pytest.MonkeyPatch) -> None:
    desk = TradingDesk()
    with monkeypatch.context() as dead:
        dead.setattr(Protector, "follow", lambda *_: None)
        entered(desk)
    assert position(desk).protection is None
    assert desk.protector().sweep(desk.positions(), desk.market_time) == 1
    assert resting(desk).state == "LAYING"
    pump(desk)
    assert desk.protector().sweep(desk.positions(), desk.market_time) == 0
    assert live_sells(desk) == 20


def test_the_order_that_follows_a_refused_stop_is_the_one_that_the_position_names() -> None:
    desk = TradingDesk()
    entered(desk)
    stop = laid(desk)
    following = stop.evolve(intent_id=stop.intent_id[:-1] + "X", state="NEW", broker_order_id=None)
    named = resting(desk).model_copy(update={"intent_id": following.intent_id})
    desk.exchange.book[stop.broker_order_id or ""]["status"] = "REJECTED"
    desk.store.write(
        create(following.evolve(revision=0)),
        replace(position(desk).evolve(protection=named)),
        replace(stop.evolve(state="REJECTED")),
    )
    desk.lane().process({"account": "main", "intent_id": following.intent_id})
    tell(desk)
    assert laid(desk).broker_order_id not in (None, stop.broker_order_id)
    assert resting(desk).broker_order_id == laid(desk).broker_order_id
    assert resting(desk).state == "RESTING"


@pytest.mark.parametrize("told", ["no word", "refused"])
def test_a_trigger_without_a_word_of_its_order_is_not_taken_for_lost(told: str) -> None:
    """Reached, its order not named yet: sold beside it, the position would be sold twice."""
    desk = TradingDesk()
    entered(desk, carried_signal())
    (gtt,) = desk.exchange.gtts()
    failed = {"order_result": {"status": "failed", "order_id": "", "rejection_reason": "no"}}
    result = None if told == "no word" else failed
    reached = as_changed(
        gtt,
        status="triggered",
        updated_at=desk.market_time,
        raw={"orders": [{"result": result}, {"result": None}]},
    )
    desk.exchange.triggers[gtt.gtt_id] = reached
    desk.trigger_watch().follow("main", "simulator", desk.exchange, desk.market_time)
    waits = told == "no word"
    assert desk.metrics.counts.get("protection_lost", 0) == (0 if waits else 1)
    desk.pass_time(31)
    desk.trigger_watch().follow("main", "simulator", desk.exchange, desk.market_time)
    assert desk.metrics.counts["protection_lost"] == 1


def test_a_trigger_that_the_brokers_list_does_not_have_yet_is_not_laid_twice() -> None:
    desk = TradingDesk()
    entered(desk, carried_signal())
    whole, desk.exchange.triggers = desk.exchange.triggers, {}
    desk.trigger_watch().follow("main", "simulator", desk.exchange, desk.market_time)
    desk.exchange.triggers = whole
    pump(desk)
    assert [gtt.status for gtt in desk.exchange.gtts()] == ["active"]
    desk.pass_time(31)
    desk.exchange.triggers = {}
    assert desk.trigger_watch().follow("main", "simulator", desk.exchange, desk.market_time) == 1
    pump(desk)
    assert desk.metrics.counts["protection_lost"] == 1
    assert [gtt.status for gtt in desk.exchange.gtts()] == ["active"]
