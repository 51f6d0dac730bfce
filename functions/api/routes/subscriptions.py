"""Whether the desk's messages reach somebody."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from functions.api.gate import Reader, TheDesk
from patang.notifications.subscriptions import last_report

__all__ = ["router"]

router = APIRouter(prefix="/api/subscriptions")


class SubscriptionsView(BaseModel):
    """What the day's look at the subscriptions found, in words. `checked_at`: null before the first, and on a
    desk that has subscribed nobody."""

    checked_at: datetime | None = None
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@router.get("")
def subscriptions(_: Reader, desk: TheDesk) -> SubscriptionsView:
    """Whether mail and telephone of the desk's owner are subscribed and confirmed."""
    report = last_report(desk.store)
    if report is None:
        return SubscriptionsView()
    return SubscriptionsView(checked_at=report.checked_at, problems=report.problems, warnings=report.warnings)
