"""What the desk is doing, as JSON: status, positions, orders, signals."""

from datetime import date
from typing import Annotated, Literal

from fastapi import APIRouter, Query

from functions.api.gate import Reader, TheDesk, own_accounts
from patang.desk_view.views import OrderView, PositionView, SignalView, StatusView

__all__ = ["router"]

router = APIRouter(prefix="/api")

OneAccount = Annotated[str | None, Query(max_length=40, description="one of yours; all of them without")]
MarketDay = Annotated[date | None, Query(description="a market day; the running one without")]


@router.get("/status")
def status(principal: Reader, desk: TheDesk) -> StatusView:
    """Everything the status page shows."""
    return desk.desk_view().status(principal.accounts)


@router.get("/positions")
def positions(
    principal: Reader,
    desk: TheDesk,
    account: OneAccount = None,
    state: Literal["open", "closed"] = "open",
    day: MarketDay = None,
) -> tuple[PositionView, ...]:
    """Open positions with their marks, or those closed on a day."""
    view, accounts = desk.desk_view(), own_accounts(principal, account)
    if state == "open":
        return view.open_positions(accounts)
    return view.closed_positions(accounts, day or view.market_now().date())


@router.get("/orders")
def orders(
    principal: Reader, desk: TheDesk, account: OneAccount = None, day: MarketDay = None
) -> tuple[OrderView, ...]:
    """Orders of a day, newest first."""
    view = desk.desk_view()
    return view.orders(own_accounts(principal, account), day or view.market_now().date())


@router.get("/signals")
def signals(
    _: Reader, desk: TheDesk, day: MarketDay = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> tuple[SignalView, ...]:
    """Signals of a day, taken and refused, newest first."""
    view = desk.desk_view()
    return view.signals(day or view.market_now().date(), limit=limit)
