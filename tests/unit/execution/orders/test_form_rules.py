"""What a request must say whatever the market: the conditional rules of orders, changes, triggers,
conversions.
"""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from patang.execution.orders.requests import Basket, ConvertPosition, ModifyOrder, PlaceGtt, PlaceOrder
from tests.unit.execution.orders.samples import option_order, share_order

# Of an order in a share that is right but for what is given: the field that must be named, and a word of what
# to do about it.
WRONG: list[tuple[dict[str, Any], str, str]] = [
    ({"price": None}, "price is None", "needs its limit"),
    ({"price": "0"}, "price is 0", "needs its limit"),
    ({"order_type": "MARKET"}, "price is 800", "leave it out"),
    ({"order_type": "SL"}, "trigger_price is None", "needs its trigger"),
    ({"order_type": "SL", "price": None, "trigger_price": "810"}, "price is None", "needs its limit"),
    ({"order_type": "SL", "trigger_price": "801"}, "price is 800", "at or above"),
    (
        {"order_type": "SL", "transaction_type": "SELL", "trigger_price": "799"},
        "price is 800",
        "at or below",
    ),
    ({"order_type": "SL-M", "price": None}, "trigger_price is None", "needs its trigger"),
    ({"order_type": "SL-M", "trigger_price": "810"}, "price is 800", "leave it out"),
    ({"trigger_price": "790"}, "trigger_price is 790", "make it an SL"),
    ({"market_protection": "2"}, "market_protection is 2", "leave it out"),
    (
        {"order_type": "MARKET", "price": None, "market_protection": "0"},
        "market_protection is 0",
        "above 0",
    ),
    ({"quantity": 0}, "quantity is 0", "at least 1"),
    ({"product": "NRML"}, "product is NRML", "CNC, MIS, MTF"),
    ({"validity": "TTL"}, "validity_ttl is None", "minutes to live"),
    ({"validity": "TTL", "validity_ttl": 1441}, "validity_ttl is 1441", "1 to 1440"),
    ({"validity_ttl": 5}, "validity_ttl is 5", "make it TTL"),
    ({"validity": "TTL", "validity_ttl": 5, "variety": "amo"}, "validity is TTL", "takes DAY"),
    ({"validity": "IOC", "variety": "amo"}, "validity is IOC", "takes DAY"),
    ({"validity": "IOC", "order_type": "SL", "trigger_price": "800"}, "validity is IOC", "give DAY"),
    ({"variety": "iceberg"}, "iceberg_legs is None", "2 to 50"),
    ({"variety": "iceberg", "iceberg_legs": 51, "iceberg_quantity": 1}, "iceberg_legs is 51", "2 to 50"),
    (
        {"variety": "iceberg", "iceberg_legs": 3, "iceberg_quantity": 5},
        "iceberg_quantity is 5",
        "about 4 a leg",
    ),
    ({"iceberg_legs": 2}, "iceberg_legs is 2", "make the variety iceberg"),
    (
        {
            "variety": "iceberg",
            "iceberg_legs": 2,
            "iceberg_quantity": 5,
            "order_type": "SL",
            "trigger_price": "800",
        },
        "order_type is SL",
        "LIMIT or MARKET",
    ),
    ({"variety": "co", "trigger_price": "790"}, "product is CNC", "is MIS"),
    ({"variety": "co", "product": "MIS"}, "trigger_price is None", "needs the trigger"),
    ({"variety": "co", "product": "MIS", "trigger_price": "800"}, "trigger_price is 800", "belongs below"),
    (
        {"variety": "co", "product": "MIS", "trigger_price": "800", "transaction_type": "SELL"},
        "trigger_price is 800",
        "belongs above",
    ),
    ({"variety": "auction"}, "auction_number is None", "name the auction"),
    ({"variety": "auction", "auction_number": "12"}, "transaction_type is BUY", "takes SELL"),
    ({"auction_number": "12"}, "auction_number is 12", "make the variety auction"),
    ({"disclosed_quantity": 11}, "disclosed_quantity is 11", "1 to 10"),
    ({"disclosed_quantity": -1}, "disclosed_quantity is -1", "1 to 10"),
    ({"quantity": 100, "disclosed_quantity": 9}, "disclosed_quantity is 9", "10 to 100"),
    ({"validity": "IOC", "disclosed_quantity": 5}, "disclosed_quantity is 5", "leave it out"),
    ({"tag": "my order"}, "tag is 'my order'", "letters and digits"),
    ({"tag": "x" * 21}, "tag is", "at most 20"),
    (
        {"autoslice": True, "variety": "iceberg", "iceberg_legs": 2, "iceberg_quantity": 5},
        "autoslice",
        "iceberg",
    ),
]


@pytest.mark.parametrize(("fields", "named", "remedy"), WRONG)
def test_what_does_not_go_together_is_refused_with_field_value_and_remedy(
    fields: dict[str, Any], named: str, remedy: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        share_order(**fields)
    assert named in str(refused.value)
    assert remedy in str(refused.value)


RIGHT: list[dict[str, Any]] = [
    {},
    {"order_type": "MARKET", "price": None},
    {"order_type": "MARKET", "price": None, "market_protection": "-1"},
    {"order_type": "SL", "trigger_price": "799"},
    {"order_type": "SL", "trigger_price": "800"},
    {"order_type": "SL", "transaction_type": "SELL", "trigger_price": "801"},
    {"order_type": "SL-M", "price": None, "trigger_price": "810"},
    {"product": "MIS"},
    {"product": "MTF"},
    {"validity": "IOC"},
    {"validity": "TTL", "validity_ttl": 1},
    {"variety": "amo"},
    {"variety": "iceberg", "iceberg_legs": 2, "iceberg_quantity": 5},
    {"variety": "iceberg", "quantity": 50, "iceberg_legs": 50, "iceberg_quantity": 1},
    {"variety": "iceberg", "iceberg_legs": 3, "iceberg_quantity": 4, "validity": "TTL", "validity_ttl": 9},
    {"variety": "co", "product": "MIS", "trigger_price": "790"},
    {"variety": "co", "product": "MIS", "order_type": "MARKET", "price": None, "trigger_price": "790"},
    {"variety": "auction", "transaction_type": "SELL", "auction_number": "A12"},
    {"disclosed_quantity": 1},
    {"tag": "A1"},
]


@pytest.mark.parametrize("fields", RIGHT)
def test_every_variety_type_product_and_validity_can_be_asked_for(fields: dict[str, Any]) -> None:
    asked = share_order(**fields)
    assert (
        asked.model_dump(exclude_unset=True).items()
        >= {name: getattr(asked, name) for name in fields if name in asked.model_fields_set}.items()
    )
    terms = asked.terms("main", "paper")
    assert (terms.variety, terms.order_type, terms.product) == (
        asked.variety,
        asked.order_type,
        asked.product,
    )


def test_contracts_take_products_of_their_own_and_disclose_nothing() -> None:
    assert option_order(product="MIS").product == "MIS"
    for fields, named in (({"product": "CNC"}, "product is CNC"), ({"disclosed_quantity": 65}, "disclosed")):
        with pytest.raises(ValidationError, match=named):
            option_order(**fields)


def test_a_market_order_gets_the_brokers_own_protection_when_none_is_said() -> None:
    asked = share_order(order_type="MARKET", price=None)
    assert asked.market_protection is None
    assert asked.terms("main", "live").market_protection == -1


def test_the_persons_label_is_not_part_of_the_terms() -> None:
    labelled, plain = share_order(tag="LABEL"), share_order()
    assert labelled.terms("main", "paper").digest() == plain.terms("main", "paper").digest()


@given(legs=st.integers(2, 50), each=st.integers(1, 1000), short=st.integers(0, 999))
def test_iceberg_legs_that_make_the_quantity_are_taken_and_others_are_not(
    legs: int, each: int, short: int
) -> None:
    quantity = legs * each - short
    fields = {"variety": "iceberg", "iceberg_legs": legs, "iceberg_quantity": each, "quantity": quantity}
    if 0 <= short < each and quantity > 0:
        assert share_order(**fields).quantity == quantity
    else:
        with pytest.raises(ValidationError, match="quantity"):
            share_order(**fields)


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({}, "changes is none"),
        ({"variety": "co", "quantity": 5}, "quantity is 5"),
        ({"variety": "co", "order_type": "LIMIT"}, "order_type is LIMIT"),
        ({"variety": "co", "validity": "IOC"}, "validity is IOC"),
        ({"variety": "co", "disclosed_quantity": 1}, "disclosed_quantity is 1"),
        ({"quantity": 0}, "quantity is 0"),
        ({"price": "-1"}, "price is -1"),
        ({"order_type": "MARKET", "price": "5"}, "price is 5"),
        ({"validity": "TTL"}, "validity is TTL"),
        ({"variety": "iceberg", "price": "5"}, "variety"),
    ],
)
def test_a_change_of_an_order_says_what_can_change(fields: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named):
        ModifyOrder.model_validate({"order_id": "260818000000001", **fields})


def test_a_change_to_market_brings_its_protection() -> None:
    changes = ModifyOrder(order_id="1", order_type="MARKET").changes()
    assert changes == {"order_type": "MARKET", "market_protection": "-1"}


_LEG = {"transaction_type": "SELL", "quantity": 65, "product": "NRML", "price": "70"}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"kind": "single", "trigger_values": ["70", "80"]}, "trigger_values is 70, 80"),
        ({"kind": "single", "trigger_values": ["70"], "legs": [_LEG, _LEG]}, "legs is 2"),
        ({"trigger_values": ["140", "70"]}, "stop first"),
        ({"trigger_values": ["70", "70"]}, "stop first"),
        ({"trigger_values": ["0", "70"]}, "above 0"),
        ({"legs": [_LEG, {**_LEG, "quantity": 0}]}, r"legs\[1\].quantity is 0"),
        ({"legs": [_LEG, {**_LEG, "product": "CNC"}]}, r"legs\[1\].product is CNC"),
        ({"legs": [_LEG, {**_LEG, "product": "MIS"}]}, "product"),
        ({"legs": [_LEG, {**_LEG, "order_type": "MARKET"}]}, "order_type"),
        ({"legs": [_LEG, {**_LEG, "transaction_type": "BUY"}]}, "the same way"),
        ({"legs": [_LEG, {**_LEG, "price": "0"}]}, r"legs\[1\].price is 0"),
    ],
)
def test_a_trigger_says_one_price_and_one_order_a_side(fields: dict[str, Any], named: str) -> None:
    right = {
        "kind": "two-leg",
        "exchange": "NFO",
        "tradingsymbol": "NIFTY26AUG24500CE",
        "trigger_values": ["70", "140"],
        "legs": [_LEG, {**_LEG, "price": "140"}],
    }
    assert PlaceGtt.model_validate(right).legs[1].quantity == 65
    with pytest.raises(ValidationError, match=named):
        PlaceGtt.model_validate({**right, **fields})


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"new_product": "MIS"}, "another than it is"),
        ({"new_product": "NRML"}, "new_product is NRML"),
        ({"transaction_type": "SELL"}, "short positions"),
        ({"quantity": 0}, "quantity"),
    ],
)
def test_a_conversion_is_of_a_long_position_to_another_product(fields: dict[str, Any], named: str) -> None:
    right = {
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "transaction_type": "BUY",
        "position_type": "day",
        "quantity": 5,
        "old_product": "MIS",
        "new_product": "CNC",
    }
    assert ConvertPosition.model_validate(right).new_product == "CNC"
    with pytest.raises(ValidationError, match=named):
        ConvertPosition.model_validate({**right, **fields})


def test_a_basket_holds_one_to_twenty_orders() -> None:
    assert len(Basket(orders=(share_order(),) * 20).orders) == 20
    for orders in ((), (share_order(),) * 21):
        with pytest.raises(ValidationError, match="orders"):
            Basket(orders=orders)


def test_what_no_field_is_called_is_refused() -> None:
    with pytest.raises(ValidationError, match="stoploss"):
        PlaceOrder.model_validate({**share_order().model_dump(), "stoploss": 5})
