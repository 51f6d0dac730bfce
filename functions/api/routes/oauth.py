"""What clients of OAuth ask without a person: to be known, for tokens, and that a token end.

Open to the world; what counts here is what the client brings. No cookie is read, so these answers may be read
by scripts of other sites (functions.api.cross_origin).
"""

import json
from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

from functions.api.gate import TheDesk
from functions.api.oauth_parameters import posted
from functions.api.whole_text import is_whole_text
from patang.app import Desk
from patang.oauth.errors import OAuthError

__all__ = ["router"]

router = APIRouter()

_LARGEST_REGISTRATION = 32 * 1024
# Behind the gateway every request has one; a request without is nobody's, and shares what nobody has.
_NOWHERE = "nowhere"


@router.post("/register")
async def register(request: Request, desk: TheDesk) -> Response:
    """Become known as a client (RFC 7591)."""
    metadata = _metadata(await request.body())
    source = request.client.host if request.client else _NOWHERE
    registered = await run_in_threadpool(desk.oauth_clients().register, metadata, source)
    return JSONResponse(dict(registered.answer()), 201)


@router.post("/token")
async def token(request: Request, desk: TheDesk) -> Response:
    """Change a code, or a refresh token, for tokens (RFC 6749 section 5)."""
    form = await posted(request)
    return await run_in_threadpool(_exchanged, desk, form, request.headers.get("authorization"))


@router.post("/revoke")
async def revoke(request: Request, desk: TheDesk) -> Response:
    """End a token, and with a refresh token all that came of the same yes (RFC 7009)."""
    form = await posted(request)
    await run_in_threadpool(_revoked, desk, form, request.headers.get("authorization"))
    return Response(status_code=200)


def _exchanged(desk: Desk, form: Mapping[str, str], authorization: str | None) -> Response:
    grants = desk.grants()
    answer = grants.exchange(grants.authenticate(form, authorization), form)
    return JSONResponse(dict(answer.body()))


def _revoked(desk: Desk, form: Mapping[str, str], authorization: str | None) -> None:
    grants = desk.grants()
    client = grants.authenticate(form, authorization)
    if "token" not in form:
        raise OAuthError("invalid_request", "token is missing: say which one is to end")
    grants.revoke(client, form["token"])


def _metadata(body: bytes) -> Mapping[str, Any]:
    if len(body) > _LARGEST_REGISTRATION:
        raise OAuthError("invalid_client_metadata", f"the body is above {_LARGEST_REGISTRATION} bytes")
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise OAuthError("invalid_client_metadata", "the body is no JSON") from error
    if not isinstance(said, dict) or not is_whole_text(body):
        raise OAuthError("invalid_client_metadata", "the body is no JSON object of whole characters")
    return said
