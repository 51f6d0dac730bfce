"""Research that the desk keeps: reports, parity of its days, cards of the models that it has had."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query

from functions.api.gate import Reader, TheDesk, own_accounts
from functions.api.questions import Day, OneAccount
from patang.desk_view.research_views import ParityDay, ParityOfADay, ReportLines, ReportTold
from patang.model.card import ModelCard, model_card, model_cards

__all__ = ["REPORT_NAME", "router"]

router = APIRouter(prefix="/api/research")

REPORT_NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,119}$"


@router.get("/reports")
def reports(
    _: Reader,
    desk: TheDesk,
    start: Annotated[int, Query(alias="from", ge=0, le=100_000, description="reports to pass over")] = 0,
    limit: Annotated[int, Query(ge=1, le=50, description="how many at most")] = 20,
) -> ReportLines:
    """Backtests and trainings whose reports the desk keeps, or that are under way, newest first."""
    return desk.research().reports(start, limit)


@router.get("/reports/{report}")
def report(report: Annotated[str, Path(pattern=REPORT_NAME)], _: Reader, desk: TheDesk) -> ReportTold:
    """A backtest in figures, or a training with what each gate said."""
    found = desk.research().report(report)
    if found is None:
        raise HTTPException(404, "the desk keeps no report of this name")
    return found


@router.get("/parity")
def parity_days(
    _: Reader, desk: TheDesk, limit: Annotated[int, Query(ge=1, le=250)] = 60
) -> tuple[ParityDay, ...]:
    """The last days whose decisions were compared with the backtest's, the last one first."""
    return desk.research().parity_days(limit)


@router.get("/parity/{day}")
def parity_of(day: Day, principal: Reader, desk: TheDesk, account: OneAccount = None) -> ParityOfADay:
    """What differed between a day and its replay, of your accounts, and what accounts for it."""
    return desk.research().parity_of(own_accounts(principal, account), day)


@router.get("/models")
def models(_: Reader, desk: TheDesk) -> tuple[ModelCard, ...]:
    """The cards of the models that were deployed here, those that were seen last first."""
    return model_cards(desk.store)


@router.get("/models/{version}")
def model(version: Annotated[str, Path(max_length=80)], _: Reader, desk: TheDesk) -> ModelCard:
    """The card of a model: what it was made of, how well it did, what the gates said."""
    found = model_card(desk.store, version)
    if found is None:
        raise HTTPException(404, "no model of this version was deployed here")
    return found
