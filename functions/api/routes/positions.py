"""Positions: open ones, those closed on a day, one at length; a person's word on an open one."""

import secrets
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from functions.api.asked import RequestId, answered
from functions.api.errors import problem
from functions.api.gate import Reader, TheDesk, Trader, own_accounts
from functions.api.questions import Cursor, Limit, MarketDay, OneAccount, Price
from patang.app import Desk
from patang.approvals.requests.answer import RequestAnswer
from patang.desk_view.paging import Page
from patang.desk_view.trading_views import PositionDetail, PositionLevels
from patang.desk_view.views import PositionView
from patang.identity.principal import Principal
from patang.said_by_others import PlainLine

__all__ = ["router"]

router = APIRouter(prefix="/api/positions")

PositionId = Annotated[str, Path(max_length=80)]


class LevelsRequest(BaseModel):
    """What is to stand from now on, rupees a unit; what is left out stays. `beyond_limits`: set a lower stop
    though a limit of risk is passed by it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"stop_loss_price": 995.5, "reason": "news at noon"}]},
    )

    account: Annotated[str, Field(max_length=40)] | None = None
    stop_loss_price: Price | None = None
    target_price: Price | None = None
    reason: Annotated[PlainLine, Field(min_length=1, max_length=200)] = "set by hand"
    beyond_limits: bool = False


class ExitRequest(BaseModel):
    """`price` is a limit in rupees; without one it is sold at market within the protection."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"account": "main"}]})

    account: Annotated[str, Field(max_length=40)] | None = None
    price: Price | None = None
    request_id: RequestId | None = None


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
    position_id: PositionId,
    principal: Reader,
    desk: TheDesk,
    account: OneAccount = None,
) -> PositionDetail:
    """One position, open or closed, with its orders' ids, its slippage and what protects it."""
    return _found(desk, principal, account, position_id)


@router.patch("/{position_id}", responses={200: {"model": PositionLevels}})
def set_levels(position_id: PositionId, wish: LevelsRequest, principal: Trader, desk: TheDesk) -> Response:
    """Another stop or target for an open position; what rests at the broker follows.

    The guard sells by them from its next look on. 400 says at each field what is wrong with it; 409: nothing
    can be set any more, because it is being sold or closed. A lower stop is its owner's alone, signed in (403
    for a token), and one beyond a limit of risk has to say `beyond_limits`.
    """
    # Here, not at the top: most requests only look.
    from patang.desk_view.levels import levels_told
    from patang.execution.guarding.levels import LevelWish

    account = _found(desk, principal, wish.account, position_id).account
    asked = LevelWish(wish.stop_loss_price, wish.target_price, wish.reason, wish.beyond_limits)
    moment = desk.desk_view().moment()
    done = desk.persons_levels().set(account, position_id, asked, principal.actor, moment)
    if done.broken:
        stuck = any(broken.field == "position_id" for broken in done.broken)
        details = [{"field": broken.field, "message": broken.remedy} for broken in done.broken]
        message = "; ".join(broken.text for broken in done.broken)
        return problem(409 if stuck else 400, "LevelsRefused", message, None if stuck else details)
    told = levels_told(done, _found(desk, principal, account, position_id))
    return Response(told.model_dump_json(), media_type="application/json")


@router.post("/{position_id}/exit", responses={200: {"model": RequestAnswer}})
def exit_position(position_id: PositionId, wish: ExitRequest, principal: Trader, desk: TheDesk) -> Response:
    """Sell a position, all of it; what rests for it at the broker becomes the sell. Needs no yes.

    Asked twice, the answer names the one exit that there is. 400: it is closed, or a rule is broken.
    """
    # Here, not at the top: most requests only look.
    from patang.execution.orders.requests import ExitPosition

    account = _found(desk, principal, wish.account, position_id).account
    exit_wish = ExitPosition(position_id=position_id, price=wish.price)
    request_id = wish.request_id or f"r{secrets.token_hex(12)}"
    return answered(desk.order_requests().submit(principal, account, request_id, exit_wish))


def _found(desk: Desk, principal: Principal, account: str | None, position_id: str) -> PositionDetail:
    found = desk.trade_lists().position(own_accounts(principal, account), position_id)
    if found is None:
        raise HTTPException(404, "you have no such position")
    return found
