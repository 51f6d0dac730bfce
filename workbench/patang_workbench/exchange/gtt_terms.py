"""The condition and the orders of a good-till-triggered order, read from the form that clients send."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from patang_workbench.exchange.errors import InputError
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.forms import choice, json_text, price, required, units
from patang_workbench.exchange.lines import Line

__all__ = ["Condition", "Leg", "read_gtt"]

_TYPES = {"single": 1, "two-leg": 2}
_PRODUCTS = {"NSE": ("CNC", "MTF"), "NFO": ("NRML",)}
_CHEAP = 50_00


class Condition(NamedTuple):
    """What triggers: the price at the time of asking, and the prices to reach, in paise."""

    last: int
    triggers: tuple[int, ...]


class Leg(NamedTuple):
    """The order that a trigger price places; `price` in paise."""

    side: str
    quantity: int
    product: str
    price: int


def read_gtt(form: Mapping[str, str], floor: Floor) -> tuple[Condition, tuple[Leg, ...], Line]:
    """Condition, orders and instrument of a request. Raises InputError for what the broker refuses."""
    wanted = _TYPES.get(required(form, "type"))
    if wanted is None:
        raise InputError(f"Invalid `type`: {form['type']!r}; use one of {', '.join(_TYPES)}.")
    asked, orders = _json(form, "condition", dict), _json(form, "orders", list)
    fields = {name: str(value) for name, value in asked.items()}
    key = f"{required(fields, 'exchange')}:{required(fields, 'tradingsymbol')}"
    line = floor.by_key.get(key)
    if line is None or line.instrument.is_index:
        raise InputError(f"There is no instrument {key} to trade.")
    values = asked.get("trigger_values")
    if not isinstance(values, list) or len(values) != wanted or len(orders) != wanted:
        raise InputError(f"A GTT of type {form['type']} has {wanted} `trigger_values` and as many `orders`.")
    triggers = tuple(price({"trigger_values": json_text(value)}, "trigger_values") for value in values)
    condition = Condition(price({"last_price": json_text(asked.get("last_price"))}, "last_price"), triggers)
    _check_condition(condition)
    return condition, tuple(_leg(row, line) for row in orders), line


def _check_condition(condition: Condition) -> None:
    last, triggers = condition
    if last <= 0 or min(triggers) <= 0:
        raise InputError("`last_price` and `trigger_values` must be above 0.")
    nearest = last * 0.0025 if last > _CHEAP else 9
    if any(abs(value - last) < nearest for value in triggers):
        raise InputError("Trigger price must be at least 0.25 % away from the last price (9 paise below 50).")
    if len(triggers) == 2 and not triggers[0] < last < triggers[1]:
        raise InputError("The first trigger of a two-leg GTT is below the last price, the second above it.")


def _leg(row: Any, line: Line) -> Leg:
    if not isinstance(row, dict):
        raise InputError("Each of the `orders` of a GTT is a JSON object.")
    fields = {name: json_text(value) for name, value in row.items()}
    instrument = line.instrument
    if (fields.get("exchange"), fields.get("tradingsymbol")) != (
        instrument.exchange,
        instrument.tradingsymbol,
    ):
        raise InputError("The `orders` of a GTT are in the instrument of its condition.")
    if fields.get("order_type") != "LIMIT":
        raise InputError(f"GTT orders are of type LIMIT only, not {fields.get('order_type')}.")
    product = choice(fields, "product")
    if product not in _PRODUCTS[instrument.exchange]:
        raise InputError(f"Product {product} is not allowed in a GTT on {instrument.exchange}.")
    limit = price(fields, "price")
    if limit <= 0:
        raise InputError("Price is required for the orders of a GTT.")
    return Leg(choice(fields, "transaction_type"), units(fields, "quantity"), product, limit)


def _json(form: Mapping[str, str], name: str, kind: type) -> Any:
    try:
        value = json.loads(required(form, name))
    except ValueError:
        raise InputError(f"`{name}` is not JSON.") from None
    if not isinstance(value, kind):
        raise InputError(f"`{name}` must be a JSON {'object' if kind is dict else 'array'}.")
    return value
