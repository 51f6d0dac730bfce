"""Equity, long only: liquid shares that rise, for the day (MIS) or for a swing (CNC)."""

import math
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from patang.market.candles import Candle, Quote
from patang.market.expiries import session_after
from patang.market.instruments import Instrument
from patang.market.sessions import IST
from patang.model.inputs import StrategyName, session_fraction, underlying_inputs
from patang.settings import EquitySettings, Settings
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
from patang.strategies.frames import Frames, Setup
from patang.strategies.market import Market
from patang.strategies.rules import Refusal, RuleLog
from patang.strategies.setups import find_setup

__all__ = ["Equity", "exit_moment", "levels", "strategy"]

# Series in which every trade ends in delivery, also of small companies (https://www.nseindia.com, "Series").
# The broker writes the series behind the symbol, unless it is EQ.
_TRADE_TO_TRADE = ("-BE", "-BZ", "-ST", "-SZ")


class Equity(Strategy):
    """One candidate at most for each share that the settings name; what is watched for a position is not."""

    name = "equity"
    model: StrategyName = "equity"

    def generate_signals(self, market: Market, settings: Settings) -> Findings:
        findings, equity = Findings(), settings.equity
        if not equity.enabled:
            return findings
        closed = within_hours(self.name, market.as_of, equity.first_entry, equity.last_entry)
        closed = closed or _stale_index(market, settings)
        if closed is not None:
            findings.take(closed)
            return findings
        wanted = {f"NSE:{symbol}" for symbol in settings.universe.equities}
        for instrument in market.universe.instruments:
            if instrument.identifier in wanted:
                findings.take(_look(instrument, market, settings))
        return findings


strategy = Equity()


def _stale_index(market: Market, settings: Settings) -> Refusal | None:
    """An index that is watched and silent says that the market is not seen."""
    watched = {i.symbol for i in market.universe.instruments if i.instrument_type == "INDEX"}
    for symbol in settings.universe.indices:
        log = RuleLog(symbol)
        age = market.index_age_seconds(symbol)
        oldest = settings.risk.max_data_age_seconds
        if symbol in watched and not log.holds("index_age_seconds", age, "<=", oldest):
            return log.refuse("STALE_INDEX")
    return None


class _Seen(NamedTuple):
    """A share as it stands."""

    share: Instrument
    frames: Frames
    candle: Candle
    quote: Quote


def _look(share: Instrument, market: Market, settings: Settings) -> Candidate | Refusal:
    equity, log = settings.equity, RuleLog(share.symbol)
    frames, candle = market.frames(share.symbol), market.candles.get(share.symbol)
    quote = market.quotes.get(share.identifier)
    if frames is None or candle is None or quote is None:
        return log.refuse("FEATURES_MISSING")
    age, oldest = market.age_seconds(quote), settings.risk.max_data_age_seconds
    if not log.holds("quote_age_seconds", age, "<=", oldest):
        return log.refuse("STALE_DATA")
    setup = find_setup(frames, equity, log)
    if not isinstance(setup, Setup):
        return log.refuse(setup)
    if not log.holds("direction", setup.direction, ">", 0):
        return log.refuse("LONG_ONLY")
    seen = _Seen(share, frames, candle, quote)
    gate = _barred(seen, equity, log) or _illiquid(seen, equity, log) or _unsteady(seen, equity, log)
    if gate is None and equity.holding_period == "swing":
        gate = _no_swing(frames, log)
    if gate is not None:
        return log.refuse(gate)
    exit_by = exit_moment(market.as_of, settings)
    if exit_by is None:
        return log.refuse("CALENDAR_UNKNOWN")
    return with_room(_build(seen, setup, exit_by, market.as_of, equity), log)


def _barred(seen: _Seen, equity: EquitySettings, log: RuleLog) -> str | None:
    """What may not be bought, or not be sold again the same day."""
    symbol, quote = seen.share.tradingsymbol, seen.quote
    if not log.holds("trade_to_trade", symbol.endswith(_TRADE_TO_TRADE), "<=", 0):
        return "TRADE_TO_TRADE"
    intraday = equity.holding_period == "intraday"
    if not log.holds("mis_barred", float(intraday and symbol in equity.mis_barred), "<=", 0):
        return "MIS_BARRED"
    if not log.holds("sides_of_the_book", (quote.bid > 0) + (quote.ask > 0), ">=", 2):
        # Trades, and only one side wants to: the price stands at its limit of the day.
        return "NO_TWO_SIDED_QUOTE" if quote.bid <= 0 and quote.ask <= 0 else "CIRCUIT_LOCKED"
    return None if log.holds("ask", quote.ask, ">=", quote.bid) else "NO_TWO_SIDED_QUOTE"


def _illiquid(seen: _Seen, equity: EquitySettings, log: RuleLog) -> str | None:
    quote = seen.quote
    spread_pct = (quote.ask - quote.bid) / quote.ask * 100
    if not log.holds("spread_pct", spread_pct, "<=", float(equity.max_spread_pct)):
        return "SPREAD_TOO_WIDE"
    turnover = quote.volume * quote.last_price
    if not log.holds("turnover_inr", turnover, ">=", float(equity.min_turnover_inr)):
        return "TURNOVER_TOO_LOW"
    return None


def _unsteady(seen: _Seen, equity: EquitySettings, log: RuleLog) -> str | None:
    atr_pct = 100 * seen.frames.one["atr_14"] / seen.candle.close
    if not log.holds("atr_pct", atr_pct, ">=", equity.min_atr_pct):
        return "TOO_QUIET"
    return None if log.holds("atr_pct", atr_pct, "<=", equity.max_atr_pct) else "TOO_VOLATILE"


def _no_swing(frames: Frames, log: RuleLog) -> str | None:
    """What is to be kept for days must rise over bars of fifteen minutes too, whatever the setup was."""
    features = frames.fifteen
    fast, slow, atr = (features.get(name, math.nan) for name in ("ema_12", "ema_26", "atr_14"))
    if not log.holds("atr_14_15m", atr, ">", 0):
        return "FEATURES_MISSING"
    return None if log.holds("ema_12_15m", fast, ">", slow) else "NO_SWING_TREND"


def exit_moment(as_of: datetime, settings: Settings) -> datetime | None:
    """When what is bought now has to go: today, or for a swing after so many sessions; None where the
    calendar does not reach so far."""
    equity = settings.equity
    if equity.holding_period == "intraday":
        return exit_time(as_of, equity.max_hold_minutes, equity.exit_by)
    last = session_after(as_of.astimezone(IST).date(), equity.max_hold_sessions, settings.sessions)
    return None if last is None else datetime.combine(last, at_clock(as_of, equity.exit_by).time(), IST)


def levels(entry: Decimal, atr: float, equity: EquitySettings, tick_size: Decimal) -> tuple[Decimal, Decimal]:
    """Stop and target of an entry, in rupees on the tick."""
    paid = float(entry)
    stop = on_tick(paid - equity.stop_atr * atr, tick_size)
    return stop, on_tick(paid + equity.target_atr * atr, tick_size)


def _build(
    seen: _Seen, setup: Setup, exit_by: datetime, as_of: datetime, equity: EquitySettings
) -> Candidate:
    share, quote, frames = seen.share, seen.quote, seen.frames
    swing = equity.holding_period == "swing"
    atr = (frames.fifteen if swing else frames.one)["atr_14"]
    ask = Decimal(str(quote.ask))
    entry = on_tick(ask, share.tick_size)
    stop, target = levels(entry, atr, equity, share.tick_size)
    spread_pct = (quote.ask - quote.bid) / quote.ask * 100
    return Candidate(
        strategy="equity",
        signal_type="BUY",
        instrument=share,
        entry_price=entry,
        stop_loss_price=stop,
        target_price=target,
        bid=Decimal(str(quote.bid)),
        ask=ask,
        exit_by=exit_by,
        holding_period=equity.holding_period,
        reason=(
            f"{share.symbol}: {setup.reason}; ATR {atr:.2f} over {15 if swing else 1} min, "
            f"spread {spread_pct:.2f} %"
        ),
        inputs=underlying_inputs(frames.one, seen.candle.close, 1, session_fraction(as_of)),
    )
