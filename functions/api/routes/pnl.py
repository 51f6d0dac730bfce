"""Profit and loss: the day's, the curve, and what was closed in groups."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query

from functions.api.gate import Reader, TheDesk, own_accounts
from functions.api.questions import Day, MarketDay, OneAccount
from patang.desk_view.broker_views import PnlThroughDay
from patang.desk_view.trading_views import PnlCurve, PnlDay, PnlGrouping, PnlReport

__all__ = ["router"]

router = APIRouter(prefix="/api/pnl")

From = Annotated[Day | None, Query(alias="from", description="first market day; the running one without")]
To = Annotated[Day | None, Query(description="last market day; the running one without")]


@router.get("")
def of_day(principal: Reader, desk: TheDesk, account: OneAccount = None, day: MarketDay = None) -> PnlDay:
    """A day's result over your accounts; open positions count on the running day."""
    asked = day or desk.desk_view().market_now().date()
    return desk.results().of_day(own_accounts(principal, account), asked)


@router.get("/day")
def through_day(
    principal: Reader, desk: TheDesk, account: OneAccount = None, day: MarketDay = None
) -> PnlThroughDay:
    """A day's result over your accounts as it went: a point a minute, realised and open, after charges."""
    asked = day or desk.desk_view().market_now().date()
    return desk.at_broker().through_day(own_accounts(principal, account), asked)


@router.get("/curve")
def curve(
    principal: Reader,
    desk: TheDesk,
    account: OneAccount = None,
    start: From = None,
    to: To = None,
    step: Literal["day", "trade"] = "day",
) -> PnlCurve:
    """The realised result as it grew, a point a day or a closed trade. 400: the days are out of order."""
    today = desk.desk_view().market_now().date()
    accounts = own_accounts(principal, account)
    return desk.results().curve(accounts, start or to or today, to or today, each_trade=step == "trade")


@router.get("/report")
def report(
    principal: Reader,
    desk: TheDesk,
    account: OneAccount = None,
    start: From = None,
    to: To = None,
    by: PnlGrouping = "strategy",
) -> PnlReport:
    """What was closed, by strategy, symbol, day, mode or account. 400: the days are out of order."""
    today = desk.desk_view().market_now().date()
    return desk.results().report(own_accounts(principal, account), start or to or today, to or today, by)
