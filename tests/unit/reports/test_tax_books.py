"""The year from what the desk keeps, and the broker's word beside it."""

import csv
import io
from datetime import date, datetime
from decimal import Decimal

import pytest

from patang.market.sessions import IST
from patang.portfolio.position import Position, PriceBreak
from patang.records import create
from patang.reports.taxes.books import TaxBooks
from patang.reports.taxes.rules import FinancialYear
from patang.reports.taxes.table import statement_csv
from patang.risk.charge_comparison import ChargeComparison, ChargeFinding
from patang.settings import Settings
from patang.trade_log.fill import OrderFill
from tests.fakes import MemoryObjects, MemoryStore

YEAR = FinancialYear(2026)
LIVE = Settings().model_copy(update={"mode": "live"})


class Books:
    """A store that fills and positions are put into, and the books on it."""

    def __init__(self, settings=LIVE):
        self.store, self.objects = MemoryStore(), MemoryObjects()
        self.books = TaxBooks(self.store, self.objects, lambda: settings)
        self._orders = 0

    def fill(self, side, symbol, quantity, price, day, *, position=None, mode="live", account="main", **of):
        self._orders += 1
        moment = datetime.fromisoformat(f"{day}T10:{self._orders:02d}:00").replace(tzinfo=IST)
        fill = OrderFill(
            account=account,
            intent_id=f"{'N' if side == 'BUY' else 'X'}{moment:%y%m%d}{self._orders:013d}",
            broker_order_id=f"26{self._orders:013d}",
            position_id=position,
            order_kind="ENTRY" if side == "BUY" else "EXIT",
            mode=mode,
            symbol=symbol,
            transaction_type=side,
            quantity=quantity,
            price=Decimal(str(price)),
            filled_quantity=quantity,
            average_price=Decimal(str(price)),
            as_of=moment,
            heard_at=moment,
            source="frame",
            **({"exchange": "NSE", "product": "CNC"} | of),
        )
        self.store.write(create(fill))
        return fill

    def position(self, symbol, day, **more):
        bought = datetime.fromisoformat(f"{day}T10:00:00").replace(tzinfo=IST)
        position = Position(
            account="main",
            position_id=f"P-{symbol}",
            mode="live",
            strategy="equity",
            exchange="NSE",
            symbol=symbol,
            underlying=symbol,
            instrument_token=1,
            lot_size=1,
            tick_size=Decimal("0.05"),
            product="CNC",
            entry_price=Decimal(1000),
            entry_time=bought,
            entry_intent_id="N1",
            entry_charges=Decimal(0),
            entry_slippage=Decimal(0),
            stop_loss_price=Decimal(1),
            target_price=Decimal(2000),
            **({"quantity": 10} | more),
        )
        self.store.write(create(position))

    def year(self, accounts=("main",), **more):
        return self.books.year(accounts, YEAR, **more)


@pytest.fixture
def desk():
    return Books()


def test_a_year_of_the_desk_by_hand(desk):
    name = "NIFTY2650524000CE"
    desk.fill("BUY", name, 65, 100, "2026-05-04", exchange="NFO", product="MIS")
    desk.fill("SELL", name, 65, 110, "2026-05-04", exchange="NFO", product="MIS")
    desk.fill("BUY", "INFY", 10, 1500, "2026-05-04")
    desk.fill("SELL", "INFY", 10, 1600, "2026-07-06")
    told = desk.year()
    # As test_charges_contract_note has it, but that nothing is rounded to the rupee: 40 brokerage, 10.725
    # STT, 4.851 transaction, 0.01365 SEBI, 0.195 stamp duty, 8.08 GST; each side to the paisa.
    assert told.futures_and_options.charges_total == Decimal("63.88")
    assert (told.futures_and_options.turnover, told.futures_and_options.net) == (650, Decimal("586.12"))
    [row] = told.gain_rows
    # Bought: 0.46 transaction, 0.02 (0.015) SEBI, 2.25 stamp duty, GST 18 % of 0.4755 = 0.09.
    assert (row.buy_charges, row.stt) == (Decimal("2.82"), Decimal("31.00"))
    # Sold: 0.49 transaction, 0.02 SEBI, 15.34 depository, GST 18 % of 0.5072 = 0.09.
    assert row.sell_charges == Decimal("15.94")
    assert row.gain == 1000 - Decimal("2.82") - Decimal("15.94")
    assert (told.year, told.mode, told.accounts, told.to_settle) == ("2026-27", "live", ("main",), ())


def test_what_lies_behind_the_year_is_not_in_it_and_what_lies_before_feeds_it(desk):
    desk.fill("BUY", "INFY", 10, 1000, "2025-05-05")
    desk.fill("SELL", "INFY", 4, 1100, "2026-03-31")
    desk.fill("SELL", "INFY", 4, 1200, "2026-05-06")
    desk.fill("SELL", "INFY", 2, 1300, "2027-04-01")
    told = desk.year()
    assert [(row.quantity, row.term) for row in told.gain_rows] == [(4, "long")]
    assert [lot.quantity for lot in told.carried] == [2]


def test_paper_and_live_are_never_in_one_report(desk):
    desk.fill("BUY", "INFY", 10, 1000, "2026-05-05", mode="paper")
    assert desk.year().carried == ()
    on_paper = desk.year(mode="paper")
    assert [lot.quantity for lot in on_paper.carried] == [10]
    assert on_paper.to_settle == ("these trades were made on paper: none of this is income",)


def test_accounts_are_told_together_and_matched_apart(desk):
    desk.fill("BUY", "INFY", 10, 1000, "2026-05-05", account="elder")
    desk.fill("BUY", "INFY", 10, 1100, "2026-05-05")
    desk.fill("SELL", "INFY", 10, 1200, "2026-06-05")
    both = desk.year(["main", "elder"])
    assert [row.bought for row in both.gain_rows] == [11000]
    assert [lot.account for lot in both.carried] == ["elder"]
    assert desk.year(["elder"]).gain_rows == ()


def test_what_was_sold_by_hand_is_in_it_at_what_was_booked(desk):
    desk.fill("BUY", "INFY", 10, 1000, "2026-05-05", position="P-INFY")
    desk.fill("SELL", "INFY", 4, 1100, "2026-06-05", position="P-INFY")
    sold = datetime(2026, 6, 8, 11, tzinfo=IST)
    desk.position("INFY", "2026-05-05", exited_quantity=10, exit_value=Decimal(11600), exit_time=sold)
    told = desk.year()
    # 11,600 less the 4,400 of the desk's own order.
    assert [(row.quantity, row.sold, row.sold_on) for row in told.gain_rows] == [
        (4, 4400, date(2026, 6, 5)),
        (6, 7200, date(2026, 6, 8)),
    ]
    assert told.outside == 1


BOOK = "symbol,trade_date,exchange,segment,trade_type,quantity,price,trade_id,order_id,order_execution_time\n"


def test_the_trade_book_replaces_what_was_booked_and_brings_what_the_desk_has_not_seen(desk):
    desk.fill("BUY", "INFY", 10, 1000, "2026-05-05", position="P-INFY")
    desk.position(
        "INFY",
        "2026-05-05",
        exited_quantity=10,
        exit_value=Decimal(11000),
        exit_time=datetime(2026, 6, 8, 11, tzinfo=IST),
    )
    lines = [
        "INFY,2026-05-05,NSE,EQ,buy,10,1000,1,260000000000001,2026-05-05T10:01:00",
        "INFY,2026-06-05,NSE,EQ,sell,10,1090,2,77,2026-06-05T12:00:00",
        "ITC,2026-06-05,NSE,EQ,buy,5,400,3,78,2026-06-05T12:00:00",
    ]
    desk.objects.put("taxes/main/tradebook.csv", (BOOK + "\n".join(lines)).encode())
    told = desk.year()
    assert [(row.sold, row.sold_on) for row in told.gain_rows] == [(10900, date(2026, 6, 5))]
    assert [(lot.symbol, lot.quantity) for lot in told.carried] == [("ITC", 5)]
    assert (told.outside, told.unsettled) == (0, ())
    compared = desk.books.against_broker("main", YEAR)
    assert compared.orders == 4
    assert [(row.order, row.what, row.desk) for row in compared.trades] == [
        ("77", "ONLY_BROKERS", False),
        ("78", "ONLY_BROKERS", False),
        ("beside-P-INFY", "ONLY_OURS", False),
    ]


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("INFY,2026-05-05,NSE,EQ,buy,10,1000.00001,1,260000000000001,", None),
        ("INFY,2026-05-05,NSE,EQ,buy,9,1000,1,260000000000001,", "QUANTITY"),
        ("INFY,2026-05-05,NSE,EQ,buy,10,1000.05,1,260000000000001,", "VALUE"),
        ("TCS,2026-05-05,NSE,EQ,buy,10,1000,1,260000000000001,", "SYMBOL"),
        ("INFY,2025-05-05,NSE,EQ,buy,10,1000,1,9,", "ONLY_OURS"),
    ],
)
def test_each_order_is_held_against_the_brokers(desk, line, what):
    desk.fill("BUY", "INFY", 10, 1000, "2026-05-05")
    desk.objects.put("taxes/main/tradebook.csv", (BOOK + line).encode())
    found = desk.books.against_broker("main", YEAR).trades
    assert [row.what for row in found] == ([] if what is None else [what])
    if what == "QUANTITY":
        [row] = found
        assert (row.desk, row.ours_quantity, row.brokers_quantity, row.ours_value) == (True, 10, 9, 10000)


def test_charges_are_held_against_the_contract_note_of_each_day(desk):
    desk.fill("BUY", "INFY", 10, 1000, "2026-05-05")
    desk.fill("BUY", "INFY", 10, 1000, "2026-05-06")
    names = ("brokerage", "stt", "exchange_transaction", "sebi", "stamp_duty", "gst")
    expected = dict.fromkeys(names, Decimal(0)) | {"stt": Decimal(10), "total": Decimal(10)}
    charged = expected | {"brokerage": Decimal(20), "total": Decimal(30)}
    finding = ChargeFinding(
        component="brokerage", expected=Decimal(0), charged=Decimal(20), tolerance=Decimal("0.01")
    )
    day = date(2026, 5, 5)
    kept = ChargeComparison(
        account="main", day=day, orders=1, expected=expected, charged=charged, findings=(finding,)
    )
    desk.store.write(create(kept))
    told = desk.books.against_broker("main", YEAR)
    assert told.orders is None, "no trade book was given"
    rows = {row.component: row for row in told.charges}
    assert (rows["brokerage"].difference, rows["brokerage"].within) == (20, False)
    assert (rows["stt"].difference, rows["stt"].within, rows["stt"].on_our_note) == (0, True, 10)
    assert (told.charged_total, told.expected_total) == (30, 10)
    assert told.days_without_note == (date(2026, 5, 6),)


@pytest.mark.parametrize(
    ("ratio", "file", "rows", "asked"),
    [
        ("1:2", "", [], True),
        (None, "", [], True),
        ("1:1", "", [10], False),
        ("1:2", "symbol,ex_day,kind,ratio\nINFY,2026-06-01,split,1:2", [10], False),
    ],
)
def test_a_restated_price_waits_for_what_it_was(desk, ratio, file, rows, asked):
    desk.fill("BUY", "INFY", 10, 1000, "2026-05-05")
    desk.fill("SELL", "INFY", 10, 600, "2026-06-08")
    broken = PriceBreak(day=date(2026, 6, 1), kept=Decimal(1000), told=Decimal(500), ratio=ratio)
    desk.position("INFY", "2026-05-05", price_break=broken)
    if file:
        desk.objects.put("taxes/actions.csv", file.encode())
    told = desk.year()
    assert [row.quantity for row in told.gain_rows] == rows
    assert any("split or a bonus" in sentence for sentence in told.to_settle) == asked


def test_the_table_holds_every_row_and_no_formula(desk):
    desk.fill("BUY", "INFY", 10, 1000, "2026-05-05")
    desk.fill("SELL", "INFY", 4, 1100, "2026-06-05")
    desk.fill("SELL", "=HYPERLINK(1)", 1, 10, "2026-06-05")
    text = statement_csv(desk.year())
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [(row["head"], row["symbol"], row["quantity"]) for row in rows] == [
        ("short-term", "INFY", "4"),
        ("carried", "INFY", "6"),
        ("unsettled", "'=HYPERLINK(1)", "1"),
    ]
    assert rows[0]["section"] == "s. 196 of the Income-tax Act 2025"
    assert Decimal(rows[0]["result"]) == desk.year().short_term
    assert text.count("\r\n") == 4
