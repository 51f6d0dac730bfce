"""NSE's charges at Zerodha told a second time, as the circulars tell them, against the table of rates.

Nothing here reads rates.csv: each function is a sentence of a circular, a budget or the broker's price list.
"""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.risk.charges import Charges, exact_charges

D = Decimal
CRORE = D(10_000_000)
LAKH = D(100_000)


def brokerage(segment, turnover, day):
    if segment == "equity-delivery":
        return D(0)
    if segment == "options":
        return D(20)
    percent = D("0.01") if day < date(2020, 4, 1) else D("0.03")
    return min(turnover * percent / 100, D(20))


def stt(segment, side, turnover, day):
    if segment == "equity-delivery":
        return turnover / 1000
    if side == "BUY":
        return D(0)
    if segment == "equity-intraday":
        return turnover / 4000
    budgets = {
        "futures": ["0.01", "0.0125", "0.02", "0.05"],
        "options": ["0.05", "0.0625", "0.1", "0.15"],
    }
    changes = [date(2023, 4, 1), date(2024, 10, 1), date(2026, 4, 1)]
    return turnover * D(budgets[segment][sum(day >= change for change in changes)]) / 100


def exchange_and_ipft(segment, turnover, day):
    """NSE's rupees a lakh and, from 2023-04-01, IPFT's rupees a crore."""
    row = {"futures": 1, "options": 2}.get(segment, 0)
    if day < date(2020, 2, 7):
        a_lakh, a_crore = ("3.25", "2.10", "53")[row], 0
    elif day < date(2021, 1, 1):
        a_lakh, a_crore = ("3.25", "1.90", "50")[row], 0
    elif day < date(2023, 4, 1):
        a_lakh, a_crore = ("3.45", "2.00", "53")[row], 0
    elif day < date(2024, 4, 1):
        a_lakh, a_crore = ("3.25", "1.90", "50")[row], (10, 10, 50)[row]
    elif day < date(2024, 10, 1):
        a_lakh, a_crore = ("3.22", "1.88", "49.50")[row], (10, 10, 50)[row]
    elif day < date(2026, 3, 1):
        a_lakh, a_crore = ("2.97", "1.73", "35.03")[row], (10, 10, 50)[row]
    else:
        a_lakh, a_crore = ("3.07", "1.83", "35.53")[row], 0
    return turnover * D(a_lakh) / LAKH, turnover * a_crore / CRORE


def sebi(turnover, day):
    """Rupees a crore."""
    if day < date(2017, 4, 1):
        fee = 20
    elif day < date(2019, 4, 1):
        fee = 15
    else:
        fee = 5 if date(2020, 6, 1) <= day <= date(2021, 3, 31) else 10
    return turnover * fee / CRORE


def stamp_duty(segment, side, turnover, day):
    """Rupees a crore: Maharashtra's from both sides, later the Union's from the buyer."""
    if day < date(2020, 7, 1):
        return turnover * (1000 if segment == "equity-delivery" else 200) / CRORE
    if side == "SELL":
        return D(0)
    duty = {"equity-delivery": 1500, "equity-intraday": 300, "futures": 200, "options": 300}[segment]
    return turnover * duty / CRORE


def tax(on_services, fee, ipft, day):
    if day < date(2017, 7, 1):
        return on_services * 15 / 100
    if day >= date(2022, 7, 18):
        on_services += fee
    if day >= date(2024, 10, 1):
        on_services += ipft
    return on_services * 18 / 100


SOURCED = {
    "equity-delivery": [(date(2017, 7, 1), date(2026, 12, 31))],
    "equity-intraday": [(date(2016, 6, 1), date(2020, 3, 31)), (date(2020, 6, 1), date(2026, 12, 31))],
    "futures": [
        (date(2016, 6, 1), date(2019, 3, 31)),
        (date(2020, 2, 7), date(2020, 3, 31)),
        (date(2020, 6, 1), date(2026, 12, 31)),
    ],
    "options": [(date(2016, 6, 1), date(2019, 3, 31)), (date(2020, 2, 7), date(2026, 12, 31))],
}
SPANS = [(segment, *span) for segment, spans in SOURCED.items() for span in spans]


def check(segment, side, turnover, day):
    found = exact_charges(segment, "NSE", side, turnover, day)
    transaction, ipft = exchange_and_ipft(segment, turnover, day)
    fee, broker = sebi(turnover, day), brokerage(segment, turnover, day)
    depository = D("13.50") if day < date(2024, 10, 1) else D(13)
    debited = segment == "equity-delivery" and side == "SELL"
    assert found == Charges(
        brokerage=broker,
        stt=stt(segment, side, turnover, day),
        exchange_transaction=transaction,
        sebi=fee,
        stamp_duty=stamp_duty(segment, side, turnover, day),
        ipft=ipft,
        gst=tax(broker + transaction, fee, ipft, day),
        dp=depository * D("1.18") if debited else D(0),
    ), f"{segment} {side} on {day}"


@given(
    st.sampled_from(SPANS).flatmap(lambda span: st.tuples(st.just(span[0]), st.dates(span[1], span[2]))),
    st.sampled_from(["BUY", "SELL"]),
    st.decimals(D("0.05"), D(10_000_000), places=2),
)
def test_any_turnover_is_charged_as_it_was_published(charged, side, turnover):
    check(charged[0], side, turnover, charged[1])


@pytest.mark.parametrize(("segment", "first", "last"), SPANS)
def test_every_day_is_charged_as_it_was_published(segment, first, last):
    for ahead in range((last - first).days + 1):
        for side in ("BUY", "SELL"):
            check(segment, side, D("123456.75"), first + timedelta(days=ahead))
