"""Orders, and the way of each from its signal to the comparison with the broker."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request
from starlette.responses import Response

from functions.api.console.addresses import next_address
from functions.api.console.chosen import ChosenAccount, ChosenDay
from functions.api.console.frame import console_page
from functions.api.gate import Reader, TheDesk, own_accounts
from functions.api.questions import Cursor
from patang.desk_view.candles import kept_still
from patang.desk_view.trading_views import OrderStep, OrderStory

__all__ = ["router"]

router = APIRouter()

_A_PAGE = 100
_BEFORE, _AFTER = timedelta(minutes=30), timedelta(minutes=90)


@router.get("/orders")
def orders(
    request: Request,
    principal: Reader,
    desk: TheDesk,
    day: ChosenDay = None,
    account: ChosenAccount = None,
    cursor: Cursor = None,
) -> Response:
    """Orders of a day, the newest first."""
    running = desk.desk_view().market_now().date()
    asked = day or running
    found = desk.trade_lists().orders(own_accounts(principal, account), asked, cursor, _A_PAGE)
    return console_page(
        request,
        principal,
        "orders.html",
        day=asked,
        running=running,
        account=account,
        found=found.items,
        older=next_address("/orders", {"day": asked, "account": account}, found.next),
    )


@router.get("/orders/{intent_id}")
def order(
    intent_id: Annotated[str, Path(max_length=40)],
    request: Request,
    principal: Reader,
    desk: TheDesk,
    account: ChosenAccount = None,
) -> Response:
    """One order's time line, with what each step took and what the fills cost against what was expected."""
    lists, accounts = desk.trade_lists(), own_accounts(principal, account)
    story = lists.order(accounts, intent_id)
    if story is None:
        raise HTTPException(404, "You have no such order.")
    own = (story.order.account,)
    position = story.position_id and lists.position(own, story.position_id)
    as_of, today = story.order.as_of, desk.desk_view().market_now().date()
    return console_page(
        request,
        principal,
        "order.html",
        story=story,
        steps=_timed(story),
        position=position or None,
        running=as_of.date() == today,
        drawn=kept_still(as_of.date(), today),
        chart_from=f"{as_of - _BEFORE:%H:%M}",
        chart_until=f"{as_of + _AFTER:%H:%M}",
    )


def _timed(story: OrderStory) -> tuple[tuple[OrderStep, float | None], ...]:
    """Each step with the milliseconds since the one before it; None where either has no wall time."""
    timed, before = [], None
    for step in story.steps:
        timed.append((step, _between(before, step.at)))
        before = step.at or before
    return tuple(timed)


def _between(before: datetime | None, after: datetime | None) -> float | None:
    return None if before is None or after is None else (after - before).total_seconds() * 1000
