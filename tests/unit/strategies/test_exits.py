"""Exits: what makes a position go, which reason wins, and at which price it is asked to be sold."""

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from patang.market.session_override import SessionOverride
from patang.market.sessions import IST
from patang.portfolio.position import Position
from patang.settings import ExitSettings, Settings
from patang.strategies.direction import Direction, keep_directions, opposes
from patang.strategies.exits import STAY, Outlook, Trail, decide_exit, exit_conditions
from tests.fakes import MemoryStore
from tests.unit.risk.samples import AS_OF, equity_signal, option_signal, position

D = Decimal
OPTION = {"exchange": "NFO", "underlying": "NIFTY", "lot_size": 65, "strategy": "long_options"}


def option(symbol: str = "NIFTY26AUG25000CE", **changes: Any) -> Position:
    return position(symbol, **(OPTION | changes))


def decided(held: Position, price: str, at: datetime = AS_OF, exits: Any = None, **outlook: Any) -> Any:
    settings = Settings(exits=ExitSettings(**(exits or {})))
    seen = Outlook(as_of=at, last_price=D(price), **outlook)
    return decide_exit(held, exit_conditions(held, settings), seen)


def at(day: int, clock: str) -> datetime:
    return datetime.combine(date(2026, 8, day), time.fromisoformat(clock), IST)


@pytest.mark.parametrize(
    ("price", "minutes", "reason"),
    [
        ("99.05", 0, None),
        ("99.00", 0, "STOP"),
        ("80.00", 0, "STOP"),
        ("102.95", 0, None),
        ("103.00", 0, "TARGET"),
        ("100.00", 299, None),
        ("100.00", 300, "TIME"),
        # Out of time and through a level: the level is the reason.
        ("99.00", 300, "STOP"),
        ("103.00", 300, "TARGET"),
    ],
)
def test_stop_then_target_then_time(price, minutes, reason):
    decision = decided(position(), price, AS_OF + timedelta(minutes=minutes))
    assert (decision.should_exit, decision.reason) == (reason is not None, reason)


def test_a_position_without_a_time_never_runs_out_of_it():
    held = position(exit_by=None, product="CNC")
    assert decided(held, "100", AS_OF + timedelta(days=30)) == STAY


@pytest.mark.parametrize(
    ("last", "bid", "price"),
    [
        # One percent below the better-informed of the two, on the tick; without a bid, below the last.
        ("99", "98.90", "96.90"),
        ("98", "98.90", "96.00"),
        ("99", None, "97.00"),
    ],
)
def test_the_price_asked_is_a_band_below_the_bid(last, bid, price):
    decision = decided(position(), last, bid=D(bid) if bid else None)
    assert decision.exit_price == D(price)


def test_an_option_is_asked_for_in_its_own_band():
    assert decided(option(stop_loss_price=60, target_price=90), "99", bid=D("98")).exit_price == D("95.05")


@pytest.mark.parametrize(
    ("held", "clock", "reason"),
    [
        (position(exit_by=None), "15:04", None),
        (position(exit_by=None), "15:05", "SQUARE_OFF"),
        (position(exit_by=None, product="CNC"), "15:29", None),
        (option(exit_by=None), "15:14", None),
        (option(exit_by=None), "15:15", "SQUARE_OFF"),
        (option(exit_by=None, product="NRML"), "15:39", None),
    ],
)
def test_intraday_positions_are_squared_off_by_product_and_market(held, clock, reason):
    assert decided(held, "100", at(18, clock)).reason == reason


def test_square_off_must_come_before_the_brokers():
    with pytest.raises(ValidationError, match=r"square_off_shares 15:10 .* the broker would sell first"):
        ExitSettings(square_off_shares="15:10")


def test_on_a_day_that_ends_early_the_square_off_does_too():
    short = SessionOverride(day=date(2026, 8, 18), reason="half a day", open="09:15", close="13:00")
    settings, held = Settings(sessions=(short,)), position(exit_by=None)
    assert exit_conditions(held, settings).square_off == at(18, "12:50")


def test_an_evening_session_is_squared_off_before_its_own_close():
    evening = SessionOverride(day=date(2026, 8, 18), reason="muhurat", open="18:00", close="19:00")
    settings = Settings(sessions=(evening,))
    assert exit_conditions(position(exit_by=None), settings).square_off == at(18, "18:50")


def test_in_a_year_without_a_calendar_positions_are_still_squared_off():
    entered = datetime(2040, 8, 17, 10, 0, tzinfo=IST)
    held = position(exit_by=None, entry_time=entered)
    assert exit_conditions(held, Settings()).square_off == entered.replace(hour=15, minute=5)


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        # It expires on Tuesday 25 August at 15:40; Monday at that time nobody trades any more.
        (at(21, "15:39"), None),
        (at(24, "15:14"), None),
        (at(24, "15:15"), "EXPIRY"),
        (at(25, "09:15"), "EXPIRY"),
    ],
)
def test_a_carried_option_goes_before_less_than_a_day_is_left(now, reason):
    held = option(product="NRML", exit_by=None, expiry=date(2026, 8, 25))
    assert decided(held, "100", now).reason == reason


@pytest.mark.parametrize("clock", ["09:15", "12:00", "15:39"])
def test_with_less_than_a_day_to_its_expiry_nothing_is_held(clock):
    held = option(product="NRML", exit_by=None, expiry=AS_OF.date() + timedelta(days=1))
    assert decided(held, "100", at(19, clock)).reason == "EXPIRY"


@pytest.mark.parametrize(
    ("price", "trailing", "reason"),
    [("101", "101", "TRAILING_STOP"), ("101.05", "101", None), ("99", "101", "STOP"), ("101", None, None)],
)
def test_a_trailing_stop_sells_at_or_below_itself(price, trailing, reason):
    assert decided(position(), price, trailing_stop=D(trailing) if trailing else None).reason == reason


@given(st.lists(st.integers(1, 2000), min_size=1), st.lists(st.sampled_from([None, "1", "5", "20"])))
def test_a_trailing_stop_is_never_loosened(prices, widths):
    trail = Trail(D(100))
    for index, price in enumerate(prices):
        width = widths[index % len(widths)] if widths else "5"
        after = trail.after(D(price), None if width is None else D(width))
        assert after.high == max(trail.high, price)
        assert trail.stop is None or (after.stop is not None and after.stop >= trail.stop)
        trail = after


def test_suspended_levels_sell_nothing_but_time_does():
    assert decided(position(), "50", by_price=False) == STAY
    late = decided(position(), "50", AS_OF + timedelta(minutes=300), by_price=False)
    assert late.reason == "TIME"


def direction(towards: str, seconds_ago: int) -> Direction:
    return Direction(
        underlying="NIFTY",
        direction="UP" if towards == "UP" else "DOWN",
        as_of=AS_OF - timedelta(seconds=seconds_ago),
        signal_id="s",
    )


@pytest.mark.parametrize(
    ("symbol", "towards", "seconds_ago", "opposed"),
    [
        ("NIFTY26AUG25000CE", "DOWN", 0, True),
        ("NIFTY26AUG25000CE", "UP", 0, False),
        ("NIFTY26AUG25000PE", "UP", 0, True),
        ("NIFTY26AUG25000PE", "DOWN", 0, False),
        ("NIFTY26AUG25000CE", "DOWN", 120, True),
        ("NIFTY26AUG25000CE", "DOWN", 121, False),
        # From before the position, and from after now: another day of a replay.
        ("NIFTY26AUG25000CE", "DOWN", 600, False),
        ("NIFTY26AUG25000CE", "DOWN", -1, False),
    ],
)
def test_the_opposite_opinion_counts_while_it_is_fresh(symbol, towards, seconds_ago, opposed):
    assert opposes(direction(towards, seconds_ago), option(symbol), AS_OF, Settings()) is opposed


def test_a_reversal_sells_only_where_the_setting_is_on():
    assert decided(option(), "100", opposed=True) == STAY
    assert decided(option(), "100", exits={"signal_reversal": True}, opposed=True).reason == "SIGNAL_REVERSAL"


def test_a_cycles_directions_are_those_on_which_it_agrees():
    store = MemoryStore()
    keep_directions(
        store,
        [
            option_signal("NIFTY26AUG24500PE", signal_type="PUT"),
            option_signal("BANKNIFTY26AUG55000CE", underlying="BANKNIFTY"),
            option_signal("BANKNIFTY26AUG54000PE", underlying="BANKNIFTY", signal_type="PUT"),
            equity_signal("TCS", refused=("CONFIDENCE_TOO_LOW",)),
        ],
    )
    kept = [Direction.model_validate(item) for item in store.query("DIRECTIONS")]
    assert [(one.underlying, one.direction) for one in kept] == [("NIFTY", "DOWN")]
