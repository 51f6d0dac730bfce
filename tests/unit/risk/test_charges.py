"""Charges against worked examples, to the paisa, on both sides of the dates at which rates changed."""

import csv
import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.errors import StopTrading
from patang.risk.charges import Charges, leg_charges, round_trip_charges, segment_of

D = Decimal
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


@pytest.mark.parametrize(
    "day", [date(2016, 5, 31), date(2017, 7, 1), date(2019, 6, 3), date(2020, 6, 30), date(2012, 11, 5)]
)
def test_a_day_without_a_sourced_rate_is_refused(day):
    with pytest.raises(StopTrading, match=r"rates\.csv"):
        leg_charges("options", "NFO", "SELL", D(100), 75, day)


def test_an_exchange_without_rates_is_refused():
    with pytest.raises(StopTrading, match="MCX"):
        leg_charges("futures", "MCX", "BUY", D(5862), 1, date(2026, 5, 4))


def test_the_segment_follows_from_the_order():
    assert segment_of("NFO", "NIFTY16AUG8700CE", "NRML") == "options"
    assert segment_of("NFO", "NIFTY16AUGFUT", "MIS") == "futures"
    assert segment_of("NSE", "INFY", "MIS") == "equity-intraday"
    assert segment_of("NSE", "INFY", "CNC") == "equity-delivery"


prices = st.decimals(min_value=D("0.05"), max_value=D(20000), places=2)
quantities = st.integers(min_value=1, max_value=5000)
days = st.dates(date(2020, 7, 1), date(2026, 12, 31)) | st.dates(date(2016, 6, 1), date(2017, 6, 30))


@given(st.sampled_from(SEGMENTS[1:]), st.sampled_from(["BUY", "SELL"]), prices, quantities, days)
def test_charges_are_never_negative_and_their_total_is_their_sum(segment, side, price, quantity, day):
    found = leg_charges(segment, "NSE", side, price, quantity, day)
    parts = [getattr(found, name) for name in Charges.__slots__]
    assert all(part >= 0 for part in parts)
    assert sum(parts) == found.total


@given(prices, st.integers(2, 2000), st.integers(1, 1999), days)
def test_splitting_an_order_never_lowers_its_charges_but_for_rounding(price, quantity, first, day):
    first = min(first, quantity - 1)
    whole = leg_charges("options", "NFO", "SELL", price, quantity, day).total
    parts = sum(
        leg_charges("options", "NFO", "SELL", price, part, day).total for part in (first, quantity - first)
    )
    assert parts >= whole - 2
