"""Slices within the freeze quantity, and refusals that other terms cure."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.approvals.proposal import OrderTerms
from patang.errors import BadInput
from patang.execution.orders.cures import ailment_of, cure, cured
from patang.execution.orders.market_facts import MarketQuote
from patang.execution.orders.slicing import slices
from patang.execution.prices import on_tick
from patang_workbench.exchange.faults import REASONS
from tests.unit.execution.orders.samples import OPTION, SHARE, facts, option_order, share_order


@given(lots=st.integers(1, 500), lot=st.integers(1, 1000), spare=st.integers(0, 999), most=st.integers(1, 60))
def test_slices_make_the_whole_of_full_lots_within_the_freeze_quantity(
    lots: int, lot: int, spare: int, most: int
) -> None:
    largest = most * lot + min(spare, lot - 1)
    made = slices(lots * lot, lot, largest)
    assert sum(made) == lots * lot
    assert all(0 < units <= largest and units % lot == 0 for units in made)
    assert len(made) == -(-lots // most)


@pytest.mark.parametrize(("quantity", "lot", "largest"), [(100, 65, 1800), (0, 65, 1800), (65, 65, 64)])
def test_what_cannot_be_cut_into_lots_is_refused(quantity: int, lot: int, largest: int) -> None:
    with pytest.raises(BadInput, match=str(quantity if largest > 64 else largest)):
        slices(quantity, lot, largest)


@pytest.mark.parametrize(
    ("message", "ailment"),
    [
        ("Tick size for this script is 0.05. Kindly enter price in the multiple of tick size.", "TICK_SIZE"),
        ("RMS:Rule: Check freeze quantity for entity account-AB1234 across exchange", "FREEZE_QUANTITY"),
        ("Your order price is higher than the current upper circuit limit of 503.35.", "PRICE_BAND"),
        (
            "Price exceeds circuit limits for the instrument. Place an order within the daily range.",
            "PRICE_BAND",
        ),
        ("17070 : The Price is out of the current execution range", "PRICE_BAND"),
        (
            "RMS:Rule: Check circuit limit including square off order exceeds for entity account-X",
            "PRICE_BAND",
        ),
        ("price is outside the current allowed limit price protection range", "PRICE_BAND"),
        ("RMS:Margin Exceeds,Required:99999999.00, Available:0.00 for entity account", None),
        ("Insufficient funds. Required margin is 9 but available margin is 0.", None),
        ("Markets are closed right now.", None),
    ],
)
def test_the_brokers_words_are_sorted_by_what_would_cure_them(message: str, ailment: str | None) -> None:
    assert ailment_of(message) == ailment


def test_every_rejection_that_the_simulator_can_be_asked_for_is_told_apart() -> None:
    found = {name: {ailment_of(r.message), ailment_of(r.raw or r.message)} for name, r in REASONS.items()}
    assert found == {
        "price_band": {"PRICE_BAND"},
        "tick": {"TICK_SIZE"},
        "freeze": {"FREEZE_QUANTITY"},
        "margin": {None},
    }


def terms(**fields: Any) -> OrderTerms:
    return option_order(**fields).terms("main", "live")


TICK = "Tick size for this script is 0.50. Kindly enter price in the multiple of tick size for this script."


@pytest.mark.parametrize(
    ("fields", "price", "trigger"),
    [
        ({"price": "100.05"}, "100.0", None),
        ({"price": "100.05", "transaction_type": "SELL"}, "100.5", None),
        ({"order_type": "SL", "price": "106.10", "trigger_price": "105.95"}, "106.0", "105.5"),
        (
            {"order_type": "SL", "transaction_type": "SELL", "price": "94.05", "trigger_price": "94.10"},
            "94.5",
            "94.5",
        ),
    ],
)
def test_a_tick_that_the_dump_did_not_know_is_taken_from_the_message(
    fields: dict[str, Any], price: str, trigger: str | None
) -> None:
    found = cure(terms(**fields), TICK, OPTION, None)
    assert found is not None
    assert found.price == Decimal(price)
    assert found.trigger_price == (None if trigger is None else Decimal(trigger))


def test_a_price_on_every_tick_is_not_cured_of_it() -> None:
    assert cure(terms(price="100"), TICK, OPTION, None) is None


def test_a_buyers_limit_comes_down_to_the_circuit_on_the_tick() -> None:
    message = "Your order price is higher than the current upper circuit limit of 503.33."
    share = share_order(price="510").terms("main", "live")
    found = cure(share, message, SHARE, None)
    assert found is not None
    assert found.price == Decimal("503.30")
    assert cure(share.model_copy(update={"transaction_type": "SELL"}), message, SHARE, None) is None


def test_a_sellers_limit_goes_up_to_the_circuit_on_the_tick() -> None:
    message = (
        "Price exceeds circuit limits: it is lower than the current lower circuit limit of 720.02. "
        "Place an order within the daily range of 720.02 to 880.00."
    )
    found = cure(
        share_order(price="700", transaction_type="SELL").terms("main", "live"), message, SHARE, None
    )
    assert found is not None
    assert found.price == Decimal("720.05")


def test_a_limit_that_the_known_range_does_not_explain_comes_as_near_as_protection_is() -> None:
    message = "Price exceeds circuit limits for the instrument. Place an order within the daily range."
    quote = MarketQuote(Decimal(100))
    sell = cure(terms(price="61", transaction_type="SELL"), message, OPTION, quote)
    assert sell is not None
    assert sell.price == Decimal("98.00")
    assert cure(terms(price="99", transaction_type="SELL"), message, OPTION, quote) is None


def test_what_the_broker_finds_too_small_to_cut_goes_out_as_one_order() -> None:
    """His freeze quantity is above that of our table, which would refuse the plain order."""
    message = "Quantity should be greater than or equal to 1885 for order slicing."
    sale = terms(quantity=1820, transaction_type="SELL", autoslice=True)
    found = cure(sale, message, OPTION, None, 1755)
    assert found == sale.model_copy(update={"autoslice": False})
    assert cure(found, message, OPTION, None, 1755) is None


def test_a_sale_that_is_frozen_is_cut_by_the_broker_and_a_purchase_becomes_smaller() -> None:
    message = "RMS:Rule: Check freeze quantity for entity account across exchange"
    sale = terms(quantity=1950, transaction_type="SELL")
    cut = cure(sale, message, OPTION, None)
    assert cut is not None
    assert (cut.quantity, cut.autoslice) == (1950, True)
    assert cure(cut, message, OPTION, None) is None
    stop = {"order_type": "SL", "price": "89", "trigger_price": "90"}
    assert cure(terms(quantity=1950, transaction_type="SELL", **stop), message, OPTION, None) is None
    purchase = terms(quantity=1950)
    for largest, units in ((None, 975), (1200, 1170), (60, None)):
        found = cure(purchase, message, OPTION, None, largest)
        assert (None if found is None else found.quantity) == units
    said = cure(
        purchase, "Quantity 1950 is above the freeze quantity of 1800. Split the order.", OPTION, None
    )
    assert said is not None
    assert said.quantity == 1755


def test_what_is_cured_is_looked_at_afresh() -> None:
    message = "Your order price is higher than the current upper circuit limit of 140."
    calm = facts(OPTION)
    assert cured(terms(price="150"), message, calm) is None, "140 is still far beyond the market of 100"
    risen = facts(OPTION, quote=MarketQuote(Decimal(139), upper_circuit=Decimal(140)))
    found = cured(terms(price="150"), message, risen)
    assert found is not None
    assert found.price == Decimal("140.00")


_MESSAGES = st.sampled_from(
    [
        TICK,
        "17070 : The Price is out of the current execution range",
        "Place an order within the daily range of 80.02 to 120.03.",
        "Quantity is above the freeze quantity of 130. Split the order.",
        "RMS:Rule: Check freeze quantity",
    ]
)


@given(
    message=_MESSAGES,
    side=st.sampled_from(["BUY", "SELL"]),
    ticks=st.integers(1, 5000),
    lots=st.integers(1, 40),
    last=st.none() | st.integers(1, 400),
)
def test_no_cure_is_worse_than_what_was_agreed_to(
    message: str, side: str, ticks: int, lots: int, last: int | None
) -> None:
    agreed = terms(price=str(ticks * Decimal("0.05")), quantity=65 * lots, transaction_type=side)
    quote = None if last is None else MarketQuote(Decimal(last))
    found = cure(agreed, message, OPTION, quote)
    if found is None:
        return
    assert found != agreed
    assert found.price is not None
    assert agreed.price is not None
    assert found.price <= agreed.price if side == "BUY" else found.price >= agreed.price
    assert found.quantity <= agreed.quantity
    assert found.quantity % 65 == 0
    assert on_tick(found.price, Decimal("0.05"))
    same = {"price", "quantity", "autoslice"}
    assert found.model_dump(exclude=same) == agreed.model_dump(exclude=same)
