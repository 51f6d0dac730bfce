"""Conversion of a position from one product to another."""

from collections.abc import Mapping

from patang_workbench.exchange.account import Account, no_funds
from patang_workbench.exchange.errors import InputError, KiteError, OrderError
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.forms import choice, required, units
from patang_workbench.exchange.margin_rates import unit_margin
from patang_workbench.exchange.orders import Terms

__all__ = ["convert"]

_PRODUCTS = {"NSE": ("CNC", "MIS", "MTF"), "NFO": ("NRML", "MIS")}


def convert(account: Account, form: Mapping[str, str], floor: Floor) -> None:
    """Convert units of a position as PUT /portfolio/positions asks. `transaction_type` is the position's
    side. Raises InputError for what cannot be read, OrderError when the position or the funds are too small.
    """
    exchange, symbol = required(form, "exchange"), required(form, "tradingsymbol")
    side, kind = choice(form, "transaction_type"), choice(form, "position_type")
    quantity, old, new = units(form, "quantity"), required(form, "old_product"), required(form, "new_product")
    line = floor.by_key.get(f"{exchange}:{symbol}")
    if line is None or line.instrument.is_index:
        raise InputError(f"There is no instrument {exchange}:{symbol}.")
    allowed = _PRODUCTS[exchange]
    if old not in allowed or new not in allowed or old == new:
        raise InputError(f"A position on {exchange} cannot be converted from {old} to {new}.")
    held = account.positions.get((line.instrument.token, old))
    sign = 1 if side == "BUY" else -1
    if held is None or held.net * sign < quantity:
        raise OrderError(f"There are no {quantity} units of {symbol} in {old} to convert.")
    if kind == "overnight" and held.overnight * sign < quantity:
        raise OrderError(f"There are no {quantity} units of {symbol} carried over night in {old}.")
    if sign < 0 and new in ("CNC", "MTF"):
        raise OrderError("A short position in a share cannot be carried over night.")
    price = round(held.average)
    old_terms = Terms(exchange, symbol, side, quantity, old, "LIMIT", price)
    new_terms = Terms(exchange, symbol, side, quantity, new, "LIMIT", price)
    extra = quantity * (unit_margin(new_terms, line, price) - unit_margin(old_terms, line, price))
    available = account.funds().available
    if extra > max(available, 0):
        raise KiteError(no_funds(extra, available), 400, "MarginException")
    held.convert(quantity, account.position(line, new), overnight=kind == "overnight")
