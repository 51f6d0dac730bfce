"""What orders would block: the replies of /margins/orders and /margins/basket."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from patang_workbench.exchange.account import Account
from patang_workbench.exchange.charges import order_charges
from patang_workbench.exchange.errors import InputError
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.forms import json_text, read_terms
from patang_workbench.exchange.hours import rupees
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.margin_rates import INTRADAY_PRODUCTS, unit_margin
from patang_workbench.exchange.orders import Terms
from patang_workbench.exchange.protection import limit_of

__all__ = ["basket_margins", "order_margins"]

_SPAN = 0.7
"""Share of the margin of a future or a short option that is SPAN; the rest is exposure."""
_HEDGED = 0.3
"""Share of its margin that a short option keeps when a long one of the same kind stands beside it."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """An order asked about, the units of it that open a position, and the price it would trade at."""

    terms: Terms
    line: Line
    opening: int
    price: int

    @property
    def margin(self) -> int:
        """Paise."""
        return self.opening * unit_margin(self.terms, self.line, self.price)

    @property
    def premium(self) -> bool:
        return self.line.instrument.is_option and self.terms.side == "BUY"


def order_margins(
    rows: Any, account: Account, floor: Floor, day: date, compact: bool
) -> list[dict[str, Any]]:
    """A row an order, each on top of the account's positions and open orders. Raises InputError."""
    return [_row(asked, day, compact) for asked in _read(rows, account, floor)]


def basket_margins(
    rows: Any, account: Account, floor: Floor, day: date, consider_positions: bool, compact: bool
) -> dict[str, Any]:
    """What orders block one by one, and together with the benefit of their hedges. Raises InputError."""
    alone = Account(account.user_id, account.cash)
    orders = _read(rows, account if consider_positions else alone, floor)
    initial = _total(orders, hedged=False)
    final = _total(orders, hedged=True)
    if compact:
        kept = ("type", "tradingsymbol", "exchange", "total")
        initial, final = ({name: part[name] for name in kept} for part in (initial, final))
    shown = [_row(asked, day, compact) for asked in orders]
    return {"initial": initial, "final": final, "orders": shown, "charges": _no_charges()}


def _read(rows: Any, account: Account, floor: Floor) -> list[_Asked]:
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise InputError("Give the orders as a JSON list of objects.")
    return [_asked(row, account, floor) for row in rows]


def _asked(row: Mapping[str, Any], account: Account, floor: Floor) -> _Asked:
    fields = {name: json_text(value) for name, value in row.items()}
    variety = fields.pop("variety", "regular")
    terms = read_terms(fields, variety if variety in ("regular", "amo", "co", "auction") else "regular")
    line = floor.by_key.get(f"{terms.exchange}:{terms.tradingsymbol}")
    if line is None or line.instrument.is_index:
        raise InputError(f"There is no instrument {terms.exchange}:{terms.tradingsymbol} to trade.")
    terms = replace(terms, product="CO") if variety == "co" else terms
    price = limit_of(terms, line) or line.last
    return _Asked(terms, line, account.opening_units(terms, line), price)


def _row(asked: _Asked, day: date, compact: bool) -> dict[str, Any]:
    row = asked.line.instrument
    head = {"type": "equity", "tradingsymbol": row.tradingsymbol, "exchange": row.exchange}
    if compact:
        return {**head, "total": rupees(asked.margin)}
    leverage = {"MTF": 4, "MIS": 5, "CO": 5}.get(asked.terms.product, 1) if row.expiry is None else 1
    parts = _parts([asked], hedged=False)
    return {
        **head,
        **parts,
        "leverage": leverage,
        "charges": _charges(asked, day),
        "total": rupees(asked.margin),
    }


def _parts(orders: Sequence[_Asked], *, hedged: bool) -> dict[str, Any]:
    """Amounts in rupees by what they are blocked for."""
    span = exposure = premium = var = 0.0
    for asked in orders:
        row, amount = asked.line.instrument, asked.margin
        if asked.premium:
            premium += amount
        elif row.expiry is not None:
            if hedged:
                covered = min(_bought(orders, asked), asked.opening)
                amount = round(amount * (1 - (1 - _HEDGED) * covered / asked.opening)) if asked.opening else 0
            span += amount * _SPAN
            exposure += amount * (1 - _SPAN)
        else:
            var += amount
    return {
        "span": rupees(span),
        "exposure": rupees(exposure),
        "option_premium": rupees(premium),
        "additional": 0,
        "bo": 0,
        "cash": 0,
        "var": rupees(var),
        "pnl": {"realised": 0, "unrealised": 0},
    }


def _bought(orders: Sequence[_Asked], short: _Asked) -> int:
    """Units of long options beside a short one, of the same underlying, expiry and kind."""
    row = short.line.instrument
    if not row.is_option:
        return 0
    kind = (row.name, row.expiry, row.kind)
    return sum(
        asked.opening
        for asked in orders
        if asked.premium
        and kind == (asked.line.instrument.name, asked.line.instrument.expiry, asked.line.instrument.kind)
    )


def _total(orders: Sequence[_Asked], *, hedged: bool) -> dict[str, Any]:
    parts = _parts(orders, hedged=hedged)
    total = sum(parts[name] for name in ("span", "exposure", "option_premium", "var"))
    head = {"type": "", "tradingsymbol": "", "exchange": ""}
    return {**head, **parts, "leverage": 0, "charges": _no_charges(), "total": round(total, 2)}


def _charges(asked: _Asked, day: date) -> dict[str, Any]:
    terms = asked.terms
    product = "MIS" if terms.product in INTRADAY_PRODUCTS else terms.product
    asked_row = {
        "transaction_type": terms.side,
        "tradingsymbol": terms.tradingsymbol,
        "exchange": terms.exchange,
        "variety": terms.variety,
        "product": product,
        "order_type": terms.order_type,
        "quantity": terms.quantity,
        "average_price": asked.price / 100,
    }
    found: dict[str, Any] = order_charges([asked_row], day)[0]["charges"]
    return found


def _no_charges() -> dict[str, Any]:
    return {
        "transaction_tax": 0,
        "transaction_tax_type": "",
        "exchange_turnover_charge": 0,
        "sebi_turnover_charge": 0,
        "brokerage": 0,
        "stamp_duty": 0,
        "gst": {"igst": 0, "cgst": 0, "sgst": 0, "total": 0},
        "total": 0,
    }
