"""What the broker charged against what was expected: the broker's own examples, and days that are off."""

import json
import os
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from patang.errors import BadInput
from patang.risk.charge_comparison import compare_charges
from patang.risk.charges import Execution
from patang.risk.contract_note import ExecutedOrder

D = Decimal
DAY = date(2026, 5, 4)
OPTION = "NIFTY2650524000CE"


def order(exchange, symbol, product, side, price, quantity):
    return ExecutedOrder(exchange, symbol, product, side, (Execution(D(str(price)), quantity),))


def row(exchange, symbol, side, **charges: Any) -> dict[str, Any]:
    gst = charges.pop("gst")
    return {
        "exchange": exchange,
        "tradingsymbol": symbol,
        "transaction_type": side,
        "charges": {"transaction_tax_type": "stt", "gst": {"total": gst}, **charges},
    }


ROUND_TRIP = [
    order("NFO", OPTION, "MIS", "BUY", 100, 65),
    order("NFO", OPTION, "MIS", "SELL", 110, 65),
]


def notes_of_the_round_trip(stt=10.725, brokerage=20):
    """6,500 bought and 7,150 sold at the rates of May 2026."""
    bought = row(
        "NFO",
        OPTION,
        "BUY",
        transaction_tax=0,
        exchange_turnover_charge=2.30945,
        sebi_turnover_charge=0.0065,
        brokerage=brokerage,
        stamp_duty=0,
        gst=4.016871,
    )
    sold = row(
        "NFO",
        OPTION,
        "SELL",
        transaction_tax=stt,
        exchange_turnover_charge=2.540395,
        sebi_turnover_charge=0.00715,
        brokerage=brokerage,
        stamp_duty=0,
        gst=4.0585581,
    )
    return [bought, sold]


def test_a_day_as_expected_has_no_findings():
    found = compare_charges("main", DAY, ROUND_TRIP, notes_of_the_round_trip())
    assert found.findings == ()
    assert found.orders == 2
    assert found.charged["total"] == D("63.66")
    assert found.expected == found.charged | {"stamp_duty": D("0.20"), "total": D("63.86")}, "0.195 unrounded"


def test_a_tax_that_has_risen_is_a_finding_with_its_figures():
    # 0.2 % instead of 0.15 %.
    found = compare_charges("main", DAY, ROUND_TRIP, notes_of_the_round_trip(stt=14.3))
    (finding,) = found.findings
    assert (finding.component, finding.expected, finding.charged) == ("stt", D("10.73"), D("14.30"))
    assert str(finding) == "stt: 14.30 charged, 10.73 expected (+3.57)"


def test_brokerage_that_was_doubled_is_found_and_so_is_what_was_not_charged():
    found = compare_charges("main", DAY, ROUND_TRIP, notes_of_the_round_trip(stt=0, brokerage=40))
    assert [finding.component for finding in found.findings] == ["brokerage", "stt"]
    assert found.charged["brokerage"] == 80


@pytest.mark.parametrize("stt", [10.725, 11])
def test_rounding_of_stt_by_the_broker_is_no_finding(stt):
    assert compare_charges("main", DAY, ROUND_TRIP, notes_of_the_round_trip(stt=stt)).findings == ()


def test_a_day_without_orders_is_compared_and_empty():
    found = compare_charges("main", DAY, [], [], left_out=2)
    assert (found.orders, found.left_out, found.charged["total"], found.findings) == (0, 2, 0, ())


def broken(change):
    notes = notes_of_the_round_trip()
    change(notes)
    return notes


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda notes: notes.pop(), "1 rows for 2 orders"),
        (lambda notes: notes[0].update(tradingsymbol="OTHER"), "OTHER"),
        (lambda notes: notes[1].pop("charges"), "no charges"),
        (lambda notes: notes[1]["charges"].update(brokerage="dear"), "brokerage .* 'dear'"),
        (lambda notes: notes[1]["charges"].update(stamp_duty=float("nan")), "stamp_duty"),
        (lambda notes: notes[1]["charges"].update(gst=None), "total"),
        (lambda notes: notes[1]["charges"].update(transaction_tax_type="ctt"), "ctt"),
    ],
)
def test_a_reply_that_does_not_say_what_it_must_is_refused_with_the_words(change, words):
    with pytest.raises(BadInput, match=words):
        compare_charges("main", DAY, ROUND_TRIP, broken(change))


def test_the_brokers_published_reply_of_july_2023_is_as_expected():
    root = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")
    path = root / "charges" / "virtual_contract_note.json"
    if not path.is_file():
        pytest.skip(f"{path} is not there: set PATANG_DATA to the folder of the shared data")
    rows = [row for row in json.loads(path.read_text())["data"] if row["exchange"] in ("NSE", "NFO")]
    orders = [
        order(
            row["exchange"],
            row["tradingsymbol"],
            row["product"],
            row["transaction_type"],
            row["price"],
            row["quantity"],
        )
        for row in rows
    ]
    assert len(orders) == 2
    found = compare_charges("main", date(2023, 7, 10), orders, rows)
    assert found.findings == ()
    assert abs(found.expected["total"] - found.charged["total"]) < D("0.1"), "stamp duty of a few paise"
