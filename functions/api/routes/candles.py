"""Candles of a day from what the desk has kept, for the pictures of the console and for programs."""

from typing import Annotated, Final

from fastapi import APIRouter, Query

from functions.api.gate import Reader, TheDesk
from functions.api.questions import MarketDay
from patang.desk_view.candles import MOST_OBJECTS, CandleInterval, CandlesView

__all__ = ["router"]

router = APIRouter(prefix="/api/candles")

_CLOCK: Final = r"^([01][0-9]|2[0-3]):[0-5][0-9]$"


@router.get("")
def candles(
    _: Reader,
    desk: TheDesk,
    exchange: Annotated[str, Query(min_length=1, max_length=10, examples=["NSE"])],
    symbol: Annotated[str, Query(min_length=1, max_length=60, examples=["RELIANCE"])],
    day: MarketDay = None,
    interval: CandleInterval = "minute",
    start: Annotated[
        str | None,
        Query(pattern=_CLOCK, examples=["10:15"], description="IST; or `next` of the answer before"),
    ] = None,
    end: Annotated[
        str | None, Query(pattern=_CLOCK, examples=["11:30"], description="IST; to the last one without")
    ] = None,
    limit: Annotated[
        int, Query(ge=1, le=MOST_OBJECTS, description="how many closed minutes are read")
    ] = MOST_OBJECTS,
) -> CandlesView:
    """Bars of an instrument that the desk watches: of a minute, and of indices and shares of five and fifteen
    too. They are looked for by the minute they end with, from `start` to `end`."""
    asked = day or desk.desk_view().market_now().date()
    return desk.kept_candles().read(exchange, symbol, asked, interval, start or "", end or "", limit)
