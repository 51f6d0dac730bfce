"""Signals: every wish to enter, why it came about, and why it was taken or refused."""

from datetime import timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, HTTPException, Path, Query, Request
from starlette.responses import Response

from functions.api.console.addresses import next_address
from functions.api.console.chosen import ChosenAccount, ChosenDay
from functions.api.console.frame import console_page
from functions.api.gate import Reader, TheDesk, own_accounts
from functions.api.questions import Cursor
from patang.desk_view.candles import kept_still
from patang.features.meanings import MEANINGS
from patang.strategies.registry import strategy_names

__all__ = ["router"]

router = APIRouter()

_A_PAGE = 50
# What led to it, and what came of it: as many minutes as four answers of the candles have.
_BEFORE, _AFTER = timedelta(minutes=60), timedelta(minutes=180)


@router.get("/signals")
def signals(
    request: Request,
    principal: Reader,
    desk: TheDesk,
    day: ChosenDay = None,
    taken: Literal["", "yes", "no"] = "",
    strategy: Annotated[str, Query(max_length=40)] = "",
    cursor: Cursor = None,
) -> Response:
    """Signals of a day, the newest first: all, or those that were passed on, or were refused."""
    running = desk.desk_view().market_now().date()
    asked = day or running
    refused = {"yes": False, "no": True}.get(taken)
    found = desk.trade_lists().signals(asked, refused, strategy or None, cursor, _A_PAGE)
    here = {"day": asked, "taken": taken, "strategy": strategy}
    return console_page(
        request,
        principal,
        "signals.html",
        day=asked,
        running=running,
        taken=taken,
        strategy=strategy,
        strategies=strategy_names(),
        found=found.items,
        older=next_address("/signals", here, found.next),
    )


@router.get("/signals/{signal_id}")
def signal(
    signal_id: Annotated[str, Path(max_length=120)],
    request: Request,
    principal: Reader,
    desk: TheDesk,
    account: ChosenAccount = None,
) -> Response:
    """One signal: its rules, what moved the model, what each account answered and which bound held it."""
    explained = desk.explanations().signal(signal_id, own_accounts(principal, account))
    if explained is None:
        raise HTTPException(404, "There is no such signal, or it is kept no longer.")
    as_of, today = explained.signal.as_of, desk.desk_view().market_now().date()
    return console_page(
        request,
        principal,
        "signal.html",
        explained=explained,
        running=as_of.date() == today,
        drawn=kept_still(as_of.date(), today),
        chart_from=f"{as_of - _BEFORE:%H:%M}",
        chart_until=f"{as_of + _AFTER:%H:%M}",
        meanings=MEANINGS,
    )
