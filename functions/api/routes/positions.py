"""Positions: those that are open, those closed on a day, and one at length."""

from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path

from functions.api.gate import Reader, TheDesk, own_accounts
from functions.api.questions import Cursor, Limit, MarketDay, OneAccount
from patang.desk_view.paging import Page
from patang.desk_view.trading_views import PositionDetail
from patang.desk_view.views import PositionView

__all__ = ["router"]

router = APIRouter(prefix="/api/positions")


@router.get("")
def positions(
    principal: Reader,
    desk: TheDesk,
    account: OneAccount = None,
    state: Literal["open", "closed"] = "open",
    day: MarketDay = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[PositionView]:
    """Open positions with their marks, or those closed on a day; newest first."""
    lists, accounts = desk.trade_lists(), own_accounts(principal, account)
    if state == "open":
        return lists.open_positions(accounts, cursor, limit)
    asked = day or desk.desk_view().market_now().date()
    return lists.closed_positions(accounts, asked, cursor, limit)


@router.get("/{position_id}")
def position(
    position_id: Annotated[str, Path(max_length=80)],
    principal: Reader,
    desk: TheDesk,
    account: OneAccount = None,
) -> PositionDetail:
    """One position, open or closed, with its orders' ids, its slippage and what protects it."""
    found = desk.trade_lists().position(own_accounts(principal, account), position_id)
    if found is None:
        raise HTTPException(404, "you have no such position")
    return found
