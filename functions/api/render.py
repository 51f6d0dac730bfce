"""Rendering: templates beside this module, scripts and styles that are shipped with it."""

import hashlib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from functions.api.every_answer import content_policy
from functions.api.gate import desk_of
from patang.desk_view.money import rupees
from patang.errors import BadInput
from patang.identity.sign_in import local_path
from patang.market.sessions import IST

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["asset", "message_page", "page", "sign_in_page"]

_HERE = Path(__file__).parent
_ASSETS = {
    "patang.css": "text/css; charset=utf-8",
    "status.js": "text/javascript; charset=utf-8",
    "approval.js": "text/javascript; charset=utf-8",
    "consent.js": "text/javascript; charset=utf-8",
    "icon.svg": "image/svg+xml",
}


@cache
def _templates() -> "Environment":
    # Here, not at the top: programs are shown no page.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    templates = Environment(
        loader=FileSystemLoader(_HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["rupees"] = rupees
    templates.filters["ist"] = _moment
    templates.globals["asset"] = _address
    return templates


def page(name: str, code: int = 200, **values: Any) -> HTMLResponse:
    """The template `name`; everything in `values` is shown as text."""
    return HTMLResponse(_templates().get_template(name).render(**values), code)


def message_page(status: int, title: str, message: str) -> Response:
    """A page with one thing to say."""
    return page("message.html", status, title=title, message=message)


def sign_in_page(request: Request, status: int, *, note: str = "", return_to: str | None = None) -> Response:
    """Asks to sign in and says where that leads back to. It starts nothing: scanners fetch links, too."""
    try:
        there = local_path(return_to or request.url.path)
    except BadInput:
        there = "/"
    answer = page(
        "sign_in.html", status, login=f"/login?next={quote(there, safe='')}", there=there, note=note
    )
    # Its form leads on to the broker's login, which browsers hold against the page's policy.
    at_kite = urlsplit(desk_of(request).standing_settings().kite.login_root).scheme
    answer.headers["Content-Security-Policy"] = content_policy(f"{at_kite}:")
    return answer


def asset(name: str) -> tuple[bytes, str] | None:
    """Content and type of a shipped file, or None. Only names that are listed here are ever looked for."""
    kind = _ASSETS.get(name)
    return None if kind is None else (_content(name), kind)


@cache
def _content(name: str) -> bytes:
    return (_HERE / "static" / name).read_bytes()


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(IST):%d %b %Y, %H:%M} IST"


def _address(name: str) -> str:
    # The version lets browsers keep the file for good and still take the next one at once.
    version = hashlib.sha256(_content(name)).hexdigest()[:12]
    return f"/static/{name}?v={version}"
