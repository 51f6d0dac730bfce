"""The option chain: an expiry's strikes round the money, calls left and puts right."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Annotated, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from functions.api.console.chosen import ChosenDay
from functions.api.console.frame import console_page
from functions.api.gate import Reader, TheDesk
from patang.desk_view.option_chains import ChainView, ContractView, UnderlyingView
from patang.desk_view.views import PositionView

__all__ = ["router"]

router = APIRouter()

type Columns = Literal["quotes", "oi", "volume", "iv", "delta", "decay"]

# What a phone shows beside the prices; whoever has room sees all of it.
_SHOWN: Final[Mapping[Columns, str]] = {
    "oi": "Open interest",
    "iv": "IV and vega",
    "delta": "Delta and gamma",
    "decay": "Theta and time value",
    "quotes": "Bid and ask",
    "volume": "Volume",
}
_STRIKES: Final = (5, 10, 20, 40)
# One is kept every five minutes of the market; two that did not come are no accident.
_LATE: Final = timedelta(minutes=11)


@router.get("/chain")
def chain(
    request: Request,
    principal: Reader,
    desk: TheDesk,
    underlying: Annotated[str, Query(pattern=r"^[A-Z0-9&-]{0,30}$")] = "",
    expiry: ChosenDay = None,
    strikes: Annotated[int, Query(ge=1, le=100)] = 10,
    show: Columns = "oi",
) -> Response:
    """The newest chain that is kept, of the underlying and expiry asked for, or of the first there is."""
    now = desk.desk_view().market_now()
    chains = desk.option_chains()
    known = chains.underlyings(now.date())
    asked = underlying or _first(known)
    expiries = next((one.expiries for one in known if one.underlying == asked), ())
    # A form that has changed the underlying still says the other's expiry.
    of_expiry = expiry if expiry in expiries else None
    found = chains.view(asked, now, of_expiry, strikes) if asked else None
    here = {"underlying": asked, "expiry": _text(found.expiry if found else of_expiry), "strikes": strikes}
    return console_page(
        request,
        principal,
        "chain.html",
        asked=asked,
        known=known,
        expiries=found.expiries if found else expiries,
        strikes=strikes,
        offered=sorted({*_STRIKES, strikes}),
        show=show,
        columns={name: (text, f"/chain?{urlencode(here | {'show': name})}") for name, text in _SHOWN.items()},
        chain=found,
        late=found is not None and now - found.as_of > _LATE,
        most_oi=max((one.oi for one in _contracts(found)), default=0),
        held=_held(desk.desk_view().open_positions(principal.accounts)),
    )


def _first(known: Sequence[UnderlyingView]) -> str:
    names = [one.underlying for one in known]
    return "NIFTY" if "NIFTY" in names else next(iter(names), "")


def _text(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _contracts(found: ChainView | None) -> list[ContractView]:
    strikes = () if found is None else found.strikes
    return [side for one in strikes for side in (one.call, one.put) if side is not None]


def _held(positions: Sequence[PositionView]) -> dict[str, int]:
    """Units that are held by EXCHANGE:TRADINGSYMBOL."""
    held: dict[str, int] = {}
    for one in positions:
        identifier = f"{one.exchange}:{one.symbol}"
        held[identifier] = held.get(identifier, 0) + one.quantity
    return held
