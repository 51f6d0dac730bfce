"""Orders of a day, and one order's way from the signal to the reconciled fill; the end of one that stands."""

import secrets
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from functions.api.asked import RequestId, answered
from functions.api.gate import Reader, TheDesk, Trader, own_accounts
from functions.api.questions import Cursor, Limit, MarketDay, OneAccount
from patang.approvals.requests.answer import RequestAnswer
from patang.desk_view.paging import Page
from patang.desk_view.trading_views import OrderStory
from patang.desk_view.views import OrderView
from patang.identity.rights import one_account

__all__ = ["router"]

router = APIRouter(prefix="/api/orders")


class CancelRequest(BaseModel):
    """Whose order it is, where the caller has several accounts."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"account": "main"}]})

    account: Annotated[str, Field(max_length=40)] | None = None
    request_id: RequestId | None = None


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


@router.post("/{order_id}/cancel", responses={200: {"model": RequestAnswer}, 202: {"model": RequestAnswer}})
def cancel(
    order_id: Annotated[str, Path(pattern=r"^[A-Za-z0-9]{1,40}$", examples=["260818000123456"])],
    wish: CancelRequest,
    principal: Trader,
    desk: TheDesk,
) -> Response:
    """Take back an order that stands, by the id of its intent or the broker's. The owner needs no yes.

    What rests or sells for a position stays with it: exit the position. 202: a program has asked to take a
    stop away, which waits for the owner's yes. 400: the order has ended, or is not to be cancelled.
    """
    # Here, not at the top: most requests only look.
    from patang.execution.orders.requests import CancelOrder

    account = one_account(principal, wish.account)
    request_id = wish.request_id or f"r{secrets.token_hex(12)}"
    wanted = CancelOrder(order_id=order_id)
    return answered(desk.order_requests().submit(principal, account, request_id, wanted))
