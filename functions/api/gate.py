"""Who may use which route. Every route names a scope, or stands on the list of open ones in the tests.

A program shows a bearer token; a browser shows the cookie of its session and, for anything that changes the
desk, repeats the session's CSRF word in a form field or a header.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from patang.app import Desk
from patang.identity.credentials import same
from patang.identity.principal import Principal, Scope
from patang.identity.rights import ScopeMissing, UnknownAccount, own_account, own_accounts

__all__ = [
    "Admin",
    "CsrfMissing",
    "NotSignedIn",
    "Reader",
    "ScopeMissing",
    "TheDesk",
    "Trader",
    "UnknownAccount",
    "cookie_name",
    "desk_of",
    "identify",
    "is_secure",
    "own_account",
    "own_accounts",
]

_SAFE_METHODS = frozenset({"GET", "HEAD"})


class NotSignedIn(Exception):
    """No credential, or one that is not known (any more)."""


class CsrfMissing(Exception):
    """A browser's request that its own page did not send."""


def desk_of(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk


TheDesk = Annotated[Desk, Depends(desk_of)]


def is_secure(request: Request) -> bool:
    """Whether the browser reaches the desk by https."""
    url = desk_of(request).public_url()
    return url.startswith("https://") if url else request.url.scheme == "https"


def cookie_name(request: Request, name: str) -> str:
    """`__Host-` ties a cookie to exactly this host; browsers take it only over https."""
    return f"__Host-{name}" if is_secure(request) else name


def identify(request: Request) -> Principal | None:
    """Who sends this request. A bearer token that is no good is not made up for by a cookie."""
    desk = desk_of(request)
    authorization = request.headers.get("authorization")
    if authorization is not None:
        kind, _, secret = authorization.partition(" ")
        return desk.tokens().principal(secret.strip()) if kind.lower() == "bearer" else None
    session = request.cookies.get(cookie_name(request, "patang-session"))
    return desk.sign_in().principal(session) if session else None


def _requires(scope: Scope) -> Callable[[Request], Awaitable[Principal]]:
    async def principal(request: Request) -> Principal:
        found = await run_in_threadpool(identify, request)
        if found is None:
            raise NotSignedIn
        if not found.may(scope):
            raise ScopeMissing(scope)
        if request.method not in _SAFE_METHODS and found.csrf is not None:
            await _hold_against(found.csrf, request)
        return found

    return principal


async def _hold_against(csrf: str, request: Request) -> None:
    said: object = request.headers.get("x-csrf-token")
    if said is None and "form" in request.headers.get("content-type", ""):
        said = (await request.form(max_files=0, max_fields=20)).get("csrf")
    if not isinstance(said, str) or not same(said, csrf):
        raise CsrfMissing


Reader = Annotated[Principal, Depends(_requires("read"))]
Trader = Annotated[Principal, Depends(_requires("trade"))]
Admin = Annotated[Principal, Depends(_requires("admin"))]
