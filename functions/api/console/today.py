"""Today: whether all is well, what waits for a yes, what is held, and what may be done about it."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from functions.api.console.frame import console_page
from functions.api.gate import Reader, TheDesk
from patang.desk_view.concerns import concerns

__all__ = ["router"]

router = APIRouter()


@router.get("/")
def today(request: Request, principal: Reader, desk: TheDesk) -> Response:
    """The desk at a glance."""
    status = desk.desk_view().status(principal.accounts)
    return console_page(request, principal, "today.html", status=status, concerns=concerns(status))
