"""Instruments: a search of what is listed, and one of them with what the desk knows of it now."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Query, Request
from pydantic import BeforeValidator
from starlette.responses import Response

from functions.api.console.addresses import next_address
from functions.api.console.chosen import ChosenDay
from functions.api.console.frame import console_page
from functions.api.gate import Reader, TheDesk
from functions.api.questions import Cursor
from functions.api.routes.instruments import ExchangeName, SymbolName
from patang.app import Desk
from patang.desk_view.candles import CandleInterval, CandlesView
from patang.desk_view.instruments import InstrumentDetail, InstrumentRow
from patang.desk_view.paging import Page
from patang.errors import TryAgain
from patang.market.instrument_search import Wanted

__all__ = ["router"]

router = APIRouter(prefix="/instruments")

_A_PAGE: Final = 50
_LAST_CANDLES: Final = timedelta(minutes=10)
# A minute is closed a few seconds after its end: who is behind by two has missed one.
_LATE: Final = timedelta(minutes=2, seconds=30)
_PICTURE: Final = timedelta(hours=3)
_HIGHEST: Final = 10_000_000

_Word = Annotated[str, Query(max_length=8)]
_Strike = Annotated[
    Annotated[Decimal, Query(gt=0, lt=_HIGHEST)] | None,
    BeforeValidator(lambda given: None if given == "" else given),
]


@router.get("")
def search(
    request: Request,
    principal: Reader,
    desk: TheDesk,
    text: Annotated[str, Query(max_length=100)] = "",
    exchange: _Word = "",
    kind: _Word = "",
    expiry: ChosenDay = None,
    strike: _Strike = None,
    cursor: Cursor = None,
) -> Response:
    """What fits of all that is listed; where nothing is asked, what the desk watches."""
    wanted = Wanted(text=text, exchange=exchange or None, kind=kind or None, expiry=expiry, strike=strike)
    asked = wanted != Wanted()
    found, none_yet = _found(desk, wanted, cursor) if asked else (None, "")
    here = {"text": text, "exchange": exchange, "kind": kind, "expiry": expiry, "strike": strike}
    today = desk.desk_view().market_now().date()
    return console_page(
        request,
        principal,
        "instruments.html",
        here_asked=here,
        found=found.items if found else None,
        none_yet=none_yet,
        more=next_address("/instruments", here, found.next if found else None),
        watched=() if asked else desk.instruments().watched(today),
        chains=() if asked else desk.option_chains().underlyings(today),
    )


@router.get("/{exchange}/{symbol}")
def instrument(
    request: Request,
    principal: Reader,
    desk: TheDesk,
    exchange: ExchangeName,
    symbol: SymbolName,
    bars: CandleInterval = "minute",
) -> Response:
    """One instrument: its quote, its last candles, and what its features say and mean."""
    view = desk.desk_view()
    now = view.market_now()
    found = desk.instruments().detail(exchange, symbol, now)
    if found is None:
        raise HTTPException(404, "Nothing is listed by that name today.")
    positions = view.open_positions(principal.accounts)
    return console_page(
        request,
        principal,
        "instrument.html",
        found=found,
        one=found.instrument,
        late=found.as_of is not None and now - found.as_of > _LATE,
        day=now.date(),
        bars=bars,
        chart_from=_chart_from(now) if bars == "minute" else None,
        candles=_last_candles(desk, found).candles if found.as_of else (),
        positions=[one for one in positions if (one.exchange, one.symbol) == (exchange, symbol)],
        has_chain=found.instrument.underlying in _underlyings(desk),
    )


def _found(desk: Desk, wanted: Wanted, cursor: str | None) -> tuple[Page[InstrumentRow] | None, str]:
    """What fits, or why there is no list to look in."""
    try:
        return desk.instruments().search(wanted, cursor, _A_PAGE), ""
    except TryAgain as error:
        return None, str(error)


def _last_candles(desk: Desk, found: InstrumentDetail) -> CandlesView:
    as_of, one = found.as_of, found.instrument
    start = "" if as_of is None else f"{as_of - _LAST_CANDLES:%H:%M}"
    day = desk.desk_view().market_now().date()
    return desk.kept_candles().read(one.exchange, one.tradingsymbol, day, "minute", start)


def _chart_from(now: datetime) -> str:
    """Where a picture of minutes begins: each is an object of its own, and a day has hundreds."""
    began = now - _PICTURE
    return f"{began:%H:%M}" if began.date() == now.date() else "00:00"


def _underlyings(desk: Desk) -> set[str]:
    day = desk.desk_view().market_now().date()
    return {one.underlying for one in desk.option_chains().underlyings(day)}
