"""How much to buy: the least of what every bound allows, in whole lots. Zero is an answer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal

from patang.risk.charges import Segment, round_trip_charges, segment_of
from patang.risk.freeze import freeze_quantity
from patang.settings import Settings
from patang.strategies.signal import Signal

__all__ = ["Headroom", "Sizing", "at_quantity", "margin_pct", "segment_of_signal", "size"]

_PAISA = Decimal("0.01")


@dataclass(frozen=True, slots=True)
class Headroom:
    """What an account may still do, in rupees; never negative where nothing is left.

    `symbol` is for the signal's underlying, `strategy` what is left of its strategy's share of the capital,
    `cash` what is neither invested, nor reserved, nor the buffer. `daily_loss` is what one more trade may
    lose at its stop: the rest of the day's limit once every stop has been hit. `funds` is what the broker
    would let be spent, the buffer left out; None where it has not told lately. `one_lot`: the account is in
    its first live sessions.
    """

    capital: Decimal
    symbol: Decimal
    strategy: Decimal
    portfolio: Decimal
    cash: Decimal
    daily_loss: Decimal
    funds: Decimal | None = None
    one_lot: bool = False


@dataclass(frozen=True, slots=True)
class Sizing:
    """`quantity` in units; `binding` names the bound that set it: RISK_PER_TRADE, DAILY_LOSS_LIMIT,
    SYMBOL_EXPOSURE, STRATEGY_SHARE, PORTFOLIO_EXPOSURE, CAPITAL, MARGIN, FREEZE_QUANTITY or GRADUATION (one
    lot). `risk_amount` is
    what the stop loses with charges, to the next paisa, and `exposure` what the purchase may cost at the
    worst price allowed, in rupees. `bounds` are the units that each bound alone would allow, before charges
    and before they are made whole lots."""

    quantity: int
    binding: str
    risk_amount: Decimal
    exposure: Decimal
    bounds: Mapping[str, Decimal] = field(default_factory=dict, compare=False)


def size(signal: Signal, settings: Settings, headroom: Headroom) -> Sizing:
    """The largest whole number of lots within every bound.

    Prices may drift by `approval.max_price_drift_pct` until the order is sent, and a stop is put on the
    nearest tick, which may be half a tick further away; every bound is kept at that worst price.
    A signal whose stop is not below its price has no known risk, and no size.
    Raises StopTrading where the day has no sourced charges.
    """
    budget = headroom.capital * settings.risk.risk_per_trade_pct / 100
    stop_distance = signal.entry_price - signal.stop_loss_price
    if stop_distance <= 0:
        return Sizing(0, "RISK_PER_TRADE", Decimal(0), Decimal(0))
    cost, at_risk = _worst(signal, settings)
    set_aside = cost * margin_pct(segment_of_signal(signal), settings) / 100
    bounds = {
        "RISK_PER_TRADE": budget / at_risk,
        "DAILY_LOSS_LIMIT": headroom.daily_loss / at_risk,
        "SYMBOL_EXPOSURE": headroom.symbol / cost,
        "STRATEGY_SHARE": headroom.strategy / cost,
        "PORTFOLIO_EXPOSURE": headroom.portfolio / cost,
        "CAPITAL": headroom.cash / set_aside,
    }
    if headroom.funds is not None:
        bounds["MARGIN"] = headroom.funds / set_aside
    largest = _largest_order(signal)
    if largest is not None:
        bounds["FREEZE_QUANTITY"] = Decimal(largest)
    if headroom.one_lot:
        bounds["GRADUATION"] = Decimal(signal.lot_size)
    binding = min(bounds, key=lambda name: bounds[name])
    allowed = max(int((bounds[binding] / signal.lot_size).to_integral_value(ROUND_FLOOR)), 0)
    lots, risk = _lots_within(min(budget, headroom.daily_loss), signal, allowed, cost, at_risk)
    if lots < allowed:
        binding = "RISK_PER_TRADE" if budget <= headroom.daily_loss else "DAILY_LOSS_LIMIT"
    if lots == 0:
        return Sizing(0, binding, Decimal(0), Decimal(0), bounds)
    quantity = lots * signal.lot_size
    return Sizing(quantity, binding, risk, quantity * cost, bounds)


def at_quantity(signal: Signal, settings: Settings, quantity: int) -> tuple[Decimal, Decimal]:
    """What a purchase of so many units may lose at its stop, charges included, and what it may cost, both at
    the worst price allowed, in rupees. Raises StopTrading where the day has no sourced charges.
    """
    cost, at_risk = _worst(signal, settings)
    return _risk(signal, quantity, cost, at_risk), quantity * cost


def segment_of_signal(signal: Signal) -> Segment:
    """The segment that the signal's orders are charged and margined in."""
    product = "MIS" if signal.holding_period == "intraday" else "CNC"
    return segment_of(signal.exchange, signal.symbol, product)


def margin_pct(segment: Segment, settings: Settings) -> Decimal:
    """What the desk sets aside to buy, percent of the value: all of it, for a premium and for delivery; for
    intraday shares what `risk.intraday_margin_pct` says, which is all of it too unless somebody lowers it."""
    return settings.risk.intraday_margin_pct if segment == "equity-intraday" else Decimal(100)


def _worst(signal: Signal, settings: Settings) -> tuple[Decimal, Decimal]:
    """What a unit costs and loses at its stop at the worst price that `size` reckons with."""
    drift = 1 + settings.approval.max_price_drift_pct / 100
    distance = signal.entry_price - signal.stop_loss_price
    return signal.entry_price * drift, distance * drift + signal.tick_size / 2


def _largest_order(signal: Signal) -> int | None:
    """Units that one order may have, None where the exchange sets no such limit.

    A derivative that the table of freeze quantities does not know is bought one lot at a time: a lot is never
    frozen.
    """
    if signal.exchange not in ("NFO", "BFO"):
        return None
    known = freeze_quantity(signal.exchange, signal.underlying, signal.as_of.date())
    return signal.lot_size if known is None else known


def _lots_within(
    budget: Decimal, signal: Signal, allowed: int, cost: Decimal, at_risk: Decimal
) -> tuple[int, Decimal]:
    """The most lots, of those allowed, that lose no more than the budget (the loss grows with each lot), and
    what they lose."""
    fits, too_many = 0, allowed + 1
    lost = Decimal(0)
    middle = allowed
    while too_many - fits > 1:
        risk = _risk(signal, middle * signal.lot_size, cost, at_risk)
        if risk <= budget:
            fits, lost = middle, risk
        else:
            too_many = middle
        middle = (fits + too_many) // 2
    return fits, lost


def _risk(signal: Signal, quantity: int, cost: Decimal, at_risk: Decimal) -> Decimal:
    """What is lost at the stop by a purchase at `cost`, the charges of both legs included, to the next paisa:
    what is reserved for it must not be less."""
    charges = round_trip_charges(
        segment_of_signal(signal),
        signal.exchange,
        cost,
        cost - (signal.entry_price - signal.stop_loss_price) + signal.tick_size / 2,
        quantity,
        signal.as_of.date(),
    )
    return (quantity * at_risk + charges.total).quantize(_PAISA, ROUND_CEILING)
