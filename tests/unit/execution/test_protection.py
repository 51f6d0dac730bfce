"""What rests at the broker for a position: laid with the first fill, grown, raised, lifted, turned into the
sell. The exchange counts, at each step, whether more stands to be sold than is held."""

from dataclasses import replace as as_changed
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from patang.execution.guarding.price_breaks import adjust_position
from patang.execution.intent import Slice
from patang.execution.orders.slicing import slices
from patang.execution.protection import rules as protection_rules
from patang.execution.protection.protector import Protector
from patang.execution.protection.rules import MOST_PROTECTIVE_CHANGES
from patang.market.sessions import IST
from patang.portfolio.rebasing import Ratio
from patang.ports import OrderRequest, SliceResult
from patang.records import create, replace
from patang.settings import ExitSettings
from tests.unit.execution.protected import (
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
from tests.unit.execution.samples import MORNING, equity_signal, option_signal
from tests.unit.execution.stages import bought, submitted, tell
from tests.unit.execution.test_guard import marker, ticks
from tests.unit.execution.test_guard_exits import batch
from tests.unit.execution.trading_desk import TradingDesk
from tests.unit.risk.samples import position as held_position

D = Decimal


def carried_signal():
    return equity_signal(holding_period="swing", exit_by=None)


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


def test_the_stop_sells_by_itself_while_the_bot_is_dead() -> None:
    desk = TradingDesk()
    entered(desk)
    desk.exchange.prices = {"INFY": 1489.5}
    desk.exchange.match()
    # Only much later does anybody hear of it, and not in order.
    desk.exchange.frames.reverse()
    pump(desk)
    found = position(desk)
    assert (found.state, found.exit_reason, found.exit_intent_id) == ("CLOSED", "STOP", laid(desk).intent_id)
    assert found.exit_price == D("1489.5")
    assert resting(desk).state == "GONE"
    assert desk.events().count("EXIT_BEGUN") == 1
    assert desk.day().closed_trades == 1
    assert live_sells(desk) == 0


def test_an_exit_turns_the_resting_stop_into_the_sell() -> None:
    desk = TradingDesk()
    held = entered(desk)
    desk.exchange.prices = {"INFY": 1515.0}
    assert desk.exits().begin(held, "TARGET", desk.market_time, D(1515), D("1514.90"))
    pump(desk)
    found = position(desk)
    assert (found.state, found.exit_reason) == ("CLOSED", "TARGET")
    sells = [o for o in desk.exchange.book.values() if o["transaction_type"] == "SELL"]
    assert [(o["order_type"], o["status"]) for o in sells] == [("LIMIT", "COMPLETE")]
    assert intents(desk, "EXIT") == []
    assert len(intents(desk, "MODIFY")) == 1
    assert desk.exchange.oversold == []


def test_a_trigger_is_deleted_before_its_position_is_sold() -> None:
    desk = TradingDesk()
    held = entered(desk, carried_signal())
    assert desk.exits().begin(held, "TIME", desk.market_time, D(1501), D("1500.90"))
    assert [i.kind for i in desk.intents() if i.state == "NEW"] == ["GTT_DELETE"]
    pump(desk)
    assert position(desk).state == "CLOSED"
    assert [gtt.status for gtt in desk.exchange.gtts()] == ["deleted"]
    assert len(intents(desk, "EXIT")) == 1
    assert desk.exchange.oversold == []


def test_until_a_lost_deletion_is_known_nothing_is_sold_beside_the_trigger() -> None:
    desk = TradingDesk()
    held = entered(desk, carried_signal())
    desk.exchange.slips = ["unheard"]
    desk.exits().begin(held, "TIME", desk.market_time, D(1501), D("1500.90"))
    pump(desk)
    assert position(desk).state == "CLOSING"
    assert intents(desk, "EXIT") == []
    desk.clock.advance(5)
    (deletion,) = intents(desk, "GTT_DELETE")
    desk.lane().process({"account": "main", "intent_id": deletion.intent_id})
    pump(desk)
    assert position(desk).state == "CLOSED"
    assert desk.exchange.oversold == []


def test_a_trigger_that_was_reached_while_it_is_deleted_is_the_exit() -> None:
    desk = TradingDesk()
    held = entered(desk, carried_signal())
    desk.exits().begin(held, "TIME", desk.market_time, D(1491), D("1490.90"))
    desk.exchange.prices = {"INFY": 1489.0}
    desk.exchange.match()
    frames = list(desk.exchange.frames)
    desk.exchange.frames.clear()
    (_, _, body), *_ = desk.queue.messages
    desk.queue.messages.clear()
    assert desk.lane().process(body) == "REJECTED"
    assert position(desk).state == "OPEN"
    # The reconciler hears of the trigger's order before, or after, its untagged frames are read as foreign.
    tell(desk, *frames)
    desk.trigger_watch().follow("main", "simulator", desk.exchange, desk.market_time)
    for order in desk.exchange.orders():
        desk.order_updates().apply_order("main", order, "poll")
    pump(desk)
    found = position(desk)
    assert (found.state, found.open_quantity) == ("CLOSED", 0)
    assert intents(desk, "EXIT") == []
    assert desk.exchange.net_quantity("INFY") == 0
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


@pytest.mark.parametrize("slip", ["refuse", "busy", "expired", "lost", "unheard", "late"])
def test_whatever_becomes_of_the_change_the_position_is_sold_once(slip: str) -> None:
    desk = TradingDesk()
    held = entered(desk)
    desk.exchange.slips = [slip]
    assert desk.exits().begin(held, "TIME", desk.market_time, D(1500), D("1499.90"))
    guard = desk.guard()
    for _ in range(30):
        desk.pass_time(3)
        desk.exchange.match()
        for intent in desk.intents():
            if intent.state in ("UNKNOWN", "SENDING"):
                desk.lane().process({"account": "main", "intent_id": intent.intent_id})
        pump(desk)
        at = desk.market_time.replace(hour=15, minute=0)
        if position(desk).state == "OPEN" and (position(desk).exit_blocked_until or at) <= at:
            guard.process([ticks(1500.0, at=at), marker(at)])
        pump(desk)
    assert position(desk).state == "CLOSED"
    assert desk.exchange.net_quantity("INFY") == 0
    assert desk.exchange.oversold == []
    assert desk.day().closed_trades == 1


def test_a_stop_that_fills_while_an_exit_is_begun_is_the_exit() -> None:
    desk = TradingDesk()
    held = entered(desk)
    desk.exchange.prices = {"INFY": 1489.0}
    desk.exchange.match()
    # Nobody has heard of the fill when the guard begins its exit.
    assert desk.exits().begin(held, "STOP", desk.market_time, D(1489), D("1488.90"))
    frames = list(desk.exchange.frames)
    desk.exchange.frames.clear()
    (_, _, body), *_ = desk.queue.messages
    desk.queue.messages.clear()
    assert desk.lane().process(body) == "REJECTED"
    tell(desk, *frames)
    pump(desk)
    assert position(desk).state == "CLOSED"
    assert desk.exchange.net_quantity("INFY") == 0
    assert "exit_failed" not in desk.metrics.counts


def test_a_stop_that_its_owner_cancelled_is_laid_again_and_an_exit_meanwhile_goes_on() -> None:
    desk = TradingDesk()
    held = entered(desk)
    desk.exchange.cancel("regular", laid(desk).broker_order_id or "")
    assert desk.exits().begin(held, "TIME", desk.market_time, D(1500), D("1499.90"))
    for _ in range(4):
        pump(desk)
        desk.pass_time(5)
        keep(desk)
    if position(desk).state == "OPEN":
        desk.exits().begin(position(desk), "TIME", desk.market_time, D(1500), D("1499.90"))
        pump(desk)
    assert position(desk).state == "CLOSED"
    assert desk.exchange.oversold == []


def test_an_exit_before_the_stop_has_left_sends_no_stop() -> None:
    desk = TradingDesk()
    desk.exchange.prices = {"INFY": 1500.0}
    submitted(desk)
    (_, _, body), *_ = desk.queue.messages
    desk.queue.messages.clear()
    desk.lane().process(body)
    desk.exchange.match()
    tell(desk)
    assert resting(desk).state == "LAYING"
    assert desk.exits().begin(position(desk), "STOP", desk.market_time, D(1489))
    pump(desk)
    assert [i.state for i in intents(desk, "PROTECT")] == ["DROPPED"]
    assert position(desk).state == "CLOSED"


@pytest.mark.parametrize("mishap", ["lost", "unheard", "late", "refuse"])
def test_an_exit_waits_for_a_stop_of_which_nobody_knows(mishap: str) -> None:
    desk = TradingDesk()
    desk.exchange.prices = {"INFY": 1500.0}
    desk.exchange.mishaps = ["", mishap]
    submitted(desk)
    (_, _, body), *_ = desk.queue.messages
    desk.queue.messages.clear()
    desk.lane().process(body)
    desk.exchange.match()
    tell(desk)
    (_, _, stop), *_ = desk.queue.messages
    desk.queue.messages.clear()
    state = desk.lane().process(stop)
    desk.queue.messages.clear()
    assert state == ("REJECTED" if mishap == "refuse" else "UNKNOWN")
    desk.exchange.frames.clear()
    assert desk.exits().begin(position(desk), "TIME", desk.market_time, D(1500), D("1499.90"))
    for _ in range(15):
        desk.pass_time(3)
        desk.exchange.match()
        desk.exchange.frames.clear()
        desk.lane().process(stop)
        pump(desk)
    assert position(desk).state == "CLOSED"
    assert desk.exchange.net_quantity("INFY") == 0
    assert desk.exchange.oversold == []


def test_a_stop_that_rests_at_the_broker_sells_before_the_guard_does() -> None:
    desk = TradingDesk()
    entered(desk)
    guard = desk.guard()
    desk.pass_time(5)
    assert guard.process([ticks(1489.0, at=desk.market_time)]) == 0
    # The exchange has not matched it, or nobody has told: then the guard sells after all.
    desk.pass_time(2)
    assert guard.process([ticks(1489.0, at=desk.market_time)]) == 0
    desk.pass_time(1)
    assert guard.process([ticks(1489.0, at=desk.market_time)]) == 1
    assert [i.changes and i.changes["order_type"] for i in intents(desk, "MODIFY")] == ["LIMIT"]


def test_what_nothing_at_the_broker_waits_for_the_guard_sells_at_once() -> None:
    desk = TradingDesk()
    entered(desk)
    desk.pass_time(5)
    assert desk.guard().process([ticks(1515.0, at=desk.market_time)]) == 1


YESTERDAY = datetime(2026, 8, 17, 15, 10, tzinfo=IST)
OPEN = MORNING.replace(hour=9, minute=16)


def carried_over(desk: TradingDesk) -> None:
    """A share bought yesterday at 1500, with a trigger at 1490 and 1600, marked near its close."""
    desk.market_time = desk.clock.moment = YESTERDAY
    desk.exchange.prices = {"INFY": 1520.0}
    desk.exchange.carried[("NSE", "INFY", "CNC")] = 21
    held = held_position(
        "INFY",
        mode="simulator",
        product="CNC",
        exit_by=None,
        entry_time=YESTERDAY,
        entry_price=D(1500),
        stop_loss_price=D(1490),
        target_price=D(1600),
        quantity=21,
    )
    desk.store.write(create(held))
    desk.guard().process([batch(1520.0, when=YESTERDAY + timedelta(minutes=4))])
    desk.market_time += timedelta(minutes=4)
    keep(desk)
    pump(desk)
    assert resting(desk).state == "RESTING"
    desk.market_time = desk.clock.moment = OPEN


def test_a_split_takes_its_trigger_along() -> None:
    desk = TradingDesk()
    carried_over(desk)
    guard = desk.guard()
    guard.process([batch(760.0, when=OPEN, close=760.0)])
    desk.exchange.prices = {"INFY": 760.0}
    desk.pass_time(16)
    keep(desk)
    pump(desk)
    (gtt,) = [gtt for gtt in desk.exchange.gtts() if gtt.status == "active"]
    assert {leg.quantity for leg in gtt.request.legs} == {42}
    assert [D(value) for value in gtt.request.trigger_values] == [D(745), D(800)]


def test_while_nobody_knows_the_ratio_no_trigger_sells_and_then_it_is_laid_again() -> None:
    desk = TradingDesk()
    carried_over(desk)
    guard = desk.guard()
    guard.process([batch(1292.0, when=OPEN, close=1292.0)])
    assert position(desk).price_exits_suspended
    keep(desk)
    pump(desk)
    assert [gtt.status for gtt in desk.exchange.gtts()] == ["deleted"]
    adjust_position(desk.store, desk.clock, "main", position(desk).position_id, Ratio(17, 20), OPEN, "owner")
    desk.exchange.prices = {"INFY": 1292.0}
    keep(desk)
    pump(desk)
    (gtt,) = [gtt for gtt in desk.exchange.gtts() if gtt.status == "active"]
    assert {leg.quantity for leg in gtt.request.legs} == {24}


@pytest.mark.parametrize("close", [760.0, 1292.0])
def test_a_trigger_that_met_the_restated_price_first_does_not_sell_the_new_shares(close: float) -> None:
    desk = TradingDesk()
    carried_over(desk)
    # At the open the broker's trigger is reached by a price of other shares; its limit is far above them.
    desk.exchange.prices = {"INFY": close}
    desk.exchange.match()
    tell(desk)
    assert (position(desk).state, position(desk).exit_reason) == ("CLOSING", "STOP")
    guard = desk.guard()
    for second in range(0, 40, 5):
        at = OPEN + timedelta(seconds=second)
        desk.market_time = desk.clock.moment = at
        guard.process([batch(close, when=at, close=close), marker(at)])
        pump(desk)
    found = position(desk)
    assert (found.state, found.exited_quantity) == ("OPEN", 0)
    assert [o["status"] for o in desk.exchange.book.values()] == ["CANCELLED"]
    active = [gtt for gtt in desk.exchange.gtts() if gtt.status == "active"]
    assert len(active) == (1 if close == 760.0 else 0)
    assert found.price_exits_suspended == (close != 760.0)


def cut(desk: TradingDesk) -> None:
    """As if the broker had cut the resting stop of 130 units into two orders of one tag."""
    stop = laid(desk)
    (order,) = [o for o in desk.exchange.book.values() if o["tag"] == stop.intent_id]
    order["quantity"] = 65
    other = order | {"order_id": order["order_id"] + "9"}
    desk.exchange.book[other["order_id"]] = other
    slices = tuple(
        Slice(broker_order_id=o["order_id"], status="TRIGGER PENDING", quantity=65) for o in (order, other)
    )
    terms = stop.terms.model_copy(update={"autoslice": True})
    desk.store.write(replace(stop.evolve(slices=slices, terms=terms, all_named=True)))


def test_a_stop_that_was_cut_is_cancelled_whole_before_its_position_is_sold() -> None:
    desk = TradingDesk()
    held = entered(desk, option_signal(), 130)
    cut(desk)
    assert desk.exits().begin(held, "TIME", desk.market_time, D(100), D("99.8"))
    assert [i.kind for i in desk.intents() if i.state == "NEW"] == ["CANCEL", "CANCEL"]
    pump(desk)
    found = position(desk)
    assert (found.state, found.exit_reason, live_sells(desk)) == ("CLOSED", "TIME", 0)
    assert [i.terms.quantity for i in intents(desk, "EXIT")] == [130]
    assert desk.exchange.oversold == []


def test_a_stop_that_was_cut_is_laid_anew_where_it_has_to_change() -> None:
    desk = TradingDesk()
    entered(desk, option_signal(), 130)
    cut(desk)
    desk.pass_time(20)
    desk.exchange.prices = {"NIFTY26AUG25000CE": 110.0}
    mark(desk, 110.0, trailing="100")
    keep(desk)
    pump(desk)
    assert (resting(desk).state, resting(desk).number, resting(desk).trigger_price) == ("RESTING", 2, D(100))
    assert live_sells(desk) == 130
    assert desk.exchange.oversold == []


@pytest.mark.parametrize("relaid", [True, False])
def test_an_exit_that_turns_up_late_sells_nothing_beside_what_rests_again(relaid: bool) -> None:
    desk = TradingDesk()
    held = entered(desk)
    desk.exchange.cancel("regular", laid(desk).broker_order_id or "")
    tell(desk)
    desk.queue.messages.clear()
    # Its stop was cancelled by hand and is not laid again yet: the exit is an order of its own, and is lost.
    desk.exchange.mishaps = ["lost"]
    assert desk.exits().begin(position(desk), "TIME", desk.market_time, D(1520), D("1519.90"))
    (lost,) = intents(desk, "EXIT")
    body = {"account": "main", "intent_id": lost.intent_id}
    desk.queue.messages.clear()
    desk.lane().process(body)
    desk.pass_time(31)
    assert desk.lane().process(body) == "REJECTED"
    if relaid:
        pump(desk)
        assert resting(desk).state == "RESTING"
    else:
        assert resting(desk).state == "LAYING"
        desk.queue.messages.clear()
    late = desk.exchange.orders()[0].raw | {
        "order_id": "260818000099",
        "tag": lost.intent_id,
        "transaction_type": "SELL",
        "status": "OPEN",
        "filled_quantity": 0,
        "quantity": held.quantity,
    }
    tell(desk, late)
    cancels = [i for i in intents(desk, "CANCEL") if i.target_intent_id == lost.intent_id]
    assert len(cancels) == (1 if relaid else 0)
    assert desk.metrics.counts.get("stray_exit", 0) == (1 if relaid else 0)
    assert position(desk).state == ("OPEN" if relaid else "CLOSING")
    assert laid(desk).state == ("ACKED" if relaid else "DROPPED")


def cutting(desk: TradingDesk) -> None:
    """The exchange takes 1,755 units of NIFTY in one order, and the broker cuts what is more."""

    def place_sliced(request: OrderRequest) -> tuple[SliceResult, ...]:
        parts = slices(request.quantity, 65, 1800)
        return tuple(SliceResult(desk.exchange.place(as_changed(request, quantity=n))) for n in parts)

    desk.exchange.place_sliced = place_sliced  # type: ignore[attr-defined]


def lowered(monkeypatch: pytest.MonkeyPatch, quantity: int) -> None:
    """The exchange has lowered what it takes in one order."""
    monkeypatch.setattr(protection_rules, "freeze_quantity", lambda *_: quantity)


@pytest.mark.parametrize("holding_period", ["intraday", "swing"])
def test_above_the_freeze_quantity_a_stop_for_the_day_is_cut_by_the_broker(holding_period: str) -> None:
    desk = TradingDesk()
    cutting(desk)
    exit_by = None if holding_period == "swing" else equity_signal().exit_by
    bought(desk, option_signal(holding_period=holding_period, exit_by=exit_by), 65 * 60)
    desk.lane().process({"account": "main", "intent_id": resting(desk).intent_id})
    pump(desk)
    stops = [o for o in desk.exchange.book.values() if o["transaction_type"] == "SELL"]
    assert [o["quantity"] for o in stops] == [1755, 1755, 390]
    assert {(o["order_type"], o["status"]) for o in stops} == {("SL", "TRIGGER PENDING")}
    assert desk.exchange.gtts() == []
    assert (resting(desk).kind, resting(desk).state, live_sells(desk)) == ("SL", "RESTING", 65 * 60)
    seen(desk, 59.0)
    pump(desk)
    assert (position(desk).state, live_sells(desk), desk.exchange.oversold) == ("CLOSED", 0, [])


def test_a_trigger_that_has_become_more_than_one_order_may_have_gives_way_to_a_cut_stop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    desk = TradingDesk()
    cutting(desk)
    entered(desk, option_signal(holding_period="swing", exit_by=None), 65 * 27)
    assert resting(desk).kind == "GTT"
    lowered(monkeypatch, 1300)
    keep(desk)
    pump(desk)
    assert [gtt.status for gtt in desk.exchange.gtts()] == ["deleted"]
    assert (resting(desk).kind, resting(desk).state, live_sells(desk)) == ("SL", "RESTING", 65 * 27)
    assert laid(desk).terms.autoslice
    assert desk.exchange.oversold == []


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
