"""What the broker refuses to read, and what the broker or the exchange rejects."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from decimal import Decimal, InvalidOperation

from patang_workbench.exchange.errors import InputError
from patang_workbench.exchange.floor import Floor
from patang_workbench.exchange.hours import rupees
from patang_workbench.exchange.lines import Line
from patang_workbench.exchange.orders import Terms

__all__ = ["changed_terms", "check_terms", "limit_of", "read_terms", "rejection"]

PROTECTION_SINCE = date(2026, 4, 1)
"""From here on MARKET and SL-M orders by API need a market protection."""
NO_OPTION_SLM_SINCE = date(2021, 9, 27)

_CHOICES = {
    "transaction_type": ("BUY", "SELL"),
    "order_type": ("MARKET", "LIMIT", "SL", "SL-M"),
    "product": ("CNC", "MIS", "NRML"),
    "validity": ("DAY", "IOC"),
}
_PRODUCTS = {"NSE": ("CNC", "MIS"), "NFO": ("NRML", "MIS")}
# Automatic protection in percent of the last price: (up to this many rupees, percent).
_OPTION_BANDS = ((10, 5.0), (100, 3.0), (500, 2.0), (float("inf"), 1.0))
_SHARE_BANDS = ((100, 2.0), (500, 1.0), (float("inf"), 0.5))


def read_terms(form: Mapping[str, str]) -> Terms:
    """Terms from the form of a new order. Raises InputError for what is missing or malformed."""
    return Terms(
        exchange=_required(form, "exchange"),
        tradingsymbol=_required(form, "tradingsymbol"),
        side=_choice(form, "transaction_type"),
        quantity=_units(form, "quantity"),
        product=_choice(form, "product"),
        order_type=_choice(form, "order_type"),
        price=_price(form, "price"),
        trigger=_price(form, "trigger_price"),
        validity=_choice(form, "validity", "DAY"),
        disclosed=_units(form, "disclosed_quantity", 0),
        tag=_tag(form),
        protection=_protection(form),
    )


def changed_terms(terms: Terms, form: Mapping[str, str]) -> Terms:
    """`terms` with the fields of a modification."""
    changed = replace(
        terms,
        quantity=_units(form, "quantity", terms.quantity),
        order_type=_choice(form, "order_type", terms.order_type),
        price=_price(form, "price", terms.price),
        trigger=_price(form, "trigger_price", terms.trigger),
        validity=_choice(form, "validity", terms.validity),
        protection=_protection(form),
    )
    return replace(changed, price=0) if changed.order_type in ("MARKET", "SL-M") else changed


def check_terms(terms: Terms, line: Line | None, day: date) -> Line:
    """Refuse terms that no exchange would read; returns the instrument's line. Raises InputError."""
    if line is None or line.instrument.is_index:
        raise InputError("The instrument you are placing an order for has either expired or does not exist.")
    if terms.product not in _PRODUCTS[terms.exchange]:
        raise InputError(f"Product {terms.product} is not allowed on {terms.exchange}.")
    if terms.order_type in ("LIMIT", "SL") and terms.price <= 0:
        raise InputError(f"Price is required for an order of type {terms.order_type}.")
    if terms.order_type in ("SL", "SL-M") and terms.trigger <= 0:
        raise InputError(f"Trigger price is required for an order of type {terms.order_type}.")
    if terms.order_type == "SL-M" and line.instrument.is_option and day >= NO_OPTION_SLM_SINCE:
        raise InputError("SL-M orders are not allowed for options. Place an SL order with a limit price.")
    unprotected = terms.protection is None or terms.protection == 0
    if terms.order_type in ("MARKET", "SL-M") and unprotected and day >= PROTECTION_SINCE:
        raise InputError(
            f"{terms.order_type} orders without market protection are not allowed via API. "
            "Set market_protection or place a limit order."
        )
    return line


def rejection(terms: Terms, line: Line, floor: Floor, epoch: int) -> str | None:
    """Why the broker's risk checks or the exchange reject an order at `epoch` seconds, or None.

    Funds and holdings are checked apart.
    """
    row = line.instrument
    if not floor.opening <= epoch < floor.closes(line):
        return "Markets are closed right now. Orders are accepted in the continuous session only."
    if terms.quantity % row.lot:
        return f"Quantity {terms.quantity} is not a multiple of the lot size {row.lot}."
    if terms.quantity > row.freeze:
        return f"Quantity {terms.quantity} is above the freeze quantity of {row.freeze}. Split the order."
    if any(price % row.tick for price in (terms.price, terms.trigger)):
        return (
            f"Tick size for this script is {row.tick / 100:.2f}. "
            "Kindly enter price in the multiple of tick size for this script."
        )
    low, high = floor.band(line)
    if terms.order_type == "LIMIT" and not low <= terms.price <= high:
        return (
            "Price exceeds circuit limits for the instrument. "
            f"Place an order within the daily range of {rupees(low)} to {rupees(high)}."
        )
    return _bad_trigger(terms, line)


def _bad_trigger(terms: Terms, line: Line) -> str | None:
    if terms.order_type not in ("SL", "SL-M"):
        return None
    last = rupees(line.last)
    if terms.side == "BUY" and terms.trigger <= line.last:
        return f"Trigger price for stoploss buy orders should be above the last traded price of {last}."
    if terms.side == "SELL" and terms.trigger >= line.last:
        return f"Trigger price for stoploss sell orders should be below the last traded price of {last}."
    if terms.order_type == "SL" and terms.side == "BUY" and terms.price < terms.trigger:
        return "Price of a stoploss buy order should be at or above its trigger price."
    if terms.order_type == "SL" and terms.side == "SELL" and terms.price > terms.trigger:
        return "Price of a stoploss sell order should be at or below its trigger price."
    return None


def limit_of(terms: Terms, line: Line) -> int | None:
    """The worst price in paise the order may trade at: its own, that of its protection, or None."""
    if terms.order_type in ("LIMIT", "SL"):
        return terms.price
    percent = terms.protection
    if not percent:
        return None
    if percent < 0:
        bands = _OPTION_BANDS if line.instrument.is_option else _SHARE_BANDS
        percent = next(width for up_to, width in bands if line.last <= up_to * 100)
    tick = line.instrument.tick
    if terms.side == "BUY":
        return -(-round(line.last * (100 + percent)) // (100 * tick)) * tick
    return max(round(line.last * (100 - percent)) // (100 * tick) * tick, tick)


def _required(form: Mapping[str, str], name: str) -> str:
    value = form.get(name, "").strip()
    if not value:
        raise InputError(f"Missing or empty field `{name}`")
    return value


def _choice(form: Mapping[str, str], name: str, default: str | None = None) -> str:
    value = form.get(name) or default or _required(form, name)
    if value not in _CHOICES[name]:
        raise InputError(f"Invalid `{name}`: {value!r}; use one of {', '.join(_CHOICES[name])}.")
    return value


def _units(form: Mapping[str, str], name: str, default: int | None = None) -> int:
    text = form.get(name, "")
    if not text and default is not None:
        return default
    if not text.isdecimal() or (name == "quantity" and int(text) == 0):
        raise InputError(f"Invalid `{name}`: {text!r}; use a whole number above 0.")
    return int(text)


def _price(form: Mapping[str, str], name: str, default: int = 0) -> int:
    text = form.get(name, "")
    if not text:
        return default
    try:
        amount = Decimal(text) * 100
    except InvalidOperation:
        raise InputError(f"Invalid `{name}`: {text!r}; use a number.") from None
    if not amount.is_finite() or amount < 0 or amount != amount.to_integral_value():
        raise InputError(f"Invalid `{name}`: {text!r}; use a positive number with two decimals at most.")
    return int(amount)


def _tag(form: Mapping[str, str]) -> str | None:
    tag = form.get("tag")
    if not tag:
        return None
    if len(tag) > 20 or not (tag.isascii() and tag.isalnum()):
        raise InputError(f"Invalid `tag`: {tag!r}; at most 20 letters and digits are allowed.")
    return tag


def _protection(form: Mapping[str, str]) -> float | None:
    text = form.get("market_protection")
    if not text:
        return None
    try:
        percent = float(text)
    except ValueError:
        percent = float("nan")
    if not (percent == -1 or 0 <= percent <= 100):
        raise InputError(f"Invalid `market_protection`: {text!r}; use -1 or a percentage up to 100.")
    return percent
