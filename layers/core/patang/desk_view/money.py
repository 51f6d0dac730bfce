"""Amounts as people in India read them."""

import re
from decimal import ROUND_HALF_UP, Decimal

__all__ = ["grouped", "rupees", "tone"]

# Not within a word, a version or what stands behind a point.
_LARGE = re.compile(r"(?<![\w.])\d{5,}(?!\w)", re.ASCII)


def rupees(amount: Decimal | float, *, signed: bool = False) -> str:
    """₹ with two places and the Indian grouping: 1234567.5 is ₹12,34,567.50, a loss is −₹150.00."""
    value = Decimal(str(amount)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    whole, _, paise = f"{abs(value):f}".partition(".")
    sign = "−" if value < 0 else "+" if signed and value > 0 else ""
    return f"{sign}₹{_grouped(whole)}.{paise}"


def grouped(text: object) -> str:
    """Its text, with the numbers in it that are ten thousand or more in the Indian grouping."""
    return _LARGE.sub(lambda found: _grouped(found[0]), str(text))


def _grouped(whole: str) -> str:
    head, last = whole[:-3], whole[-3:]
    pairs = []
    while head:
        pairs.append(head[-2:])
        head = head[:-2]
    return ",".join([*reversed(pairs), last])


def tone(amount: Decimal | float | None) -> str:
    """`good` of a gain, `bad` of a loss, else nothing: what a page colours it by."""
    if amount is None or amount == 0:
        return ""
    return "good" if amount > 0 else "bad"
