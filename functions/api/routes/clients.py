"""The page of the programs that a person has let in, and their end."""

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from functions.api.console.frame import console_page
from functions.api.gate import Admin, Reader, TheDesk

__all__ = ["router"]

router = APIRouter(prefix="/clients")


@router.get("")
def clients_page(request: Request, principal: Reader, desk: TheDesk) -> Response:
    """Your connected programs, the last used first."""
    return console_page(
        request,
        principal,
        "clients.html",
        connected=desk.grants().connected(principal.name),
        address=f"{desk.public_url()}/mcp",
    )


@router.post("/{grant_id}/end")
def end(grant_id: str, principal: Admin, desk: TheDesk) -> Response:
    """End one at once: its tokens are worth nothing from now on."""
    if not desk.grants().disconnect(principal.name, grant_id, principal.actor):
        raise HTTPException(404, "You have no such program: it may have ended by itself.")
    return RedirectResponse("/clients", 303)
