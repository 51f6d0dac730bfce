"""What a trade is expected to leave after everything it costs."""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from patang.risk.charges import Charges, Side, leg_charges
from patang.risk.sizing import segment_of_signal
from patang.risk.slippage import Slippage
from patang.strategies.signal import Signal

__all__ = ["ExpectedProfit", "expected_profit"]

_PRIOR = Slippage()


@dataclass(frozen=True, slots=True)
class ExpectedProfit:
    """In rupees for the whole quantity.

    `charges` are those of both legs at the price that the model expects; `slippage` is that of both sides.
    `break_even_price` is the lowest price on the tick at which a sale loses nothing, with the charges of
    that price; `break_even_pct` is the move from the entry price to it, in percent.
    """

    gross: Decimal
    charges: Charges
    spread: Decimal
    slippage: Decimal
    net: Decimal
    break_even_price: Decimal
    break_even_pct: Decimal


def expected_profit(signal: Signal, quantity: int, slippage: Slippage = _PRIOR) -> ExpectedProfit:
    """The model's expected return on `quantity` units, less both legs' charges, spread and slippage.

    The return is held to what p_win, target and stop allow: a trade gains at most the target when it wins
    and loses at most the stop when it does not, so its mean lies between -(1 - p_win) * stop and
    p_win * target whatever the regressor says. `slippage` is what the desk's fills have shown (the prior
    alone where nothing is given). Raises StopTrading where the day has no sourced charges.
    """
    entry = signal.entry_price
    gain = signal.target_price - entry
    loss = entry - signal.stop_loss_price
    wins = Decimal(str(signal.confidence))
    wanted = entry * Decimal(str(signal.expected_return_pct)) / 100
    move = min(max(wanted, -(1 - wins) * loss), wins * gain)
    bought = _charges(signal, "BUY", quantity, entry)
    charges = bought + _charges(signal, "SELL", quantity, max(entry + move, signal.tick_size))
    spread = (signal.ask - signal.bid) * quantity
    value = entry * quantity
    slipped = 2 * value * slippage.pct(segment_of_signal(signal), value) / 100
    gross = move * quantity
    even = _break_even(signal, quantity, bought.total + spread + slipped)
    return ExpectedProfit(
        gross=gross,
        charges=charges,
        spread=spread,
        slippage=slipped,
        net=gross - charges.total - spread - slipped,
        break_even_price=even,
        break_even_pct=100 * (even - entry) / entry,
    )


def _break_even(signal: Signal, quantity: int, other_costs: Decimal) -> Decimal:
    """The least price on the tick that pays for the charges of selling at it and the other costs.

    Charges grow with the price, by far less than the price itself: going up to what the last guess costs
    comes to rest at the first price that is enough, and cannot pass it.
    """
    price = signal.entry_price
    while True:
        costs = _charges(signal, "SELL", quantity, price).total + other_costs
        needed = _tick_at_or_above(signal.entry_price + costs / quantity, signal.tick_size)
        if needed <= price:
            return price
        price = needed


def _charges(signal: Signal, side: Side, quantity: int, price: Decimal) -> Charges:
    segment, day = segment_of_signal(signal), signal.as_of.date()
    return leg_charges(segment, signal.exchange, side, price, quantity, day)


def _tick_at_or_above(price: Decimal, tick: Decimal) -> Decimal:
    return (price / tick).to_integral_value(ROUND_CEILING) * tick
