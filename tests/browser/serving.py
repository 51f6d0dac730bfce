"""A desk served on this machine as its gateway does, with a host of MCP Apps beside it."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from functions.api.app import build_app
from functions.mcp.endpoint import McpEndpoint
from patang.app import Desk
from tests.browser.chromium import PATIENCE, Chromium, Frame, Page
from tests.on_a_port import on_a_port

__all__ = ["Host", "served_desk"]

_HOST = Path(__file__).parent / "host"
# The most that a host may allow which a panel has asked nothing of (MCP Apps 2026-01-26, Host Behavior).
_RESTRICTIVE = (
    "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data:; media-src 'self' data:; connect-src 'none'; frame-src 'none'; object-src 'none'; "
    "base-uri 'self'"
)

_DRAWN = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"


class Host:
    """A page of the host in a tab, and the panel that it shows."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.panel: Frame = page.frame("document.querySelector('meta[name=patang-desk]') !== null")

    def seen(self, what: str) -> Any:
        """What the host has noted."""
        return self.page.run(f"seen.{what}")

    def click(self, text: str) -> None:
        """The mouse on the panel's button with this text, where it is drawn."""
        find = f"[...document.querySelectorAll('button')].find((b) => b.textContent === {json.dumps(text)})"
        self.panel.until(f"(() => {{ const b = {find}; return b && !b.disabled; }})()")
        self.page.until("document.querySelector('iframe').clientHeight >= (seen.sizes.at(-1)?.height ?? 1e9)")
        self.panel.run(
            "window.addEventListener('pointerdown', () => { window.felt = true; }); window.felt = false"
        )
        # A frame of another process that has just grown is found by the mouse once it has been drawn.
        ends = time.monotonic() + PATIENCE
        while not self.panel.run("window.felt") and time.monotonic() < ends:
            self.page.run(_DRAWN)
            self.page.click(*self._centre(find))
            self.panel.run(_DRAWN)

    def _centre(self, find: str) -> tuple[float, float]:
        """Where in the window the middle of an element of the panel is, scrolled into it."""
        left, top = self.panel.run(
            f"(() => {{ const r = {find}.getBoundingClientRect(); "
            "return [r.left + r.width / 2, r.top + r.height / 2]; })()"
        )
        corner = (
            "(() => { const f = document.querySelector('iframe'), r = f.getBoundingClientRect(); "
            "return [r.left + f.clientLeft, r.top + f.clientTop]; })()"
        )
        x, y = self.page.run(corner)
        height = self.page.run("innerHeight")
        if not 0 < y + top < height:
            self.page.run(f"window.scrollBy(0, {y + top - height / 2})")
            x, y = self.page.run(corner)
        return x + left, y + top

    def tell(self, method: str, **params: Any) -> None:
        """A notification of the host."""
        self.page.run(f"toPanel({json.dumps({'method': f'ui/notifications/{method}', 'params': params})})")


class ServedDesk:
    """`address` is the desk's, `sandbox` the same server under another origin."""

    def __init__(self, desk: Desk, address: str) -> None:
        self.desk = desk
        self.address = address
        self.sandbox = address.replace("127.0.0.1", "localhost")

    def show(self, browser: Chromium, token: str, tool: str, width: int = 700, **asked: Any) -> Host:
        """Has a host call a tool and show its panel. `asked`: arguments, theme, styles, capabilities, before
        (markup put in front of the panel's), silent, cancelled."""
        told = json.dumps({"token": token, "tool": tool, "sandbox": self.sandbox, **asked})
        page = browser.page()
        page.media(dark=asked.get("theme") == "dark")
        page.size(width, 1200)
        page.open(f"{self.address}/host/host.html#{quote(told)}")
        page.until("seen.ready || (() => { if (seen.failed) throw new Error(seen.failed); })()")
        return Host(page)


@contextmanager
def served_desk(make: Callable[[str], Desk]) -> Iterator[ServedDesk]:
    """`make` is told the address under which its desk is served."""
    desks: list[Desk] = []

    def application(address: str) -> ASGIApp:
        desks.append(make(address))
        return _application(desks[0])

    with on_a_port(application) as address:
        yield ServedDesk(desks[0], address)


def _application(desk: Desk) -> ASGIApp:
    async def with_policy(request: Request, call_next: Callable[[Request], Any]) -> Response:
        answer: Response = await call_next(request)
        if request.url.path.endswith("/sandbox.html"):
            answer.headers["Content-Security-Policy"] = _RESTRICTIVE
        return answer

    host = Starlette(
        routes=[Mount("/", StaticFiles(directory=_HOST))],
        middleware=[Middleware(BaseHTTPMiddleware, dispatch=with_policy)],
    )
    return Starlette(
        routes=[Route("/mcp", McpEndpoint(desk)), Mount("/host", host), Mount("/", build_app(desk))]
    )
