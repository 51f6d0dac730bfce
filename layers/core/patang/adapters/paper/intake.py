"""Orders as a paper account takes them: from a request, in slices, and changed. Refused with the reason."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from patang.adapters.paper.account import PaperAccount
from patang.adapters.paper.order import PaperOrder
from patang.adapters.paper.triggers import not_parsed
from patang.adapters.paper.validation import check_terms
from patang.adapters.paper.varieties import check_variety, first_leg
from patang.errors import BrokerRefused, StopTrading
from patang.market.instruments import Instrument
from patang.market.sessions import IST, Session
from patang.ports import OrderRequest
from patang.risk.freeze import freeze_quantity

__all__ = ["changed_order", "new_order", "sizes_of_slices"]

_MOST_SLICES = 10
_MOST_MODIFICATIONS = 25
# The longest that the exchanges have stayed shut, and some.
_MOST_DAYS_SHUT = 14
_STOPS = ("SL", "SL-M")
_TERMS = (
    "variety",
    "exchange",
    "tradingsymbol",
    "transaction_type",
    "quantity",
    "order_type",
    "product",
    "validity",
    "tag",
    "price",
    "trigger_price",
    "market_protection",
    "disclosed_quantity",
)
_CHANGEABLE = frozenset(
    {
        "quantity",
        "price",
        "order_type",
        "trigger_price",
        "validity",
        "disclosed_quantity",
        "market_protection",
    }
)


def new_order(account: PaperAccount, order_id: str, request: OrderRequest) -> PaperOrder:
    """The order as it would stand. Raises BrokerRefused for what cannot be; means are not looked at."""
    placed = account.now()
    day = placed.astimezone(IST).date()
    instrument = account.instrument(request.exchange, request.tradingsymbol, day)
    check_variety(request, instrument, placed)
    after_market = request.variety == "amo"
    session = _next_session(account, instrument, placed) if after_market else account.session(instrument, day)
    until = session.last_print()
    if placed >= until:
        raise BrokerRefused(f"The market has closed at {until:%H:%M}.")
    if request.product == "MIS" and not after_market and placed >= account.ends_intraday(instrument, session):
        raise BrokerRefused(
            "Intraday orders are not accepted after the broker's square-off. Use another product."
        )
    if request.validity == "TTL":
        if not request.validity_ttl:
            raise BrokerRefused("Orders of validity TTL need their minutes.")
        until = min(until, placed + timedelta(minutes=request.validity_ttl))
    leg = first_leg(request)
    order = _parse(
        {name: getattr(request, name) for name in _TERMS}
        | {
            "quantity": request.quantity if leg is None else leg.leg_quantity,
            "iceberg": leg,
            "account": account.name,
            "order_id": order_id,
            "status": _first_status(request),
            "instrument_token": instrument.instrument_token,
            "lot_size": instrument.lot_size,
            "tick_size": instrument.tick_size,
            "opens_at": session.open if after_market else None,
            "placed_at": placed,
            "updated_at": placed,
            "good_until": until,
            "written_at": account.wall_time(),
        }
    )
    check_terms(order, instrument)
    return order


def changed_order(account: PaperAccount, order: PaperOrder, changes: Mapping[str, str]) -> PaperOrder:
    """A resting order after a modification. Raises BrokerRefused; means are not looked at."""
    unknown = changes.keys() - _CHANGEABLE
    if unknown:
        raise BrokerRefused(f"An order has no {', '.join(sorted(unknown))} to change.")
    if order.modifications >= _MOST_MODIFICATIONS:
        raise BrokerRefused("Maximum allowed order modifications exceeded.")
    after = _parse(order.model_dump() | dict(changes) | {"modifications": order.modifications + 1})
    if after.quantity <= after.filled:
        raise BrokerRefused(f"Quantity {after.quantity} is not above the {after.filled} that are filled.")
    if order.is_cover_stop:
        return _moved_stop(account, order, after)
    becomes_stop = after.order_type in _STOPS and order.order_type not in _STOPS
    waits = after.order_type in _STOPS and order.status == "TRIGGER PENDING"
    if order.status != "AMO REQ RECEIVED":
        after = after.evolve(status="TRIGGER PENDING" if waits or becomes_stop else "OPEN")
    day = order.placed_at.astimezone(IST).date()
    check_terms(after, account.instrument(order.exchange, order.tradingsymbol, day))
    return after


def _moved_stop(account: PaperAccount, order: PaperOrder, after: PaperOrder) -> PaperOrder:
    """The second leg of a cover order has a trigger to change and nothing else."""
    moved = order.evolve(trigger_price=after.trigger_price, modifications=after.modifications)
    day = order.placed_at.astimezone(IST).date()
    check_terms(moved, account.instrument(order.exchange, order.tradingsymbol, day))
    return moved


def _first_status(request: OrderRequest) -> str:
    if request.variety == "amo":
        return "AMO REQ RECEIVED"
    return "TRIGGER PENDING" if request.order_type in _STOPS else "OPEN"


def _next_session(account: PaperAccount, instrument: Instrument, now: datetime) -> Session:
    """The session that an after-market order waits for. Raises BrokerRefused while one goes on."""
    day = now.astimezone(IST).date()
    for ahead in range(_MOST_DAYS_SHUT):
        session = account.session_or_none(instrument, day + timedelta(days=ahead))
        if session is None or now >= session.last_print():
            continue
        if now >= session.open:
            raise BrokerRefused("After market orders are not accepted while the market is open.")
        return session
    raise BrokerRefused(f"No session is known within {_MOST_DAYS_SHUT} days of {day}.")


def sizes_of_slices(account: PaperAccount, request: OrderRequest) -> list[int]:
    """Units of each slice, of the freeze quantity at most. Raises BrokerRefused for none to cut, or too
    many."""
    day = account.now().astimezone(IST).date()
    instrument = account.instrument(request.exchange, request.tradingsymbol, day)
    lot = instrument.lot_size
    freeze = freeze_quantity(request.exchange, instrument.underlying, day)
    if freeze is None or request.quantity <= freeze // lot * lot:
        raise BrokerRefused(
            f"Quantity {request.quantity} needs no slicing: the most is {freeze or 'not set'}."
        )
    whole, rest = divmod(request.quantity, freeze // lot * lot)
    sizes = [freeze // lot * lot] * whole + [rest] * bool(rest)
    if len(sizes) > _MOST_SLICES:
        raise BrokerRefused(f"The order makes {len(sizes)} slices; at most {_MOST_SLICES} are taken.")
    return sizes


def _parse(values: Mapping[str, Any]) -> PaperOrder:
    """Raises BrokerRefused, also for a day whose charges nobody knows."""
    try:
        order = PaperOrder.model_validate(values)
        order.charges_on(Decimal(0))
    except ValidationError as error:
        raise not_parsed("order", error) from error
    except StopTrading as error:
        raise BrokerRefused(f"What the order costs is not known: {error}") from error
    return order
