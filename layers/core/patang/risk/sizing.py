"""How much to buy: the least of what every bound allows, in whole lots. Zero is an answer."""

from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal

from patang.risk.charges import round_trip_charges, segment_of
from patang.settings import Settings
from patang.strategies.signal import Signal

__all__ = ["Headroom", "Sizing", "size"]


@dataclass(frozen=True, slots=True)
class Headroom:
    """What an account may still do, in rupees; never negative where nothing is left.

    `symbol` is for the signal's underlying, `cash` what is neither invested, nor reserved, nor the buffer.
    """

    capital: Decimal
    symbol: Decimal
    portfolio: Decimal
    cash: Decimal


@dataclass(frozen=True, slots=True)
class Sizing:
    """`quantity` in units; `binding` names the bound that set it; `risk_amount` is what the stop loses with
    charges and `exposure` what the purchase may cost at the worst price allowed, in rupees."""

    quantity: int
    binding: str
    risk_amount: Decimal
    exposure: Decimal


def size(signal: Signal, settings: Settings, headroom: Headroom) -> Sizing:
    """The largest whole number of lots within every bound.

    Prices may drift by `approval.max_price_drift_pct` until the order is sent; every bound is kept at that
    worst price. Raises StopTrading where the day has no sourced charges.
    """
    drift = 1 + settings.approval.max_price_drift_pct / 100
    cost = signal.entry_price * drift
    at_risk = (signal.entry_price - signal.stop_loss_price) * drift
    budget = headroom.capital * settings.risk.risk_per_trade_pct / 100
    bounds = {
        "RISK_PER_TRADE": budget / at_risk,
        "SYMBOL_EXPOSURE": headroom.symbol / cost,
        "PORTFOLIO_EXPOSURE": headroom.portfolio / cost,
        "CAPITAL": headroom.cash / cost,
    }
    binding = min(bounds, key=lambda name: bounds[name])
    lots = max(int((bounds[binding] / signal.lot_size).to_integral_value(ROUND_FLOOR)), 0)
    while lots > 0 and (risk := _risk(signal, lots * signal.lot_size, at_risk)) > budget:
        binding, lots = "RISK_PER_TRADE", lots - 1
    if lots == 0:
        return Sizing(0, binding, Decimal(0), Decimal(0))
    return Sizing(lots * signal.lot_size, binding, risk, lots * signal.lot_size * cost)


def _risk(signal: Signal, quantity: int, at_risk: Decimal) -> Decimal:
    """What is lost at the stop, charges included."""
    product = "MIS" if signal.holding_period == "intraday" else "CNC"
    charges = round_trip_charges(
        segment_of(signal.exchange, signal.symbol, product),
        signal.exchange,
        signal.entry_price,
        signal.stop_loss_price,
        quantity,
        signal.as_of.date(),
    )
    return quantity * at_risk + charges.total
