"""Amounts as people in India read them."""

from decimal import Decimal

import pytest

from patang.desk_view.money import grouped, rupees


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "₹0.00"),
        (Decimal("999.999"), "₹1,000.00"),
        (1234567.5, "₹12,34,567.50"),
        (Decimal("100000"), "₹1,00,000.00"),
        (99999.99, "₹99,999.99"),
        (-150, "−₹150.00"),
        (Decimal("-0.001"), "₹0.00"),
        (Decimal("1234567890.1"), "₹1,23,45,67,890.10"),
    ],
)
def test_grouping_and_places(amount, text):
    assert rupees(amount) == text


def test_a_gain_may_carry_its_sign():
    assert rupees(12, signed=True) == "+₹12.00"
    assert rupees(-12, signed=True) == "−₹12.00"
    assert rupees(0, signed=True) == "₹0.00"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("above 0 to 10000000000", "above 0 to 10,00,00,00,000"),
        (300000, "3,00,000"),
        ("9999", "9999"),
        ("1234567.25", "12,34,567.25"),
        ("0.123456", "0.123456"),
        ("version a1234567", "version a1234567"),
        ("−₹12345", "−₹12,345"),
    ],
)
def test_large_numbers_in_a_text_are_grouped(text, told):
    assert grouped(text) == told
