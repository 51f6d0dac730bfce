"""The principal's accounts and their sessions at the broker."""

from fastapi import APIRouter

from functions.api.gate import Reader, TheDesk
from patang.desk_view.views import SessionView

__all__ = ["router"]

router = APIRouter(prefix="/api/accounts")


@router.get("")
def accounts(principal: Reader, desk: TheDesk) -> tuple[SessionView, ...]:
    """Your accounts: name, label, and whether the broker's session of the day is there."""
    return desk.desk_view().sessions(principal.accounts)
