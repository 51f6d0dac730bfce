"""The clock of variance: options gain nothing from the hour at which they are bought, nor from a night."""

from datetime import date, datetime, timedelta
from functools import cache

import numpy as np
import pytest
from numpy.polynomial.hermite_e import hermeval

from patang.backtest.history import History, SymbolHistory
from patang.backtest.premiums.clock import VarianceClock
from patang.backtest.premiums.listing import listed_option
from patang.backtest.premiums.modelled import ModelledPremiums
from patang.backtest.premiums.surface import Surface, shipped_surface
from patang.backtest.unlisted import research_instrument
from patang.market.bar_hours import day_hours, expected_starts
from patang.market.contract_terms import expiries
from patang.market.greeks import RISK_FREE_RATE
from patang.market.sessions import IST, expiry_moment
from patang.settings import Settings
from patang_workbench.research.synthetic import last_sessions

CLOCK = shipped_surface().clock
# A clock like any other: sessions, nights and days without trading alike, an hour an hour.
CALENDAR = VarianceClock(session=375 / 1440, closed_day=1 - 1e-12, shape=(1.0,))
LEVEL = 0.15
HELD = 120


def _at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=IST)


EXPIRY = _at("2026-07-28T15:30")


def _left(text: str, clock: VarianceClock = CLOCK) -> float:
    return float(clock.left(EXPIRY, _at(text).timestamp()))


def test_an_ordinary_week_is_seven_days() -> None:
    assert _left("2026-07-21T15:30") == pytest.approx(7)
    assert _left("2026-07-28T15:30") == 0
    assert _left("2026-07-28T15:31") < 0


def test_a_session_takes_its_share_and_a_day_without_trading_hardly_any() -> None:
    session = _left("2026-07-23T09:15") - _left("2026-07-23T15:30")
    night = _left("2026-07-23T15:30") - _left("2026-07-24T09:15")
    weekend = _left("2026-07-24T15:30") - _left("2026-07-27T09:15")
    assert session / (session + night) == pytest.approx(CLOCK.session)
    assert weekend - night == pytest.approx(2 * CLOCK.closed_day * (session + night))
    # 26 June 2026 is a Friday and a holiday.
    assert day_hours(date(2026, 6, 26), "derivatives") is None
    long_weekend = _left("2026-06-25T15:30") - _left("2026-06-29T09:15")
    assert long_weekend - night == pytest.approx(3 * CLOCK.closed_day * (session + night))


def test_a_session_runs_as_fast_as_it_is_loud() -> None:
    quarters = [_at("2026-07-23T09:15") + timedelta(minutes=15 * n) for n in range(26)]
    left = CLOCK.left(EXPIRY, [moment.timestamp() for moment in quarters])
    shares = -np.diff(left) / (left[0] - left[-1])
    assert shares == pytest.approx(np.array(CLOCK.shape) / sum(CLOCK.shape))
    # The first quarter of an hour is loudest, noon is quiet, the last hour is loud again.
    assert shares[0] > 3 * shares[12]
    assert shares[-4:].mean() > 1.4 * shares[10:14].mean()


def test_the_calendar_is_a_clock_too() -> None:
    moments = np.linspace(_at("2026-05-04T09:15").timestamp(), EXPIRY.timestamp(), 500)
    assert CALENDAR.left(EXPIRY, moments) == pytest.approx((EXPIRY.timestamp() - moments) / 86_400, abs=1e-6)


def test_a_moment_has_the_same_time_left_whatever_is_asked_with_it() -> None:
    moments = _at("2026-07-20T11:07").timestamp() + np.arange(5) * 60
    earlier = np.concatenate(([_at("2025-09-01T10:00").timestamp()], moments))
    np.testing.assert_array_equal(CLOCK.left(EXPIRY, earlier)[1:], CLOCK.left(EXPIRY, moments))


@pytest.mark.parametrize("expiry", [date(2025, 10, 21), date(2031, 12, 30)])
def test_time_is_left_until_any_expiry(expiry: date) -> None:
    """An hour of muhurat trading is no session, and the holidays of 2031 are not announced."""
    end = expiry_moment(expiry)
    left = CLOCK.left(end, [(end - timedelta(minutes=n)).timestamp() for n in range(60 * 24 * 20)])
    assert left[0] == 0
    assert (np.diff(left) > 0).all()


def _held(**changes: object) -> Surface:
    """The shipped surface, its level held at that of the simulated index."""
    held = {"level_slope": 0.0, "level_constant": float(np.log(LEVEL))}
    return shipped_surface().model_copy(update=held | changes)


def _driftless(variance: float, sessions: int, seed: int = 5) -> History:
    """An index whose log return has `variance` a year of the clock, and nothing expected."""
    days = last_sessions(sessions, date(2026, 6, 30))
    hours = [day_hours(day, "index") for day in days]
    starts = np.concatenate([expected_starts(d, h, 60) for d, h in zip(days, hours, strict=True) if h])
    end = expiry_moment(days[-1]) + timedelta(hours=1)
    spent = -np.diff(CLOCK.left(end, np.append(starts, starts[-1] + 60))) * variance / 365
    steps = np.random.default_rng(seed).normal(0, np.sqrt(spent))
    closes = 20_000 * np.exp(np.cumsum(steps - spent / 2))
    # A bar opens where the next moment's return has not been made yet: a night is within the bar before it.
    opens = np.append(20_000, closes[:-1])
    unknown = np.full((len(starts), 1), np.nan)
    index = research_instrument("NIFTY", "index", days[-1], 20_000)
    edges = np.maximum(opens, closes), np.minimum(opens, closes)
    prices = (opens, *edges, closes, np.zeros(len(starts)))
    return History("driftless", [SymbolHistory(index, starts, *prices, unknown, unknown, unknown)], {})


def _gained(history: History, surface: Surface, variance: float, clock: str) -> tuple[float, float]:
    """Percent that a call and a put at the money gain from `clock` on in two hours: mean, standard error.

    Nearly all that a straddle gains or loses is in how far the index went, whose distribution is known here:
    what it went by chance is taken off.
    """
    bars, premiums = history.symbols[0], ModelledPremiums(history, Settings(), surface)
    rows = []
    for day in history.sessions[:-1]:
        bought = _at(f"{day}T{clock}")
        last = bought + timedelta(minutes=HELD - 1)
        first = int(np.searchsorted(bars.starts, bought.timestamp()))
        expiry = next(e for e in expiries("NIFTY", day, 2) if (e - day).days >= 2)
        strike = round(bars.open[first] / 50) * 50
        sides = [listed_option("NIFTY", expiry, strike, kind) for kind in ("CE", "PE")]
        paid = sum(float(premiums.bars(side, bought, bought).open[0]) for side in sides)
        got = sum(float(premiums.bars(side, last, last).close[0]) for side in sides)
        left = CLOCK.left(expiry_moment(expiry), bought.timestamp() + 60 * np.array([0, HELD]))
        spent, total = np.array([left[0] - left[1], left[0]]) * variance / 365
        normal = (np.log(bars.close[first + HELD - 1] / bars.open[first]) + spent / 2) / np.sqrt(spent)
        off = np.log(strike / bars.open[first]) / np.sqrt(total)
        rows.append((100 * (got / paid - 1), normal, np.sqrt(spent / total), off))
    gain, normal, share, off = np.array(rows).T
    # Hermite polynomials of what is normal have no expectation; a strike beside the money leans to a side.
    chance = [share**n * hermeval(normal, [0] * n + [1]) for n in range(1, 5)]
    columns = np.column_stack([np.ones(len(gain)), *chance, off * chance[0], off * chance[2]])
    fitted = np.linalg.lstsq(columns, gain, rcond=None)[0]
    error = np.std(gain - columns @ fitted) / np.sqrt(len(gain))
    return float(fitted[0]), float(error)


def _own_variance() -> float:
    """The index's variance at which options at the money are fair.

    A smile that goes with the index lifts the volatility of what was bought at the money by its curve
    wherever the index goes: fair is an index that moves by that much less.
    """
    return LEVEL**2 / (1 + 2 * shipped_surface().curve)


@cache
def _own_market() -> History:
    return _driftless(_own_variance(), 160)


CLOCKS = ("09:15", "10:00", "11:30", "13:25")


@pytest.mark.parametrize("clock", CLOCKS)
def test_options_bought_at_random_gain_nothing_in_two_hours(clock: str) -> None:
    """At the surface's own volatility, at any time of the day."""
    gain, error = _gained(_own_market(), _held(), _own_variance(), clock)
    assert error < 0.03
    assert abs(gain) < 3 * error + 0.03


def test_without_a_smile_they_gain_nothing_at_their_own_volatility() -> None:
    surface = _held(skew=0.0, skew_by_term=0.0, curve=0.0)
    gain, error = _gained(_driftless(LEVEL**2, 160), surface, LEVEL**2, "10:00")
    assert error < 0.03
    assert abs(gain) < 3 * error + 0.03


@pytest.mark.parametrize("clock", CLOCKS)
def test_by_the_calendar_they_would_gain(clock: str) -> None:
    """What the clock is for: the same market, priced as if an hour of the night were one of the session."""
    gain, error = _gained(_own_market(), _held(clock=CALENDAR), _own_variance(), clock)
    assert gain > max(0.5, 5 * error)


def test_premiums_go_on_over_nights_and_weekends() -> None:
    """On an index that stands still options lose what the night takes of their variance, and jump nowhere."""
    bars = _own_market().symbols[0]
    still = np.full(len(bars), 20_000.0)
    unknown = (bars.features, bars.features_5m, bars.features_15m)
    index = SymbolHistory(bars.instrument, bars.starts, still, still, still, still, bars.volume, *unknown)
    premiums = ModelledPremiums(History("still", [index], {}), Settings(), _held())
    expiry = date(2026, 6, 30)
    first, last = _at("2026-06-18T09:15"), _at("2026-06-29T15:29")
    call, put = (premiums.bars(listed_option("NIFTY", expiry, 20_000, k), first, last) for k in ("CE", "PE"))
    opened, closed = call.open + put.open, call.close + put.close
    left = CLOCK.left(expiry_moment(expiry), call.starts)
    # Both together are worth the root of the variance that is left.
    worth = shipped_surface().at_the_money(LEVEL, left) * np.sqrt(left)
    assert opened / opened[0] == pytest.approx(worth / worth[0], rel=0.01)
    nights = np.flatnonzero(np.diff(call.starts) > 3600)
    assert len(nights) == 6
    spent = 1 - left[nights + 1] / CLOCK.left(expiry_moment(expiry), call.starts[nights] + 60)
    lost = 1 - opened[nights + 1] / closed[nights]
    assert lost == pytest.approx(1 - np.sqrt(1 - spent), rel=0.15)
    within = np.delete(opened[1:] - closed[:-1], nights)
    assert np.abs(within).max() == 0


def test_calls_and_puts_agree_at_any_hour() -> None:
    """Parity to the ticks of both: interest runs by the calendar whatever the clock of variance says."""
    history, expiry = _own_market(), date(2026, 6, 30)
    premiums = ModelledPremiums(history, Settings())
    first, last = _at("2026-06-22T09:15"), _at("2026-06-24T15:29")
    bars = history.symbols[0]
    strike = round(float(bars.close[-1]) / 50) * 50
    call, put = (
        premiums.bars(listed_option("NIFTY", expiry, strike, kind), first, last) for kind in ("CE", "PE")
    )
    spot = bars.close[np.isin(bars.starts, call.starts)]
    years = (expiry_moment(expiry).timestamp() - call.starts - 60) / 365 / 86_400
    assert len(call) == 3 * 375
    assert call.close - put.close == pytest.approx(spot - strike * np.exp(-RISK_FREE_RATE * years), abs=0.051)
