"""Numbers as the reports print them. What is not a number is a dash: nothing is shown as if it were known."""

import math
from datetime import datetime
from decimal import Decimal

from patang.desk_view.money import rupees
from patang.market.sessions import IST

__all__ = ["amount", "moment", "number", "percent", "plain", "short_amount"]

_NOTHING = "–"
_LAKH, _CRORE = 100_000, 10_000_000
_THOUSAND = 1_000


def amount(value: Decimal | float | None, *, signed: bool = False) -> str:
    """Rupees and paise, grouped as in India; signed where the direction is the point."""
    return _NOTHING if value is None or not math.isfinite(value) else rupees(value, signed=signed)


def short_amount(value: float) -> str:
    """Rupees in as few characters as an axis has: ₹12.5L is twelve and a half lakh."""
    size, sign = abs(value), "−" if value < 0 else ""
    for unit, name in ((_CRORE, "Cr"), (_LAKH, "L"), (_THOUSAND, "k")):
        if size >= unit:
            return f"{sign}₹{size / unit:.4g}{name}"
    return f"{sign}₹{size:.4g}"


def percent(value: Decimal | float | None, places: int = 2, *, signed: bool = False) -> str:
    """A number that is in percent already."""
    text = number(value, places, signed=signed)
    return text if text == _NOTHING else f"{text} %"


def number(value: Decimal | float | None, places: int = 2, *, signed: bool = False) -> str:
    """With a fixed number of places and a true minus sign."""
    if value is None or not math.isfinite(value):
        return _NOTHING
    text = f"{value:+,.{places}f}" if signed else f"{value:,.{places}f}"
    return text.replace("-", "−") if float(text.replace(",", "")) else f"{0:.{places}f}"


def plain(value: object) -> str:
    """Anything of a card: numbers without needless places, the rest as it is."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: _NOTHING}[value]
    if isinstance(value, float):
        if not math.isfinite(value):
            return _NOTHING
        return f"{value:,.6g}".replace("-", "−")
    return str(value)


def moment(value: datetime) -> str:
    """Date and minute, IST."""
    return f"{value.astimezone(IST):%Y-%m-%d %H:%M}"
