"""Tables that an owner tells: checked before they count, kept with who told them."""

from datetime import datetime

import pytest

from patang.errors import BadInput
from patang.market.sessions import IST
from patang.reports.taxes.telling import LONGEST_TABLE, MOST_TABLES, TaxTables
from tests.fakes import FixedClock, MemoryObjects, MemoryStore

AS_OF = datetime(2026, 8, 18, 10, 47, tzinfo=IST)
PURCHASES = "symbol,bought_on,quantity,price\nINFY,2020-05-04,10,700.50\nTCS,2021-01-04,2,3000\n"
ACTIONS = "symbol,ex_day,kind,ratio\nINFY,2024-01-02,split,1:2\n"
BOOK = (
    "symbol,trade_date,exchange,segment,trade_type,quantity,price,trade_id,order_id\n"
    "TCS,2026-05-04,NSE,EQ,buy,10,1500,7,999\n"
)


class Tables:
    def __init__(self):
        self.store, self.objects = MemoryStore(), MemoryObjects()
        self.service = TaxTables(self.store, self.objects, FixedClock(AS_OF))

    def tell(self, table, text, account="main", name=""):
        return self.service.tell(table, account, name, text, "person:asha", AS_OF)

    def told(self):
        return [item for item in self.store.items.values() if item.get("kind") == "TAX_TABLE_TOLD"]


@pytest.fixture
def tables():
    return Tables()


def test_a_table_is_kept_with_who_told_it(tables):
    told = tables.tell("purchases", PURCHASES)
    assert (told.rows, told.account, told.name) == (2, "main", "")
    assert tables.objects.get("taxes/main/purchases.csv") == PURCHASES.encode()
    [event] = tables.told()
    assert (event["account"], event["actor"]) == ("main", "person:asha")
    assert told.sha256 in str(event)
    assert tables.service.text("purchases", "main", "") == PURCHASES


def test_the_same_again_is_nothing_new_and_another_takes_its_place(tables):
    tables.tell("tradebook", BOOK, name="2026-05")
    tables.tell("tradebook", BOOK, name="2026-05")
    assert len(tables.told()) == 1
    tables.service = TaxTables(tables.store, tables.objects, FixedClock(AS_OF.replace(minute=48)))
    assert tables.tell("tradebook", BOOK.splitlines()[0] + "\n", name="2026-05").rows == 0
    assert len(tables.told()) == 2
    assert [(one.table, one.name, one.rows) for one in tables.service.kept(("main",))] == [
        ("tradebook", "2026-05", 0)
    ]


def test_what_is_told_is_listed_by_account(tables):
    tables.tell("actions", ACTIONS, account=None)
    tables.tell("purchases", PURCHASES)
    tables.tell("tradebook", BOOK)
    tables.tell("purchases", PURCHASES, account="other")
    tables.objects.put("taxes/main/scrap.txt", b"x")
    kept = tables.service.kept(("main",))
    assert [(one.table, one.account) for one in kept] == [
        ("actions", None),
        ("purchases", "main"),
        ("tradebook", "main"),
    ]
    assert tables.objects.get("taxes/actions.csv") == ACTIONS.encode()
    # What the desk shares stands in the desk's own chain.
    assert next(item["account"] for item in tables.told()) == "DESK"


@pytest.mark.parametrize(
    ("table", "account", "name", "text", "said"),
    [
        ("purchases", "main", "", "symbol,bought_on,quantity,price\nINFY,4 May,1,1", "line 2"),
        ("purchases", "main", "", PURCHASES + "x" * LONGEST_TABLE, "a month a file"),
        ("purchases", None, "", PURCHASES, "an account's: name it"),
        ("actions", "main", "", ACTIONS, "the whole desk's"),
        ("purchases", "main", "2026", PURCHASES, "names no table"),
        ("tradebook", "main", "../other/tradebook", BOOK, "names no table"),
        ("tradebook", "main", "A", BOOK, "names no table"),
        ("notes", "main", "-", "day\n", "names no table"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(tables, table, account, name, text, said):
    with pytest.raises(BadInput, match=said):
        tables.tell(table, text, account, name)
    assert (tables.objects.list("taxes/"), tables.told()) == ([], [])


PDF = "%PDF-1.7\n1 0 obj"


@pytest.mark.parametrize(
    ("table", "account", "text", "said"),
    [
        ("notes", "main", PDF, "contract notes: this is a PDF.*comma-separated text.*day, brokerage, stt"),
        ("tradebook", "main", "PK\x03\x04sheet", "an Excel file.*comma-separated text.*trade_id, order_id"),
        ("actions", None, ACTIONS + "INFY,2024-01-02,split,1:2\n", "split of INFY on 2024-01-02.*twice"),
    ],
)
def test_another_form_than_a_table_is_refused_with_what_to_do(tables, table, account, text, said):
    with pytest.raises(BadInput, match=said):
        tables.tell(table, text, account)
    assert tables.objects.list("taxes/") == []


def test_an_account_has_so_many_tables_and_no_more(tables):
    for number in range(MOST_TABLES):
        tables.objects.put(f"taxes/main/notes-{number}.csv", b"day\n")
    with pytest.raises(BadInput, match=f"main has {MOST_TABLES} tables.*under a name that is there already"):
        tables.tell("tradebook", BOOK, name="one-more")
    assert tables.told() == []
    # One that is there already is replaced, however many were put there by other means.
    tables.objects.put("taxes/main/notes-extra.csv", b"day\n")
    notes = "day,brokerage,stt,exchange_transaction,sebi,stamp_duty,gst\n"
    assert tables.tell("notes", notes, name="7").rows == 0
    assert tables.tell("tradebook", BOOK, account="other").rows == 1


def test_an_account_s_tables_are_of_so_many_bytes_and_a_shorter_one_is_always_taken(tables):
    tables.objects.put("taxes/main/notes-all.csv", b"x" * 4_000_000)
    tables.objects.put("taxes/main/tradebook.csv", (BOOK + "\n" * 200).encode())
    with pytest.raises(BadInput, match="4000000 are the most"):
        tables.tell("purchases", PURCHASES)
    assert tables.tell("tradebook", BOOK).rows == 1


def test_whoever_may_not_be_written_down_tells_nothing(tables, monkeypatch):
    def fails(*_):
        raise RuntimeError("no table")

    monkeypatch.setattr(tables.store, "write", fails)
    with pytest.raises(RuntimeError):
        tables.tell("purchases", PURCHASES)
    assert tables.objects.list("taxes/") == []
