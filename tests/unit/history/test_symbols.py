"""What a person calls an instrument is found in the dump, or it is said why not."""

from datetime import date

import pytest

from patang.errors import BadInput
from patang.market.instrument_search import Wanted
from patang.market.instrument_table import InstrumentTable
from patang.market.listing import COLUMNS
from patang.market.named_hours import symbol_of
from patang_workbench.history.symbols import find, find_all

TODAY = date(2026, 8, 18)
DUMP = f"""{",".join(COLUMNS[:-1])}
256265,1001,NIFTY 50,NIFTY 50,0,,0,0,0,EQ,INDICES,NSE
738561,2885,RELIANCE,RELIANCE INDUSTRIES,0,,0,0.1,1,EQ,NSE,NSE
408065,1594,INFY,INFOSYS,0,,0,0.1,1,EQ,NSE,NSE
128083204,500325,RELIANCE,RELIANCE INDUSTRIES,0,,0,0.1,1,EQ,BSE,BSE
11,43,NIFTY26AUGFUT,NIFTY,0,2026-08-25,0,0.1,65,FUT,NFO-FUT,NFO
12,44,NIFTY2681824500CE,NIFTY,0,2026-08-18,24500,0.05,65,CE,NFO-OPT,NFO
13,45,NIFTY2681124500CE,NIFTY,0,2026-08-11,24500,0.05,65,CE,NFO-OPT,NFO
14,46,RELIANCE26AUGFUT,RELIANCE,0,2026-08-25,0,0.1,500,FUT,NFO-FUT,NFO
"""
TABLE = InstrumentTable.from_csv(DUMP)


@pytest.mark.parametrize(
    ("name", "identifier"),
    [
        ("NIFTY", "NSE:NIFTY 50"),
        ("nifty 50", "NSE:NIFTY 50"),
        ("NSE:NIFTY 50", "NSE:NIFTY 50"),
        ("RELIANCE", "NSE:RELIANCE"),
        ("BSE:RELIANCE", "BSE:RELIANCE"),
        ("NIFTY26AUGFUT", "NFO:NIFTY26AUGFUT"),
        ("NFO:NIFTY2681824500CE", "NFO:NIFTY2681824500CE"),
    ],
)
def test_names_are_found(name: str, identifier: str) -> None:
    assert find(TABLE, name, TODAY).identifier == identifier


def test_a_share_knows_whether_it_has_derivatives() -> None:
    assert find(TABLE, "RELIANCE", TODAY).has_derivatives
    assert not find(TABLE, "INFY", TODAY).has_derivatives


@pytest.mark.parametrize(
    "name",
    [
        "NIFTY2681124500CE",
        "NFO:NIFTY26JUL24500PE",
        "BANKNIFTY26JULFUT",
        "M&M26O0630.5PE",
        "NIFTY26N1024500CE",
    ],
)
def test_an_expired_contract_is_refused_with_the_reason(name: str) -> None:
    with pytest.raises(BadInput, match="serves no candles of expired contracts"):
        find(TABLE, name, TODAY)


def test_a_slip_of_the_pen_is_met_with_what_is_like_it() -> None:
    with pytest.raises(BadInput, match=r"RELIANC is not among .* NSE and NFO; like it: RELIANCE"):
        find(TABLE, "RELIANC", TODAY)


def test_only_living_contracts_are_chosen() -> None:
    chosen = find_all(TABLE, Wanted(underlying="NIFTY", kind="CE"), TODAY)
    assert [instrument.tradingsymbol for instrument in chosen] == ["NIFTY2681824500CE"]
    with pytest.raises(BadInput, match="nothing that fits"):
        find_all(TABLE, Wanted(underlying="TCS"), TODAY)


@pytest.mark.parametrize(
    ("name", "symbol"), [("nifty 50", "NIFTY"), ("NSE:RELIANCE", "RELIANCE"), ("tcs", "TCS")]
)
def test_the_stores_name_of_what_a_person_types(name: str, symbol: str) -> None:
    assert symbol_of(name) == symbol
