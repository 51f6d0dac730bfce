"""Orders as a paper account takes them: from a request, in slices, and changed. Refused with the reason."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pydantic import ValidationError

from patang.adapters.paper.account import PaperAccount
from patang.adapters.paper.order import PaperOrder
from patang.adapters.paper.triggers import not_parsed
from patang.adapters.paper.validation import check_terms
from patang.errors import BrokerRefused, StopTrading
from patang.market.sessions import IST
from patang.ports import OrderRequest
from patang.risk.freeze import freeze_quantity

__all__ = ["changed_order", "new_order", "sizes_of_slices"]

_MOST_SLICES = 10
_MOST_MODIFICATIONS = 25
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
    until = account.session(instrument, day).last_print()
    if placed >= until:
        raise BrokerRefused(f"The market has closed at {until:%H:%M}.")
    if request.validity == "TTL":
        if not request.validity_ttl:
            raise BrokerRefused("Orders of validity TTL need their minutes.")
        until = min(until, placed + timedelta(minutes=request.validity_ttl))
    order = _parse(
        {name: getattr(request, name) for name in _TERMS}
        | {
            "account": account.name,
            "order_id": order_id,
            "status": "TRIGGER PENDING" if request.order_type in _STOPS else "OPEN",
            "instrument_token": instrument.instrument_token,
            "lot_size": instrument.lot_size,
            "tick_size": instrument.tick_size,
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
    becomes_stop = after.order_type in _STOPS and order.order_type not in _STOPS
    waits = after.order_type in _STOPS and order.status == "TRIGGER PENDING"
    after = after.evolve(status="TRIGGER PENDING" if waits or becomes_stop else "OPEN")
    day = order.placed_at.astimezone(IST).date()
    check_terms(after, account.instrument(order.exchange, order.tradingsymbol, day))
    return after


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
