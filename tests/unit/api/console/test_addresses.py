"""Addresses of pages: what nobody asked for is not in them, and nothing breaks out of them."""

from datetime import date

from functions.api.console.addresses import address, next_address

ASKED = {"day": date(2026, 8, 18), "account": None, "text": "", "symbol": "M&M <b>"}


def test_only_what_was_asked_for_is_in_the_address():
    assert address("/audit", {}) == "/audit"
    assert address("/audit", {"text": "", "account": None}) == "/audit"
    assert address("/audit", ASKED) == "/audit?day=2026-08-18&symbol=M%26M+%3Cb%3E"


def test_the_page_behind_asks_the_same_from_its_place_on():
    assert next_address("/orders", ASKED, None) is None
    assert next_address("/orders", {"day": ASKED["day"]}, "ab=") == "/orders?day=2026-08-18&cursor=ab%3D"
    assert next_address("/research", {}, 20, "from") == "/research?from=20"
