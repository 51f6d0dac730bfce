"""What the market asks of an order: lots, ticks, bands, hours, and which side a trigger is on."""

from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.errors import BadInput
from patang.execution.orders.market_facts import MarketQuote, facts_of
from patang.execution.orders.market_rules import market_broken
from patang.execution.orders.requests import PlaceOrder
from patang.market.instruments import Instrument
from patang.market.sessions import IST
from patang.settings import Settings
from tests.unit.execution.orders.samples import (
    FUTURE,
    MORNING,
    OPTION,
    SHARE,
    facts,
    option_order,
    share_order,
)


def broken(order: PlaceOrder, instrument: Instrument, at: datetime = MORNING, **more: Any) -> list[str]:
    terms = order.terms("main", "paper")
    return [rule.text for rule in market_broken(terms, facts(instrument, at, **more))]


def future_order(**fields: Any) -> PlaceOrder:
    named = {"tradingsymbol": FUTURE.tradingsymbol, "price": "24400"}
    return option_order(**{**named, **fields})


def at(hours: int, minutes: int, day: int = 18) -> datetime:
    return datetime(2026, 8, day, hours, minutes, tzinfo=IST)


def test_an_order_at_the_market_in_whole_lots_on_the_tick_is_taken() -> None:
    assert broken(option_order(), OPTION) == []
    assert broken(share_order(), SHARE) == []
    assert broken(future_order(), FUTURE) == []


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"quantity": 100}, "quantity is 100: give a multiple of the lot of 65, such as 65 or 130"),
        ({"quantity": 10}, "quantity is 10: give a multiple of the lot of 65, such as 65"),
        ({"price": "100.02"}, "price is 100.02: give a multiple of the tick of 0.05: 100.00 or 100.05"),
        ({"quantity": 1820}, "quantity is 1820: one order takes 1755 at most: slice it"),
        (
            {"quantity": 17615, "autoslice": True},
            "quantity is 17615: the broker cuts an order of 17550 at most",
        ),
        ({"price": "140.05"}, "price is 140.05: the exchange takes 60.0 to 140.0 now"),
        ({"price": "103.10"}, "price is 103.10: it is 3.1 % beyond 100, more than 3 %"),
        (
            {"order_type": "SL-M", "price": None, "trigger_price": "110"},
            "order_type is SL-M: it is refused for options: give SL with a limit price",
        ),
        (
            {"order_type": "SL", "price": "101", "trigger_price": "100"},
            "trigger_price is 100: it belongs above the last price of 100",
        ),
        (
            {"order_type": "SL", "transaction_type": "SELL", "price": "99", "trigger_price": "100"},
            "trigger_price is 100: it belongs below the last price of 100",
        ),
        (
            {"order_type": "SL", "transaction_type": "SELL", "price": "75", "trigger_price": "95"},
            "price is 75: the exchange takes it up to 19.0 from the trigger 95",
        ),
        (
            {"order_type": "MARKET", "price": None, "market_protection": "40"},
            "market_protection is 40: give",
        ),
        (
            {"variety": "iceberg", "quantity": 130, "iceberg_legs": 2, "iceberg_quantity": 70},
            "iceberg_quantity is 70: give a multiple of the lot of 65",
        ),
    ],
)
def test_each_refusal_says_field_value_and_what_to_do(fields: dict[str, Any], text: str) -> None:
    found = broken(option_order(**fields), OPTION)
    assert any(told.startswith(text) for told in found), found


def test_an_iceberg_is_frozen_by_its_legs_not_by_its_whole() -> None:
    large = {"variety": "iceberg", "quantity": 65 * 54, "iceberg_legs": 2}
    assert broken(option_order(**large, iceberg_quantity=1755), OPTION) == []
    huge = option_order(variety="iceberg", quantity=65 * 56, iceberg_legs=2, iceberg_quantity=65 * 28)
    assert any("a leg takes 1755 at most" in text for text in broken(huge, OPTION))


def test_a_buyer_may_bid_below_and_a_seller_ask_above_the_market_as_far_as_the_exchange_takes_it() -> None:
    assert broken(option_order(price="60"), OPTION) == []
    assert broken(option_order(price="140", transaction_type="SELL"), OPTION) == []
    assert broken(option_order(price="60", transaction_type="SELL"), OPTION) != []


def test_circuit_limits_narrow_the_range_and_without_them_a_share_has_none() -> None:
    narrow = MarketQuote(Decimal(800), lower_circuit=Decimal("792.03"), upper_circuit=Decimal("808.07"))
    assert broken(share_order(price="792"), SHARE, quote=narrow) == [
        "price is 792: the exchange takes 792.03 to 808.07 now"
    ]
    assert broken(share_order(price="5"), SHARE, quote=MarketQuote(Decimal(800))) == []


def test_cover_orders_are_for_shares_and_futures_with_the_stop_on_the_losing_side() -> None:
    cover = {"variety": "co", "product": "MIS", "order_type": "MARKET", "price": None}
    assert any(
        "cover orders are for shares" in t for t in broken(option_order(**cover, trigger_price="90"), OPTION)
    )
    assert broken(share_order(**cover, trigger_price="790"), SHARE) == []
    assert broken(share_order(**cover, trigger_price="801"), SHARE) == [
        "trigger_price is 801: it belongs below the last price of 800"
    ]
    assert broken(future_order(**cover, trigger_price="24300"), FUTURE) == []


@pytest.mark.parametrize(
    ("moment", "variety", "word"),
    [
        (at(9, 14), "regular", "give amo"),
        (at(9, 15), "regular", None),
        (at(15, 39), "regular", None),
        (at(15, 40), "regular", "give amo"),
        (at(10, 0, day=16), "regular", "no trading today"),
        (at(10, 0, day=16), "amo", None),
        (at(9, 9), "amo", None),
        (at(9, 10), "amo", "from 15:45 to 09:10"),
        (at(15, 44), "amo", "from 15:45 to 09:10"),
        (at(15, 45), "amo", None),
        (at(23, 0), "amo", None),
    ],
)
def test_contracts_are_traded_in_their_hours_and_ordered_after_them(
    moment: datetime, variety: str, word: str | None
) -> None:
    found = broken(option_order(variety=variety), OPTION, moment)
    assert (found == []) if word is None else (len(found) == 1 and word in found[0])


def test_the_closing_auction_of_a_share_takes_limits_and_no_stops() -> None:
    assert broken(share_order(), SHARE, at(15, 20)) == []
    stop = share_order(order_type="SL", trigger_price="805", price="806")
    assert any("closing auction" in text for text in broken(stop, SHARE, at(15, 20)))
    assert any("give amo" in text for text in broken(share_order(), SHARE, at(15, 36)))
    assert any("from 16:00" in text for text in broken(share_order(variety="amo"), SHARE, at(15, 50)))


def test_after_the_brokers_square_off_nothing_is_bought_for_the_day_and_can_still_be_sold() -> None:
    late = at(15, 21)
    assert any("intraday positions end" in t for t in broken(option_order(product="MIS"), OPTION, late))
    assert broken(option_order(product="MIS", transaction_type="SELL"), OPTION, late) == []


@pytest.mark.parametrize(("moment", "taken"), [(at(14, 29), False), (at(14, 30), True), (at(15, 0), False)])
def test_undelivered_shares_are_offered_in_the_half_hour_of_their_auction(
    moment: datetime, taken: bool
) -> None:
    offer = share_order(variety="auction", transaction_type="SELL", auction_number="7")
    assert (broken(offer, SHARE, moment) == []) is taken


def test_an_index_and_an_expired_contract_do_not_trade() -> None:
    index = SHARE.model_copy(update={"instrument_type": "INDEX"})
    shown = facts_of(index, MarketQuote(Decimal(800)), MORNING, Settings())
    assert "an index does not trade" in market_broken(share_order().terms("main", "paper"), shown)[0].text
    assert "it has expired on 2026-08-25" in broken(option_order(), OPTION, at(10, 0, day=27))[0]


def test_an_exchange_whose_hours_nobody_knows_is_refused_by_name() -> None:
    metal = FUTURE.model_copy(update={"exchange": "MCX"})
    with pytest.raises(BadInput, match="exchange is MCX"):
        facts_of(metal, None, MORNING, Settings())


def test_without_a_quote_what_it_would_show_is_not_looked_at() -> None:
    blind = facts_of(OPTION, None, MORNING, Settings())
    sell = option_order(transaction_type="SELL", price="5")
    assert market_broken(sell.terms("main", "paper"), blind) == ()


@given(
    lots=st.integers(1, 27),
    ticks=st.integers(1, 8000),
    side=st.sampled_from(["BUY", "SELL"]),
    minute=st.integers(0, 24 * 60 - 1),
)
def test_what_passes_is_on_the_tick_in_the_range_and_not_far_on_the_losing_side(
    lots: int, ticks: int, side: str, minute: int
) -> None:
    moment = datetime.combine(MORNING.date(), time(0), IST) + timedelta(minutes=minute)
    price = ticks * Decimal("0.05")
    order = option_order(quantity=65 * lots, price=str(price), transaction_type=side)
    if broken(order, OPTION, moment):
        return
    assert Decimal(60) <= price <= Decimal(140)
    assert price <= 103 if side == "BUY" else price >= 97
    assert time(9, 15) <= moment.time() < time(15, 40)


def test_a_quote_is_read_from_the_brokers_row() -> None:
    row = {
        "last_price": 100.05,
        "lower_circuit_limit": 0.05,
        "upper_circuit_limit": 512.3,
        "depth": {"buy": [{"price": 100.0}], "sell": [{"price": 0}]},
    }
    assert MarketQuote.of("NFO:X", row) == MarketQuote(
        Decimal("100.05"), Decimal("100.0"), None, Decimal("0.05"), Decimal("512.3")
    )
    with pytest.raises(BadInput, match="NFO:X"):
        MarketQuote.of("NFO:X", {"last_price": 0})
