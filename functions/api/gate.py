"""Who may use which route. Every route names a scope, or stands on the list of open ones in the tests.

A program shows a bearer token; a browser shows the cookie of its session and, for anything that changes the
desk, repeats the session's CSRF word in a form field or a header.
"""

from typing import Annotated

from fastapi import Depends, HTTPException, Request
from starlette.concurrency import run_in_threadpool

from functions.api.whole_text import is_whole_text
from patang.app import Desk
from patang.identity.credentials import same
from patang.identity.principal import Principal, Scope
from patang.identity.rights import ScopeMissing, UnknownAccount, own_account, own_accounts

__all__ = [
    "Admin",
    "CsrfMissing",
    "NotSignedIn",
    "Reader",
    "Requires",
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
_OF_PROGRAMS = "/api/"


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


class Requires:
    """Lets a principal with `scope` pass; the walk over all routes and the OpenAPI document read it here."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    async def __call__(self, request: Request) -> Principal:
        found = await run_in_threadpool(identify, request)
        if found is None:
            raise NotSignedIn
        if not found.may(self.scope):
            raise ScopeMissing(self.scope)
        if request.method not in _SAFE_METHODS:
            of_programs = request.url.path.startswith(_OF_PROGRAMS)
            # Read whole, so that both a form's word and what kind of body it is can be looked for in it.
            body = await request.body() if of_programs else b""
            if found.csrf is not None:
                await _hold_against(found.csrf, request)
            if body:
                _insist_on_json(request)
                if not is_whole_text(body):
                    raise HTTPException(400, "the body holds half a character: send whole ones")
        return found


async def _hold_against(csrf: str, request: Request) -> None:
    said: object = request.headers.get("x-csrf-token")
    if said is None and "form" in request.headers.get("content-type", ""):
        said = (await request.form(max_files=0, max_fields=20)).get("csrf")
    if not isinstance(said, str) or not same(said, csrf):
        raise CsrfMissing


def _insist_on_json(request: Request) -> None:
    """A form that another site posts cannot say that it is JSON: what programs send has to."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise HTTPException(415, f"the body is {kind or 'of no type'}: send application/json")


Reader = Annotated[Principal, Depends(Requires("read"))]
Trader = Annotated[Principal, Depends(Requires("trade"))]
Admin = Annotated[Principal, Depends(Requires("admin"))]
