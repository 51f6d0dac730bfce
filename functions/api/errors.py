"""How what went wrong is told: one form of JSON for programs, a page for people."""

import json
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import compile_path

from functions.api.cross_origin import is_for_clients
from functions.api.gate import CsrfMissing, NotSignedIn, ScopeMissing
from functions.api.render import message_page, sign_in_page
from patang.errors import PatangError
from patang.oauth.errors import OAuthError
from patang.settings.edits import WrongSettings
from patang.tools.errors import problem_of

__all__ = ["body_too_large", "failure", "problem", "register_error_answers", "wants_page"]


def wants_page(request: Request) -> bool:
    """Pages are for people; all below /api, what the broker posts, and what OAuth asks, is for programs."""
    path = request.url.path
    return not path.startswith(("/api/", "/postback", "/healthz")) and not is_for_clients(path)


def problem(
    status: int, error_type: str, message: str, details: Any = None, headers: dict[str, str] | None = None
) -> Response:
    """An error as programs read it."""
    body = {
        "status": "error",
        "error_type": error_type,
        "message": message,
        "status_code": status,
        "details": details,
    }
    return JSONResponse(body, status, headers)


def register_error_answers(app: FastAPI) -> None:
    """Every exception that a route may raise on purpose has its answer here."""
    app.add_exception_handler(NotSignedIn, _not_signed_in)
    app.add_exception_handler(ScopeMissing, _scope_missing)
    app.add_exception_handler(CsrfMissing, _csrf_missing)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(WrongSettings, _wrong_settings)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OAuthError, _refused_to_client)
    app.add_exception_handler(PatangError, _told)


def _answer(request: Request, status: int, error_type: str, title: str, message: str) -> Response:
    if wants_page(request):
        return message_page(status, title, message)
    if is_for_clients(request.url.path):
        # RFC 6749 section 5.2: whatever went wrong, a client of OAuth looks for these two.
        error = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request"
        return JSONResponse({"error": error, "error_description": message}, status)
    return problem(status, error_type, message)


async def _told(request: Request, error: Exception) -> Response:
    """In the kinds and with the statuses that the tools have."""
    found = problem_of(error)
    if wants_page(request) or is_for_clients(request.url.path):
        phrase = HTTPStatus(found.status_code).phrase
        return _answer(request, found.status_code, found.error_type, phrase, found.message)
    return problem(found.status_code, found.error_type, found.message, found.details)


async def _refused_to_client(request: Request, error: Exception) -> Response:
    if not isinstance(error, OAuthError):
        return failure(request)
    # RFC 6749 section 5.2: who tried to prove himself by the header is asked to by the same scheme.
    asked = error.error == "invalid_client" and "authorization" in request.headers
    headers = {"WWW-Authenticate": 'Basic realm="patang"'} if asked else None
    return JSONResponse(dict(error.body()), error.status, headers)


async def _not_signed_in(request: Request, _: Exception) -> Response:
    if wants_page(request):
        return sign_in_page(request, 401)
    message = "show a bearer token, or sign in with Kite at /login"
    challenge = {"WWW-Authenticate": 'Bearer realm="patang"'}
    return problem(401, "NotSignedIn", message, headers=challenge)


async def _scope_missing(request: Request, error: Exception) -> Response:
    return _answer(request, 403, "ScopeMissing", "Not allowed", str(error))


async def _csrf_missing(request: Request, _: Exception) -> Response:
    message = "This request did not come from the desk's own page. Open the page again and repeat it."
    return _answer(request, 403, "CsrfMissing", "Not sent from this desk", message)


async def _invalid(request: Request, error: Exception) -> Response:
    wrong = error.errors() if isinstance(error, RequestValidationError) else []
    # Neither what was sent nor the error objects: they may hold secrets, and need not be JSON.
    details = [{"field": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in wrong]
    message = "; ".join(f"{d['field']}: {d['message']}" for d in details)
    if wants_page(request):
        said = "; ".join(f"{each['loc'][-1]}: {each['msg'].removeprefix('Value error, ')}" for each in wrong)
        return message_page(422, "Not understood", f"What was asked for does not fit. {said}")
    return problem(422, "InvalidRequest", message, json.loads(json.dumps(details, default=str)))


async def _wrong_settings(_: Request, error: Exception) -> Response:
    wrong = error.fields if isinstance(error, WrongSettings) else ()
    details = [{"field": field.path, "message": field.message} for field in wrong]
    return problem(400, "WrongSettings", str(error), details)


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        return failure(request)
    phrase = HTTPStatus(error.status_code).phrase
    told = str(error.detail)
    if told == phrase and error.status_code == HTTPStatus.NOT_FOUND and wants_page(request):
        told = "The desk has no page at this address."
    answer = _answer(request, error.status_code, phrase.replace(" ", ""), phrase, told)
    answer.headers.update(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        answer.headers["Allow"] = ", ".join(_allowed(request))
    return answer


def _allowed(request: Request) -> list[str]:
    """The methods of this address; the framework names those of the first route alone that has it."""
    routes = iter_route_contexts(request.app.routes)
    here = (route for route in routes if compile_path(str(route.path))[0].match(request.url.path))
    return sorted({method for route in here for method in route.methods or ()})


def body_too_large(request: Request, message: str) -> Response:
    """The answer to a body that is not read."""
    return _answer(request, 413, "ContentTooLarge", "Too much at once", message)


def failure(request: Request) -> Response:
    """The answer to what nobody foresaw; what it was stands in the log and nowhere else."""
    message = "The desk failed at this request. The log of the api function says why."
    return _answer(request, 500, "InternalError", "That went wrong", message)
