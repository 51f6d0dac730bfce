"""Whether entries may be sent today, and how far an account has come from paper to real money."""

from fastapi import APIRouter
from starlette.responses import Response

from functions.api.errors import problem
from functions.api.gate import Reader, TheDesk
from patang.execution.graduation import Graduation
from patang.market.preflight import Preflight, load_preflight

__all__ = ["router"]

router = APIRouter(prefix="/api")


@router.get("/preflight", response_model=Preflight)
def preflight(principal: Reader, desk: TheDesk) -> Response | Preflight:
    """The day's latest result: the desk's checks, and those of your accounts. 404 before the first."""
    found = load_preflight(desk.store, desk.desk_view().moment().date())
    if found is None:
        return problem(404, "NOT_RUN", "no preflight has run today: it does at 09:00 IST on trading days")
    return found.seen_by(principal.accounts)


@router.get("/graduation")
def graduation(principal: Reader, desk: TheDesk) -> tuple[Graduation, ...]:
    """What each of your accounts has shown on paper, and what is missing before real money."""
    day = desk.desk_view().moment().date()
    return tuple(desk.graduations().progress(account, day) for account in principal.accounts)
