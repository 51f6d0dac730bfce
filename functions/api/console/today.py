"""Today: whether all is well, what waits for a yes, what is held, and what may be done about it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from functions.api.console.curve import curve_of
from functions.api.console.frame import console_page
from functions.api.console.limits import limits_of
from functions.api.gate import Reader, TheDesk
from patang.desk_view.concerns import concerns
from patang.desk_view.restraints import MARKET_CLOSED

__all__ = ["router"]

router = APIRouter()


@router.get("/")
def today(request: Request, principal: Reader, desk: TheDesk) -> Response:
    """The desk at a glance."""
    view, at_broker, accounts = desk.desk_view(), desk.at_broker(), principal.accounts
    status = view.status(accounts)
    through_day = at_broker.through_day(accounts, view.market_now().date())
    return console_page(
        request,
        principal,
        "today.html",
        status=status,
        concerns=concerns(status),
        curve=curve_of(through_day.points),
        limits={one.account: limits_of(one) for one in status.risk},
        market_closed=any(each.gate == MARKET_CLOSED for one in status.risk for each in one.restraints),
        live_orders=view.live_orders(accounts),
        holdings=at_broker.holdings(accounts),
        margins=at_broker.margins(accounts),
        alerts=at_broker.alerts(accounts),
    )
