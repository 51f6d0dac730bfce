"""What the simulated broker charges: the reply of /charges/orders, and the contract note it mails."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from patang.errors import PatangError
from patang.risk.charges import Charges, Execution, Side, exact_charges, segment_of
from patang.risk.contract_note import ExecutedOrder, contract_note
from patang_workbench.exchange.account import Account
from patang_workbench.exchange.errors import InputError
from patang_workbench.exchange.orders import Order

__all__ = ["account_note", "order_charges"]

_TERMS = ("transaction_type", "tradingsymbol", "exchange", "variety", "product", "order_type")


def order_charges(rows: Any, day: date) -> list[dict[str, Any]]:
    """A row an order that was asked about, executed or imagined. Raises InputError for one that is none.

    As the broker has it: each order on its own, delivery as its product says, IPFT in the exchange's charge,
    no depository; stamp duty to the rupee, the rest unrounded.
    """
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError("Give the orders as a JSON list of objects.")
    return [_priced(row, day) for row in rows]


def account_note(account: Account, day: date) -> dict[str, Any]:
    """The day's contract note: a line an exchange segment, what is booked beside it, and the total."""
    note = contract_note(day, [_executed(order) for order in account.orders.values() if order.trades])
    return {
        "date": day.isoformat(),
        "lines": {line.exchange: _shown(line.charges) for line in note.lines},
        "beside": _shown(note.beside),
        "total": float(note.total),
    }


def _priced(row: Mapping[str, Any], day: date) -> dict[str, Any]:
    side, quantity, price = row.get("transaction_type"), row.get("quantity"), row.get("average_price")
    if side not in ("BUY", "SELL"):
        raise InputError(f"Invalid transaction_type: {side!r}; use BUY or SELL.")
    if not isinstance(quantity, int) or quantity <= 0:
        raise InputError(f"Invalid quantity: {quantity!r}; give a whole number above 0.")
    if not isinstance(price, int | float) or price <= 0:
        raise InputError(f"Invalid average_price: {price!r}; give rupees above 0.")
    exchange, symbol = str(row.get("exchange")), str(row.get("tradingsymbol"))
    segment = segment_of(exchange, symbol, _booked(str(row.get("product"))))
    taken: Side = "BUY" if side == "BUY" else "SELL"
    try:
        charges = exact_charges(segment, exchange, taken, Decimal(str(price)) * quantity, day)
    except PatangError as error:
        raise InputError(str(error)) from error
    terms = {name: row.get(name) for name in _TERMS}
    return terms | {"quantity": quantity, "price": price, "charges": _told(charges)}


def _told(charges: Charges) -> dict[str, Any]:
    stamp_duty = charges.in_rupees().stamp_duty
    total = charges.total - charges.dp - charges.stamp_duty + stamp_duty
    return {
        "transaction_tax": float(charges.stt),
        "transaction_tax_type": "stt",
        "exchange_turnover_charge": float(charges.exchange_transaction + charges.ipft),
        "sebi_turnover_charge": float(charges.sebi),
        "brokerage": float(charges.brokerage),
        "stamp_duty": float(stamp_duty),
        "gst": {"igst": float(charges.gst), "cgst": 0, "sgst": 0, "total": float(charges.gst)},
        "total": float(total),
    }


def _executed(order: Order) -> ExecutedOrder:
    terms = order.terms
    return ExecutedOrder(
        terms.exchange,
        terms.tradingsymbol,
        _booked(terms.product),
        "BUY" if terms.side == "BUY" else "SELL",
        tuple(Execution(Decimal(trade.price) / 100, trade.quantity) for trade in order.trades),
    )


def _booked(product: str) -> str:
    """Shares bought with the broker's money are delivered, and charged as that."""
    return "CNC" if product == "MTF" else product


def _shown(charges: Charges) -> dict[str, float]:
    parts = {name: float(getattr(charges, name)) for name in Charges.__slots__}
    return parts | {"total": float(charges.total)}
