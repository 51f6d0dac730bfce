"""The year's figures, by hand."""

from datetime import date

import pytest

from patang.errors import BadInput, StopTrading
from patang.reports.taxes.lots import Lot
from patang.reports.taxes.matching import matched
from patang.reports.taxes.rules import FinancialYear, rule_of, term_of
from patang.reports.taxes.working import statement
from patang.risk.charges import Charges
from tests.unit.reports.samples import D, part


def told(year, parts, opening=(), **more):
    return statement(FinancialYear.parse(year), "live", ["main"], matched(parts, opening, **more))


def test_contracts_are_a_business_with_every_charge_an_expense():
    name = "NIFTY2650524000CE"
    one = {"exchange": "NFO"}
    found = told(
        "2026-27",
        [
            part("options", "BUY", name, 65, 100, "2026-05-04", brokerage="20", **one),
            part("options", "SELL", name, 65, 110, "2026-05-04", brokerage="20", stt="11", at="11:00", **one),
            part("options", "BUY", name, 65, 120, "2026-05-04", brokerage="20", at="12:00", **one),
            part("options", "SELL", name, 65, 100, "2026-05-04", brokerage="20", stt="10", at="13:00", **one),
            part("futures", "BUY", "NIFTY26MAYFUT", 65, 24000, "2026-05-05", **one),
            part("futures", "SELL", "NIFTY26MAYFUT", 65, 24010, "2026-05-06", **one),
        ],
    )
    business = found.futures_and_options
    # +650, -1,300 and +650: 2,600 without their signs; what is left of 0 are the charges.
    assert (business.trades, business.turnover) == (3, D(2600))
    assert (business.gains, business.losses) == (D(1300), D(-1300))
    assert business.charges["brokerage"] == 80
    assert business.charges["stt"] == 21, "STT is an expense of a business"
    assert business.net == -101
    assert business.option_premiums == 65 * 210
    assert [row.net for row in found.business_rows] == [D(599), D(-1350), D(650)]
    assert found.intraday.trades == 0
    assert found.gains == ()


def test_a_trade_across_the_years_end_belongs_to_the_year_that_closed_it():
    name = "NIFTY26APRFUT"
    deals = [
        part("futures", "BUY", name, 65, 24000, "2026-03-31", exchange="NFO"),
        part("futures", "SELL", name, 65, 24100, "2026-04-01", exchange="NFO"),
    ]
    before = told("2025-26", deals[:1])
    assert before.futures_and_options.trades == 0
    assert [(lot.symbol, lot.quantity) for lot in before.carried] == [(name, 65)]
    assert told("2026-27", deals).futures_and_options.net == 6500


def test_shares_within_the_day_are_speculative_and_a_business_of_their_own():
    found = told(
        "2026-27",
        [
            part("intraday", "SELL", "INFY", 10, 1510, "2026-05-04", brokerage="5", stt="4"),
            part("intraday", "BUY", "INFY", 10, 1500, "2026-05-04", brokerage="5", at="12:00"),
        ],
    )
    assert (found.intraday.turnover, found.intraday.net) == (D(100), D(86))
    assert found.futures_and_options.trades == 0


def test_a_gain_leaves_stt_out_and_takes_the_other_charges_in():
    found = told(
        "2026-27",
        [
            part("delivery", "BUY", "INFY", 10, 1000, "2026-05-04", brokerage="3", stt="10"),
            part("delivery", "SELL", "INFY", 10, 1200, "2026-07-06", brokerage="18", stt="12"),
        ],
    )
    [row] = found.gain_rows
    assert (row.cost, row.sell_charges, row.stt) == (D(10003), D(18), D(22))
    assert row.gain == 1979
    [short] = found.gains
    assert (short.term, short.rate_pct, short.gain) == ("short", 20.0, D(1979))
    assert short.section == "s. 196 of the Income-tax Act 2025"
    # 6 July lies in the second period, 16 June to 15 September.
    assert [(p.until.isoformat(), p.gain) for p in short.by_period] == [
        ("2026-06-15", 0),
        ("2026-09-15", D(1979)),
        ("2026-12-15", 0),
        ("2027-03-15", 0),
        ("2027-03-31", 0),
    ]
    assert (found.short_term, found.long_term, found.exemption) == (D(1979), 0, D(125000))


@pytest.mark.parametrize(
    ("bought", "sold", "term"),
    [
        ("2024-01-10", "2025-01-09", "short"),
        # Held from 10 January to 9 January: twelve months before the day of the sale, and no more.
        ("2024-01-10", "2025-01-10", "short"),
        ("2024-01-10", "2025-01-11", "long"),
        ("2024-02-29", "2025-03-01", "short"),
        ("2024-02-29", "2025-03-02", "long"),
        ("2023-02-28", "2024-02-29", "long"),
    ],
)
def test_long_is_more_than_twelve_months(bought, sold, term):
    assert term_of(date.fromisoformat(bought), date.fromisoformat(sold)) == term


def test_the_year_of_the_change_of_rates_has_both_and_one_exemption():
    parts = [
        part("delivery", "BUY", "OLD", 10, 1000, "2022-05-04"),
        part("delivery", "SELL", "OLD", 4, 1500, "2024-07-22"),
        part("delivery", "SELL", "OLD", 6, 1500, "2024-07-23"),
        part("delivery", "BUY", "NEW", 10, 1000, "2024-07-01"),
        part("delivery", "SELL", "NEW", 4, 900, "2024-07-22"),
        part("delivery", "SELL", "NEW", 6, 1100, "2024-07-23"),
    ]
    found = told("2024-25", parts)
    assert [(each.term, each.rate_pct, each.gain) for each in found.gains] == [
        ("short", 15.0, D(-400)),
        ("short", 20.0, D(600)),
        ("long", 10.0, D(2000)),
        ("long", 12.5, D(3000)),
    ]
    assert (found.short_term, found.long_term, found.exemption) == (D(200), D(5000), D(125000))
    assert told("2023-24", []).exemption == 100000


@pytest.mark.parametrize(
    ("paid", "worth", "sold", "cost", "grandfathered"),
    [
        # Worth more than was paid, sold for more still: the worth counts.
        (100, 150, 200, 1500, True),
        # Sold for less than the worth: no loss is made of it, the sale counts.
        (100, 150, 120, 1200, True),
        # Sold below what was paid: what was paid counts, and the loss is a loss.
        (100, 150, 80, 1000, False),
        # Worth less than was paid.
        (100, 90, 200, 1000, False),
    ],
)
def test_what_was_bought_before_february_2018_may_have_cost_what_it_was_worth(
    paid, worth, sold, cost, grandfathered
):
    opening = [Lot("main", "NSE", "ITC", date(2016, 3, 1), 10, D(paid * 10), Charges(), "opening", D(worth))]
    found = told("2025-26", [part("delivery", "SELL", "ITC", 10, sold, "2025-08-01")], opening)
    [row] = found.gain_rows
    assert (row.cost, row.grandfathered) == (D(cost), grandfathered)
    assert row.gain == sold * 10 - cost
    assert found.to_settle == ()


def test_a_worth_that_nobody_told_is_asked_for():
    opening = [Lot("main", "NSE", "ITC", date(2018, 1, 31), 10, D(1000), Charges(), "opening")]
    found = told("2025-26", [part("delivery", "SELL", "ITC", 10, 200, "2025-08-01")], opening)
    assert found.gain_rows[0].cost == 1000
    [asked] = found.to_settle
    assert asked.startswith("ITC: bought before February 2018")
    later = [Lot("main", "NSE", "ITC", date(2018, 2, 1), 10, D(1000), Charges(), "opening", D(150))]
    found = told("2025-26", [part("delivery", "SELL", "ITC", 10, 200, "2025-08-01")], later)
    assert (found.gain_rows[0].cost, found.to_settle) == (D(1000), ())


def test_lots_go_from_year_to_year():
    deals = [
        part("delivery", "BUY", "INFY", 10, 1000, "2023-05-04"),
        part("delivery", "SELL", "INFY", 4, 1100, "2024-02-05"),
        part("delivery", "SELL", "INFY", 6, 1200, "2025-02-05"),
    ]
    first = told("2023-24", deals[:2])
    assert [(lot.quantity, lot.value) for lot in first.carried] == [(6, D(6000))]
    second = told("2024-25", deals)
    assert [(row.quantity, row.term, row.gain) for row in second.gain_rows] == [(6, "long", D(1200))]
    assert second.carried == ()


def test_what_cannot_be_worked_out_is_in_no_sum_and_asked_about():
    found = told("2025-26", [part("delivery", "SELL", "ITC", 10, 200, "2025-08-01")])
    assert found.gain_rows == ()
    [left] = found.unsettled
    assert (left.symbol, left.quantity, left.price) == ("ITC", 10, D(200))
    assert "their purchase is not known" in found.to_settle[0]
    parts = [part("delivery", "BUY", "ITC", 10, 200, "2025-08-01")]
    found = told("2025-26", parts, unknown={"ITC": date(2025, 7, 1)})
    assert "split or a bonus" in found.to_settle[0]


@pytest.mark.parametrize(
    "text", ["2026", "2026-28", "26-27", "2026-2027", "２０２６-27", "2017-18", "9999-00"]
)
def test_a_year_is_written_in_one_way(text):
    with pytest.raises(BadInput):
        FinancialYear.parse(text)


def test_years():
    assert str(FinancialYear.of(date(2026, 3, 31))) == "2025-26"
    assert str(FinancialYear.of(date(2026, 4, 1))) == "2026-27"
    assert str(FinancialYear.parse("2099-00")) == "2099-00"
    with pytest.raises(StopTrading, match="rules for long on 2018-03-31"):
        rule_of("long", date(2018, 3, 31))


def test_amounts_are_numbers_in_json_and_exact_before():
    found = told("2026-27", [])
    assert found.model_dump(mode="json")["exemption"] == 125000.0
    assert isinstance(found.exemption, type(D(1)))
