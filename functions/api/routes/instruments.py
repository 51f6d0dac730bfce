"""Instruments: a search of the day's list, and one with what the desk knows of it now."""

from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Path, Query

from functions.api.gate import Reader, TheDesk
from functions.api.questions import Cursor, Day, Limit
from patang.desk_view.instruments import InstrumentDetail, InstrumentRow
from patang.desk_view.paging import Page
from patang.market.instrument_search import Wanted

__all__ = ["ExchangeName", "SymbolName", "router"]

router = APIRouter(prefix="/api/instruments")

_NAME: Final = r"^[A-Za-z]{2,8}$"
# Dearer than any strike; beyond it numbers are of no use to anybody.
_HIGHEST: Final = 10_000_000

ExchangeName = Annotated[str, Path(pattern=r"^[A-Z]{2,8}$", examples=["NSE"])]
SymbolName = Annotated[str, Path(min_length=1, max_length=60, examples=["RELIANCE"])]


@router.get("")
def instruments(
    _: Reader,
    desk: TheDesk,
    text: Annotated[
        str, Query(max_length=100, examples=["nifty 24500"], description="words of symbol, name or ISIN")
    ] = "",
    exchange: Annotated[str | None, Query(pattern=_NAME, examples=["NSE"])] = None,
    kind: Annotated[str | None, Query(pattern=_NAME, description="EQ, INDEX, FUT, CE or PE")] = None,
    underlying: Annotated[str | None, Query(max_length=60, description="of contracts")] = None,
    expiry: Annotated[Day | None, Query(description="YYYY-MM-DD")] = None,
    strike: Annotated[Decimal | None, Query(gt=0, lt=_HIGHEST, examples=["24500"])] = None,
    cursor: Cursor = None,
    limit: Limit = 50,
) -> Page[InstrumentRow]:
    """What fits of all that is listed today, the likeliest first.

    503: the day's first list is fetched at about 08:30 IST.
    """
    wanted = Wanted(
        text=text, exchange=exchange, kind=kind, underlying=underlying, expiry=expiry, strike=strike
    )
    return desk.instruments().search(wanted, cursor, limit)


@router.get("/{exchange}/{symbol}")
def instrument(_: Reader, desk: TheDesk, exchange: ExchangeName, symbol: SymbolName) -> InstrumentDetail:
    """One instrument; of one that the desk watches its quote and features at the last minute's end."""
    found = desk.instruments().detail(exchange, symbol, desk.desk_view().market_now())
    if found is None:
        raise HTTPException(404, "nothing is listed by that name today")
    return found
