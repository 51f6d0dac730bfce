"""One position: what it was bought and sold for, its levels, its orders, its chart and the notes on it."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, HTTPException, Path, Request
from starlette.responses import Response

from functions.api.console.chosen import ChosenAccount
from functions.api.console.frame import console_page
from functions.api.gate import Reader, TheDesk, own_accounts
from patang.desk_view.candles import kept_still

__all__ = ["router"]

router = APIRouter()

_AROUND = timedelta(minutes=30)
# Beyond it a share is drawn in bars of five minutes; of contracts the desk makes none but a minute's.
_IN_MINUTES = timedelta(hours=3)
_SHARES = ("NSE", "BSE")


@router.get("/positions/{position_id}")
def position(
    position_id: Annotated[str, Path(max_length=80)],
    request: Request,
    principal: Reader,
    desk: TheDesk,
    account: ChosenAccount = None,
) -> Response:
    """A position from its signal to its exit."""
    lists = desk.trade_lists()
    found = lists.position(own_accounts(principal, account), position_id)
    if found is None:
        raise HTTPException(404, "You have no such position.")
    own = (found.account,)
    entry = lists.order(own, found.entry_intent_id)
    left = found.exit_intent_id and lists.order(own, found.exit_intent_id)
    running = desk.desk_view().market_now().date()
    # Of one that is kept for days the last one is shown: the running day, or that of the exit.
    day = (found.exit_time.date() if found.exit_time else running) if found.state == "CLOSED" else running
    same_day = found.entry_time.date() == day
    lasted = (found.exit_time or desk.desk_view().market_now()) - found.entry_time
    return console_page(
        request,
        principal,
        "position.html",
        position=found,
        entry=entry,
        left=left or None,
        notes=desk.trade_notes().of(found.account, position_id),
        day=day,
        interval="5minute" if found.exchange in _SHARES and lasted > _IN_MINUTES else "minute",
        drawn=kept_still(day, running),
        running=day == running and found.state != "CLOSED",
        chart_from=f"{found.entry_time - _AROUND:%H:%M}" if same_day else None,
        chart_until=f"{found.exit_time + _AROUND:%H:%M}" if found.exit_time else None,
    )
