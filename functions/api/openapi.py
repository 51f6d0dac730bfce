"""The OpenAPI document: what the framework knows of the routes, and what the gate and the errors add to it.

Built when somebody asks for it, never at a start. It tells of what programs use. Left out are the pages and
what they are made of (/, /settings, /approvals, /proposals, /consent, /authorize, /login, /kite/callback,
/logout, /static: they answer HTML and redirects to browsers), and what RFCs give the form of (/.well-known,
/register, /token, /revoke).
"""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import RouteContext, iter_route_contexts

from functions.api.body_limit import too_large
from functions.api.examples import sample
from functions.api.gate import Requires
from patang.tools.registry import TOOLS

__all__ = ["document", "scope_of"]

_OF_PROGRAMS = ("/api/", "/postback", "/healthz")
_DESCRIPTION = """The desk for programs. Amounts are rupees, moments carry their zone, days are market days.

Show a bearer token (`POST /api/tokens`, scopes read, trade, admin), or use a signed-in browser's cookie and
repeat the session's word in `X-CSRF-Token` with everything but GET. Errors are always of the form `Problem`.
Lists come by pages: `next` of one goes into `cursor` of the next. A GET answers with an `ETag`; sent back as
`If-None-Match` it is answered 304 while nothing has changed. Text inside answers (reasons, messages, labels)
is data from the market and the broker."""
_PROBLEM = {"$ref": "#/components/schemas/Problem"}
_PROBLEM_SCHEMA = {
    "title": "Problem",
    "description": "What went wrong. `details` names the fields of a request that is wrong.",
    "type": "object",
    "required": ["status", "error_type", "message", "status_code", "details"],
    "additionalProperties": False,
    "properties": {
        "status": {"const": "error"},
        "error_type": {"type": "string"},
        "message": {"type": "string"},
        "status_code": {"type": "integer", "minimum": 400, "maximum": 599},
        "details": {},
    },
}
_SECURITY = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token of POST /api/tokens."},
    "session": {
        "type": "apiKey",
        "in": "cookie",
        "name": "__Host-patang-session",
        "description": "The cookie of a browser that has signed in with Kite's own login.",
    },
    "csrf": {
        "type": "apiKey",
        "in": "header",
        "name": "X-CSRF-Token",
        "description": "The session's word, which its pages carry; a cookie changes nothing without it.",
    },
}
# What may be answered, and an example of it.
_ERRORS: dict[int, tuple[str, str, str]] = {
    400: (
        "What was asked makes no sense",
        "BadInput",
        "from 2026-08-19 to 2026-08-18: the first day lies behind",
    ),
    401: (
        "No credential, or one that is not known",
        "NotSignedIn",
        "show a bearer token, or sign in at /login",
    ),
    403: ("Not with this credential, or refused for good", "ScopeMissing", "this token has no scope 'trade'"),
    404: ("Not there, or somebody else's", "UnknownAccount", "you have no account 'other'"),
    409: ("Not as things stand; the message says what to do", "ALREADY_DECIDED", "Already decided."),
    410: ("Too late", "EXPIRED", "Too late. The time to approve this order is over."),
    413: ("The body is too large", "ContentTooLarge", too_large(300_000)),
    415: ("The body is not JSON", "UnsupportedMediaType", "the body is text/plain: send application/json"),
    422: (
        "A field is missing or wrong",
        "InvalidRequest",
        "query.limit: Input should be less than or equal to 500",
    ),
    429: (
        "The broker takes no more at the moment",
        "RateLimited",
        "too many requests: try again in a moment",
    ),
    500: ("The desk failed", "InternalError", "The desk failed at this request."),
    502: (
        "The broker failed, or nobody knows what it did",
        "OutcomeUnknown",
        "the broker did not answer in time",
    ),
    503: ("Not now: try again, or a person must look", "TryAgain", "the state changed meanwhile"),
}
_OF_EVERY_ROUTE = frozenset({500})
_OF_GUARDED = frozenset({400, 401, 403, 404, 409, 422, 429, 502, 503})
_OF_CHANGES = frozenset({410, 413, 415})
_OF_POSTBACK = frozenset({400, 403, 413, 422, 503})


def document(app: FastAPI) -> dict[str, Any]:
    """The document of the routes that programs use."""
    routes = [route for route in iter_route_contexts(app.routes) if str(route.path).startswith(_OF_PROGRAMS)]
    made = get_openapi(title=app.title, version=app.version, description=_DESCRIPTION, routes=routes)
    components = made.setdefault("components", {})
    schemas: dict[str, Any] = components.setdefault("schemas", {})
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = _PROBLEM_SCHEMA
    components["securitySchemes"] = _SECURITY
    made["servers"] = [{"url": "/"}]
    for route in routes:
        for method in route.methods or ():
            operation = made["paths"][route.path][method.lower()]
            _complete(operation, str(route.path), method, scope_of(route))
            _show(operation, schemas)
    _show_tools(made["paths"]["/api/kite/execute"]["post"])
    return made


def scope_of(route: RouteContext) -> str | None:
    """The scope that a route asks for; None for one that is open."""
    found = {one.scope for one in _callables(getattr(route, "dependant", None)) if isinstance(one, Requires)}
    return found.pop() if len(found) == 1 else None


def _callables(dependant: Any) -> Iterator[object]:
    for part in getattr(dependant, "dependencies", ()):
        yield part.call
        yield from _callables(part)


def _complete(operation: dict[str, Any], path: str, method: str, scope: str | None) -> None:
    changes = method != "GET"
    told = operation.get("description", "")
    operation["summary"] = told.partition("\n\n")[0].replace("\n", " ").partition(". ")[0].rstrip(".")
    operation["tags"] = [path.strip("/").split("/")[1 if path.startswith("/api/") else 0]]
    operation["security"] = _security(scope, changes=changes)
    codes = set(_OF_EVERY_ROUTE)
    if scope is not None:
        operation["description"] = f"{told}\n\nScope: {scope}."
        codes |= _OF_GUARDED | (_OF_CHANGES if changes else set())
    if path == "/postback":
        codes |= _OF_POSTBACK
    responses = operation["responses"]
    responses.pop("422", None)
    if not changes and path.startswith("/api/"):
        responses["200"]["headers"] = {"ETag": {"schema": {"type": "string"}}}
        responses["304"] = {"description": "As it was when it had the tag of If-None-Match"}
    for code in sorted(codes):
        responses.setdefault(str(code), _problem(code))


def _security(scope: str | None, *, changes: bool) -> list[dict[str, list[str]]]:
    if scope is None:
        return []
    by_cookie: dict[str, list[str]] = {"session": []}
    return [{"bearer": [scope]}, by_cookie | ({"csrf": []} if changes else {})]


def _problem(code: int) -> dict[str, Any]:
    what, kind, message = _ERRORS[code]
    details = [{"field": "query.limit", "message": "too large"}] if code == 422 else None
    example = {
        "status": "error",
        "error_type": kind,
        "message": message,
        "status_code": code,
        "details": details,
    }
    return {
        "description": what,
        "content": {"application/json": {"schema": _PROBLEM, "example": example}},
    }


def _show_tools(operation: dict[str, Any]) -> None:
    """Gives the one address of all tools an example of each."""
    content = operation["requestBody"]["content"]["application/json"]
    del content["example"]
    content["examples"] = {
        tool.name: {"summary": tool.title, "value": {"tool": tool.name, "args": dict(tool.example)}}
        for tool in TOOLS
    }


def _show(operation: dict[str, Any], schemas: dict[str, Any]) -> None:
    """Gives every parameter, body and answer an example where none was written."""
    for parameter in operation.get("parameters", ()):
        if not {"example", "examples"} & parameter.keys():
            parameter["example"] = sample(parameter["schema"], schemas, parameter["name"])
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    for body in bodies:
        for content in body.get("content", {}).values():
            if not {"example", "examples"} & content.keys() and content.get("schema"):
                content["example"] = sample(content["schema"], schemas)
