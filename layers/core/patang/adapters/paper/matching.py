"""What an order makes of the ticks that follow it. Pure: no store, no clock."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from patang.adapters.paper.book import PaperOrder
from patang.execution.prices import band_pct, is_option
from patang.market.sessions import IST

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["after_ticks"]

_PAISA = Decimal("0.01")


def after_ticks(order: PaperOrder, ticks: "NDArray[np.void]", as_of: datetime) -> PaperOrder:
    """The order after these ticks of its instrument (dtype TICK, in order); itself if nothing changed.

    Fills whole at the best opposite quote, or at the last price where no quote is known, and never beyond
    the order's limit. A DAY order of an earlier day and an IOC order that found nobody are cancelled.
    """
    if order.placed_at.astimezone(IST).date() < as_of.astimezone(IST).date():
        return order.evolve(status="CANCELLED", status_message="the day is over", updated_at=as_of)
    placed = order.placed_at.timestamp()
    for tick in ticks:
        if tick["exchange_time"] < placed:
            continue
        moment = datetime.fromtimestamp(int(tick["exchange_time"]), IST)
        if order.status == "TRIGGER PENDING":
            if not _triggers(order, _rupees(tick["last_price"])):
                continue
            order = order.evolve(status="OPEN", updated_at=moment)
        price = _offer(order, tick)
        if price is not None and _acceptable(order, price, _rupees(tick["last_price"])):
            return order.evolve(status="COMPLETE", average_price=price, updated_at=moment)
        if order.validity == "IOC":
            return order.evolve(status="CANCELLED", status_message="IOC: no match", updated_at=moment)
    return order


def _triggers(order: PaperOrder, last: Decimal) -> bool:
    trigger = order.trigger_price or Decimal(0)
    return last >= trigger if order.transaction_type == "BUY" else last <= trigger


def _offer(order: PaperOrder, tick: "np.void") -> Decimal | None:
    """The price somebody would trade at now."""
    quote = tick["ask"] if order.transaction_type == "BUY" else tick["bid"]
    price = quote if quote > 0 else tick["last_price"]
    return _rupees(price) if price > 0 else None


def _acceptable(order: PaperOrder, price: Decimal, last: Decimal) -> bool:
    limit = order.price if order.order_type in ("LIMIT", "SL") else _protected(order, last)
    if limit is None:
        return True
    return price <= limit if order.transaction_type == "BUY" else price >= limit


def _protected(order: PaperOrder, last: Decimal) -> Decimal | None:
    percent = order.market_protection or Decimal(0)
    if percent < 0:
        percent = band_pct(last, option=is_option(order.exchange, order.tradingsymbol))
    move = last * percent / 100
    return last + move if order.transaction_type == "BUY" else last - move


def _rupees(value: float) -> Decimal:
    return Decimal(str(float(value))).quantize(_PAISA)
