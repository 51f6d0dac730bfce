"""Long options: a call on an index that rises, a put on one that falls. Never a sold option."""

from datetime import date, timedelta
from decimal import Decimal
from math import nan
from typing import Literal

from patang.features.options import option_features
from patang.market.expiries import first_expiry_to_enter
from patang.market.instruments import Instrument
from patang.market.option_chain import PricedOption, priced_chain
from patang.market.sessions import IST, expiry_moment
from patang.model.inputs import StrategyName, option_inputs, session_fraction, underlying_inputs
from patang.settings import OptionSettings, Settings
from patang.strategies.base import Candidate, Findings, Market, at_clock, exit_time, on_tick
from patang.strategies.momentum import Momentum, momentum

__all__ = ["LongOptions", "strategy"]


class LongOptions:
    """One candidate at most for each underlying: the cheapest contract to trade in the delta band."""

    name: StrategyName = "long_options"

    def propose(self, market: Market, settings: Settings) -> Findings:
        findings = Findings()
        options = settings.options
        if not options.enabled:
            return findings
        if (
            not at_clock(market.as_of, options.first_entry)
            <= market.as_of
            <= at_clock(market.as_of, options.last_entry)
        ):
            findings.refusals["OUTSIDE_ENTRY_HOURS"] += 1
            return findings
        for underlying in options.underlyings:
            found = _candidate(underlying, market, settings)
            if isinstance(found, Candidate):
                findings.candidates.append(found)
            else:
                findings.refusals[found] += 1
        return findings


strategy = LongOptions()


def _candidate(underlying: str, market: Market, settings: Settings) -> Candidate | str:
    options = settings.options
    features, candle = market.features.get(underlying), market.candles.get(underlying)
    if features is None or candle is None:
        return "FEATURES_MISSING"
    trend = momentum(features, min_adx=options.min_adx, max_rsi=options.max_rsi)
    if not isinstance(trend, Momentum):
        return trend
    kind: Literal["CE", "PE"] = "CE" if trend.direction > 0 else "PE"
    listed = _tradable(underlying, market, options)
    if not listed:
        return "NO_EXPIRY"
    fresh = {
        name: quote
        for name, quote in market.quotes.items()
        if market.is_fresh(quote, settings.risk.max_data_age_seconds)
    }
    chain = priced_chain(listed, fresh, underlying, candle.close, market.as_of)
    of_kind = [option for option in chain if option.instrument.instrument_type == kind]
    if not of_kind:
        return "STALE_DATA"
    chosen = _choose(of_kind, options)
    if isinstance(chosen, str):
        return chosen
    days = (expiry_moment(_expiry(chosen.instrument)) - market.as_of) / timedelta(days=1)
    inputs = underlying_inputs(
        features, candle.close, trend.direction, session_fraction(market.as_of)
    ) | option_inputs(abs(chosen.delta), chosen.theta, chosen.price, features["atr_14"], days)
    told = {name: features.get(name, nan) for name in ("iv_rank", "iv_skew")} | option_features(chosen)
    return _build(chosen, trend, inputs, told, market, options)


def _tradable(underlying: str, market: Market, options: OptionSettings) -> list[Instrument]:
    """The calls and puts of the nearest expiry that is far enough away, the same one all day."""
    contracts = [i for i in market.universe.instruments if i.is_option and i.underlying == underlying]
    day = market.as_of.astimezone(IST).date()
    expiry = first_expiry_to_enter(map(_expiry, contracts), day, options)
    return [i for i in contracts if i.expiry == expiry] if expiry else []


def _choose(chain: list[PricedOption], options: OptionSettings) -> PricedOption | str:
    """The contract with the narrowest book in the delta band, or the gate at which the last one fell."""
    centre = (options.min_delta + options.max_delta) / 2
    left = [o for o in chain if options.min_delta <= abs(o.delta) <= options.max_delta]
    if not left:
        return "NO_STRIKE_IN_DELTA_BAND"
    left = [o for o in left if o.spread_pct <= float(options.max_spread_pct)]
    if not left:
        return "SPREAD_TOO_WIDE"
    left = [o for o in left if o.quote.oi >= options.min_open_interest]
    if not left:
        return "OPEN_INTEREST_TOO_LOW"
    left = [o for o in left if o.price >= options.min_premium_inr]
    if not left:
        return "PREMIUM_TOO_LOW"
    return min(left, key=lambda o: (round(o.spread_pct, 1), abs(abs(o.delta) - centre), -o.quote.oi))


def _build(
    option: PricedOption,
    trend: Momentum,
    inputs: dict[str, float],
    told: dict[str, float],
    market: Market,
    options: OptionSettings,
) -> Candidate:
    instrument, tick = option.instrument, option.instrument.tick_size
    entry = on_tick(option.quote.ask, tick)
    return Candidate(
        strategy="long_options",
        signal_type="CALL" if trend.direction > 0 else "PUT",
        instrument=instrument,
        entry_price=entry,
        stop_loss_price=on_tick(entry * (1 - options.premium_stop_pct / 100), tick),
        target_price=on_tick(entry * (1 + options.premium_target_pct / 100), tick),
        bid=Decimal(str(option.quote.bid)),
        ask=Decimal(str(option.quote.ask)),
        exit_by=exit_time(market.as_of, options.max_hold_minutes, options.exit_by),
        holding_period="intraday",
        reason=(
            f"{instrument.underlying}: {trend.reason}; {instrument.tradingsymbol} delta {option.delta:.2f}, "
            f"volatility {option.implied_volatility * 100:.1f} %, spread {option.spread_pct:.2f} %, "
            f"open interest {option.quote.oi}"
        ),
        inputs=inputs,
        told=told,
    )


def _expiry(instrument: Instrument) -> date:
    if instrument.expiry is None:
        raise ValueError(f"{instrument.tradingsymbol} is an option without an expiry: read the dump again")
    return instrument.expiry
