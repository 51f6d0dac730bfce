"""When each instrument of a list trades, beside its row."""

from datetime import date, datetime

import numpy as np
import pytest

from patang.errors import BadInput, StopTrading
from patang.market.instrument_hours import hours_of, segment_of
from patang.market.listing import Listing, parse_listing
from patang.market.session_override import SessionOverride
from patang.market.sessions import IST

DAY = date(2026, 8, 18)


def listed(symbol: str, kind: str, exchange: str = "NSE", segment: str = "NSE") -> Listing:
    return parse_listing(["1", "1", symbol, "", "0", "", "", "0.05", "1", kind, segment, exchange, ""])


NIFTY = listed("NIFTY 50", "EQ", segment="INDICES").instrument()
SHARE = listed("RELIANCE", "EQ").instrument().model_copy(update={"has_derivatives": True})
FUND = listed("NIFTYBEES", "EQ").instrument()
CALL = listed("NIFTY2681824500CE", "CE", "NFO", "NFO-OPT").instrument()
FUTURE = listed("SENSEX26AUGFUT", "FUT", "BFO", "BFO-FUT").instrument()
ALL = (NIFTY, SHARE, FUND, CALL, FUTURE)


def seconds(*clock: str) -> list[int]:
    return [int(datetime.fromisoformat(f"{DAY}T{time}").replace(tzinfo=IST).timestamp()) for time in clock]


def test_each_instrument_keeps_the_hours_of_its_segment():
    assert [segment_of(instrument) for instrument in ALL] == [
        "index",
        "cash_with_auction",
        "cash",
        "derivatives",
        "derivatives",
    ]
    hours = hours_of(ALL, DAY)
    assert hours.opening.tolist() == seconds("09:15") * 5
    assert hours.closing.tolist() == seconds("15:15", "15:15", "15:30", "15:40", "15:40")
    assert hours.auction_closing.tolist() == seconds("15:35", "15:35", "15:30", "15:40", "15:40")
    assert {column.dtype for column in (hours.opening, hours.closing, hours.auction_closing)} == {
        np.dtype(np.int64)
    }


def test_before_the_closing_auction_all_ended_together():
    hours = hours_of(ALL, date(2026, 7, 31))
    assert len(set(hours.closing.tolist())) == 1
    assert (hours.closing == hours.auction_closing).all()


def test_a_segment_that_an_owner_closed_has_no_hours():
    said = [SessionOverride(day=DAY, segment="derivatives", closed=True, reason="closed by its owner")]
    hours = hours_of((SHARE, CALL), DAY, said)
    assert hours.closing.tolist() == [*seconds("15:15"), 0]
    assert hours.opening[1] == hours.auction_closing[1] == 0


def test_no_instrument_no_hours():
    assert hours_of((), DAY).opening.shape == (0,)


def test_unknown_hours_stop_trading_and_a_foreign_exchange_is_refused():
    with pytest.raises(StopTrading, match="2027"):
        hours_of(ALL, date(2027, 1, 4))
    crude = listed("CRUDEOIL26SEPFUT", "FUT", "MCX", "MCX-FUT").instrument()
    with pytest.raises(BadInput, match=r"MCX:CRUDEOIL26SEPFUT trades on MCX.*BFO, BSE, NFO, NSE"):
        segment_of(crude)
