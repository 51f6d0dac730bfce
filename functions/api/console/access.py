"""Who else may use the desk in your name: connected programs, and tokens that you have issued."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from functions.api.console.frame import console_page
from functions.api.gate import Reader, TheDesk

__all__ = ["router"]

router = APIRouter(prefix="/settings")


@router.get("/programs")
def programs(request: Request, principal: Reader, desk: TheDesk) -> Response:
    """Your connected programs, the last used first."""
    return console_page(
        request,
        principal,
        "programs.html",
        connected=desk.grants().connected(principal.name),
        address=f"{desk.public_url()}/mcp",
    )


@router.get("/tokens")
def tokens(request: Request, principal: Reader, desk: TheDesk) -> Response:
    """Your tokens that still work, and the form that issues one."""
    return console_page(request, principal, "tokens.html", tokens=desk.tokens().list(principal.name))
