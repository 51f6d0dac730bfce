"""A desk on which there is something to be seen on every page, and where each page is."""

from patang.desk_view.settings_form import FORMS
from patang.identity.principal import ALL_SCOPES, Principal
from tests.unit.api.reported_desk import reported
from tests.unit.api.sample_desk import DAY, SampleDesk, busy, two_owners
from tests.unit.api.sample_market import with_market
from tests.unit.api.squared_desk import squared
from tests.unit.api.told_trade import ENTRY, EXIT, HELD, LEFT, REFUSED, TAKEN, traded

__all__ = ["ADDRESSES", "APPROVAL", "whole_desk"]

APPROVAL = "/proposals/main/o20260818-1046-a1"
_ME = Principal("asha", "person:asha", ("main", "family"), ALL_SCOPES, csrf="of a browser")

ADDRESSES = (
    "/",
    "/signals",
    f"/signals/{TAKEN}",
    f"/signals/{REFUSED}",
    "/orders",
    f"/orders/{ENTRY}",
    f"/orders/{EXIT}",
    f"/positions/{HELD}",
    f"/positions/{LEFT}",
    "/candles?exchange=NSE&symbol=RELIANCE",
    "/chain",
    "/instruments",
    "/instruments?text=reliance",
    "/instruments/NSE/RELIANCE",
    "/research",
    "/research/reports/backtest-august",
    "/research/reports/train-equity",
    "/research/models",
    "/research/models/equity-4c917cc00a",
    "/research/parity",
    f"/research/parity/{DAY}",
    "/research/graduation",
    "/reports",
    f"/reports/daily/{DAY}?account=main",
    f"/reports/monthly/{DAY:%Y-%m}?account=main",
    "/reports/tax/2026-27?account=main",
    "/reports/tax/2026-27/broker?account=main",
    "/audit",
    "/audit/verification",
    f"/audit/main/{DAY}/6",
    "/settings",
    *(f"/settings/{form.name}" for form in FORMS),
    "/settings/history",
    "/settings/history/1",
    "/settings/history/1/return",
    "/settings/accounts",
    "/settings/accounts/main",
    "/settings/accounts/main/removal",
    "/settings/programs",
    "/settings/tokens",
    APPROVAL,
)


def whole_desk(address: str = "http://testserver") -> SampleDesk:
    """The desk of asha, in the middle of a morning."""
    desk = squared(reported(traded(with_market(busy(two_owners(public_url=address))))))
    desk.settings_page().change({"risk.max_concurrent_positions": "5"}, 0, "a quiet week", _ME)
    desk.settings_page().change({"risk.max_concurrent_positions": "2"}, 1, "", _ME)
    desk.tokens().issue("asha", "a script", ("read",), days=7)
    return desk
