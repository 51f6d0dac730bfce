"""What an account must have at the broker before the owner is asked."""

from decimal import Decimal
from typing import Any, Literal

import pytest

from patang.approvals.proposal import OrderTerms
from patang.execution.margin_check import check_basket_margin, check_margin
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


class Funded:
    """A broker that tells these funds, and these rupees as the margin of any order or basket."""

    def __init__(self, net: Any, margin: Any = 0) -> None:
        self.net, self.margin = net, margin

    def margins(self) -> Any:
        return {"equity": {"net": self.net}}

    def order_margins(self, requests: Any) -> Any:
        return [{"total": self.margin} for _ in requests]

    def basket_margins(self, requests: Any) -> Any:
        return {"initial": {"total": self.margin}, "final": {"total": 0}}


def has(rupees: Any, margin: Any = 0) -> Any:
    return Funded(rupees, margin)


SHARE_FOR_THE_DAY = terms("NSE", "INFY", "MIS")
SHARE_TO_KEEP = terms("NSE", "INFY", "CNC")
OPTION_FOR_THE_DAY = terms("NFO", "NIFTY26AUG25000CE", "MIS")
OPTION_TO_KEEP = terms("NFO", "NIFTY26AUG25000CE", "NRML")
ALL = [SHARE_FOR_THE_DAY, SHARE_TO_KEEP, OPTION_FOR_THE_DAY, OPTION_TO_KEEP]


@pytest.mark.parametrize("order", ALL)
def test_everything_is_paid_in_full_and_with_the_buffer(order: OrderTerms) -> None:
    assert check_margin(order, has(33_000), Settings()) is None
    refused = check_margin(order, has(32_999.99), Settings())
    assert refused == "MARGIN_INSUFFICIENT: 33000.00 are needed with the buffer and 32999.99 are there"


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


@pytest.mark.parametrize("order", ALL)
def test_the_brokers_own_figure_is_asked_too_and_with_the_buffer(order: OrderTerms) -> None:
    assert check_margin(order, has(55_000, 50_000), Settings()) is None
    refused = check_margin(order, has(54_999, 50_000), Settings())
    assert refused is not None
    assert refused.startswith("MARGIN_INSUFFICIENT: 55000.00 are needed by the broker's own figure")


@pytest.mark.parametrize("told", [None, "", "nan", "-1"])
def test_a_margin_that_the_broker_does_not_tell_is_not_assumed(told: Any) -> None:
    for refused in (
        check_margin(SHARE_TO_KEEP, has(99_000, told), Settings()),
        check_basket_margin([(SHARE_TO_KEEP, None)], has(99_000, told), Settings()),
    ):
        assert refused is not None
        assert refused.startswith("MARGIN_UNKNOWN")


def test_a_basket_is_no_way_around_what_the_desk_sets_aside() -> None:
    """The broker asks a fifth of shares for the day; the settings have them paid in full."""
    both = [(SHARE_FOR_THE_DAY, None), (SHARE_FOR_THE_DAY, None)]
    assert check_basket_margin(both, has(66_000, 12_000), Settings()) is None
    refused = check_basket_margin(both, has(65_999, 12_000), Settings())
    assert refused == "MARGIN_INSUFFICIENT: 66000.00 are needed with the buffer and 65999.00 are there"
    assert check_basket_margin(both, has(13_200, 12_000), LEVERED) is None
    at_market = SHARE_FOR_THE_DAY.model_copy(update={"order_type": "MARKET", "price": None})
    assert check_basket_margin([(at_market, Decimal(100))], has(32_999, 1), Settings()) is not None


def test_of_a_future_the_broker_alone_knows_the_margin() -> None:
    future = terms("NFO", "NIFTY26AUGFUT", "NRML").model_copy(update={"price": Decimal(24_400)})
    assert check_margin(future, has(1_100_000, 1_000_000), Settings()) is None
    assert check_margin(future, has(1_099_999, 1_000_000), Settings()) is not None


def test_an_order_without_a_limit_is_reckoned_at_the_price_it_may_cost() -> None:
    market = SHARE_TO_KEEP.model_copy(update={"price": None, "order_type": "MARKET"})
    assert check_margin(market, has(33_000), Settings(), Decimal(100)) is None
    assert check_margin(market, has(32_999), Settings(), Decimal(100)) is not None


def test_a_basket_is_paid_before_its_offsets() -> None:
    each = [(order, None) for order in ALL]
    assert check_basket_margin(each, has(220_000, 200_000), Settings()) is None
    refused = check_basket_margin(each, has(219_999, 200_000), Settings())
    assert refused is not None
    assert "220000.00 are needed by the broker's own figure" in refused
