"""What of a day is speculative and what was delivered, and whose the day's charges are."""

from datetime import date
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from patang.reports.deals import orders_of
from patang.reports.shares import shared
from patang.reports.taxes.parts import parts_of
from patang.risk.charges import Charges
from patang.risk.contract_note import contract_note, depository_charges, side_charges
from tests.unit.reports.samples import D, deal

DAY = "2026-05-04"


def told(parts):
    return [(part.kind, part.deal.side, part.quantity) for part in parts]


def test_what_is_bought_and_sold_on_a_day_is_speculative_and_the_rest_delivered():
    parts = parts_of(
        [
            deal("BUY", "INFY", 100, 1000, DAY, at="09:30"),
            deal("SELL", "INFY", 40, 1000, DAY, at="11:00"),
        ]
    )
    assert told(parts) == [("intraday", "BUY", 40), ("delivery", "BUY", 60), ("intraday", "SELL", 40)]
    day_bought, kept, day_sold = (part.charges for part in parts)
    # The same day as in test_charges_contract_note, side by side. 40,000 bought within the day: brokerage 12,
    # transaction 1.228, SEBI 0.04, stamp 1.20 (0.003 %), GST 18 % of 13.268 = 2.388; STT on the sale alone.
    assert day_bought == Charges(D(12), D(0), D("1.23"), D("0.04"), D("1.20"), D(0), D("2.39"))
    # 60,000 delivered: STT 60, transaction 1.842, SEBI 0.06, stamp 9 (0.015 %), GST 18 % of 1.902 = 0.342.
    assert kept == Charges(D(0), D(60), D("1.84"), D("0.06"), D(9), D(0), D("0.34"))
    # 40,000 sold within the day: STT 10 (0.025 %), no stamp duty.
    assert day_sold == Charges(D(12), D(10), D("1.23"), D("0.04"), D(0), D(0), D("2.39"))


def test_netting_is_by_exchange_and_not_by_product():
    parts = parts_of(
        [
            deal("BUY", "INFY", 10, 1500, DAY, exchange="NSE", product="MIS"),
            deal("SELL", "INFY", 10, 1510, DAY, exchange="BSE"),
            deal("BUY", "TCS", 10, 3500, DAY, product="MIS"),
            deal("SELL", "TCS", 10, 3510, DAY, product="CNC", at="11:00"),
        ]
    )
    kinds = {(part.deal.symbol, part.deal.side): part.kind for part in parts}
    assert kinds["INFY", "BUY"] == kinds["INFY", "SELL"] == "delivery"
    assert kinds["TCS", "BUY"] == kinds["TCS", "SELL"] == "intraday"


def test_contracts_are_never_netted_within_the_day():
    name = "NIFTY2650524000CE"
    parts = parts_of(
        [
            deal("BUY", name, 65, 100, DAY, exchange="NFO", product="MIS"),
            deal("SELL", name, 65, 110, DAY, exchange="NFO", product="MIS", at="11:00"),
        ]
    )
    assert told(parts) == [("options", "BUY", 65), ("options", "SELL", 65)]
    assert parts[1].charges.stt == D("10.73"), "0.15 % of 7,150, to the paisa; the note rounds it to 11"


@given(
    amount=st.decimals("0", "100000", places=2),
    weights=st.lists(st.decimals("0", "100000", places=2), min_size=1, max_size=9),
)
def test_parts_add_up_to_the_paisa(amount, weights):
    parts = shared(amount, weights)
    assert sum(parts) == amount
    assert all(part >= 0 for part in parts)
    whole = sum(weights)
    if whole:
        ideal = (amount * weight / whole for weight in weights)
        assert all(abs(part - each) <= Decimal("0.01") for part, each in zip(parts, ideal, strict=True))


A_DEAL = st.builds(
    deal,
    st.sampled_from(["BUY", "SELL"]),
    st.sampled_from(["INFY", "TCS"]),
    st.integers(1, 50),
    st.decimals("100", "2000", places=1),
    st.just(DAY),
    product=st.sampled_from(["CNC", "MIS"]),
    exchange=st.sampled_from(["NSE", "BSE"]),
    at=st.sampled_from(["09:20", "10:00", "11:30", "15:00"]),
    order=st.sampled_from(["a", "b", "c", "d"]),
)


@given(st.lists(A_DEAL, min_size=1, max_size=12))
def test_units_and_charges_of_the_parts_are_those_of_the_day(deals):
    parts = parts_of(deals)
    assert sum(part.quantity for part in parts) == sum(each.quantity for each in deals)
    assert sum(part.value for part in parts) == sum(each.value for each in deals)
    for symbol in ("INFY", "TCS"):
        for exchange in ("NSE", "BSE"):
            of_day = [
                part
                for part in parts
                if part.kind == "intraday" and (part.deal.symbol, part.deal.exchange) == (symbol, exchange)
            ]
            bought, sold = (sum(p.quantity for p in of_day if p.deal.side == s) for s in ("BUY", "SELL"))
            assert bought == sold
    orders, day = orders_of(deals), date.fromisoformat(DAY)
    sides = side_charges(day, orders).values()
    exact = sum((cost.netted + cost.kept for cost in sides), Charges())
    debits = sum(depository_charges(day, orders).values())
    together = sum((part.charges for part in parts), Charges())
    assert together.dp == debits
    # Two sums a side, each of seven components to the paisa.
    assert abs(together.total - exact.total - debits) <= len(sides) * 14 * D("0.005")
    # The printed note has STT and stamp duty of a line to the rupee.
    note = contract_note(day, orders)
    assert abs(together.total - note.total) <= 2 * len(note.lines) * D("0.5") + D("0.5")
