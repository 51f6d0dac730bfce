"""What a trade is expected to leave after everything it costs."""

from dataclasses import dataclass
from decimal import Decimal

from patang.risk.charges import Charges, round_trip_charges, segment_of
from patang.strategies.signal import Signal

__all__ = ["SLIPPAGE_PRIOR_PCT", "ExpectedProfit", "expected_profit"]

# Percent of the price, each side, beyond the half spread; to be replaced by what reconciled fills show.
SLIPPAGE_PRIOR_PCT = {"long_options": Decimal("0.25"), "equity": Decimal("0.02")}


@dataclass(frozen=True, slots=True)
class ExpectedProfit:
    """In rupees for the whole quantity; `break_even_pct` is the move of the price that pays for the costs."""

    gross: Decimal
    charges: Charges
    spread: Decimal
    slippage: Decimal
    net: Decimal
    break_even_pct: Decimal


def expected_profit(signal: Signal, quantity: int) -> ExpectedProfit:
    """The model's expected return on `quantity` units, less both legs' charges, spread and slippage.

    The return is held to what p_win, target and stop allow: a trade gains at most the target when it wins
    and loses at most the stop when it does not, so its mean lies between -(1 - p_win) * stop and
    p_win * target whatever the regressor says. Raises StopTrading where the day has no sourced charges.
    """
    entry = signal.entry_price
    gain = signal.target_price - entry
    loss = entry - signal.stop_loss_price
    wins = Decimal(str(signal.confidence))
    wanted = entry * Decimal(str(signal.expected_return_pct)) / 100
    move = min(max(wanted, -(1 - wins) * loss), wins * gain)
    product = "MIS" if signal.holding_period == "intraday" else "CNC"
    segment = segment_of(signal.exchange, signal.symbol, product)
    exit_price = max(entry + move, signal.tick_size)
    charges = round_trip_charges(segment, signal.exchange, entry, exit_price, quantity, signal.as_of.date())
    spread = (signal.ask - signal.bid) * quantity
    slippage = 2 * entry * SLIPPAGE_PRIOR_PCT[signal.strategy] / 100 * quantity
    costs = charges.total + spread + slippage
    gross = move * quantity
    return ExpectedProfit(gross, charges, spread, slippage, gross - costs, 100 * costs / (entry * quantity))
