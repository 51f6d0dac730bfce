"""The dump as a table: reading it, looking up, searching, keeping; by itself and with real dumps."""

import gzip
import os
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from patang.errors import BadInput
from patang.market.instrument_dumps import (
    dump_days,
    dump_path,
    find_listing,
    load_dump,
    read_dump,
    save_dump,
)
from patang.market.instrument_search import Wanted
from patang.market.instrument_table import InstrumentTable
from patang.market.isins import ISINS_PATH, load_isins, read_isins
from patang.market.listing import COLUMNS
from tests.fakes import MemoryObjects
from tests.unit.market.dump import cash_rows, derivative_rows, row

DATA = Path(os.environ.get("PATANG_DATA") or Path(__file__).parents[4] / "shared" / "data")

HEADER = ",".join(COLUMNS[:-1])
DUMP = f"""{HEADER}
256265,1001,NIFTY 50,NIFTY 50,0,,0,0,0,EQ,INDICES,NSE
738561,2885,RELIANCE,RELIANCE INDUSTRIES,0.0,,0.0,0.05,1,EQ,NSE,NSE
128083204,500325,RELIANCE,RELIANCE INDUSTRIES.,0.0,,0.0,0.05,1,EQ,BSE,BSE
4669697,18241,RELIANCE-BL,RELIANCE INDUSTRIES,,,,0.05,1,EQ,NSE,NSE
5215745,20374,COALINDIA,COAL INDIA,0.0,,0.0,0.05,1,EQ,NSE,NSE
9001,35,NIFTY26AUGFUT,NIFTY,0.0,2026-08-25,0.0,0.1,65,FUT,NFO-FUT,NFO
9002,36,NIFTY2681824500CE,NIFTY,0.0,2026-08-18,24500.0,0.05,65,CE,NFO-OPT,NFO
9003,37,NIFTY2681824500PE,NIFTY,0.0,2026-08-18,24500.0,0.05,65,PE,NFO-OPT,NFO
9004,38,NIFTY26AUG24500CE,NIFTY,0.0,2026-08-25,24500.0,0.05,65,CE,NFO-OPT,NFO
9005,39,RELIANCE26AUG1400CE,RELIANCE,0.0,2026-08-25,1400,0.05,500,CE,NFO-OPT,NFO
9006,40,RELIANCE26AUG1402.5CE,RELIANCE,0.0,25-08-2026,1402.5,0.05,500,CE,NFO-OPT,NFO
7,1,GOLDGUINEA26SEPFUT,GOLDGUINEA,0.0,2026-09-30,0.0,1,8,FUT,MCX-FUT,MCX
8,1,NIFTY VIX FIX,,0.0,,0.0,0.01,1,XX,ODD,NSEIX
"""
INFY, RELIANCE = "INE009A01021", "INE002A01018"
ISINS = f"""SYMBOL,NAME OF COMPANY, SERIES, DATE OF LISTING, PAID UP VALUE, MARKET LOT, ISIN NUMBER
RELIANCE,Reliance Industries Limited,EQ,29-NOV-1995,10,1,{RELIANCE}
INFY,Infosys Limited,EQ,08-FEB-1995,5,1,{INFY}
"""


@pytest.fixture(scope="module")
def table() -> InstrumentTable:
    return InstrumentTable.from_csv(DUMP)


def names(found) -> list[str]:
    return [listing.identifier for listing in found.listings]


def test_every_line_is_read_also_of_types_that_nobody_trades(table):
    assert (len(table), table.problems) == (13, [])
    odd = table.get("NSEIX", "NIFTY VIX FIX")
    assert (odd.name, odd.expiry, odd.strike, odd.last_price) == ("NIFTY VIX FIX", None, None, Decimal(0))
    call = table.get("NFO", "RELIANCE26AUG1402.5CE")
    assert (call.expiry, call.strike, call.lot_size) == (date(2026, 8, 25), Decimal("1402.5"), 500)
    assert table.get("NSE", "NIFTY26AUGFUT") is None


def test_the_rows_of_the_official_client_read_as_its_text():
    rows = [*cash_rows(), *derivative_rows()]
    found = InstrumentTable.from_rows(rows)
    assert (len(found), found.problems) == (len(rows), [])
    option = found.get("NFO", rows[10]["tradingsymbol"])
    assert (option.expiry, option.strike) == (rows[10]["expiry"], Decimal(str(rows[10]["strike"])))
    assert {listing.expiry for listing in found} == {told["expiry"] or None for told in rows}


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("x,1,A,A,0,,0,0.05,1,EQ,NSE,NSE", "line 3: instrument_token is 'x', not a whole number"),
        ("1,1,,A,0,,0,0.05,1,EQ,NSE,NSE", "line 3: tradingsymbol, exchange"),
        ("1,1,A,A,0,,0,0.05,1,EQ,NSE,", "line 3: tradingsymbol, exchange"),
        ("1,1,A,A,0,2026-02-30,0,0.05,1,CE,NFO-OPT,NFO", "line 3: expiry is '2026-02-30', not a day"),
        ("1,1,A,A,0,,nan,0.05,1,EQ,NSE,NSE", "line 3: strike is 'nan', not a number"),
        ("1,1,A,A,0,,0,five,1,EQ,NSE,NSE", "line 3: tick_size is 'five', not a number"),
        ("1,1,A,A,0,,0", "line 3: 7 fields instead of 12"),
        ("5,5,GOOD,GOOD,0,,0,0.05,1,EQ,NSE,NSE", "NSE:GOOD is listed twice: the first is taken"),
    ],
)
def test_a_bad_line_is_named_and_the_others_are_read(line, problem):
    good = "1,1,GOOD,GOOD,0,,0,0.05,1,EQ,NSE,NSE"
    found = InstrumentTable.from_csv(f"{HEADER}\n{good}\n{line}\n{good.replace('GOOD', 'ALSO')}\n")
    assert [listing.tradingsymbol for listing in found] == ["GOOD", "ALSO"]
    assert found.get("NSE", "GOOD").instrument_token == 1
    assert len(found.problems) == 1
    assert found.problems[0].startswith(problem)


@pytest.mark.parametrize(
    "text", ["", "a,b,c\n1,2,3\n", HEADER, f"{HEADER}\nx,1,A,A,0,,0,0.05,1,EQ,NSE,NSE\n"]
)
def test_what_is_no_dump_is_refused(text):
    with pytest.raises(BadInput, match="dump"):
        InstrumentTable.from_csv(text)


def test_columns_may_stand_in_any_order_and_names_may_have_commas():
    header = ",".join([*reversed(COLUMNS[:-1]), "more"])
    line = 'NSE,NSE,EQ,1,0.05,,,3.5,"A, B & ""C""",ABC,2,1,x'
    text = f"{header}\n{line}\n"
    listing = InstrumentTable.from_csv(text).get("NSE", "ABC")
    assert (listing.name, listing.exchange_token, listing.last_price) == ('A, B & "C"', 2, Decimal("3.5"))


def test_a_share_has_derivatives_if_contracts_of_the_dump_are_on_it(table):
    with_them = {listing.identifier for listing in table if listing.has_derivatives}
    assert with_them == {"NSE:RELIANCE", "BSE:RELIANCE"}
    assert table.get("NSE", "RELIANCE").instrument().has_derivatives


def test_a_listing_becomes_the_instrument_that_a_desk_watches(table):
    nifty = table.get("NSE", "NIFTY 50").instrument()
    assert (nifty.instrument_type, nifty.symbol, nifty.lot_size) == ("INDEX", "NIFTY", 1)
    call = table.get("NFO", "NIFTY2681824500CE").instrument()
    assert (call.underlying, call.strike, call.tick_size) == ("NIFTY", Decimal(24500), Decimal("0.05"))
    with pytest.raises(BadInput, match="NSEIX:NIFTY VIX FIX is no instrument that a desk trades"):
        table.get("NSEIX", "NIFTY VIX FIX").instrument()


def test_tokens_are_known_by_the_day(table):
    assert table.by_token()[9002].tradingsymbol == "NIFTY2681824500CE"


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted("reliance", kind="EQ"), ["NSE:RELIANCE", "BSE:RELIANCE", "NSE:RELIANCE-BL"]),
        (Wanted("RELIANCE", exchange="bse"), ["BSE:RELIANCE"]),
        (Wanted("bse:reliance"), ["BSE:RELIANCE"]),
        (Wanted("NSE:RELI"), ["NSE:RELIANCE", "NSE:RELIANCE-BL"]),
        (Wanted("india"), ["NSE:COALINDIA"]),
        (Wanted("coal IND"), ["NSE:COALINDIA"]),
        (Wanted("NIFTY", kind="INDEX"), ["NSE:NIFTY 50"]),
        (
            Wanted("nifty"),
            [
                "NSE:NIFTY 50",
                "NFO:NIFTY26AUGFUT",
                "NFO:NIFTY2681824500CE",
                "NFO:NIFTY2681824500PE",
                "NFO:NIFTY26AUG24500CE",
                "NSEIX:NIFTY VIX FIX",
            ],
        ),
        (Wanted("nifty 24500 pe"), ["NFO:NIFTY2681824500PE"]),
        (Wanted(underlying="reliance", kind="CE"), ["NFO:RELIANCE26AUG1400CE", "NFO:RELIANCE26AUG1402.5CE"]),
        (Wanted(strike=Decimal("1402.50")), ["NFO:RELIANCE26AUG1402.5CE"]),
        (
            Wanted(underlying="NIFTY", expiry=date(2026, 8, 25)),
            ["NFO:NIFTY26AUGFUT", "NFO:NIFTY26AUG24500CE"],
        ),
        (Wanted(isin=RELIANCE), []),
        (Wanted("nothing of this kind"), []),
    ],
)  # fmt: skip
def test_searching(table, wanted, expected):
    found = table.search(wanted)
    assert (names(found), found.total) == (expected, len(expected))


def test_the_nearest_expiry_is_one_of_each_underlying_from_a_day_on(table):
    first = table.search(Wanted(kind="CE", nearest_from=date(2026, 8, 18)))
    assert names(first) == [
        "NFO:NIFTY2681824500CE",
        "NFO:RELIANCE26AUG1400CE",
        "NFO:RELIANCE26AUG1402.5CE",
    ]
    second = table.search(Wanted(underlying="NIFTY", kind="CE", nearest_from=date(2026, 8, 19)))
    assert names(second) == ["NFO:NIFTY26AUG24500CE"]
    assert table.search(Wanted(nearest_from=date(2026, 10, 1))).total == 0


def test_a_limit_shows_the_likeliest_and_says_how_many_there_are(table):
    found = table.search(Wanted("nifty"), limit=2)
    assert (names(found), found.total) == (["NSE:NIFTY 50", "NFO:NIFTY26AUGFUT"], 6)


def test_isins_are_joined_to_shares_of_both_exchanges_and_of_every_series(table):
    joined = table.with_isins(read_isins(ISINS).by_symbol)
    assert {listing.identifier: listing.isin for listing in joined if listing.isin} == {
        "NSE:RELIANCE": RELIANCE,
        "BSE:RELIANCE": RELIANCE,
        "NSE:RELIANCE-BL": RELIANCE,
    }
    assert names(joined.search(Wanted(isin=RELIANCE.lower()))) == names(joined.search(Wanted(RELIANCE)))
    assert joined.get("NSE", "RELIANCE").instrument().isin == RELIANCE
    assert joined.get("NSE", "RELIANCE").has_derivatives


def test_a_symbol_of_bse_that_is_another_share_on_nse_gets_no_isin():
    rows = [
        row(1, "INFY", name="INFOSYS"),
        row(2, "INFY", name="INFRA FYNANCE", exchange="BSE", segment="BSE"),
    ]
    rows += [row(3, "TCS", name="TCS", exchange="BSE", segment="BSE"), row(4, "INFY-N1", name="INFOSYS")]
    joined = InstrumentTable.from_rows(rows).with_isins({"INFY": INFY, "TCS": RELIANCE})
    assert [listing.isin for listing in joined] == [INFY, None, None, None]


def test_a_wrong_isin_is_named_and_left_out():
    wrong = RELIANCE[:-1] + "9"
    found = read_isins(
        f"SYMBOL,SERIES,ISIN NUMBER\nINFY,EQ,{INFY}\nRELIANCE,EQ,{wrong}\nTCS,EQ,\nINFY,BE,{RELIANCE}\n"
    )
    assert found.by_symbol == {"INFY": INFY}
    assert [problem.split(":")[0] for problem in found.problems] == ["line 3", "line 4", "line 5"]
    assert wrong in found.problems[0]


@pytest.mark.parametrize("text", ["", "SYMBOL,SERIES\nINFY,EQ\n", "SYMBOL,ISIN NUMBER\nINFY,none\n"])
def test_what_is_no_list_of_securities_is_refused(text):
    with pytest.raises(BadInput, match="list of securities"):
        read_isins(text)


def test_a_kept_list_is_loaded_and_none_is_no_error():
    objects = MemoryObjects()
    assert load_isins(objects) == {}
    objects.put(ISINS_PATH, ISINS.encode())
    assert load_isins(objects) == {"RELIANCE": RELIANCE, "INFY": INFY}


def test_a_dump_is_kept_and_comes_back_as_it_was(table):
    objects, day = MemoryObjects(), date(2026, 8, 18)
    joined = table.with_isins({"RELIANCE": RELIANCE})
    save_dump(objects, day, joined)
    first = objects.get(dump_path(day))
    assert dump_path(day) == "instruments/date=2026-08-18/instruments_2026-08-18.csv.gz"
    back = load_dump(objects, day)
    assert (list(back), back.problems) == (list(joined), [])
    save_dump(objects, day, back)
    assert objects.get(dump_path(day)) == first
    assert load_dump(objects, date(2026, 8, 17)) is None


def test_one_listing_is_found_in_the_newest_dump_without_the_others(table):
    objects = MemoryObjects()
    assert find_listing(objects, date(2026, 8, 18), "NSE", "RELIANCE") is None
    save_dump(objects, date(2026, 8, 17), table)
    objects.put(dump_path(date(2026, 8, 19)), b"of a day to come")
    for listing in table:
        found = find_listing(objects, date(2026, 8, 18), listing.exchange, listing.tradingsymbol)
        assert found == listing
    assert find_listing(objects, date(2026, 8, 18), "BFO", "RELIANCE") is None
    assert find_listing(objects, date(2026, 8, 18), "NSE", "NOBODY") is None
    with pytest.raises(BadInput, match="does not tell of RELIANCE"):
        find_listing(objects, date(2026, 8, 19), "NSE", "RELIANCE")


def test_the_days_of_a_store_are_those_of_its_dumps(table):
    objects = MemoryObjects()
    for day in (date(2026, 8, 19), date(2026, 8, 17)):
        save_dump(objects, day, table)
    objects.put("instruments/date=2026-08-20/instruments_2026-08-20.parquet", b"")
    objects.put(ISINS_PATH, b"")
    assert dump_days(objects) == [date(2026, 8, 17), date(2026, 8, 19)]


@pytest.mark.parametrize(
    "content", [b"\x1f\x8bnot gzip at all", gzip.compress(DUMP.encode())[:-9], b"\xff\xfe\x00", b"no dump"]
)
def test_a_broken_dump_is_refused_by_its_name(content):
    with pytest.raises(BadInput, match=r"^morning\.csv\.gz does not parse"):
        read_dump(content, "morning.csv.gz")


def test_rows_for_a_table_have_plain_values(table):
    rows = {row["tradingsymbol"]: row for row in table.rows()}
    assert list(rows["RELIANCE-BL"]) == list(COLUMNS)
    call = rows["RELIANCE26AUG1402.5CE"]
    assert (call["strike"], call["expiry"], call["tick_size"]) == (1402.5, date(2026, 8, 25), 0.05)
    assert (rows["NIFTY 50"]["strike"], rows["NIFTY 50"]["expiry"], rows["NIFTY 50"]["isin"]) == (
        None,
        None,
        None,
    )


def real_rows(name: str) -> list[dict]:
    pq = pytest.importorskip("pyarrow.parquet")
    path = DATA / "kite" / f"{name}.parquet"
    if not path.exists():
        pytest.skip(f"{path} is absent: set PATANG_DATA to the folder of recorded market data")
    return pq.read_table(path).to_pylist()


@pytest.mark.parametrize(
    ("name", "day"),
    [("instruments_2024-04-06", date(2024, 4, 6)), ("instruments_2026-08-18", date(2026, 8, 18))],
)
def test_a_real_dump_is_read_whole_found_and_kept(name, day):
    rows = real_rows(name)
    table = InstrumentTable.from_rows(rows)
    assert (len(table), table.problems) == (len(rows), [])
    for told in rows:
        listing = table.get(told["exchange"], told["tradingsymbol"])
        assert listing.instrument_token == told["instrument_token"]
        assert float(listing.strike or 0) == told["strike"]
    for told in rows[:: len(rows) // 20]:
        found = table.search(Wanted(told["tradingsymbol"], exchange=told["exchange"]), limit=1)
        assert names(found) == [f"{told['exchange']}:{told['tradingsymbol']}"]
    near = table.search(Wanted(underlying="BANKNIFTY", kind="CE", nearest_from=day)).listings
    calls = [listing for listing in table if (listing.underlying, listing.kind) == ("BANKNIFTY", "CE")]
    first = min(listing.expiry for listing in calls if listing.expiry >= day)
    assert {listing.expiry for listing in near} == {first}
    assert [listing.strike for listing in near] == sorted(listing.strike for listing in near)
    objects = MemoryObjects()
    save_dump(objects, day, table)
    assert list(load_dump(objects, day)) == list(table)


def brokers_example(name: str) -> bytes:
    path = DATA / "kite" / "kiteconnect-mocks" / f"{name}.csv"
    if not path.exists():
        pytest.skip(f"{path} is absent: set PATANG_DATA to the folder of recorded market data")
    return path.read_bytes()


def test_the_brokers_own_examples_are_read():
    everything = read_dump(brokers_example("instruments_all"), "all")
    assert not everything.problems
    assert {"NSE", "BSE", "NFO"} <= {listing.exchange for listing in everything}
    call = everything.get("NFO", "BANKNIFTY18JAN23500CE")
    # Of old, a contract's name was empty.
    assert (call.name, call.strike, call.expiry) == (call.tradingsymbol, Decimal(23500), date(2018, 1, 25))
    assert not read_dump(brokers_example("instruments_nse"), "nse").problems
    with pytest.raises(BadInput, match="its first line lacks"):
        read_dump(brokers_example("mf_instruments"), "funds")


def test_shares_of_a_real_dump_know_whether_contracts_are_on_them():
    table = InstrumentTable.from_rows(real_rows("instruments_2024-04-06"))
    shares = [listing for listing in table if listing.kind == "EQ" and listing.exchange == "NSE"]
    written_on = {listing.name for listing in table if listing.kind in ("FUT", "CE", "PE")}
    assert len(shares) == 182
    assert {share.tradingsymbol for share in shares if share.has_derivatives} == written_on & {
        share.tradingsymbol for share in shares
    }
