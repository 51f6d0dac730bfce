"""Charges against worked examples, to the paisa, on both sides of the dates at which rates changed."""

import csv
import itertools
import os
from datetime import date
from decimal import Decimal
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.errors import BadInput, StopTrading
from patang.risk.charges import (
    Charges,
    Execution,
    break_even,
    exact_charges,
    exercise_charges,
    leg_charges,
    order_charges,
    round_trip_charges,
    segment_of,
)

D = Decimal
RATES = files("patang.risk").joinpath("rates.csv")
SEGMENTS = ("equity-delivery", "equity-intraday", "futures", "options")


def shared_charges(name: str) -> Path:
    root = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")
    path = root / "charges" / name
    if not path.is_file():
        pytest.skip(f"{path} is not there: set PATANG_DATA to the folder of the shared data")
    return path


def test_the_brokers_calculator_examples_are_reproduced():
    with shared_charges("zerodha_calculator_examples.csv").open(newline="") as rows:
        for row in csv.DictReader(rows):
            found = round_trip_charges(
                row["segment"].replace("_", "-"),
                row["exchange"],
                D(row["buy"]),
                D(row["sell"]),
                int(row["qty"]),
                date(2026, 3, 15),
            )
            assert found.brokerage == D(row["brokerage"])
            assert found.stt == D(row["stt"])
            assert found.exchange_transaction + found.ipft == D(row["exchange_txn_incl_ipft"])
            assert found.gst == D(row["gst"])
            assert found.sebi == D(row["sebi"])
            assert found.stamp_duty == D(row["stamp"])
            # The calculator leaves the depository's charge out.
            assert found.total - found.dp == D(row["total_computed"])


# 500 units bought and sold at 1,000: turnover 500,000 a side, 1,000,000 together.
# Each row is worked out by hand from the published percentages.
@pytest.mark.parametrize(
    ("segment", "day", "expected"),
    [
        # 0.01 % of 500,000 is 50: capped at 20 a leg. Service tax 15 % of 40 + 32.50.
        (
            "equity-intraday",
            date(2016, 8, 16),
            Charges(D(40), D(125), D("32.5"), D(2), D(20), D(0), D("10.875")),
        ),
        # STT 0.05 % of the sale; transaction 0.053 % a side; service tax 15 % of 40 + 530.
        ("options", date(2016, 9, 30), Charges(D(40), D(250), D(530), D(2), D(20), D(0), D("85.5"))),
        # GST of 18 % instead of service tax of 15 %; SEBI 15 rupees a crore before and after.
        (
            "equity-intraday",
            date(2017, 6, 30),
            Charges(D(40), D(125), D("32.5"), D("1.5"), D(20), D(0), D("10.875")),
        ),
        (
            "equity-intraday",
            date(2017, 7, 3),
            Charges(D(40), D(125), D("32.5"), D("1.5"), D(20), D(0), D("13.05")),
        ),
        ("futures", date(2018, 6, 1), Charges(D(40), D(50), D(21), D("1.5"), D(20), D(0), D("10.98"))),
        ("options", date(2019, 3, 29), Charges(D(40), D(250), D(530), D("1.5"), D(20), D(0), D("102.6"))),
        # SEBI 10 rupees a crore from April 2019, 5 from June 2020.
        (
            "equity-intraday",
            date(2019, 4, 1),
            Charges(D(40), D(125), D("32.5"), D(1), D(20), D(0), D("13.05")),
        ),
        ("options", date(2020, 2, 7), Charges(D(40), D(250), D(500), D(1), D(20), D(0), D("97.2"))),
        ("options", date(2020, 6, 30), Charges(D(40), D(250), D(500), D("0.5"), D(20), D(0), D("97.2"))),
        ("futures", date(2020, 6, 30), Charges(D(40), D(50), D(19), D("0.5"), D(20), D(0), D("10.62"))),
        ("futures", date(2020, 7, 1), Charges(D(40), D(50), D(19), D("0.5"), D(10), D(0), D("10.62"))),
        # July 2020: uniform stamp duty on the buyer, half the SEBI fee, GST not on it.
        ("options", date(2020, 7, 1), Charges(D(40), D(250), D(500), D("0.5"), D(15), D(0), D("97.2"))),
        # 2021-22: NSE's 6 % surcharge.
        (
            "equity-intraday",
            date(2022, 7, 17),
            Charges(D(40), D(125), D("34.5"), D(1), D(15), D(0), D("13.41")),
        ),
        # From 2022-07-18 GST is also on the SEBI fee: 18 % of 40 + 34.50 + 1.
        (
            "equity-intraday",
            date(2022, 7, 18),
            Charges(D(40), D(125), D("34.5"), D(1), D(15), D(0), D("13.59")),
        ),
        # Futures 0.0125 % of the sale from 2023-04-01: 62.50 is 63; IPFT 10 rupees a crore.
        ("futures", date(2023, 3, 31), Charges(D(40), D(50), D(20), D(1), D(10), D(0), D("10.98"))),
        ("futures", date(2023, 4, 3), Charges(D(40), D(63), D(19), D(1), D(10), D(1), D("10.8"))),
        # Transaction 0.00325, 0.00322, 0.00297 %; from October GST on IPFT too, and 13 to the depository.
        (
            "equity-delivery",
            date(2024, 3, 28),
            Charges(D(0), D(1000), D("32.5"), D(1), D(75), D(1), D("6.03"), D("15.93")),
        ),
        (
            "equity-delivery",
            date(2024, 4, 1),
            Charges(D(0), D(1000), D("32.2"), D(1), D(75), D(1), D("5.976"), D("15.93")),
        ),
        (
            "equity-delivery",
            date(2024, 10, 1),
            Charges(D(0), D(1000), D("29.7"), D(1), D(75), D(1), D("5.706"), D("15.34")),
        ),
        # From 2023-04-01: STT on options 0.0625 %, the surcharge gone, IPFT 50 rupees a crore.
        ("options", date(2023, 4, 3), Charges(D(40), D("313"), D(500), D(1), D(15), D(5), D("97.38"))),
        ("options", date(2024, 9, 30), Charges(D(40), D("313"), D(495), D(1), D(15), D(5), D("96.48"))),
        ("options", date(2024, 10, 1), Charges(D(40), D(500), D("350.3"), D(1), D(15), D(5), D("71.334"))),
        ("options", date(2026, 3, 2), Charges(D(40), D(500), D("355.3"), D(1), D(15), D(0), D("71.334"))),
        ("options", date(2026, 4, 1), Charges(D(40), D(750), D("355.3"), D(1), D(15), D(0), D("71.334"))),
        ("futures", date(2026, 3, 31), Charges(D(40), D(100), D("18.3"), D(1), D(10), D(0), D("10.674"))),
        ("futures", date(2026, 4, 1), Charges(D(40), D(250), D("18.3"), D(1), D(10), D(0), D("10.674"))),
        (
            "equity-delivery",
            date(2026, 5, 4),
            Charges(D(0), D(1000), D("30.7"), D(1), D(75), D(0), D("5.706"), D("15.34")),
        ),
    ],
)
def test_a_round_trip_costs_what_the_rates_of_its_day_say(segment, day, expected):
    found = round_trip_charges(segment, "NSE", D(1000), D(1000), 500, day)
    assert found == expected


@pytest.mark.parametrize(
    ("segment", "day", "expected"),
    [
        (
            "equity-delivery",
            date(2020, 7, 1),
            Charges(D(0), D(1000), D(30), D("0.5"), D(75), D(0), D("5.4"), D("15.93")),
        ),
        (
            "equity-intraday",
            date(2026, 5, 4),
            Charges(D(40), D(125), D("37.5"), D(1), D(15), D(0), D("14.13")),
        ),
        ("options", date(2024, 9, 30), Charges(D(40), D(313), D(495), D(1), D(15), D(0), D("96.48"))),
        ("options", date(2024, 10, 1), Charges(D(40), D(500), D(325), D(1), D(15), D(0), D("65.88"))),
        ("futures", date(2026, 5, 4), Charges(D(40), D(250), D(0), D(1), D(10), D(0), D("7.38"))),
        ("options", date(2026, 5, 4), Charges(D(40), D(750), D(325), D(1), D(15), D(0), D("65.88"))),
    ],
)
def test_the_other_exchange_has_its_own_transaction_charge_and_no_ipft(segment, day, expected):
    assert round_trip_charges(segment, "BSE", D(1000), D(1000), 500, day) == expected


def test_a_lot_of_nifty_options_to_the_paisa():
    # 65 units, 100 to 110, May 2026. STT 0.15 % of 7,150 = 10.725; transaction 0.03553 % and SEBI 0.0001 %
    # of 13,650 = 4.849845 and 0.01365; stamp duty 0.003 % of 6,500 = 0.195; GST 18 % of 44.863495.
    found = round_trip_charges("options", "NFO", D(100), D(110), 65, date(2026, 5, 4))
    assert found == Charges(D(40), D(11), D("4.849845"), D("0.01365"), D(0), D(0), D("8.0754291"))
    assert found.rounded() == Charges(D(40), D(11), D("4.85"), D("0.01"), D(0), D(0), D("8.08"))
    assert found.rounded().total == D("63.94")


def test_a_reply_of_the_brokers_own_charges_call_of_july_2023():
    option = leg_charges("options", "NFO", "BUY", D("1.5"), 100, date(2023, 7, 10))
    assert option.exchange_transaction + option.ipft == D("0.07575")
    assert option.sebi == D("0.00015")
    assert option.gst == D("3.613527")
    share = leg_charges("equity-delivery", "NSE", "BUY", D(560), 1, date(2023, 7, 10))
    assert share.gst == D("0.0033768")
    assert share.stt == 1, "0.56 rupees are one rupee on the contract note"


def test_brokerage_of_a_small_intraday_order_is_a_percentage():
    small = leg_charges("equity-intraday", "NSE", "BUY", D(100), 10, date(2025, 1, 2))
    assert small.brokerage == D("0.3")


def test_brokerage_is_an_orders_not_an_executions():
    day = date(2025, 1, 2)
    three = [Execution(D(100), 25), Execution(D("100.05"), 25), Execution(D("99.95"), 25)]
    assert order_charges("options", "NFO", "BUY", three, day) == leg_charges(
        "options", "NFO", "BUY", D(100), 75, day
    )
    # 0.03 % of 60,000 and of 100,000: 18 and, capped, 20; together they are one order and cost 20.
    shares = [Execution(D(600), 100), Execution(D(1000), 100)]
    assert order_charges("equity-intraday", "NSE", "BUY", shares, day).brokerage == 20
    assert order_charges("equity-intraday", "NSE", "BUY", shares[:1], day).brokerage == 18
    assert order_charges("equity-intraday", "NSE", "BUY", [], day) == Charges()


@pytest.mark.parametrize(
    ("day", "stt"),
    [
        # A NIFTY call of 10,800 that settles at 10,900: 0.125 % of 10,900 * 75, later of 100 * 75.
        (date(2019, 8, 29), D("1021.875")),
        (date(2019, 9, 5), D("9.375")),
        (date(2024, 10, 3), D("9.375")),
        (date(2026, 3, 30), D("9.375")),
        (date(2026, 4, 7), D("11.25")),
    ],
)
def test_exercise_is_taxed_as_its_day_had_it(day, stt):
    found = exercise_charges("NFO", D(100), 75, day, settlement_price=D(10900))
    # Brokerage of one order and 18 % on it; there is no trade for the exchange to charge.
    assert found == Charges(brokerage=D(20), stt=stt, gst=D("3.6"))


def test_exercise_of_more_than_the_freeze_quantity_is_more_than_one_order():
    # 3,000 units at 100 in the money on 2023-08-24: the broker's own example, STT 375 and brokerage 40.
    found = exercise_charges("NFO", D(100), 3000, date(2023, 8, 24), orders=2)
    assert found == Charges(brokerage=D(40), stt=D(375), gst=D("7.2"))


def test_an_option_that_lapses_costs_nothing():
    assert exercise_charges("NFO", D(-20), 75, date(2026, 4, 7)) == Charges()
    assert exercise_charges("BFO", D(0), 20, date(2026, 4, 7)) == Charges()


def test_exercise_before_september_2019_wants_the_settlement_price():
    with pytest.raises(BadInput, match="settlement price"):
        exercise_charges("NFO", D(100), 75, date(2019, 8, 29))


# What is not published, by what is missing.
@pytest.mark.parametrize(
    ("segment", "exchange", "days"),
    [
        ("options", "NFO", [date(2012, 11, 5), date(2016, 5, 31)]),
        # The day on which the broker's clearing charge ended, between two copies of its page.
        ("options", "NFO", [date(2019, 4, 1), date(2020, 2, 6)]),
        ("futures", "NFO", [date(2019, 4, 1), date(2020, 2, 6)]),
        # The day in April 2020 on which brokerage went from 0.01 to 0.03 %.
        ("equity-intraday", "NSE", [date(2020, 4, 1), date(2020, 5, 31)]),
        ("futures", "NFO", [date(2020, 4, 1), date(2020, 5, 31)]),
        # The depository's charge under service tax.
        ("equity-delivery", "NSE", [date(2016, 6, 1), date(2017, 6, 30)]),
        ("equity-delivery", "BSE", [date(2020, 6, 30), date(2021, 4, 1), date(2022, 11, 30)]),
        ("options", "BFO", [date(2023, 6, 2), date(2024, 5, 12)]),
    ],
)
def test_a_day_without_a_sourced_rate_is_refused(segment, exchange, days):
    for day in days:
        with pytest.raises(StopTrading, match=rf"{day}: exactly one is needed in patang/risk/rates\.csv"):
            leg_charges(segment, exchange, "SELL", D(100), 75, day)


def test_a_refusal_names_the_days_that_are_known():
    with pytest.raises(StopTrading, match=r"2017-07-01 to 2019-03-31, 2020-02-07 to 2020-06-30"):
        leg_charges("options", "NFO", "BUY", D(100), 75, date(2019, 6, 3))


def test_an_exchange_without_rates_is_refused():
    with pytest.raises(StopTrading, match=r"MCX.*known: none"):
        leg_charges("futures", "MCX", "BUY", D(5862), 1, date(2026, 5, 4))


def test_a_negative_turnover_is_refused():
    with pytest.raises(BadInput, match="-100 rupees"):
        exact_charges("options", "NFO", "BUY", D(-100), date(2026, 5, 4))


def test_the_segment_follows_from_the_order():
    assert segment_of("NFO", "NIFTY16AUG8700CE", "NRML") == "options"
    assert segment_of("NFO", "NIFTY16AUGFUT", "MIS") == "futures"
    assert segment_of("NSE", "INFY", "MIS") == "equity-intraday"
    assert segment_of("NSE", "INFY", "CNC") == "equity-delivery"


def test_every_rate_has_a_source_and_no_two_rates_cover_a_day():
    rows = list(csv.DictReader(RATES.read_text().splitlines()))
    assert all(row["source"].strip() for row in rows)
    seen: dict[tuple[str, ...], list[tuple[str, str]]] = {}
    for row in rows:
        for place in itertools.product(
            [row["component"]], *(row[name].split("|") for name in ("segments", "exchanges", "sides"))
        ):
            seen.setdefault(place, []).append((row["from"], row["until"] or "9999"))
    for place, spans in seen.items():
        for (_, until), (begins, _) in itertools.pairwise(sorted(spans)):
            assert until < begins, f"{place}: {until} and {begins}"


prices = st.decimals(min_value=D("0.05"), max_value=D(20000), places=2)
quantities = st.integers(min_value=1, max_value=5000)
sides = st.sampled_from(["BUY", "SELL"])
SOURCED = {
    "equity-delivery": [(date(2017, 7, 1), date(2026, 12, 31))],
    "equity-intraday": [(date(2016, 6, 1), date(2020, 3, 31)), (date(2020, 6, 1), date(2026, 12, 31))],
    "futures": [(date(2016, 6, 1), date(2019, 3, 31)), (date(2020, 6, 1), date(2026, 12, 31))],
    "options": [(date(2016, 6, 1), date(2019, 3, 31)), (date(2020, 2, 7), date(2026, 12, 31))],
}


@st.composite
def charged_days(draw):
    """A segment and one of its sourced days on NSE."""
    segment = draw(st.sampled_from(SEGMENTS))
    first, last = draw(st.sampled_from(SOURCED[segment]))
    return segment, draw(st.dates(first, last))


def parts_of(charges):
    return {name: getattr(charges, name) for name in Charges.__slots__}


@given(charged_days(), sides, prices, quantities)
def test_charges_are_never_negative_and_their_total_is_their_sum(charged, side, price, quantity):
    segment, day = charged
    found = leg_charges(segment, "NSE", side, price, quantity, day)
    for charges in (found, found.rounded()):
        assert all(part >= 0 for part in parts_of(charges).values())
        assert sum(parts_of(charges).values()) == charges.total


@given(charged_days(), sides, st.lists(st.tuples(prices, quantities), min_size=1, max_size=8))
def test_percentages_add_up_over_executions_and_brokerage_is_taken_once(charged, side, fills):
    segment, day = charged
    together = sum((price * quantity for price, quantity in fills), D(0))
    whole = exact_charges(segment, "NSE", side, together, day)
    apart = [exact_charges(segment, "NSE", side, price * quantity, day) for price, quantity in fills]
    for name in ("stt", "exchange_transaction", "sebi", "stamp_duty", "ipft"):
        assert sum(getattr(part, name) for part in apart) == getattr(whole, name)
    assert max(part.brokerage for part in apart) <= whole.brokerage <= 20
    order = order_charges(segment, "NSE", side, [Execution(*fill) for fill in fills], day)
    assert abs(order.total - whole.total) <= 1, "two components, half a rupee each"


@given(charged_days(), sides, prices, quantities, quantities)
def test_more_turnover_never_costs_less(charged, side, price, quantity, more):
    segment, day = charged
    less = leg_charges(segment, "NSE", side, price, quantity, day)
    bigger = leg_charges(segment, "NSE", side, price, quantity + more, day)
    for name, amount in parts_of(less).items():
        assert amount <= getattr(bigger, name), name


@given(prices, st.integers(2, 2000), st.integers(1, 1999), charged_days())
def test_splitting_an_order_never_lowers_its_charges_but_for_rounding(price, quantity, first, charged):
    segment, day = charged
    first = min(first, quantity - 1)
    whole = leg_charges(segment, "NSE", "SELL", price, quantity, day).total
    parts = sum(
        leg_charges(segment, "NSE", "SELL", price, part, day).total for part in (first, quantity - first)
    )
    assert parts >= whole - 2


@given(charged_days(), prices, quantities)
def test_a_paisa_below_the_break_even_a_round_trip_loses(charged, price, quantity):
    segment, day = charged

    def charges_at(sold):
        return round_trip_charges(segment, "NSE", price, sold, quantity, day)

    def net(sold):
        return quantity * (sold - price) - charges_at(sold).total

    even = break_even(price, quantity, charges_at)
    assert net(even) >= 0 > net(even - D("0.01"))
