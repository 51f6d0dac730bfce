"""Research: reports, what the gates said to models, days beside the backtest, the way to real money."""

from typing import Annotated, Final

from fastapi import APIRouter, HTTPException, Path, Query, Request
from starlette.responses import Response

from functions.api.console.addresses import next_address
from functions.api.console.frame import console_page
from functions.api.gate import Reader, TheDesk
from functions.api.questions import Day
from functions.api.routes.research import REPORT_NAME
from patang.execution.graduation import LIVE_SESSIONS
from patang.model.card import model_card, model_cards

__all__ = ["router"]

router = APIRouter(prefix="/research")

_REPORTS: Final = 15
_PARITY_DAYS: Final = 60


@router.get("")
def reports(
    request: Request,
    principal: Reader,
    desk: TheDesk,
    start: Annotated[int, Query(alias="from", ge=0, le=100_000)] = 0,
) -> Response:
    """Reports that the desk keeps, each in a line."""
    found = desk.research().reports(start, _REPORTS)
    more = start + _REPORTS < found.total
    older = next_address("/research", {}, start + _REPORTS if more else None, "from")
    return console_page(request, principal, "research.html", found=found, start=start, older=older)


@router.get("/reports/{report}")
def report(
    request: Request, principal: Reader, desk: TheDesk, report: Annotated[str, Path(pattern=REPORT_NAME)]
) -> Response:
    """A report in figures."""
    found = desk.research().report(report)
    if found is None:
        raise HTTPException(404, f"the desk keeps no report called {report}")
    return console_page(request, principal, "research_report.html", found=found)


@router.get("/models")
def models(request: Request, principal: Reader, desk: TheDesk) -> Response:
    """The models that were deployed."""
    return console_page(request, principal, "research_models.html", cards=model_cards(desk.store))


@router.get("/models/{version}")
def model(
    request: Request, principal: Reader, desk: TheDesk, version: Annotated[str, Path(max_length=80)]
) -> Response:
    """The card of a model."""
    card = model_card(desk.store, version)
    if card is None:
        raise HTTPException(404, f"no model {version} was deployed here")
    return console_page(request, principal, "research_model.html", card=card)


@router.get("/parity")
def parity(request: Request, principal: Reader, desk: TheDesk) -> Response:
    """The days that were held against the backtest."""
    days = desk.research().parity_days(_PARITY_DAYS)
    return console_page(request, principal, "research_parity.html", days=days)


@router.get("/parity/{day}")
def parity_of(request: Request, principal: Reader, desk: TheDesk, day: Day) -> Response:
    """What differed on a day."""
    found = desk.research().parity_of(principal.accounts, day)
    if found.noted is None and not found.accounts:
        raise HTTPException(404, f"{day} was not compared with the backtest")
    return console_page(request, principal, "research_parity_day.html", found=found)


@router.get("/graduation")
def graduation(request: Request, principal: Reader, desk: TheDesk) -> Response:
    """How far each account has come from paper to real money."""
    day = desk.desk_view().moment().date()
    found = [desk.graduations().progress(account, day) for account in principal.accounts]
    return console_page(
        request, principal, "research_graduation.html", found=found, first_sessions=LIVE_SESSIONS
    )
