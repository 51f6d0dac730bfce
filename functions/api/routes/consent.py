"""The way from a client's question to a person's answer: /authorize, the sign-in, and the consent's page.

A question belongs to the browser that brought it: a cookie says so, and the answer is taken in no other. It
is answered by the signed-in person, with the word of his session.
"""

from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from functions.api.cookies import keep, kept
from functions.api.every_answer import content_policy
from functions.api.gate import Admin, Reader, TheDesk
from functions.api.oauth_parameters import asked
from functions.api.render import message_page, page
from patang.app import Desk
from patang.errors import Refused
from patang.identity.principal import Principal
from patang.identity.rights import in_person
from patang.oauth.errors import OAuthError
from patang.oauth.redirects import is_loopback, shown_host

__all__ = ["router"]

router = APIRouter()

_BROWSER = "patang-consent"
_BROWSER_SECONDS = 600
# What a person reads beside the box that he ticks.
_RIGHTS = {
    "read": ("Look", "positions, orders, prices, signals, results and the audit log"),
    "trade": (
        "Act",
        "ask for orders, change and cancel them, decline what is proposed, halt, resume and flatten, keep "
        "alerts and watchlists",
    ),
    "admin": ("Administer", "what belongs to the desk's owner; no tool of an assistant needs it today"),
}

type Answer = Literal["allow", "refuse"]


@router.get("/authorize")
def authorize(request: Request, desk: TheDesk) -> Response:
    """Where a client sends a person's browser. It decides nothing: that takes the page it leads to."""
    try:
        begun = desk.authorizations().begin(asked(request), kept(request, _BROWSER))
    except OAuthError as error:
        return _refused(error)
    answer = RedirectResponse(f"/consent/{begun.transaction}", 303)
    keep(answer, request, _BROWSER, begun.browser_secret, _BROWSER_SECONDS)
    return answer


@router.get("/consent/{transaction}")
def consent_page(transaction: str, request: Request, principal: Reader, desk: TheDesk) -> Response:
    """Who asks, where the answer goes, and what may be ticked."""
    in_person(principal, "letting a program in")
    try:
        return _page(transaction, request, principal, desk)
    except (Refused, OAuthError) as error:
        return _over(error)


@router.post("/consent/{transaction}")
def answer_it(
    transaction: str,
    request: Request,
    principal: Admin,
    desk: TheDesk,
    decision: Annotated[Answer, Form()],
    scopes: Annotated[tuple[str, ...], Form()] = (),
) -> Response:
    """The press of a button on that page."""
    yes, browser = decision == "allow", kept(request, _BROWSER)
    try:
        if yes and not scopes:
            return _page(transaction, request, principal, desk, note="Tick what it may do, or refuse.")
        leads_to = desk.authorizations().decide(transaction, browser, principal, yes, scopes)
    except (Refused, OAuthError) as error:
        return _over(error)
    return RedirectResponse(leads_to, 303)


def _page(transaction: str, request: Request, principal: Principal, desk: Desk, note: str = "") -> Response:
    shown = desk.authorizations().shown(transaction, kept(request, _BROWSER), principal)
    settings = desk.standing_settings()
    answer = page(
        "consent.html",
        400 if note else 200,
        shown=shown,
        rights=[(scope, *_RIGHTS[scope], scope in shown.ticked) for scope in shown.scopes],
        note=note,
        mode=settings.mode,
        alone=settings.requests.assistant_alone_inr,
        alone_in_a_day=settings.requests.assistant_alone_day_inr,
        who=principal.name,
        here=f"/consent/{transaction}",
        csrf=principal.csrf or "",
    )
    # Browsers hold the answer's redirect against the form's policy, and where a client's site leads on to.
    scheme = urlsplit(shown.redirect_uri).scheme
    answer.headers["Content-Security-Policy"] = content_policy("https:", *_other_than_https(scheme))
    return answer


def _over(error: Refused | OAuthError) -> Response:
    """The question can be answered no more, or not so."""
    why = error.description if isinstance(error, OAuthError) else str(error)
    status = HTTPStatus.BAD_REQUEST if isinstance(error, OAuthError) else HTTPStatus.CONFLICT
    return message_page(status, "Not connected", f"{why[:1].upper()}{why[1:]}.")


def _other_than_https(scheme: str) -> tuple[str, ...]:
    return () if scheme == "https" else (f"{scheme}:",)


def _refused(error: OAuthError) -> Response:
    """A program on the person's own machine waits for its answer and gets it. Anybody can register a site: a
    link to this desk must not be one to there, so what leads to a site a person follows himself (RFC 9700
    section 4.11.2)."""
    if error.redirect is not None and is_loopback(error.redirect):
        return RedirectResponse(error.redirect, 303)
    return page(
        "not_connected.html",
        # Who is to log in differently is told so by 401; here nobody is.
        400 if error.status == HTTPStatus.UNAUTHORIZED else error.status,
        why=error.description,
        back=error.redirect,
        there=None if error.redirect is None else shown_host(error.redirect),
    )
