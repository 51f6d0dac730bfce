"""Long options: a call on an index that rises, a put on one that falls. Never a sold option."""

import math
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from math import nan
from typing import Literal

from patang.features.options import option_features
from patang.market.expiries import expiry_exit_day, first_expiry_to_enter
from patang.market.instruments import Instrument
from patang.market.option_chain import PricedOption, priced_chain
from patang.market.sessions import IST, expiry_moment
from patang.model.inputs import StrategyName, option_inputs, session_fraction, underlying_inputs
from patang.settings import OptionSettings, Settings
from patang.strategies.base import (
    Candidate,
    Findings,
    Strategy,
    at_clock,
    exit_time,
    on_tick,
    with_room,
    within_hours,
)
from patang.strategies.frames import Setup
from patang.strategies.market import Market
from patang.strategies.rules import Refusal, RuleLog
from patang.strategies.setups import find_setup

__all__ = ["LongOptions", "strategy"]


class LongOptions(Strategy):
    """One candidate at most for each underlying: the cheapest contract to trade in the delta band."""

    name = "long_options"
    model: StrategyName = "long_options"

    def generate_signals(self, market: Market, settings: Settings) -> Findings:
        findings, options = Findings(), settings.options
        if not options.enabled:
            return findings
        closed = within_hours(self.name, market.as_of, options.first_entry, options.last_entry)
        if closed is not None:
            findings.take(closed)
            return findings
        for underlying in options.underlyings:
            findings.take(_look(underlying, market, settings))
        return findings


strategy = LongOptions()


def _look(underlying: str, market: Market, settings: Settings) -> Candidate | Refusal:
    options, log = settings.options, RuleLog(underlying)
    age, oldest = market.index_age_seconds(underlying), settings.risk.max_data_age_seconds
    if not log.holds("index_age_seconds", age, "<=", oldest):
        return log.refuse("STALE_INDEX")
    frames, candle = market.frames(underlying), market.candles.get(underlying)
    if frames is None or candle is None:
        return log.refuse("FEATURES_MISSING")
    setup = find_setup(frames, options, log)
    if not isinstance(setup, Setup):
        return log.refuse(setup)
    if not log.allows("iv_rank", frames.one.get("iv_rank", nan), "<=", options.max_iv_rank):
        return log.refuse("IV_RANK_TOO_HIGH")
    listed = _enterable(underlying, market, settings, log)
    if isinstance(listed, Refusal):
        return listed
    quotes = ((i.identifier, market.quotes.get(i.identifier)) for i in listed)
    fresh = {name: quote for name, quote in quotes if quote and market.is_fresh(quote, oldest)}
    chain = priced_chain(listed, fresh, underlying, candle.close, market.as_of)
    kind: Literal["CE", "PE"] = "CE" if setup.direction > 0 else "PE"
    of_kind = [option for option in chain if option.instrument.instrument_type == kind]
    if not log.holds("fresh_contracts", len(of_kind), ">", 0):
        return log.refuse("STALE_DATA")
    chosen = _choose(of_kind, options, log)
    if isinstance(chosen, Refusal):
        return chosen
    days = (expiry_moment(_expiry(chosen.instrument)) - market.as_of) / timedelta(days=1)
    inputs = underlying_inputs(
        frames.one, candle.close, setup.direction, session_fraction(market.as_of)
    ) | option_inputs(abs(chosen.delta), chosen.theta, chosen.price, frames.one["atr_14"], days)
    told = {name: frames.one.get(name, nan) for name in ("iv_rank", "iv_skew")} | option_features(chosen)
    return with_room(_build(chosen, setup, inputs, told, market.as_of, settings), log)


def _enterable(
    underlying: str, market: Market, settings: Settings, log: RuleLog
) -> list[Instrument] | Refusal:
    """The calls and puts of the nearest expiry that is far enough away, the same one all day."""
    contracts = [i for i in market.universe.instruments if i.is_option and i.underlying == underlying]
    day, options = market.as_of.astimezone(IST).date(), settings.options
    expiries = sorted({_expiry(contract) for contract in contracts})
    if not options.enter_on_expiry_day and not log.holds("expiring_today", expiries.count(day), "<=", 0):
        return log.refuse("EXPIRY_DAY")
    expiry = first_expiry_to_enter(expiries, day, options, settings.sessions)
    if not log.holds("expiries_far_enough", float(expiry is not None), ">=", 1) or expiry is None:
        return log.refuse("NO_EXPIRY")
    return [contract for contract in contracts if contract.expiry == expiry]


def _choose(chain: list[PricedOption], options: OptionSettings, log: RuleLog) -> PricedOption | Refusal:
    """The contract with the narrowest book in the delta band, or the gate at which the last one fell.

    Each rule tells the best of those that the rules before it have left.
    """
    centre = (options.min_delta + options.max_delta) / 2
    half = (options.max_delta - options.min_delta) / 2

    def off_centre(option: PricedOption) -> float:
        return abs(abs(option.delta) - centre)

    left = [option for option in chain if off_centre(option) <= half + 1e-12]
    nearest = min((o for o in chain if math.isfinite(o.delta)), key=off_centre, default=None)
    delta = nan if nearest is None else abs(nearest.delta)
    above = log.holds("delta_nearest", delta, ">=", options.min_delta)
    if not (log.holds("delta_nearest", delta, "<=", options.max_delta) and above and left):
        return log.refuse("NO_STRIKE_IN_DELTA_BAND")

    def spread(option: PricedOption) -> float:
        return option.spread_pct

    left = [option for option in left if math.isfinite(spread(option))]
    if not log.holds("two_sided_quotes", len(left), ">", 0):
        return log.refuse("NO_TWO_SIDED_QUOTE")
    gates: tuple[tuple[str, Callable[[PricedOption], float], float, str], ...] = (
        ("open_interest_most", lambda o: o.quote.oi, options.min_open_interest, "OPEN_INTEREST_TOO_LOW"),
        ("volume_most", lambda o: o.quote.volume, options.min_volume, "VOLUME_TOO_LOW"),
        ("premium_highest", lambda o: o.price, float(options.min_premium_inr), "PREMIUM_TOO_LOW"),
    )
    widest = float(options.max_spread_pct)
    if not log.holds("spread_pct_narrowest", min(map(spread, left)), "<=", widest):
        return log.refuse("SPREAD_TOO_WIDE")
    left = [option for option in left if spread(option) <= widest]
    for name, value, least, gate in gates:
        if not log.holds(name, max(map(value, left)), ">=", least):
            return log.refuse(gate)
        left = [option for option in left if value(option) >= least]
    return min(left, key=lambda o: (round(spread(o), 1), off_centre(o), -o.quote.oi))


def _build(
    option: PricedOption,
    setup: Setup,
    inputs: dict[str, float],
    told: dict[str, float],
    as_of: datetime,
    settings: Settings,
) -> Candidate:
    options = settings.options
    instrument, tick = option.instrument, option.instrument.tick_size
    entry = on_tick(option.quote.ask, tick)
    return Candidate(
        strategy="long_options",
        signal_type="CALL" if setup.direction > 0 else "PUT",
        instrument=instrument,
        entry_price=entry,
        stop_loss_price=on_tick(entry * (1 - options.premium_stop_pct / 100), tick),
        target_price=on_tick(entry * (1 + options.premium_target_pct / 100), tick),
        bid=Decimal(str(option.quote.bid)),
        ask=Decimal(str(option.quote.ask)),
        exit_by=_exit_by(instrument, as_of, settings),
        holding_period=options.holding_period,
        reason=(
            f"{instrument.underlying}: {setup.reason}; {instrument.tradingsymbol} delta {option.delta:.2f}, "
            f"volatility {option.implied_volatility * 100:.1f} %, spread {option.spread_pct:.2f} %, "
            f"open interest {option.quote.oi}"
        ),
        inputs=inputs,
        told=told,
    )


def _exit_by(instrument: Instrument, as_of: datetime, settings: Settings) -> datetime:
    """Today, or for what may be carried the session of the expiry exit."""
    options = settings.options
    if options.holding_period == "intraday":
        return exit_time(as_of, options.max_hold_minutes, options.exit_by)
    lead = timedelta(minutes=options.min_minutes_to_expiry)
    last = expiry_exit_day(_expiry(instrument), as_of.astimezone(IST).date(), lead, settings.sessions)
    at = at_clock(as_of, options.exit_by)
    return at if last is None else datetime.combine(last, at.time(), IST)


def _expiry(instrument: Instrument) -> date:
    if instrument.expiry is None:
        raise ValueError(f"{instrument.tradingsymbol} is an option without an expiry: read the dump again")
    return instrument.expiry
