"""Labelled entries of both strategies: where their rules would have bought, and what became of it.

Rules, exits, charges and slippage are the desk's own. What has to be assumed is the book (narrow spreads)
and, for options, the surface: Black-Scholes near the realised volatility, which rises as the index falls.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from patang.market.greeks import RISK_FREE_RATE, greeks
from patang.market.sessions import IST
from patang.model.inputs import INPUTS, StrategyName, option_inputs, session_fraction, underlying_inputs
from patang.risk.charges import Segment, round_trip_charges
from patang.risk.slippage import instrument_class, prior_pct
from patang.settings import Settings
from patang.settings.strategies import EquitySettings, OptionSettings
from patang.strategies.base import at_clock, exit_time
from patang.strategies.frames import Setup
from patang.strategies.rules import RuleLog
from patang.strategies.setups import find_setup
from patang.training.dataset import Dataset
from patang_workbench.training.exits import Bars, outcome
from patang_workbench.training.history import Series

__all__ = ["equity_entries", "option_entries"]

type Floats = NDArray[np.float64]

_EVERY = 3
_TICK = 0.05
_LOT = 65
_LONGEST_EXPIRY_DAYS = 32.0
_FALL_TO_VOLATILITY = 2.5


class _Costs(NamedTuple):
    """Percent of the entry price: all of them, and the slippage among them."""

    all: float
    slippage: float


class _Entry(NamedTuple):
    inputs: dict[str, float]
    symbol: str
    entered: int
    left: int
    gross_pct: float
    costs: _Costs
    value: float


@dataclass(frozen=True, slots=True)
class _Moment:
    """A bar at whose close a rule agreed. `last` is the last bar the position may see."""

    series: Series
    bar: int
    as_of: datetime
    features: Mapping[str, float]
    direction: int
    hold: int

    @property
    def price(self) -> float:
        return float(self.series.bars[self.bar, 3])

    def later(self) -> Floats:
        """Open, high, low, close of the bars of the hold."""
        return self.series.bars[self.bar + 1 : self.bar + 1 + self.hold]

    def inputs(self) -> dict[str, float]:
        fraction = session_fraction(self.as_of)
        return underlying_inputs(self.features, self.price, self.direction, fraction)


def equity_entries(history: Iterable[Series], settings: Settings) -> Dataset:
    """Where the equity strategy would have bought."""
    rules = settings.equity
    hours = (rules.first_entry, rules.last_entry)
    found = [
        entry
        for series in history
        if not series.is_index
        for moment in _moments(series, rules, hours)
        if moment.direction > 0 and (entry := _equity_entry(moment, settings)) is not None
    ]
    return _dataset("equity", found)


def option_entries(history: Iterable[Series], settings: Settings, seed: int) -> Dataset:
    """Where the option strategy would have bought; delta, expiry and volatility are drawn from `seed`."""
    rng = np.random.default_rng(seed)
    rules = settings.options
    hours = (rules.first_entry, rules.last_entry)
    found = [
        entry
        for series in history
        if series.is_index
        for moment in _moments(series, rules, hours)
        if (entry := _option_entry(moment, settings, rng)) is not None
    ]
    return _dataset("long_options", found)


def _moments(
    series: Series, rules: EquitySettings | OptionSettings, hours: tuple[str, str]
) -> Iterator[_Moment]:
    first_entry, last_entry = hours
    for bar in range(0, len(series.starts), _EVERY):
        as_of = datetime.fromtimestamp(int(series.starts[bar]) + 60, IST)
        if not at_clock(as_of, first_entry) <= as_of <= at_clock(as_of, last_entry):
            continue
        frames = series.frames(bar)
        setup = find_setup(frames, rules, RuleLog(series.symbol))
        if isinstance(setup, Setup):
            exit_at = exit_time(as_of, rules.max_hold_minutes, rules.exit_by)
            minutes = int((exit_at - as_of).total_seconds() // 60)
            yield _Moment(series, bar, as_of, frames.one, setup.direction, minutes)


def _equity_entry(moment: _Moment, settings: Settings) -> _Entry | None:
    price, atr, rules = moment.price, moment.features["atr_14"], settings.equity
    spread = max(_TICK, round(price * 0.0001 / _TICK) * _TICK)
    ask = price + spread / 2
    later = moment.later()
    end = outcome(Bars(*later.T), ask - rules.stop_atr * atr, ask + rules.target_atr * atr, moment.hold)
    if end is None:
        return None
    room = settings.capital.starting_capital_inr * settings.risk.max_symbol_exposure_pct / 100
    quantity = max(int(float(room) / ask), 1)
    gross = 100 * (end.price / price - 1)
    costs = _costs_pct("equity-intraday", "NSE", ask, end.price, spread, quantity, moment.as_of)
    return _entry(moment, moment.inputs(), end.bars, gross, costs, quantity * ask)


def _option_entry(moment: _Moment, settings: Settings, rng: np.random.Generator) -> _Entry | None:
    rules, spot = settings.options, moment.price
    delta = rng.uniform(rules.min_delta, rules.max_delta)
    least = rules.min_minutes_to_expiry / 1440
    days = math.exp(rng.uniform(math.log(least + 0.05), math.log(_LONGEST_EXPIRY_DAYS)))
    noise = rng.uniform(0.9, 1.2)
    day = int(moment.series.day_of[moment.bar])
    realised = moment.series.day_volatility(day)
    if not math.isfinite(realised):
        return None
    sigma = (1.1 * realised + 0.01) * noise
    is_call = moment.direction > 0
    strike = _strike(is_call, spot, days / 365, sigma, delta)
    now = greeks(is_call, spot, strike, days / 365, sigma)
    premium, theta = float(now.price), float(now.theta)
    if premium < rules.min_premium_inr:
        return None
    away = abs(strike / spot - 1)
    half = math.ceil(max(premium * (0.0008 + 0.06 * away), 0.025 + away) / _TICK) * _TICK
    ask = premium + half
    stop = ask * (1 - float(rules.premium_stop_pct) / 100)
    target = ask * (1 + float(rules.premium_target_pct) / 100)
    end = outcome(_premiums(moment.later(), is_call, spot, strike, days, sigma), stop, target, moment.hold)
    if end is None:
        return None
    budget = float(settings.capital.starting_capital_inr * settings.risk.risk_per_trade_pct / 100)
    lots = max(int(budget / (ask - stop) / _LOT), 1)
    gross = 100 * (end.price / premium - 1)
    costs = _costs_pct("options", "NFO", ask, end.price, 2 * half, lots * _LOT, moment.as_of)
    inputs = moment.inputs() | option_inputs(
        float(abs(now.delta)), theta, premium, moment.features["atr_14"], days
    )
    return _entry(moment, inputs, end.bars, gross, costs, lots * _LOT * ask)


def _strike(is_call: bool, spot: float, years: float, sigma: float, delta: float) -> float:
    """The strike whose contract has that absolute delta."""
    d1 = NormalDist().inv_cdf(delta if is_call else 1 - delta)
    return spot * math.exp((RISK_FREE_RATE + sigma * sigma / 2) * years - d1 * sigma * math.sqrt(years))


def _premiums(later: Floats, is_call: bool, spot: float, strike: float, days: float, sigma: float) -> Bars:
    """The contract's bars on the underlying's; a put is at its lowest when the index is at its highest."""
    minutes = np.arange(1, len(later) + 1)[:, None]
    years = (days - minutes / 1440) / 365
    volatility = sigma * (1 + _FALL_TO_VOLATILITY * (1 - later / spot))
    prices = greeks(is_call, later, strike, years, volatility).price
    return Bars(prices[:, 0], prices[:, 1:3].max(axis=1), prices[:, 1:3].min(axis=1), prices[:, 3])


def _costs_pct(
    segment: Segment,
    exchange: str,
    ask: float,
    exit_price: float,
    spread: float,
    quantity: int,
    as_of: datetime,
) -> _Costs:
    """Charges, spread and slippage of a round trip."""
    bought, sold = Decimal(f"{ask:.2f}"), Decimal(f"{max(exit_price, _TICK):.2f}")
    charges = round_trip_charges(segment, exchange, bought, sold, quantity, as_of.date())
    slippage = 2 * float(prior_pct(instrument_class(segment), "small"))
    return _Costs(100 * (float(charges.total) / quantity + spread) / ask + slippage, slippage)


def _entry(
    moment: _Moment, inputs: dict[str, float], bars: int, gross: float, costs: _Costs, value: float
) -> _Entry:
    entered = int(moment.as_of.timestamp())
    return _Entry(inputs, moment.series.symbol, entered, entered + 60 * bars, gross, costs, value)


def _dataset(strategy: StrategyName, found: list[_Entry]) -> Dataset:
    names = INPUTS[strategy]
    found = sorted(found, key=lambda entry: entry.entered)
    gross = np.array([entry.gross_pct for entry in found])
    net = gross - np.array([entry.costs.all for entry in found])
    return Dataset(
        strategy=strategy,
        names=names,
        inputs=np.array([[entry.inputs[name] for name in names] for entry in found]),
        entered=np.array([entry.entered for entry in found], np.int64),
        left=np.array([entry.left for entry in found], np.int64),
        symbol=np.array([entry.symbol for entry in found], np.str_),
        gross_pct=gross,
        net_pct=net,
        slippage_pct=np.array([entry.costs.slippage for entry in found]),
        net_pnl=net / 100 * np.array([entry.value for entry in found]),
        weight=np.ones(len(found)),
        modelled=np.full(len(found), strategy == "long_options"),
    )
