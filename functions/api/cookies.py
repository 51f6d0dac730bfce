"""Secrets that a browser keeps for the desk: for this host alone, out of every script's reach."""

from fastapi import Request
from starlette.responses import Response

from functions.api.gate import cookie_name, is_secure

__all__ = ["forget", "keep", "kept"]


def keep(answer: Response, request: Request, name: str, value: str, seconds: int) -> None:
    """Has the browser keep `value` for so many seconds."""
    answer.set_cookie(
        cookie_name(request, name),
        value,
        max_age=seconds,
        path="/",
        secure=is_secure(request),
        httponly=True,
        # Lax, not strict: the way back from Kite, and the link in the mail, come from elsewhere.
        samesite="lax",
    )


def kept(request: Request, name: str) -> str | None:
    """What this browser keeps by that name."""
    return request.cookies.get(cookie_name(request, name))


def forget(answer: Response, request: Request, name: str) -> None:
    """Has the browser keep it no longer."""
    answer.delete_cookie(
        cookie_name(request, name), path="/", secure=is_secure(request), httponly=True, samesite="lax"
    )
