"""The day's contract note: where it rounds, what it nets, and what stands beside it."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.risk.charges import Charges, Execution, exact_charges
from patang.risk.contract_note import ExecutedOrder, Exercise, contract_note

D = Decimal
DAY = date(2026, 5, 4)


def order(exchange, symbol, product, side, *fills, squared_off=False):
    executions = tuple(Execution(D(str(price)), quantity) for price, quantity in fills)
    return ExecutedOrder(exchange, symbol, product, side, executions, squared_off)


def line(note, exchange):
    return next(line.charges for line in note.lines if line.exchange == exchange)


def test_a_day_of_options_to_the_paisa():
    note = contract_note(
        DAY,
        [
            order("NFO", "NIFTY2650524000CE", "MIS", "BUY", (100, 65)),
            order("NFO", "NIFTY2650524000CE", "MIS", "SELL", (110, 40), (110, 25)),
        ],
    )
    # Worked out in test_charges: 63.94 in all; 20 an order whatever its executions.
    assert line(note, "NFO") == Charges(D(40), D(11), D("4.85"), D("0.01"), D(0), D(0), D("8.08"))
    assert note.total == D("63.94")


def test_stt_and_stamp_duty_are_rounded_once_for_all_orders_of_a_segment():
    # Three sales of 300 rupees of premium: STT 0.45 each, 1.35 together; alone each would be 0.
    sales = [
        order("NFO", f"NIFTY26505{strike}CE", "MIS", "SELL", (4, 75)) for strike in (24000, 24100, 24200)
    ]
    note = contract_note(DAY, sales)
    assert line(note, "NFO").stt == 1
    assert [line(contract_note(DAY, [sale]), "NFO").stt for sale in sales] == [0, 0, 0]
    # Futures bought for 20,000 rupees: 0.4 of stamp duty; with the other exchange's it is not added up.
    futures = [
        order("NFO", "NIFTY26MAYFUT", "NRML", "BUY", (200, 100)),
        order("BFO", "SENSEX26MAYFUT", "NRML", "BUY", (200, 100)),
    ]
    assert contract_note(DAY, futures).charges.stamp_duty == 0
    assert contract_note(DAY, [futures[0], futures[0]]).charges.stamp_duty == 1


def test_stt_of_a_scrip_is_taken_on_the_days_average_price():
    # The broker's own example: 500 bought at 100 and sold at 105, 200 bought at 110. The average of all is
    # 103.75 (124,500 / 1,200): 500 intraday, 12.97, and 200 delivered, 20.75; 33.72 in all.
    note = contract_note(
        DAY,
        [
            order("NSE", "INFY", "CNC", "BUY", (100, 500)),
            order("NSE", "INFY", "CNC", "SELL", (105, 500)),
            order("NSE", "INFY", "CNC", "BUY", (110, 200)),
        ],
    )
    assert line(note, "NSE").stt == 34


def test_shares_bought_and_sold_on_a_day_are_intraday_whatever_the_product():
    def note_of(product):
        return contract_note(
            DAY,
            [
                order("NSE", "INFY", product, "BUY", (1500, 100)),
                order("NSE", "INFY", product, "SELL", (1520, 100)),
            ],
        )

    assert note_of("CNC") == note_of("MIS")
    # 20 an order (0.03 % of 150,000 is 45); STT 0.025 % of 151,000; stamp duty 0.003 % of 150,000.
    found = line(note_of("CNC"), "NSE")
    assert (found.brokerage, found.stt, found.stamp_duty) == (D(40), D(38), D(5))
    assert note_of("CNC").beside == Charges()


def test_a_part_that_is_kept_is_delivery():
    note = contract_note(
        DAY,
        [
            order("NSE", "INFY", "CNC", "BUY", (1000, 100)),
            order("NSE", "INFY", "CNC", "SELL", (1000, 40)),
        ],
    )
    # Intraday 40,000 a side: brokerage 12 each. STT 0.025 % of 40,000 and 0.1 % of 60,000; stamp duty
    # 0.003 % of 40,000 and 0.015 % of 60,000; transaction 0.00307 % and SEBI 0.0001 % of 140,000.
    assert line(note, "NSE") == Charges(D(24), D(70), D("4.30"), D("0.14"), D(10), D(0), D("5.12"))
    assert note.beside == Charges()


def test_the_depository_charges_a_scrip_and_day_once():
    sold = [
        order("NSE", "INFY", "CNC", "SELL", (1500, 10)),
        order("NSE", "INFY", "CNC", "SELL", (1501, 5), (1502, 5)),
        order("BSE", "INFY", "CNC", "SELL", (1500, 10)),
        order("NSE", "TCS", "CNC", "SELL", (3500, 10)),
        order("NSE", "SBIN", "CNC", "BUY", (800, 10)),
        order("NSE", "ITC", "MIS", "SELL", (400, 10)),
        order("NSE", "ITC", "MIS", "BUY", (399, 10)),
    ]
    note = contract_note(DAY, sold)
    assert note.beside == Charges(dp=D("30.68")), "INFY and TCS"
    assert all(each.charges.dp == 0 for each in note.lines)
    assert note.total == note.charges.total + D("30.68")


@pytest.mark.parametrize(("day", "fee"), [(date(2020, 3, 18), "23.60"), (date(2020, 3, 19), "59")])
def test_the_broker_asks_a_fee_for_closing_a_position_itself(day, fee):
    orders = [
        order("NFO", "NIFTY20MAR8000PE", "MIS", "BUY", (100, 75)),
        order("NFO", "NIFTY20MAR8000PE", "MIS", "SELL", (90, 75), squared_off=True),
    ]
    assert contract_note(day, orders).beside == Charges(square_off=D(fee))


def test_an_exercised_option_is_on_the_note_and_a_lapsed_one_is_not():
    def expired(kind, settlement):
        return Exercise("NFO", "NIFTY2650524000", kind, D(24000), D(settlement), 65)

    note = contract_note(DAY, [], [expired("CE", 24100), expired("PE", 24100)])
    # 0.15 % of 6,500 is 9.75.
    assert line(note, "NFO") == Charges(brokerage=D(20), stt=D(10), gst=D("3.6"))
    assert contract_note(DAY, [], [expired("CE", 23900)]).total == 0


def test_an_order_that_traded_nothing_costs_nothing():
    empty = order("NFO", "NIFTY2650524000CE", "MIS", "BUY", squared_off=True)
    assert contract_note(DAY, [empty]).total == 0
    assert contract_note(DAY, [order("NSE", "INFY", "MIS", "BUY")]).total == 0


def test_an_intraday_day_needs_no_rate_of_delivery():
    # The depository's charge of 2016 is not known; a day without a delivery does not need it.
    day = date(2016, 8, 16)
    note = contract_note(
        day,
        [order("NSE", "INFY", "MIS", "BUY", (1000, 50)), order("NSE", "INFY", "MIS", "SELL", (1000, 50))],
    )
    # 0.01 % of 50,000 a leg; STT 12.5; 0.00325 % of 100,000; SEBI 20 a crore; 0.002 %; 15 % of 13.25.
    assert line(note, "NSE") == Charges(D(10), D(13), D("3.25"), D("0.20"), D(2), D(0), D("1.99"))


fills = st.lists(
    st.tuples(st.decimals(D("0.05"), D(5000), places=2), st.integers(1, 2000)), min_size=1, max_size=5
)


@given(st.lists(st.tuples(st.sampled_from(["BUY", "SELL"]), fills), min_size=1, max_size=6))
def test_a_note_is_its_orders_but_for_one_rounding(day_orders):
    orders = [order("NFO", "NIFTY2650524000CE", "MIS", side, *filled) for side, filled in day_orders]
    note = contract_note(DAY, orders)
    exact = sum((exact_charges("options", "NFO", o.side, o.turnover, DAY) for o in orders), Charges())
    for name in Charges.__slots__:
        found = getattr(line(note, "NFO"), name)
        half = D("0.5") if name in ("stt", "stamp_duty") else D("0.005")
        assert abs(found - getattr(exact, name)) <= half, name
        assert found >= 0


@given(fills, fills)
def test_how_an_order_was_executed_does_not_matter(first, second):
    def note(*orders):
        return contract_note(DAY, [order("NSE", "INFY", "CNC", "BUY", *filled) for filled in orders])

    together = note([*first, *second])
    assert note([*second, *first]) == together
    assert note(first, second).charges.total == together.charges.total, "no brokerage to take twice"
