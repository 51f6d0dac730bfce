"""Option chains as the desk has kept them: what options are watched on, and an expiry's strikes."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query

from functions.api.gate import Reader, TheDesk
from functions.api.questions import Day
from patang.desk_view.option_chains import ChainView, UnderlyingView

__all__ = ["router"]

router = APIRouter(prefix="/api/chains")


@router.get("")
def chains(_: Reader, desk: TheDesk) -> list[UnderlyingView]:
    """What options are watched on today, with their expiries; nothing before the morning has chosen."""
    return list(desk.option_chains().underlyings(desk.desk_view().market_now().date()))


@router.get("/{underlying}")
def chain(
    _: Reader,
    desk: TheDesk,
    underlying: Annotated[str, Path(pattern=r"^[A-Z0-9&-]{1,30}$", examples=["NIFTY"])],
    expiry: Annotated[Day | None, Query(description="YYYY-MM-DD; the nearest without")] = None,
    strikes: Annotated[int, Query(ge=1, le=100, description="either side of the money")] = 10,
) -> ChainView:
    """The newest chain that is kept, every five minutes: strikes round the money, each with call and put.

    400: nothing of that expiry is watched. 404: no chain of the last hour is kept.
    """
    found = desk.option_chains().view(underlying, desk.desk_view().market_now(), expiry, strikes)
    if found is None:
        raise HTTPException(404, f"no option chain of {underlying} is kept of the last hour")
    return found
