"""What Kite does and paper does not: errors on the way, sessions, addresses, varieties, short sales."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from patang.errors import (
    AddressRefused,
    AskOwner,
    BrokerRefused,
    OutcomeUnknown,
    PatangError,
    SessionExpired,
    TryAgain,
)
from patang.ports import GttLeg, GttRequest, OrderRequest
from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.server import Simulator
from tests.contract.broker.test_contract import bought, find, follow, is_refused, option, price, share
from tests.contract.broker.venues import HELD, KiteVenue, market_settings
from tests.contract.kite.simulated_desk import APP, tell


def fault(kite: KiteVenue, kind: str, **terms: Any) -> None:
    tell(kite.simulator, "fault", kind=kind, **terms)


@pytest.mark.parametrize(
    ("kind", "terms", "raised", "stands"),
    [
        ("timeout", {"delay": 2.0}, OutcomeUnknown, True),
        ("half_open", {"delay": 2.0}, OutcomeUnknown, True),
        ("http_502", {"taken": True}, OutcomeUnknown, True),
        ("http_503", {}, OutcomeUnknown, False),
        ("http_504", {"taken": True}, OutcomeUnknown, True),
        ("http_500", {}, OutcomeUnknown, False),
        ("timed_out_400", {"taken": True}, OutcomeUnknown, True),
        ("late_accept", {"delay": 5.0, "clock": "market"}, OutcomeUnknown, True),
        ("http_429", {}, TryAgain, False),
    ],
)
def test_what_is_known_after_a_send_that_went_wrong(
    kite: KiteVenue, kind: str, terms: dict[str, Any], raised: type[PatangError], stands: bool
) -> None:
    fault(kite, kind, **terms)
    with pytest.raises(raised):
        kite.broker.place(share(kite, "BUY", 5, "-3"))
    kite.play(10)
    assert [order.tag for order in kite.broker.orders()] == (["tag0001"] if stands else [])


@pytest.mark.parametrize("kind", ["http_429", "http_502"])
def test_a_read_gets_over_two_faults_and_not_over_three(kite: KiteVenue, kind: str) -> None:
    fault(kite, kind, method="GET", path="/orders", count=2)
    assert kite.broker.orders() == []
    fault(kite, kind, method="GET", path="/orders", count=3)
    with pytest.raises(TryAgain):
        kite.broker.orders()
    assert kite.broker.orders() == []


def test_orders_come_from_registered_addresses_only_and_everything_else_from_anywhere(
    kite: KiteVenue,
) -> None:
    order_id = kite.broker.place(share(kite, "BUY", 5, "-3"))
    exchange = kite.simulator.exchange
    for registered in ((), ("10.0.0.1",)):
        exchange.rules = replace(exchange.rules, registered_ips=registered)
        for call in (
            lambda: kite.broker.place(share(kite, "BUY", 5, "-3", tag="tag0002")),
            lambda: kite.broker.modify("regular", order_id, {"quantity": "4"}),
            lambda: kite.broker.cancel("regular", order_id),
        ):
            with pytest.raises(AddressRefused, match=r"developers\.kite\.trade"):
                call()
    (order,) = kite.broker.orders()
    assert (order.status, order.quantity) == ("OPEN", 5)


@pytest.fixture
def without_consent(market: MarketData) -> Iterator[KiteVenue]:
    with Simulator(replace(market_settings(market, "09:20:00"), demat_consent="")) as simulator:
        yield KiteVenue(simulator)


def test_shares_of_an_owner_who_has_not_consented_are_his_to_release(without_consent: KiteVenue) -> None:
    sale = replace(
        share(without_consent, "SELL", HELD, "0"),
        tradingsymbol="ITC",
        product="CNC",
        price=price(without_consent, "NSE:ITC", "-1"),
    )
    with pytest.raises(AskOwner, match="authorise"):
        without_consent.broker.place(sale)
    assert without_consent.broker.trades() == []
    assert without_consent.broker.profile()["meta"]["demat_consent"] == ""


def test_a_session_that_ended_is_told_of_once_and_stops_sends_and_reads(kite: KiteVenue) -> None:
    kite.simulator.exchange.logins.log_out(APP.api_key, token_of(kite))
    with pytest.raises(SessionExpired, match="log in"):
        kite.broker.place(share(kite, "BUY", 5, "-3"))
    with pytest.raises(SessionExpired):
        kite.broker.orders()
    assert kite.simulator.exchange.broker.placed == 0


def token_of(kite: KiteVenue) -> str:
    return kite.desk.accounts().credentials("main").access_token


def test_what_risk_management_blocks_is_refused_with_its_words(kite: KiteVenue) -> None:
    exchange = kite.simulator.exchange
    exchange.rules = replace(exchange.rules, blocked="http_400")
    with pytest.raises(BrokerRefused, match="Insufficient funds"):
        kite.broker.place(share(kite, "BUY", 50_000, "0", product="CNC"))
    with pytest.raises(BrokerRefused, match="Insufficient stock holding"):
        kite.broker.place(share(kite, "SELL", 5, "0", product="CNC"))


def test_an_eleventh_order_of_a_second_is_turned_away_and_was_not_placed(kite: KiteVenue) -> None:
    exchange = kite.simulator.exchange
    exchange.rules = replace(
        exchange.rules, limits=replace(exchange.rules.limits, orders_a_second=None, orders_a_minute=3)
    )
    for number in range(3):
        kite.broker.place(share(kite, "BUY", 1, "-3", tag=f"tag000{number}"))
    with pytest.raises(TryAgain, match="too many"):
        kite.broker.place(share(kite, "BUY", 1, "-3", tag="tag0004"))
    assert len(kite.broker.orders()) == 3


def test_the_26th_modification_is_refused_as_such(kite: KiteVenue) -> None:
    exchange = kite.simulator.exchange
    free = replace(exchange.rules.limits, orders_a_second=None)
    exchange.rules = replace(exchange.rules, limits=free)
    order_id = kite.broker.place(share(kite, "BUY", 5, "-3"))
    kite.play(1)
    for number in range(25):
        kite.broker.modify("regular", order_id, {"quantity": str(6 + number)})
    with pytest.raises(BrokerRefused, match="Maximum allowed order modifications"):
        kite.broker.modify("regular", order_id, {"quantity": "5"})


@pytest.mark.parametrize("shape", ["flat", "children"])
def test_both_replies_to_a_sliced_order_name_its_slices(kite: KiteVenue, shape: Any) -> None:
    exchange = kite.simulator.exchange
    exchange.rules = replace(exchange.rules, autoslice=shape)
    request = replace(option(kite), quantity=65 * 30, tag="sliced1")
    results = kite.broker.place_sliced(request)
    kite.play(1)
    orders = kite.broker.orders()
    assert [result.order_id for result in results] == [order.order_id for order in orders]
    assert {order.tag for order in orders} == {"sliced1"}
    poor = replace(share(kite, "BUY", 200_001, "0", product="CNC"), tag="sliced2")
    *failed, placed = kite.broker.place_sliced(poor)
    assert [result.order_id for result in failed] == [None, None]
    assert all("Insufficient funds" in result.message for result in failed)
    assert find(kite, str(placed.order_id)).quantity == 1


def test_shares_nobody_holds_can_be_sold_for_the_day(kite: KiteVenue) -> None:
    assert follow(kite, kite.broker.place(share(kite, "SELL", 5, "-1"))).status == "COMPLETE"
    (row,) = kite.broker.positions()
    assert row.quantity == -5


def test_a_stop_whose_price_has_passed_already_is_rejected(kite: KiteVenue) -> None:
    bought(kite, 5)
    above = price(kite, "NSE:INFY", "1")
    assert is_refused(kite, share(kite, "SELL", 5, "0", order_type="SL", trigger_price=above, tag="stop1"))


def test_an_account_keeps_so_many_triggers_and_no_more(kite: KiteVenue) -> None:
    exchange = kite.simulator.exchange
    exchange.rules = replace(exchange.rules, most_gtts=1)
    leg = GttLeg("SELL", 1, "CNC", price(kite, "NSE:INFY", "-6"))
    request = GttRequest(
        "single", "NSE", "INFY", (price(kite, "NSE:INFY", "-5"),), price(kite, "NSE:INFY", "0"), (leg,)
    )
    kite.broker.place_gtt(request)
    with pytest.raises(BrokerRefused, match="limit of 1"):
        kite.broker.place_gtt(request)


def test_the_same_tag_is_another_order_each_time(kite: KiteVenue) -> None:
    request: OrderRequest = share(kite, "BUY", 5, "-3")
    assert kite.broker.place(request) != kite.broker.place(request)
    kite.play(1)
    assert [order.tag for order in kite.broker.orders()] == ["tag0001", "tag0001"]


@pytest.mark.parametrize("start", ["15:41:00"])
def test_an_order_for_the_next_morning_is_taken_after_the_close(kite: KiteVenue) -> None:
    assert is_refused(kite, share(kite, "BUY", 5, "0"))
    order_id = kite.broker.place(share(kite, "BUY", 5, "0", variety="amo", tag="amo1"))
    assert find(kite, order_id).status == "AMO REQ RECEIVED"
