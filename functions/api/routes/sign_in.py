"""Signing in by Kite's own login, and out again."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from functions.api.cookies import forget, keep, kept
from functions.api.gate import Reader, TheDesk, identify
from functions.api.render import message_page, sign_in_page
from patang.app import Desk
from patang.errors import AskOwner, BadInput, Refused
from patang.identity.sign_in import SESSION_LASTS

__all__ = ["router"]

router = APIRouter()

_LOGIN = "patang-login"
_SESSION = "patang-session"
_LOGIN_SECONDS = 600
_SESSION_SECONDS = int(SESSION_LASTS.total_seconds())


@router.get("/login")
def login(
    request: Request,
    desk: TheDesk,
    account: Annotated[str | None, Query(max_length=40)] = None,
    user: Annotated[str, Query(max_length=20)] = "",
    return_to: Annotated[str, Query(alias="next", max_length=600)] = "/",
) -> Response:
    """Begin a login of an account (the one that supplies data unless another is named) and go to Kite.

    Another is named by who is signed in as its owner, or with its user id at Kite: what accounts there are is
    nobody else's to find out.
    """
    if account and not _may_name(account, user, request, desk):
        note = "No account of this desk has that short name and that user id." if user else ""
        code = 403 if user else 200
        return sign_in_page(request, code, note=note, return_to=return_to, account=account)
    begun = desk.sign_in().begin(account or desk.standing_settings().data_account, return_to)
    answer = RedirectResponse(begun.url, 303)
    keep(answer, request, _LOGIN, begun.browser_secret, _LOGIN_SECONDS)
    return answer


def _may_name(account: str, user: str, request: Request, desk: Desk) -> bool:
    if user:
        return desk.sign_in().is_of(account, user)
    signed_in = identify(request)
    return signed_in is not None and account in signed_in.accounts


@router.get("/kite/callback")
def callback(
    request: Request,
    desk: TheDesk,
    state: Annotated[str, Query(max_length=200)] = "",
    request_token: Annotated[str, Query(max_length=200)] = "",
) -> Response:
    """Kite sends the browser here after its login."""
    if not state or not request_token:
        return message_page(
            400, "The login did not finish", "Kite sent no login back. Sign in again from the desk."
        )
    browser = kept(request, _LOGIN)
    try:
        signed_in = desk.sign_in().complete(state, request_token, browser)
    except (Refused, AskOwner, BadInput) as error:
        return sign_in_page(request, 403, note=str(error), return_to="/")
    if signed_in.session_secret is None:
        told = f"The session of account {signed_in.account} is open. The desk goes on by itself."
        return message_page(200, "Logged in", f"{told} You can close this page.")
    answer = RedirectResponse(signed_in.return_to, 303)
    keep(answer, request, _SESSION, signed_in.session_secret, _SESSION_SECONDS)
    forget(answer, request, _LOGIN)
    return answer


@router.post("/logout")
def logout(request: Request, desk: TheDesk, _: Reader) -> Response:
    """End this browser's session. The account's session at the broker goes on."""
    session = kept(request, _SESSION)
    if session:
        desk.sign_in().end(session)
    answer = RedirectResponse("/", 303)
    forget(answer, request, _SESSION)
    return answer
