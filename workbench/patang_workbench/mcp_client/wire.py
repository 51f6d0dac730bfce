"""What goes over the wire, as far as the SDK does not tell of it."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

import httpx2

from patang.errors import OtherSideFailed
from patang_workbench.mcp_client.failures import Seen, told_plainly

__all__ = ["Wire"]

_SESSION = "mcp-session-id"


@dataclass
class Wire:
    """What the HTTP client sees of `endpoint`. `resumed` is a session id to go on with, `session_id` the one
    that the server has given; `status` is the answer's, None until it comes; `failure` is the status and the
    text of an answer that is none of the protocol; `doing` are the tools that have been asked for and not
    answered, as far as they may change anything.
    """

    endpoint: str
    resumed: str | None
    session_id: str | None = None
    status: int | None = None
    failure: tuple[int, str] | None = None
    doing: list[str] = field(default_factory=list)

    async def sent(self, request: httpx2.Request) -> None:
        if not self._about_us(request):
            return
        self.failure, self.status = None, None
        if self.resumed is not None:
            request.headers[_SESSION] = self.resumed

    async def came(self, response: httpx2.Response) -> None:
        if not self._about_us(response.request):
            return
        self.session_id = response.headers.get(_SESSION, self.session_id)
        self.status = response.status_code
        if response.status_code >= 400:
            await response.aread()
            if not _speaks_the_protocol(response):
                html = "html" in response.headers.get("content-type", "")
                self.failure = response.status_code, "" if html else response.text

    def told(self) -> AbstractContextManager[None]:
        """Errors of the SDK, with what the HTTP status says."""
        return told_plainly(self.endpoint, lambda: Seen(self.status, self.failure))

    @contextmanager
    def during(self, tool: str, *, only_looks: bool) -> Iterator[None]:
        """As `told`, of a tool's call: one that may have changed something leaves a doubt when no answer
        comes. It stays in `doing` if what ends the block is told elsewhere, as a broken line is.
        """
        doing = () if only_looks else (tool,)
        self.doing += doing
        try:
            with told_plainly(self.endpoint, lambda: Seen(self.status, self.failure, doing)):
                yield
        except Exception as error:
            self._done(doing)
            if isinstance(error, RuntimeError):
                # How the SDK tells that structured content is not what the tool's schema says.
                raise OtherSideFailed(f"{tool} has run, and answered something else: {error}") from error
            raise
        self._done(doing)

    def _done(self, doing: tuple[str, ...]) -> None:
        for tool in doing:
            self.doing.remove(tool)

    def _about_us(self, request: httpx2.Request) -> bool:
        return str(request.url).rstrip("/") == self.endpoint


def _speaks_the_protocol(response: httpx2.Response) -> bool:
    """Whether the body of a failure is an error of the protocol, which says more than the status."""
    try:
        body = response.json()
    except ValueError:
        return False
    return isinstance(body, dict) and isinstance(body.get("error"), dict) and "code" in body["error"]
