"""What is special in after-market, cover, iceberg and auction orders on paper. Pure: no store, no clock.

Rules: https://kite.trade/docs/connect/v3/orders/ (varieties, iceberg legs).
"""

from collections.abc import Sequence
from datetime import datetime, time
from decimal import Decimal

from patang.adapters.paper.order import PaperIceberg, PaperOrder, paper_order_id
from patang.errors import BrokerRefused
from patang.market.instruments import Instrument
from patang.market.sessions import IST
from patang.ports import OrderRequest

__all__ = ["check_variety", "cover_exit", "first_leg", "next_leg", "stop_of"]

_VARIETIES = ("regular", "amo", "co", "iceberg", "auction")
_FEWEST_LEGS, _MOST_LEGS = 2, 50
_AUCTION = (time(14, 30), time(15, 0))
_AUCTION_TERMS = ("NSE", "SELL", "CNC", "LIMIT")
# The broker's own width of the protection of a market order.
_BROKERS_PROTECTION = Decimal(-1)


def check_variety(request: OrderRequest, instrument: Instrument, now: datetime) -> None:
    """What an order of its variety must be. Raises BrokerRefused in the broker's or the exchange's words."""
    if request.variety not in _VARIETIES:
        raise BrokerRefused(f"Invalid `variety`: {request.variety}.")
    if request.validity != "DAY" and request.variety not in ("regular", "iceberg"):
        raise BrokerRefused(
            f"Validity {request.validity} is not allowed for an order of variety {request.variety}."
        )
    if request.variety == "co":
        _check_cover(request, instrument)
    if request.variety == "iceberg":
        _check_iceberg(request, instrument)
    if request.variety == "auction":
        _refuse_auction(request, now)


def first_leg(request: OrderRequest) -> PaperIceberg | None:
    """The first leg of an iceberg; None for an order in one piece."""
    legs, each = request.iceberg_legs, request.iceberg_quantity
    if request.variety != "iceberg" or legs is None or each is None:
        return None
    return PaperIceberg(
        leg=1,
        legs=legs,
        leg_quantity=each,
        total_quantity=request.quantity,
        remaining_quantity=request.quantity - each,
    )


def next_leg(order: PaperOrder, at: datetime, wall_time: datetime) -> PaperOrder | None:
    """The leg that follows an iceberg's which has just been filled; None after the last."""
    leg = order.iceberg
    if leg is None or order.status != "COMPLETE" or leg.remaining_quantity <= 0:
        return None
    units = min(leg.leg_quantity, leg.remaining_quantity)
    later = leg.model_copy(update={"leg": leg.leg + 1, "remaining_quantity": leg.remaining_quantity - units})
    return _another(order, f"leg{later.leg}", at, wall_time, quantity=units, iceberg=later)


def stop_of(
    order: PaperOrder, legs: Sequence[PaperOrder], at: datetime, wall_time: datetime
) -> PaperOrder | None:
    """The stop of a cover order that guards what has been filled so far: the one that stands, made larger, or
    another. None for an order that has none. `legs`: those that name it as their parent."""
    if order.variety != "co" or order.parent_order_id is not None or not order.filled:
        return None
    standing = next((leg for leg in legs if leg.is_resting), None)
    guarded = order.filled - sum(leg.filled for leg in legs if leg is not standing)
    if standing is not None:
        return standing.evolve(quantity=guarded, updated_at=at)
    return _another(
        order,
        f"stop{len(legs)}",
        at,
        wall_time,
        quantity=guarded,
        status="TRIGGER PENDING",
        transaction_type="SELL" if order.transaction_type == "BUY" else "BUY",
        order_type="SL-M",
        price=None,
        market_protection=_BROKERS_PROTECTION,
        parent_order_id=order.order_id,
    )


def cover_exit(stop: PaperOrder) -> PaperOrder:
    """The way out of a cover order: its second leg sells at the market."""
    return stop.evolve(status="OPEN", order_type="MARKET", trigger_price=None)


def _another(
    order: PaperOrder, what: str, at: datetime, wall_time: datetime, **changes: object
) -> PaperOrder:
    """A further order of the same request, with nothing filled yet."""
    return order.evolve(
        **{
            "order_id": paper_order_id(order.account, f"{order.order_id}#{what}"),
            "revision": 0,
            "status": "OPEN",
            "status_message": "",
            "fills": (),
            "charges": Decimal(0),
            "modifications": 0,
            "placed_at": at,
            "updated_at": at,
            "written_at": wall_time,
        }
        | changes
    )


def _check_cover(request: OrderRequest, instrument: Instrument) -> None:
    if request.product != "MIS" or instrument.is_option:
        raise BrokerRefused("Cover orders are for MIS in shares and futures only.")
    if request.order_type not in ("MARKET", "LIMIT") or not request.trigger_price:
        raise BrokerRefused("A cover order is MARKET or LIMIT and needs the stoploss as `trigger_price`.")
    if request.price is None:
        return
    stop, price = Decimal(request.trigger_price), Decimal(request.price)
    if stop >= price if request.transaction_type == "BUY" else stop <= price:
        raise BrokerRefused("The stoploss of a cover order must be on the losing side of its price.")


def _check_iceberg(request: OrderRequest, instrument: Instrument) -> None:
    legs, each, whole = request.iceberg_legs or 0, request.iceberg_quantity or 0, request.quantity
    if request.order_type not in ("MARKET", "LIMIT"):
        raise BrokerRefused("Iceberg orders are MARKET or LIMIT only.")
    if request.validity == "IOC":
        raise BrokerRefused("Validity IOC is not allowed for an order of variety iceberg.")
    if not _FEWEST_LEGS <= legs <= _MOST_LEGS:
        raise BrokerRefused(f"Invalid `iceberg_legs`: {legs}; use {_FEWEST_LEGS} to {_MOST_LEGS}.")
    if each <= 0 or each % instrument.lot_size or whole % instrument.lot_size:
        raise BrokerRefused(
            f"`iceberg_quantity` {each} of {whole} is not a multiple of the lot {instrument.lot_size}."
        )
    if not (legs - 1) * each < whole <= legs * each:
        raise BrokerRefused(
            f"Invalid `iceberg_quantity`: {each}; {legs} legs of it do not make {whole} units."
        )


def _refuse_auction(request: OrderRequest, now: datetime) -> None:
    """Paper has no shares that were not delivered, so none that the exchange would buy in."""
    asked = (request.exchange, request.transaction_type, request.product, request.order_type)
    if asked != _AUCTION_TERMS:
        raise BrokerRefused("Auction orders are CNC sell orders with a limit price, of shares on NSE.")
    if not request.auction_number:
        raise BrokerRefused("Missing or empty field `auction_number`")
    first, last = _AUCTION
    if not first <= now.astimezone(IST).time() < last:
        raise BrokerRefused(f"The auction takes orders from {first:%H:%M} to {last:%H:%M}.")
    raise BrokerRefused(f"There is no auction {request.auction_number} of {request.tradingsymbol} today.")
