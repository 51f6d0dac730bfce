"""First in, first out: by hand, and that nothing is lost or made on the way."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.errors import BadInput
from patang.reports.taxes.lots import CorporateAction, Lot
from patang.reports.taxes.matching import matched
from patang.reports.taxes.parts import parts_of
from patang.risk.charges import Charges
from tests.unit.reports.samples import D, deal, part


def split(symbol, day, ratio):
    return CorporateAction(symbol=symbol, ex_day=date.fromisoformat(day), kind="split", ratio=ratio)


def bonus(symbol, day, ratio, allotted=None):
    return CorporateAction(
        symbol=symbol,
        ex_day=date.fromisoformat(day),
        kind="bonus",
        ratio=ratio,
        allotted=allotted and date.fromisoformat(allotted),
    )


def closed(found):
    return [(trade.quantity, f"{trade.bought_on}", trade.bought, trade.sold) for trade in found.closed]


def test_a_sale_takes_the_oldest_shares_first_and_their_share_of_what_was_paid():
    found = matched(
        [
            part("delivery", "BUY", "INFY", 100, 1000, "2024-01-10", brokerage="10", stt="100"),
            part("delivery", "BUY", "INFY", 50, 1200, "2024-02-10", brokerage="5", stt="60"),
            part("delivery", "SELL", "INFY", 120, 1500, "2025-03-03", brokerage="12", stt="180"),
        ]
    )
    # 100 of January and 20 of February: 120,000 and 24,000 of the sale's 180,000 are 1,500 each.
    assert closed(found) == [
        (100, "2024-01-10", D("100000.00"), D("150000.00")),
        (20, "2024-02-10", D("24000.00"), D("30000.00")),
    ]
    assert [trade.buy_charges.total for trade in found.closed] == [D("110.00"), D("26.00")]
    # 192 of charges of the sale by units: 160 and 32.
    assert [trade.sell_charges.total for trade in found.closed] == [D("160.00"), D("32.00")]
    [left] = found.open
    assert (left.quantity, left.value, left.charges.total) == (30, D("36000.00"), D("39.00"))


def test_each_account_has_a_queue_of_its_own_and_both_exchanges_share_it():
    found = matched(
        [
            part("delivery", "BUY", "INFY", 10, 1000, "2025-01-10", account="elder"),
            part("delivery", "BUY", "INFY", 10, 1100, "2025-02-10", account="main", exchange="BSE"),
            part("delivery", "SELL", "INFY", 10, 1200, "2025-03-10", account="main", exchange="NSE"),
        ]
    )
    assert [(t.account, t.bought) for t in found.closed] == [("main", D(11000))]
    assert [lot.account for lot in found.open] == ["elder"]


def test_shares_that_nobody_has_bought_are_told_and_not_made_up():
    found = matched(
        [
            part("delivery", "BUY", "INFY", 10, 1000, "2025-01-10"),
            part("delivery", "SELL", "INFY", 25, 1200, "2025-03-10", brokerage="25"),
        ]
    )
    assert [trade.quantity for trade in found.closed] == [10]
    [missing] = found.without_lot
    assert (missing.quantity, missing.charges.total) == (15, D("15.00"))
    assert found.open == ()


def test_a_purchase_told_by_its_owner_fills_the_gap_from_its_own_day():
    told = Lot("main", "NSE", "INFY", date(2017, 5, 2), 15, D(15000), Charges(), "opening", D(1150))
    found = matched([part("delivery", "SELL", "INFY", 15, 1200, "2025-03-10")], [told])
    [trade] = found.closed
    assert (trade.bought_on, trade.bought, trade.fmv_2018) == (date(2017, 5, 2), D("15000.00"), D(1150))
    assert found.without_lot == ()


def test_contracts_may_be_sold_first_and_are_one_queue_an_exchange():
    name = "NIFTY26MAYFUT"
    found = matched(
        [
            part("futures", "SELL", name, 75, 24000, "2026-03-30", exchange="NFO"),
            part("futures", "BUY", name, 75, 23900, "2026-04-02", exchange="NFO"),
            part("futures", "BUY", name, 75, 23000, "2026-04-03", exchange="BFO"),
        ]
    )
    [trade] = found.closed
    assert (trade.difference, trade.bought_on, trade.sold_on) == (
        D("7500.00"),
        date(2026, 4, 2),
        date(2026, 3, 30),
    )
    assert trade.closed == date(2026, 4, 2), "the year in which it became a result"
    assert [(lot.exchange, lot.short) for lot in found.open] == [("BFO", False)]


def test_a_split_keeps_the_day_and_what_was_paid():
    found = matched(
        [
            part("delivery", "BUY", "INFY", 7, 1000, "2025-01-10"),
            part("delivery", "BUY", "INFY", 4, 1100, "2025-02-10"),
            part("delivery", "SELL", "INFY", 15, 520, "2025-06-10"),
        ],
        actions=[split("INFY", "2025-05-01", "1:2"), split("TCS", "2025-05-01", "1:5")],
    )
    # 14 of the first lot at 500, one of the second at 550.
    assert closed(found) == [
        (14, "2025-01-10", D(7000), D(7280)),
        (1, "2025-02-10", D(550), D(520)),
    ]
    assert [(lot.quantity, lot.value) for lot in found.open] == [(7, D(3850))]


def test_shares_put_together_lose_no_more_than_a_fraction_of_the_whole():
    found = matched(
        [
            part("delivery", "BUY", "X", 5, 10, "2025-01-10"),
            part("delivery", "BUY", "X", 6, 11, "2025-01-11"),
        ],
        actions=[split("X", "2025-05-01", "10:1")],
    )
    # 11 become 1.1, of which one is held: neither lot alone would have made one.
    assert sum(lot.quantity for lot in found.open) == 1


def test_a_bonus_has_cost_nothing_and_counts_from_its_allotment():
    found = matched(
        [
            part("delivery", "BUY", "INFY", 10, 1000, "2024-01-10"),
            part("delivery", "SELL", "INFY", 15, 600, "2025-06-10"),
        ],
        actions=[bonus("INFY", "2024-09-01", "1:2", "2024-09-05")],
    )
    assert closed(found) == [
        (10, "2024-01-10", D(10000), D(6000)),
        (5, "2024-09-05", D(0), D(3000)),
    ]
    assert [trade.from_bonus for trade in found.closed] == [False, True]


def test_shares_bought_on_the_ex_day_have_no_part_in_it():
    found = matched(
        [
            part("delivery", "BUY", "INFY", 10, 1000, "2024-08-30"),
            part("delivery", "BUY", "INFY", 10, 500, "2024-09-02"),
        ],
        actions=[bonus("INFY", "2024-09-02", "1:2", "2024-09-05")],
    )
    assert [(lot.opened.day, lot.quantity) for lot in found.open] == [(30, 10), (2, 10), (5, 10)]


def test_a_price_of_2018_is_split_with_its_shares_and_not_by_a_split_before_it():
    told = Lot("main", "NSE", "INFY", date(2015, 5, 2), 10, D(15000), Charges(), "opening", D(1150))
    found = matched([], [told], [split("INFY", "2016-01-01", "1:2"), split("INFY", "2020-01-01", "1:2")])
    assert [(lot.quantity, lot.fmv_2018) for lot in found.open] == [(40, D(575))]


def test_what_follows_a_restated_price_of_unknown_cause_is_not_worked_out():
    deals = [
        part("delivery", "BUY", "INFY", 10, 1000, "2025-01-10"),
        part("delivery", "SELL", "INFY", 5, 1100, "2025-04-30"),
        part("intraday", "BUY", "INFY", 5, 550, "2025-05-02"),
        part("intraday", "SELL", "INFY", 5, 560, "2025-05-02"),
        part("delivery", "SELL", "INFY", 10, 560, "2025-05-03"),
    ]
    found = matched(deals, unknown={"INFY": date(2025, 5, 1)})
    assert [(t.kind, t.quantity) for t in found.closed] == [("delivery", 5), ("intraday", 5)]
    assert [part.quantity for part in found.undetermined] == [10]


def test_a_ratio_that_is_none_is_refused():
    with pytest.raises(BadInput, match="no ratio"):
        matched([part("delivery", "BUY", "X", 1, 1, "2025-01-10")], actions=[split("X", "2025-05-01", "2")])


DEALS = st.lists(
    st.builds(
        deal,
        st.sampled_from(["BUY", "SELL"]),
        st.sampled_from(["INFY", "NIFTY26MAYFUT"]),
        st.integers(1, 40),
        st.decimals("1", "2000", places=2),
        st.sampled_from(["2026-05-04", "2026-05-05", "2026-05-06", "2026-05-07"]),
        at=st.sampled_from(["09:20", "12:00", "15:00"]),
        account=st.sampled_from(["main", "elder"]),
    ),
    max_size=25,
)


def on_its_exchange(each):
    if each.symbol.endswith("FUT"):
        return each.model_copy(update={"exchange": "NFO", "product": "NRML"})
    return each


@given(DEALS)
def test_no_unit_no_rupee_and_no_charge_is_lost_or_made(deals):
    deals = [on_its_exchange(each) for each in deals]
    parts = [p for account in ("main", "elder") for p in parts_of(d for d in deals if d.account == account)]
    found = matched(parts)
    twice = sum(trade.quantity for trade in found.closed) * 2
    ends = [*found.open, *found.without_lot]
    assert twice + sum(end.quantity for end in ends) == sum(each.quantity for each in deals)
    for side, legs in (
        ("BUY", [t.bought for t in found.closed] + [lot.value for lot in found.open if not lot.short]),
        (
            "SELL",
            [t.sold for t in found.closed]
            + [lot.value for lot in found.open if lot.short]
            + [p.value for p in found.without_lot],
        ),
    ):
        whole = sum(each.value for each in deals if each.side == side)
        assert abs(sum(legs, Decimal(0)) - whole) <= D("0.01") * len(found.without_lot)
    costs = [t.charges for t in found.closed] + [end.charges for end in ends]
    assert sum(costs, Charges()) == sum((p.charges for p in parts), Charges())
    assert all(lot.quantity > 0 for lot in found.open)
    # What is closed was there before it, and the oldest goes first.
    for account in ("main", "elder"):
        taken = [t.bought_on for t in found.closed if (t.account, t.kind) == (account, "delivery")]
        assert taken == sorted(taken)
        assert all(t.bought_on <= t.sold_on for t in found.closed if t.kind == "delivery")
