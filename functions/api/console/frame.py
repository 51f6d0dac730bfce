"""The frame that every page of the console stands in, and the answer to a page that keeps itself up to date.

A page is rendered here, once and again: the browser asks for the same address every few seconds with the
header `Patang-Live`, is sent the parts that change, and with the tag of what it has is answered 304. So a
page is one template, works without JavaScript, and no script draws what a template draws already.
"""

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from functions.api.gate import desk_of
from functions.api.render import page, rendered
from patang.identity.principal import Principal

__all__ = ["PAGES", "console_page"]

_LIVE: Final = "patang-live"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A page in the navigation: where it is and what it is called."""

    path: str
    name: str


PAGES: Final = (
    _Entry("/", "Today"),
    _Entry("/signals", "Signals"),
    _Entry("/orders", "Orders"),
    _Entry("/chain", "Chain"),
    _Entry("/instruments", "Instruments"),
    _Entry("/research", "Research"),
    _Entry("/reports", "Reports"),
    _Entry("/audit", "Audit"),
    _Entry("/settings", "Settings"),
)


def console_page(request: Request, principal: Principal, template: str, **values: Any) -> Response:
    """The page `console/<template>`, or the parts of it that change, if that is what is asked for.

    `values` are shown as text. Beside them a template has `lights` (LightsView), `who`, his `accounts`, what
    he `may`, `here` (its own path), `pages`, and, in the frame alone, `csrf` and `now`.
    """
    desk = desk_of(request)
    view, now = desk.desk_view(), desk.clock.now().isoformat()
    shown = {
        "here": request.url.path,
        "pages": PAGES,
        "who": principal.name,
        "accounts": principal.accounts,
        "may": principal.scopes,
        "lights": view.lights(principal.accounts),
        **values,
    }
    if _LIVE not in request.headers:
        return page(
            f"console/{template}", layout="console/frame.html", csrf=principal.csrf or "", now=now, **shown
        )
    # Without the session's word: what is asked for again and again may be compressed, and holds no secret.
    text = rendered(f"console/{template}", layout="console/live.html", **shown)
    answer = _tagged(request, text)
    # Ages and countdowns are counted by the desk's clock, whatever the reader's shows.
    answer.headers["Patang-Now"] = now
    return answer


def _tagged(request: Request, text: str) -> Response:
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Vary": "Patang-Live"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return HTMLResponse(text, headers=headers)
