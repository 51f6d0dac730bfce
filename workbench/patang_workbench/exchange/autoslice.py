"""Orders above the freeze quantity, sliced by the broker."""

from collections.abc import Mapping
from typing import Any

from patang_workbench.exchange.account import Account
from patang_workbench.exchange.engine import Exchange
from patang_workbench.exchange.errors import InputError, KiteError
from patang_workbench.exchange.forms import read_terms
from patang_workbench.exchange.login import App

__all__ = ["MOST_SLICES", "place_sliced"]

MOST_SLICES = 10


def place_sliced(
    exchange: Exchange, account: Account, app: App, form: Mapping[str, str], variety: str
) -> Any:
    """Place an order in slices of at most the freeze quantity; the reply has the shape that the rules say.

    Each slice is an order of its own with the client's tag and the broker's marks. An order that one slice
    would hold is refused, and so is one of more than ten (InputError).
    """
    terms = read_terms(form, variety)
    line = exchange.floor.by_key.get(f"{terms.exchange}:{terms.tradingsymbol}")
    if line is None or line.instrument.is_index:
        raise InputError("The instrument you are placing an order for has either expired or does not exist.")
    row = line.instrument
    largest = row.freeze // row.lot * row.lot
    if terms.quantity <= largest:
        raise InputError(
            f"Quantity should be greater than or equal to {largest + row.lot} for order slicing."
        )
    whole, rest = divmod(terms.quantity, largest)
    sizes = [largest] * whole + [rest] * bool(rest)
    if len(sizes) > MOST_SLICES:
        raise InputError(f"The order makes {len(sizes)} slices; at most {MOST_SLICES} are allowed.")
    exchange.limits.order(app.user_id, placing=len(sizes))
    parent = exchange.broker.next_number()
    children = [_slice(exchange, account, app, form, variety, size, parent) for size in sizes]
    return children if exchange.rules.autoslice == "flat" else {"order_id": parent, "children": children}


def _slice(
    exchange: Exchange,
    account: Account,
    app: App,
    form: Mapping[str, str],
    variety: str,
    size: int,
    parent: str,
) -> dict[str, Any]:
    marks = ("autoslice", f"autoslice:{parent}")
    try:
        order = exchange.broker.place(
            account, app.api_key, {**form, "quantity": str(size)}, variety, marks, parent
        )
    except KiteError as refused:
        return _error(refused.http, refused.error_type, refused.message)
    exchange.broker.progress(order)
    if order.error_type in ("MarginException", "HoldingException"):
        return _error(400, order.error_type, str(order.message))
    return {"order_id": order.order_id}


def _error(code: int, error_type: str, message: str) -> dict[str, Any]:
    return {"error": {"code": code, "error_type": error_type, "message": message, "data": None}}
