"""What the desk is doing, as JSON: status, signals, fills, funds."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Query

from functions.api.gate import Reader, TheDesk, own_accounts
from functions.api.questions import Cursor, Limit, MarketDay, OneAccount
from patang.desk_view.explanations import SignalExplained
from patang.desk_view.paging import Page
from patang.desk_view.trading_views import FillView, FundsView
from patang.desk_view.views import SignalView, StatusView

__all__ = ["router"]

router = APIRouter(prefix="/api")


@router.get("/status")
def status(principal: Reader, desk: TheDesk) -> StatusView:
    """The desk at a glance."""
    return desk.desk_view().status(principal.accounts)


@router.get("/signals")
def signals(
    _: Reader,
    desk: TheDesk,
    day: MarketDay = None,
    refused: Annotated[bool | None, Query(description="only those; all without")] = None,
    strategy: Annotated[str | None, Query(max_length=40)] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[SignalView]:
    """Signals of a day, taken and refused, newest first."""
    asked = day or desk.desk_view().market_now().date()
    return desk.trade_lists().signals(asked, refused, strategy, cursor, limit)


@router.get("/signals/{signal_id}")
def signal(
    signal_id: Annotated[str, Path(max_length=120)],
    principal: Reader,
    desk: TheDesk,
    account: OneAccount = None,
) -> SignalExplained:
    """One signal with why: its rules, the model's contributions, and the answers of your accounts."""
    found = desk.explanations().signal(signal_id, own_accounts(principal, account))
    if found is None:
        raise HTTPException(404, "there is no such signal")
    return found


@router.get("/fills")
def fills(
    principal: Reader,
    desk: TheDesk,
    account: OneAccount = None,
    day: MarketDay = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[FillView]:
    """Fills of a day's orders, newest first."""
    asked = day or desk.desk_view().market_now().date()
    return desk.trade_lists().fills(own_accounts(principal, account), asked, cursor, limit)


@router.get("/funds")
def funds(principal: Reader, desk: TheDesk, account: OneAccount = None) -> tuple[FundsView, ...]:
    """What the broker told last of the funds, and the capital they began with; an entry an account."""
    return desk.trade_lists().funds(own_accounts(principal, account))
