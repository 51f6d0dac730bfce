"""What an account must have at the broker before the owner is asked."""

from decimal import Decimal
from typing import Any, Literal

import pytest

from patang.approvals.proposal import OrderTerms
from patang.execution.checks import check_margin
from patang.settings import Settings

LEVERED = Settings.model_validate({"risk": {"intraday_margin_pct": 20}})


def terms(exchange: str, symbol: str, product: Literal["CNC", "MIS", "NRML"]) -> OrderTerms:
    """30,000 rupees: 33,000 with the buffer."""
    return OrderTerms(
        account="main",
        mode="paper",
        exchange=exchange,
        tradingsymbol=symbol,
        transaction_type="BUY",
        quantity=300,
        order_type="LIMIT",
        product=product,
        price=Decimal(100),
    )


def has(rupees: Any) -> dict[str, Any]:
    return {"equity": {"net": rupees}}


SHARE_FOR_THE_DAY = terms("NSE", "INFY", "MIS")
SHARE_TO_KEEP = terms("NSE", "INFY", "CNC")
OPTION_FOR_THE_DAY = terms("NFO", "NIFTY26AUG25000CE", "MIS")
OPTION_TO_KEEP = terms("NFO", "NIFTY26AUG25000CE", "NRML")
ALL = [SHARE_FOR_THE_DAY, SHARE_TO_KEEP, OPTION_FOR_THE_DAY, OPTION_TO_KEEP]


@pytest.mark.parametrize("order", ALL)
def test_everything_is_paid_in_full_and_with_the_buffer(order: OrderTerms) -> None:
    assert check_margin(order, has(33_000), Settings()) is None
    refused = check_margin(order, has(32_999), Settings())
    assert refused == "MARGIN_INSUFFICIENT: 33000.00 are needed with the buffer and 32999.00 are there"


@pytest.mark.parametrize(
    ("order", "needed"),
    [
        (SHARE_FOR_THE_DAY, 6_600),
        (SHARE_TO_KEEP, 33_000),
        (OPTION_FOR_THE_DAY, 33_000),
        (OPTION_TO_KEEP, 33_000),
    ],
)
def test_only_shares_for_the_day_are_levered_where_the_settings_say_so(
    order: OrderTerms, needed: int
) -> None:
    assert check_margin(order, has(needed), LEVERED) is None
    assert check_margin(order, has(needed - 1), LEVERED) is not None


@pytest.mark.parametrize("net", [None, "", "much"])
def test_funds_that_the_broker_does_not_tell_are_not_assumed(net: Any) -> None:
    refused = check_margin(SHARE_TO_KEEP, has(net), Settings())
    assert refused is not None
    assert refused.startswith("MARGIN_UNKNOWN")
