"""Terms of orders read from the forms that clients send."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from patang_workbench.exchange.errors import InputError
from patang_workbench.exchange.orders import Terms

__all__ = ["VARIETIES", "changed_terms", "choice", "json_text", "price", "read_terms", "required", "units"]

VARIETIES = ("regular", "amo", "co", "iceberg", "auction")
ICEBERG_LEGS = (2, 50)

_CHOICES = {
    "transaction_type": ("BUY", "SELL"),
    "order_type": ("MARKET", "LIMIT", "SL", "SL-M"),
    "product": ("CNC", "MIS", "NRML", "MTF"),
    "validity": ("DAY", "IOC", "TTL"),
    "position_type": ("day", "overnight"),
}


def read_terms(form: Mapping[str, str], variety: str = "regular") -> Terms:
    """Terms from the form of a new order. Raises InputError for what is missing or malformed."""
    if variety not in VARIETIES:
        raise InputError(f"Invalid `variety`: {variety!r}; use one of {', '.join(VARIETIES)}.")
    terms = Terms(
        exchange=required(form, "exchange"),
        tradingsymbol=required(form, "tradingsymbol"),
        side=choice(form, "transaction_type"),
        quantity=units(form, "quantity"),
        product=choice(form, "product"),
        order_type=choice(form, "order_type"),
        price=price(form, "price"),
        trigger=price(form, "trigger_price"),
        validity=choice(form, "validity", "DAY"),
        ttl=units(form, "validity_ttl", 0),
        disclosed=units(form, "disclosed_quantity", 0),
        tag=_tag(form),
        protection=_protection(form),
        variety=variety,
        auction_number=form.get("auction_number") or None,
    )
    return _in_legs(terms, form) if variety == "iceberg" else terms


def changed_terms(terms: Terms, form: Mapping[str, str]) -> Terms:
    """`terms` with the fields of a modification."""
    changed = replace(
        terms,
        quantity=units(form, "quantity", terms.quantity),
        order_type=choice(form, "order_type", terms.order_type),
        price=price(form, "price", terms.price),
        trigger=price(form, "trigger_price", terms.trigger),
        validity=choice(form, "validity", terms.validity),
        ttl=units(form, "validity_ttl", terms.ttl),
        disclosed=units(form, "disclosed_quantity", terms.disclosed),
        protection=_protection(form),
    )
    if changed.validity != "TTL":
        changed = replace(changed, ttl=0)
    return replace(changed, price=0) if changed.order_type in ("MARKET", "SL-M") else changed


def required(form: Mapping[str, str], name: str) -> str:
    """A field that must be there. Raises InputError."""
    value = form.get(name, "").strip()
    if not value:
        raise InputError(f"Missing or empty field `{name}`")
    return value


def choice(form: Mapping[str, str], name: str, default: str | None = None) -> str:
    """A field with a few values. Raises InputError for another one."""
    value = form.get(name) or default or required(form, name)
    if value not in _CHOICES[name]:
        raise InputError(f"Invalid `{name}`: {value!r}; use one of {', '.join(_CHOICES[name])}.")
    return value


def units(form: Mapping[str, str], name: str, default: int | None = None) -> int:
    """A whole number; a quantity must be above 0. Raises InputError."""
    text = form.get(name, "")
    if not text and default is not None:
        return default
    if not text.isdecimal() or (name == "quantity" and int(text) == 0):
        raise InputError(f"Invalid `{name}`: {text!r}; use a whole number above 0.")
    return int(text)


def price(form: Mapping[str, str], name: str, default: int = 0) -> int:
    """An amount in paise. Raises InputError for what has more than two decimals or is no number."""
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


def json_text(value: Any) -> str:
    """A JSON value as the text a form would carry; a float keeps its printed digits."""
    return format(Decimal(repr(value)).normalize(), "f") if isinstance(value, float) else str(value)


def _in_legs(terms: Terms, form: Mapping[str, str]) -> Terms:
    legs, each = units(form, "iceberg_legs"), units(form, "iceberg_quantity")
    fewest, most = ICEBERG_LEGS
    if not fewest <= legs <= most:
        raise InputError(f"Invalid `iceberg_legs`: {legs}; use {fewest} to {most}.")
    if not (legs - 1) * each < terms.quantity <= legs * each:
        raise InputError(
            f"Invalid `iceberg_quantity`: {each}; {legs} legs of it do not make {terms.quantity} units."
        )
    return replace(terms, legs=legs, leg_quantity=each)


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
