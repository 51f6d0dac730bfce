"""What the owner tells in tables, and what the broker's trade book says."""

from datetime import date, datetime

import pytest

from patang.errors import BadInput
from patang.market.sessions import IST
from patang.reports.taxes.files import load_tradebook, read_actions, read_purchases, read_tradebook
from tests.fakes import MemoryObjects
from tests.unit.reports.samples import D

BOOK = """symbol,isin,trade_date,exchange,segment,series,trade_type,auction,quantity,price,trade_id,order_id,\
order_execution_time
INFY,INE009A01021,2026-05-04,NSE,EQ,EQ,buy,false,10.000000,1500.500000,1,1100000001,2026-05-04T09:30:01
NIFTY2650524000CE,,2026-05-04,NSE,FO,,sell,false,65,110,2,1200000001,2026-05-04T10:00:00
"""


def test_consoles_trade_book_is_read():
    shares, contract = read_tradebook("main", BOOK).values()
    assert (shares.exchange, shares.product, shares.side) == ("NSE", "CNC", "BUY")
    assert (shares.quantity, shares.price, shares.order) == (10, D("1500.5"), "1100000001")
    assert shares.time == datetime(2026, 5, 4, 9, 30, 1, tzinfo=IST)
    assert (contract.exchange, contract.product, contract.side) == ("NFO", "NRML", "SELL")


def test_a_trade_that_two_files_hold_is_one():
    objects = MemoryObjects()
    assert load_tradebook(objects, "main") is None
    objects.put("taxes/main/tradebook-eq.csv", BOOK.encode())
    objects.put("taxes/main/tradebook-all.csv", b"\xef\xbb\xbf" + BOOK.encode())
    objects.put("taxes/mainly/tradebook.csv", BOOK.encode())
    assert len(load_tradebook(objects, "main")) == 2


def test_purchases_are_lots_of_their_day():
    [lot] = read_purchases(
        "main", "Symbol,Bought_on,quantity,price,charges,stt,fmv_2018\ninfy,2016-03-01,10,100.05,2,1,150\n\n"
    )
    assert (lot.symbol, lot.exchange, lot.opened, lot.value) == (
        "INFY",
        "NSE",
        date(2016, 3, 1),
        D("1000.50"),
    )
    assert (lot.charges.total, lot.charges.stt, lot.fmv_2018) == (D("3.00"), D("1.00"), D(150))


def test_actions_are_read():
    split, bonus = read_actions(
        "symbol,ex_day,kind,ratio,allotted\nX,2025-01-01,split,1:2,\nY,2025-01-01,bonus,1:2,2025-01-03"
    )
    assert (split.kind, split.allotted, bonus.allotted) == ("split", None, date(2025, 1, 3))


@pytest.mark.parametrize(
    ("read", "text", "said"),
    [
        (read_actions, "symbol,ex_day\nX,2025-01-01", "lacks kind, ratio"),
        (
            lambda text: read_tradebook("main", text),
            BOOK.replace("2026-05-04T09:30:01", "9999-12-31T23:59:59-12:00"),
            "1900 to 2099",
        ),
        (
            lambda text: read_tradebook("main", text),
            BOOK.replace("2026-05-04,NSE,FO", "0001-01-01,NSE,FO").replace("2026-05-04T10:00:00", ""),
            "0001-01-01 is no day of 1900 to 2099",
        ),
        (read_actions, "symbol,ex_day,kind,ratio\nX,2025-01-01,merger,1:2", "line 2: kind is 'merger'"),
        (read_actions, "symbol,ex_day,kind,ratio\nX,2025-01-01,split,two", "line 2: 'two' is no ratio"),
        (read_actions, "symbol,ex_day,kind,ratio\nX,1.1.2025,split,1:2", "line 2: ex_day"),
        (
            read_actions,
            "symbol,ex_day,kind,ratio\nX,9999-12-31,split,1:2",
            "line 2: ex_day is '9999-12-31': write a day of 1900 to 2099",
        ),
        (read_actions, "symbol,ex_day,kind,ratio\nX,1735689600,split,1:2", "line 2: ex_day is '1735689600'"),
        (read_actions, "symbol,ex_day,kind,ratio\n,2025-01-01,split,1:2", "line 2: symbol is ''"),
        (
            read_actions,
            "symbol,ex_day,kind,ratio,allotted\nX,2025-01-01,bonus,1:2,2024-12-31",
            "line 2: allotted is 2024-12-31: bonus shares are allotted from the ex_day",
        ),
        (
            read_actions,
            "symbol,ex_day,kind,ratio,allotted\nX,2025-01-01,bonus,1:2,2026-01-03",
            "line 2: allotted is 2026-01-03",
        ),
        (
            read_actions,
            "symbol,ex_day,kind,ratio\n" + "".join(f"X,20{n}-01-01,split,1:100\n" for n in range(10, 15)),
            "the ratios of X together cannot be right",
        ),
        (
            lambda text: read_tradebook("main", text),
            "symbol,trade_date,exchange,trade_type,quantity,price,trade_id,order_id\n"
            f"X,2025-01-01,NSE,buy,1,1,1,{'9' * 41}",
            "line 2: order_id is '9+': give the number",
        ),
        (
            lambda text: read_purchases("main", text),
            "symbol,bought_on,quantity,price\nX,2016-03-01,1.5,10",
            "whole units",
        ),
        (
            lambda text: read_purchases("main", text),
            "symbol,bought_on,quantity,price\nX,2016-03-01,1,NaN",
            "'NaN' is no amount",
        ),
        (
            lambda text: read_purchases("main", text),
            "symbol,bought_on,quantity,price\n,2016-03-01,1,1",
            "trading symbol",
        ),
        (
            lambda text: read_tradebook("main", text),
            BOOK.replace("sell", "gift"),
            "line 3: trade_type is 'gift'",
        ),
        (lambda text: read_tradebook("main", text), "", "lacks symbol"),
        (
            lambda text: read_purchases("main", text),
            "symbol,bought_on,quantity,price\nX,2016-03-01,x,1",
            "number",
        ),
        (
            lambda text: read_purchases("main", text),
            'symbol,bought_on,quantity,price\n"X,2016-03-01,x,1',
            "purchases, line .: unexpected end",
        ),
    ],
)
def test_a_table_that_is_wrong_says_where_and_what_to_do(read, text, said):
    with pytest.raises(BadInput, match=said):
        read(text)
