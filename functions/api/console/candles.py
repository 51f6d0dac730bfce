"""The bars of a chart as a table: for who does not see the chart, or has no JavaScript."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from functions.api.console.addresses import next_address
from functions.api.console.chosen import ChosenDay
from functions.api.console.frame import console_page
from functions.api.gate import Reader, TheDesk
from patang.desk_view.candles import CandleInterval, kept_still

__all__ = ["router"]

router = APIRouter()


@router.get("/candles")
def candles(
    request: Request,
    principal: Reader,
    desk: TheDesk,
    exchange: Annotated[str, Query(min_length=1, max_length=10)],
    symbol: Annotated[str, Query(min_length=1, max_length=60)],
    day: ChosenDay = None,
    interval: CandleInterval = "minute",
    start: Annotated[str, Query(pattern=r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$")] = "",
) -> Response:
    """Bars of an instrument on a day, an hour or so a page."""
    today = desk.desk_view().market_now().date()
    asked = day or today
    found = desk.kept_candles().read(exchange, symbol, asked, interval, start)
    here = {"exchange": exchange, "symbol": symbol, "day": asked, "interval": interval}
    return console_page(
        request,
        principal,
        "candles.html",
        found=found,
        kept=kept_still(asked, today),
        later=next_address("/candles", here, found.next, "start"),
    )
