"""The year against the contract notes that were mailed."""

from datetime import date

import pytest

from patang.errors import BadInput
from patang.reports.deals import orders_of
from patang.reports.taxes.files import load_notes, read_notes
from patang.reports.taxes.mailed_notes import COMPONENTS, MailedNote, compare_with_mailed
from patang.reports.taxes.rules import FinancialYear
from patang.risk.contract_note import contract_note
from tests.fakes import MemoryObjects
from tests.unit.reports.samples import D, deal
from tests.unit.reports.test_tax_books import Books

YEAR = FinancialYear(2026)
FIRST = "day,brokerage,stt,exchange_transaction,sebi,stamp_duty,gst\n"
TRADED = [
    deal("BUY", "INFY", 10, 1500, "2026-05-04", product="MIS"),
    deal("SELL", "INFY", 10, 1520, "2026-05-04", at="11:00", product="MIS"),
    deal("BUY", "TCS", 1, 3000, "2026-05-05"),
]


def note(day, **other):
    own = contract_note(date.fromisoformat(day), orders_of([d for d in TRADED if str(d.day) == day])).charges
    charges = {name: getattr(own, name) for name in COMPONENTS}
    charges["exchange_transaction"] += own.ipft
    return MailedNote(day=date.fromisoformat(day), charges=charges | other)


def test_a_note_that_says_the_same_differs_in_nothing():
    found = compare_with_mailed(YEAR, TRADED, [note("2026-05-04"), note("2026-05-05")])
    assert (found.notes, len(found.lines)) == (2, 12)
    assert {line.difference for line in found.lines} == {0}
    assert all(line.within for line in found.lines)
    assert found.ours_total == found.mailed_total > 0
    assert (found.days_without_note, found.days_without_trades) == ((), ())


def test_what_was_charged_beside_our_rates_is_found():
    brokerage = note("2026-05-04").charges["brokerage"]
    found = compare_with_mailed(YEAR, TRADED, [note("2026-05-04", brokerage=brokerage + 20)])
    [off] = [line for line in found.lines if not line.within]
    assert (off.component, off.difference, off.day) == ("brokerage", 20, date(2026, 5, 4))
    assert found.days_without_note == (date(2026, 5, 5),)


@pytest.mark.parametrize(
    ("component", "more", "within"),
    [("stt", "1", True), ("stt", "1.01", False), ("gst", "0.02", True), ("gst", "0.03", False)],
)
def test_rounding_is_no_difference(component, more, within):
    mailed = note("2026-05-04")
    mailed = note("2026-05-04", **{component: mailed.charges[component] + D(more)})
    found = compare_with_mailed(YEAR, TRADED, [mailed])
    [line] = [line for line in found.lines if line.component == component]
    assert line.within is within


def test_notes_of_a_day_are_one_and_a_day_without_trades_is_told():
    nothing = dict.fromkeys(COMPONENTS, D(0))
    half = MailedNote(day=date(2026, 5, 4), charges=nothing | {"brokerage": D("1.5")})
    elsewhere = MailedNote(day=date(2026, 6, 1), charges=nothing)
    another_year = MailedNote(day=date(2025, 6, 2), charges=nothing)
    found = compare_with_mailed(YEAR, TRADED[:2], [half, half, elsewhere, another_year])
    assert found.notes == 2
    [brokerage] = [line for line in found.lines if line.component == "brokerage"]
    assert brokerage.mailed == 3
    assert found.days_without_trades == (date(2026, 6, 1),)


def test_the_table_of_notes_is_read_and_wrong_lines_are_named():
    objects = MemoryObjects()
    assert load_notes(objects, "main") == []
    objects.put("taxes/main/notes-2026-05.csv", (FIRST + "2026-05-04,12.05,8,1.12,0.03,0,2.38\n").encode())
    objects.put("taxes/main/notes-2026-06.csv", (FIRST + "2026-06-01,,,,,,\n").encode())
    may, june = load_notes(objects, "main")
    assert (may.day, may.charges["brokerage"], may.charges["gst"]) == (
        date(2026, 5, 4),
        D("12.05"),
        D("2.38"),
    )
    assert set(june.charges.values()) == {0}
    for line, said in (
        ("4 May,1,1,1,1,1,1", "line 2"),
        ("2026-05-04,-12.05,8,1,0,0,2", "no amount"),
        ("2026-05-04,x,8,1,0,0,2", "no amount"),
    ):
        with pytest.raises(BadInput, match=said):
            read_notes(FIRST + line)
    with pytest.raises(BadInput, match="lacks stt"):
        read_notes("day,brokerage,exchange_transaction,sebi,stamp_duty,gst\n")


def test_the_books_hold_all_of_the_accounts_day_against_its_note():
    books = Books()
    books.fill("BUY", "INFY", 10, 1500, "2026-05-04", product="CNC")
    books.objects.put("taxes/main/notes.csv", (FIRST + "2026-05-04,0,15,0.46,0.02,2,0.09\n").encode())
    found = books.books.against_mailed("main", YEAR)
    own = {line.component: line.ours for line in found.lines}
    assert own["stt"] == 15, "0.1 % of 15,000 rupees, on the note in whole rupees"
    alone = own["exchange_transaction"]
    # What its owner did beside the desk stands on the same note.
    books.objects.put(
        "taxes/main/tradebook.csv",
        b"symbol,trade_date,exchange,segment,trade_type,quantity,price,trade_id,order_id\n"
        b"TCS,2026-05-04,NSE,EQ,buy,10,1500,7,999\n",
    )
    again = books.books.against_mailed("main", YEAR)
    assert {line.component: line.ours for line in again.lines}["exchange_transaction"] > alone
    assert books.books.against_mailed("main", YEAR, "paper").notes == 0
