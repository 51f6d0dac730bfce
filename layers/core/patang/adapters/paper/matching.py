"""What an order makes of the ticks that follow it. Pure: no store, no clock.

The model, one tick after the other:
- A tick shows the best price on each side and the units behind it. Beyond it the book is taken to go on with
  as many units on each of the next four ticks of price. An order takes what its limit reaches: a small one
  pays the spread, a larger one slips from level to level, and what is left waits for the next tick.
- A limit order that the quotes do not reach is filled, at its limit, by a fifth of what was traded at a
  better price than that since the tick before: others stood in the queue as well.
- Paper orders do not see each other.
- Where the stream tells no units of a quote, the quote takes the whole order; where it tells no quote, the
  price is a tick worse than the last.
"""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from patang.adapters.paper.order import PaperFill, PaperOrder
from patang.execution.prices import band_pct, is_option
from patang.market.sessions import IST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["after_ticks"]

_PAISA = Decimal("0.01")
_LEVELS = 5
_VOLUME_SHARE = Decimal("0.2")


def after_ticks(
    order: PaperOrder, ticks: "NDArray[np.void]", as_of: datetime, volume: int | None
) -> PaperOrder:
    """The order after these ticks of its instrument (dtype TICK, in order); itself if nothing changed.

    Never filled beyond its limit. What is left of an IOC order after the first tick, and of any order when
    its time is over, is cancelled. `volume` is the day's volume before the ticks, if it is known.
    """
    if order.status == "AMO REQ RECEIVED":
        if order.opens_at is None or as_of < order.opens_at:
            return order
        order = order.evolve(status=order.at_exchange, updated_at=order.opens_at)
    placed = (order.opens_at or order.placed_at).timestamp()
    for tick in ticks:
        before, volume = volume, int(tick["volume"])
        if tick["exchange_time"] < placed:
            continue
        moment = datetime.fromtimestamp(int(tick["exchange_time"]), IST)
        if moment >= order.good_until:
            break
        last = _rupees(tick["last_price"])
        if order.status == "TRIGGER PENDING":
            if not _triggers(order, last):
                continue
            order = order.evolve(status="OPEN", updated_at=moment)
        traded = 0 if before is None else max(volume - before, 0)
        fills = _at_quotes(order, tick, moment) or _in_the_queue(order, last, traded, moment)
        if fills:
            order = order.with_fills(fills, moment)
        if not order.is_resting:
            return order
        if order.validity == "IOC":
            return order.evolve(status="CANCELLED", status_message="IOC: no match", updated_at=moment)
    if as_of >= order.good_until:
        return order.evolve(status="CANCELLED", status_message="its time is over", updated_at=as_of)
    return order


def _triggers(order: PaperOrder, last: Decimal) -> bool:
    trigger = order.trigger_price or Decimal(0)
    return last >= trigger if order.transaction_type == "BUY" else last <= trigger


def _at_quotes(order: PaperOrder, tick: "np.void", at: datetime) -> tuple[PaperFill, ...]:
    """What the other side of the book takes of the order at once."""
    limit, left, fills = _limit(order, _rupees(tick["last_price"])), order.pending, []
    for price, units in _levels(order, tick):
        if limit is not None and (price > limit if order.transaction_type == "BUY" else price < limit):
            break
        taken = left if units is None else min(left, units // order.lot_size * order.lot_size)
        if taken:
            fills.append(PaperFill(quantity=taken, price=price, at=at))
            left -= taken
        if not left:
            break
    return tuple(fills)


def _levels(order: PaperOrder, tick: "np.void") -> Iterator[tuple[Decimal, int | None]]:
    """Prices somebody would trade at now, best first, with the units there; None: as many as one likes."""
    buying = order.transaction_type == "BUY"
    quote, shown = (tick["ask"], tick["ask_quantity"]) if buying else (tick["bid"], tick["bid_quantity"])
    step = order.tick_size if buying else -order.tick_size
    price = _rupees(quote) if quote > 0 else _rupees(tick["last_price"]) + step
    if price <= 0 or tick["last_price"] <= 0:
        return
    if quote <= 0 or shown <= 0:
        yield price, None
        return
    for level in range(_LEVELS):
        if price + step * level > 0:
            yield price + step * level, int(shown)


def _in_the_queue(order: PaperOrder, last: Decimal, traded: int, at: datetime) -> tuple[PaperFill, ...]:
    """What trades at better prices than its limit leave to an order that waits at it."""
    if order.order_type not in ("LIMIT", "SL") or order.price is None or last <= 0:
        return ()
    through = last < order.price if order.transaction_type == "BUY" else last > order.price
    share = int(traded * _VOLUME_SHARE) // order.lot_size * order.lot_size
    units = min(order.pending, share)
    return (PaperFill(quantity=units, price=order.price, at=at),) if through and units else ()


def _limit(order: PaperOrder, last: Decimal) -> Decimal | None:
    if order.order_type in ("LIMIT", "SL"):
        return order.price
    percent = order.market_protection or Decimal(0)
    if percent < 0:
        percent = band_pct(last, option=is_option(order.exchange, order.tradingsymbol))
    move = last * percent / 100
    return last + move if order.transaction_type == "BUY" else last - move


def _rupees(value: float) -> Decimal:
    return Decimal(str(float(value))).quantize(_PAISA)
