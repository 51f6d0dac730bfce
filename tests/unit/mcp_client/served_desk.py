"""A desk of two owners at one address of this machine, pages and /mcp together, and a person's browser."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import httpx
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.api.app import build_app
from functions.mcp.endpoint import McpEndpoint
from tests.on_a_port import on_a_port
from tests.unit.api.oauth_client import hidden, log_in_at_kite, sign_in_link
from tests.unit.api.sample_desk import SampleDesk, busy, two_owners

__all__ = ["Person", "ServedDesk", "served_desk"]


@dataclass
class ServedDesk:
    """`asked` are the paths that were asked for, in order; a path in `broken` answers with that status and
    challenge.
    """

    desk: SampleDesk
    origin: str
    asked: list[str] = field(default_factory=list)
    broken: dict[str, tuple[int, str]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"{self.origin}/mcp"


def _two_owners(public_url: str) -> SampleDesk:
    return busy(two_owners(public_url=public_url))


@contextmanager
def served_desk(made: Callable[[str], SampleDesk] = _two_owners) -> Iterator[ServedDesk]:
    """The desk that `made` makes for an address, at a free port, for the length of the block."""
    desks: list[ServedDesk] = []

    def application(origin: str) -> ASGIApp:
        desks.append(ServedDesk(made(origin), origin))
        return _application(desks[0])

    with on_a_port(application):
        yield desks[0]


def _application(served: ServedDesk) -> ASGIApp:
    pages, endpoint = build_app(served.desk), McpEndpoint(served.desk)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"]
        served.asked.append(path)
        if path in served.broken:
            status, challenge = served.broken[path]
            headers = [(b"www-authenticate", challenge.encode())]
            await send({"type": "http.response.start", "status": status, "headers": headers})
            await send({"type": "http.response.body", "body": b"out for a moment"})
            return
        await (endpoint if path == "/mcp" else pages)(scope, receive, send)

    return app


@dataclass
class Person:
    """Who opens the address that a program shows, logs in at Kite and answers the question, in a thread.

    `came_back` is what the program's own page said at the end; `errors` is what went wrong on the way.
    """

    served: ServedDesk
    ticks: Sequence[str] = ("read", "trade")
    says_yes: bool = True
    user_id: str = "AB1234"
    opened: list[str] = field(default_factory=list)
    came_back: list[tuple[int, str]] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)

    def open(self, url: str) -> bool:
        self.opened.append(url)
        threading.Thread(target=self._visit, args=(url,), daemon=True).start()
        return True

    def _visit(self, url: str) -> None:
        try:
            with httpx.Client(base_url=self.served.origin, trust_env=False, timeout=10) as browser:
                back = self._answered(browser, url)
                self.came_back.append((back.status_code, back.text))
        except BaseException as error:
            self.errors.append(error)

    def _answered(self, browser: httpx.Client, url: str) -> httpx.Response:
        page = browser.get(self._leads(browser.get(url)))
        if page.is_redirect or 'name="decision"' not in page.text:
            page = self._signed_in(browser, page)
        form: dict[str, Any] = {
            "csrf": hidden(page.text, "csrf"),
            "decision": "allow" if self.says_yes else "refuse",
            "scopes": list(self.ticks),
        }
        answer = browser.post(urlsplit(str(page.url)).path, data=form)
        return browser.get(self._leads(answer))

    def _signed_in(self, browser: httpx.Client, page: httpx.Response) -> httpx.Response:
        if page.is_redirect:
            page = browser.get(page.headers["location"])
        back = log_in_at_kite(browser, self.served.desk, sign_in_link(page.text), self.user_id)
        return browser.get(self._leads(back))

    @staticmethod
    def _leads(answer: httpx.Response) -> str:
        assert answer.is_redirect, answer.text
        return answer.headers["location"]
