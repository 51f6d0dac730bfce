"""Orders of a day, and one order's way from the signal to the reconciled fill."""

from typing import Annotated

from fastapi import APIRouter, HTTPException, Path

from functions.api.gate import Reader, TheDesk, own_accounts
from functions.api.questions import Cursor, Limit, MarketDay, OneAccount
from patang.desk_view.paging import Page
from patang.desk_view.trading_views import OrderStory
from patang.desk_view.views import OrderView

__all__ = ["router"]

router = APIRouter(prefix="/api/orders")


@router.get("")
def orders(
    principal: Reader,
    desk: TheDesk,
    account: OneAccount = None,
    day: MarketDay = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[OrderView]:
    """Orders of a day, newest first, with what the broker said to each."""
    asked = day or desk.desk_view().market_now().date()
    return desk.trade_lists().orders(own_accounts(principal, account), asked, cursor, limit)


@router.get("/{intent_id}")
def order(
    intent_id: Annotated[str, Path(max_length=40)],
    principal: Reader,
    desk: TheDesk,
    account: OneAccount = None,
) -> OrderStory:
    """One order's time line, its fills, latencies and slippage, and whether the broker tells the same."""
    found = desk.trade_lists().order(own_accounts(principal, account), intent_id)
    if found is None:
        raise HTTPException(404, "you have no such order")
    return found
