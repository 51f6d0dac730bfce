"""What fills do to a position: pure arithmetic, the same for the desk and for the backtest.

Fills are told as running totals of an order (quantity filled so far at an average price), so that hearing of
the same fill twice, or of two fills at once, comes to the same.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Decimal

from patang.portfolio.position import Position
from patang.risk.charges import leg_charges, segment_of
from patang.settings import Mode
from patang.strategies.signal import Signal

__all__ = [
    "Fill",
    "after_entry",
    "after_exit",
    "entry_priced",
    "exit_priced",
    "levels_at",
    "opened",
    "realised",
]

_PAISA = Decimal("0.01")
_FOUR_PLACES = Decimal("0.0001")


@dataclass(frozen=True, slots=True)
class Fill:
    """An order's fills so far: units, average price in rupees, market time of the last."""

    quantity: int
    price: Decimal
    time: datetime

    @property
    def value(self) -> Decimal:
        return self.quantity * self.price


def levels_at(signal: Signal, price: Decimal) -> tuple[Decimal, Decimal]:
    """Stop and target of a position entered at `price` instead of the signal's price.

    An option's are percentages of the premium paid; an equity's keep their distance, which is made of the
    average true range and not of the price.
    """
    if signal.is_option:
        ratio = price / signal.entry_price
        stop, target = signal.stop_loss_price * ratio, signal.target_price * ratio
    else:
        shift = price - signal.entry_price
        stop, target = signal.stop_loss_price + shift, signal.target_price + shift
    return _nearest(stop, signal.tick_size), _nearest(target, signal.tick_size)


def opened(
    position_id: str,
    account: str,
    signal: Signal,
    product: str,
    entry_intent_id: str,
    expected_price: Decimal,
    fill: Fill,
    *,
    mode: Mode,
) -> Position:
    """The position an entry's first fill opens."""
    stop, target = levels_at(signal, fill.price)
    return Position.model_validate(
        {
            "account": account,
            "mode": mode,
            "position_id": position_id,
            "strategy": signal.strategy,
            "exchange": signal.exchange,
            "symbol": signal.symbol,
            "underlying": signal.underlying,
            "instrument_token": signal.instrument_token,
            "lot_size": signal.lot_size,
            "tick_size": signal.tick_size,
            "product": product,
            "expiry": signal.expiry,
            "quantity": fill.quantity,
            "entry_price": fill.price,
            "entry_time": fill.time,
            "entry_intent_id": entry_intent_id,
            "entry_charges": _charges(signal.exchange, signal.symbol, product, "BUY", fill),
            "entry_slippage": fill.price - expected_price,
            "stop_loss_price": stop,
            "target_price": target,
            "exit_by": signal.exit_by,
        }
    )


def after_entry(position: Position, signal: Signal, expected_price: Decimal, fill: Fill) -> Position:
    """The position after its entry has filled further; sold out meanwhile, it is open again for the rest.
    Levels that a person has set stay."""
    stop, target = levels_at(signal, fill.price)
    return position.evolve(
        state="OPEN" if position.state == "CLOSED" else position.state,
        quantity=fill.quantity,
        entry_price=fill.price,
        entry_charges=_charges(position.exchange, position.symbol, position.product, "BUY", fill),
        entry_slippage=fill.price - expected_price,
        stop_loss_price=position.stop_loss_price if "stop" in position.by_hand else stop,
        target_price=position.target_price if "target" in position.by_hand else target,
    )


def after_exit(position: Position, before: Fill | None, fill: Fill, expected_price: Decimal) -> Position:
    """The position after one exit order's fills went from `before` to `fill`; CLOSED once all is sold.

    `expected_price` is what the order was to bring a unit, the same at each of its fills.
    """
    market = (position.exchange, position.symbol, position.product)
    sold = position.exited_quantity + fill.quantity - (before.quantity if before else 0)
    value = position.exit_value + fill.value - (before.value if before else 0)
    # The depository charges a scrip and day once, whichever of the day's orders sells it.
    others = position.exited_quantity - (before.quantity if before else 0)
    last = position.exit_time
    debited = others > 0 and last is not None and last.date() == fill.time.date()
    charges = (position.exit_charges or Decimal(0)) + _charges(*market, "SELL", fill, debited=debited)
    if before:
        charges -= _charges(*market, "SELL", before, debited=debited)
    if last is not None and last.date() < fill.time.date():
        # A new day's first sale: what was sold before belongs to the days that saw it.
        position = position.evolve(
            exited_earlier=position.exited_quantity,
            exit_value_earlier=position.exit_value,
            exit_charges_earlier=position.exit_charges or Decimal(0),
        )
    # Each order is measured against the price that it was itself decided at.
    wanted = position.exit_value_expected + expected_price * (sold - position.exited_quantity)
    grown = position.evolve(
        exited_quantity=sold,
        exit_value=value,
        exit_value_expected=wanted,
        exit_price=(value / sold).quantize(_FOUR_PLACES),
        exit_time=fill.time,
        exit_charges=charges,
        exit_slippage=((value - wanted) / sold).quantize(_FOUR_PLACES),
    )
    if sold < position.quantity:
        return grown
    return grown.evolve(state="CLOSED", realised_pnl=realised(grown))


def entry_priced(position: Position, signal: Signal, expected_price: Decimal, fill: Fill) -> Position:
    """The position at the price of its entry's fills, which had been booked at another; it stays as open or
    closed as it is."""
    priced = after_entry(position, signal, expected_price, fill).evolve(state=position.state)
    return _with_result(priced)


def exit_priced(position: Position, before: Fill, fill: Fill) -> Position:
    """The position at the price of one exit order's fills, which had been booked at that of `before`."""
    market = (position.exchange, position.symbol, position.product)
    value = position.exit_value + fill.value - before.value
    # What the depository charges does not depend on the price.
    more = _charges(*market, "SELL", fill) - _charges(*market, "SELL", before)
    sold = position.exited_quantity
    priced = position.evolve(
        exit_value=value,
        exit_price=(value / sold).quantize(_FOUR_PLACES),
        exit_charges=(position.exit_charges or Decimal(0)) + more,
        exit_slippage=((value - position.exit_value_expected) / sold).quantize(_FOUR_PLACES),
    )
    return _with_result(priced)


def realised(position: Position) -> Decimal:
    """Profit in rupees of what was sold, after the charges of both legs."""
    gross = position.exit_value - position.entry_price * position.exited_quantity
    return (gross - position.entry_charges - (position.exit_charges or 0)).quantize(_PAISA)


def _with_result(position: Position) -> Position:
    return position.evolve(realised_pnl=realised(position)) if position.state == "CLOSED" else position


def _charges(
    exchange: str, symbol: str, product: str, side: str, fill: Fill, *, debited: bool = False
) -> Decimal:
    charges = leg_charges(
        segment_of(exchange, symbol, product),
        exchange,
        "BUY" if side == "BUY" else "SELL",
        fill.price,
        fill.quantity,
        fill.time.date(),
    )
    return charges.total - charges.dp if debited else charges.total


def _nearest(price: Decimal, tick: Decimal) -> Decimal:
    return max((price / tick).to_integral_value(ROUND_HALF_EVEN) * tick, tick)
