"""A share that leaves its range upwards in the morning. The example of docs/concepts/strategies.md."""

from datetime import timedelta
from decimal import Decimal

from patang.model.inputs import StrategyName, session_fraction, underlying_inputs
from patang.settings import Settings
from patang.strategies.base import Candidate, Findings, Strategy, at_clock, on_tick, with_room, within_hours
from patang.strategies.market import Market
from patang.strategies.momentum import is_known
from patang.strategies.rules import Refusal, RuleLog

__all__ = ["OpeningRange", "strategy"]

_HOLD = timedelta(minutes=60)


class OpeningRange(Strategy):
    """One candidate at most for each share that the settings watch; it asks the model of shares."""

    name = "opening_range"
    model: StrategyName = "equity"

    def generate_signals(self, market: Market, settings: Settings) -> Findings:
        findings = Findings()
        closed = within_hours(self.name, market.as_of, "09:30", "11:00")
        if closed is not None:
            findings.take(closed)
            return findings
        for symbol in settings.universe.equities:
            findings.take(_look(symbol, market, settings))
        return findings


strategy = OpeningRange()


def _look(symbol: str, market: Market, settings: Settings) -> Candidate | Refusal:
    log = RuleLog(symbol)
    frames, candle, quote = (
        market.frames(symbol),
        market.candles.get(symbol),
        market.quotes.get(f"NSE:{symbol}"),
    )
    if frames is None or candle is None or quote is None or not is_known(frames.one):
        return log.refuse("FEATURES_MISSING")
    oldest = settings.risk.max_data_age_seconds
    if not log.holds("quote_age_seconds", market.age_seconds(quote), "<=", oldest):
        return log.refuse("STALE_DATA")
    if not log.holds("bid", quote.bid, ">", 0) or not log.holds("ask", quote.ask, ">=", quote.bid):
        return log.refuse("NO_TWO_SIDED_QUOTE")
    # Two deviations above the mean of twenty minutes.
    if not log.holds("z_score_20", frames.one["z_score_20"], ">", 2):
        return log.refuse("INSIDE_THE_RANGE")
    share = market.universe.by_identifier()[quote.identifier]
    entry, atr = on_tick(quote.ask, share.tick_size), frames.one["atr_14"]
    found = Candidate(
        strategy="opening_range",
        signal_type="BUY",
        instrument=share,
        entry_price=entry,
        stop_loss_price=on_tick(float(entry) - 6 * atr, share.tick_size),
        target_price=on_tick(float(entry) + 12 * atr, share.tick_size),
        bid=Decimal(str(quote.bid)),
        ask=Decimal(str(quote.ask)),
        exit_by=min(market.as_of + _HOLD, at_clock(market.as_of, settings.equity.exit_by)),
        holding_period="intraday",
        reason=f"{symbol}: {frames.one['z_score_20']:.1f} deviations above its mean",
        inputs=underlying_inputs(frames.one, candle.close, 1, session_fraction(market.as_of)),
    )
    return with_room(found, log)
