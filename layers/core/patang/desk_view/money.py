"""Amounts as people in India read them."""

from decimal import ROUND_HALF_UP, Decimal

__all__ = ["rupees", "tone"]


def rupees(amount: Decimal | float, *, signed: bool = False) -> str:
    """₹ with two places and the Indian grouping: 1234567.5 is ₹12,34,567.50, a loss is −₹150.00."""
    value = Decimal(str(amount)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    whole, _, paise = f"{abs(value):f}".partition(".")
    sign = "−" if value < 0 else "+" if signed and value > 0 else ""
    return f"{sign}₹{_grouped(whole)}.{paise}"


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
