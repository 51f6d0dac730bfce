"""Rendering: templates beside this module, scripts and styles that are shipped with it."""

from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from functions.api.assets import address_of
from functions.api.every_answer import content_policy
from functions.api.gate import desk_of
from patang.desk_view.money import grouped, rupees, tone
from patang.errors import BadInput
from patang.identity.sign_in import local_path
from patang.market.sessions import IST

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["message_page", "page", "rendered", "sign_in_page"]

_HERE = Path(__file__).parent


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
    templates.filters["tone"] = tone
    templates.filters["grouped"] = grouped
    templates.filters["ist"] = _moment
    templates.filters["clock"] = _clock
    templates.filters["minute"] = _minute
    templates.filters["dated"] = _dated
    templates.filters["words"] = _words
    templates.filters["urlencode"] = _in_an_address
    templates.globals["asset"] = address_of
    return templates


def rendered(name: str, **values: Any) -> str:
    """The template `name`; everything in `values` is shown as text."""
    return _templates().get_template(name).render(**values)


def page(name: str, code: int = 200, **values: Any) -> HTMLResponse:
    """The template `name` as an answer."""
    return HTMLResponse(rendered(name, **values), code)


def message_page(status: int, title: str, message: str) -> Response:
    """A page with one thing to say."""
    return page("message.html", status, title=title, message=message)


def sign_in_page(
    request: Request, status: int, *, note: str = "", return_to: str | None = None, account: str = ""
) -> Response:
    """Asks to sign in and says where that leads back to; with `account`, whose it is. It starts nothing:
    scanners fetch links, too."""
    try:
        there = local_path(return_to or request.url.path)
    except BadInput:
        there = "/"
    login = f"/login?next={quote(there, safe='')}"
    answer = page("sign_in.html", status, login=login, there=there, note=note, account=account)
    # Its form leads on to the broker's login, which browsers hold against the page's policy.
    at_kite = urlsplit(desk_of(request).standing_settings().kite.login_root).scheme
    answer.headers["Content-Security-Policy"] = content_policy(f"{at_kite}:")
    return answer


def _in_an_address(part: object) -> str:
    """One part of a path, or one value of a query. The engine's own filter leaves a slash as it is, by which
    a name from outside would lead a link, or an act, to another route."""
    return quote(str(part), safe="")


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(IST):%d %b %Y, %H:%M} IST"


def _clock(moment: datetime) -> str:
    return f"{moment.astimezone(IST):%H:%M:%S}"


def _minute(moment: datetime) -> str:
    return f"{moment.astimezone(IST):%H:%M}"


def _dated(name: str) -> str:
    """A day or a month by its name in a report: 2026-08-18 is 18 Aug 2026, 2026-08 is August 2026."""
    if len(name) == len("2026-08"):
        return f"{date.fromisoformat(f'{name}-01'):%B %Y}"
    return f"{date.fromisoformat(name):%d %b %Y}"


def _words(name: str) -> str:
    """A constant's name as people write it: STOP_LOSS is stop loss."""
    return name.replace("_", " ").lower()
