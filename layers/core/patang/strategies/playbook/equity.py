"""Equity, intraday and long only: shares that rise, with stops and targets in multiples of their ATR."""

from decimal import Decimal

from patang.market.instruments import Instrument
from patang.model.inputs import StrategyName, session_fraction, underlying_inputs
from patang.settings import Settings
from patang.strategies.base import Candidate, Findings, Market, at_clock, exit_time, on_tick
from patang.strategies.momentum import Momentum, momentum

__all__ = ["Equity", "strategy"]


class Equity:
    """One candidate at most for each share that the settings name; what is watched for a position is not."""

    name: StrategyName = "equity"

    def propose(self, market: Market, settings: Settings) -> Findings:
        findings = Findings()
        equity = settings.equity
        if not equity.enabled:
            return findings
        if (
            not at_clock(market.as_of, equity.first_entry)
            <= market.as_of
            <= at_clock(market.as_of, equity.last_entry)
        ):
            findings.refusals["OUTSIDE_ENTRY_HOURS"] += 1
            return findings
        wanted = {f"NSE:{symbol}" for symbol in settings.universe.equities}
        for instrument in market.universe.instruments:
            if instrument.identifier not in wanted:
                continue
            found = _candidate(instrument, market, settings)
            if isinstance(found, Candidate):
                findings.candidates.append(found)
            else:
                findings.refusals[found] += 1
        return findings


strategy = Equity()


def _candidate(share: Instrument, market: Market, settings: Settings) -> Candidate | str:
    equity = settings.equity
    features, candle = market.features.get(share.symbol), market.candles.get(share.symbol)
    quote = market.quotes.get(share.identifier)
    if features is None or candle is None or quote is None:
        return "FEATURES_MISSING"
    if not market.is_fresh(quote, settings.risk.max_data_age_seconds):
        return "STALE_DATA"
    trend = momentum(features, min_adx=equity.min_adx, max_rsi=equity.max_rsi)
    if not isinstance(trend, Momentum):
        return trend
    if trend.direction < 0:
        return "LONG_ONLY"
    if not 0 < quote.bid <= quote.ask:
        return "NO_TWO_SIDED_QUOTE"
    spread_pct = (quote.ask - quote.bid) / quote.ask * 100
    if spread_pct > equity.max_spread_pct:
        return "SPREAD_TOO_WIDE"
    entry, atr = on_tick(quote.ask, share.tick_size), features["atr_14"]
    return Candidate(
        strategy="equity",
        signal_type="BUY",
        instrument=share,
        entry_price=entry,
        stop_loss_price=on_tick(float(entry) - equity.stop_atr * atr, share.tick_size),
        target_price=on_tick(float(entry) + equity.target_atr * atr, share.tick_size),
        bid=Decimal(str(quote.bid)),
        ask=Decimal(str(quote.ask)),
        exit_by=exit_time(market.as_of, equity.max_hold_minutes, equity.exit_by),
        holding_period=equity.holding_period,
        reason=f"{share.symbol}: {trend.reason}; ATR {atr:.2f}, spread {spread_pct:.2f} %",
        inputs=underlying_inputs(features, candle.close, 1, session_fraction(market.as_of)),
    )
