"""The person's browser: it is shown the authorization server's page and comes back to this machine."""

import threading
from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import anyio
from mcp.client.auth import OAuthFlowError
from mcp.shared.auth import AuthorizationCodeResult

from patang.identity.credentials import same
from patang_workbench.loopback import LoopbackPage
from patang_workbench.mcp_client.failures import LoginNeeded, LoginRefused
from patang_workbench.mcp_client.questions import is_a_page

__all__ = ["Browser"]

_PATH = "/callback"
_DONE = "The login is done. You can close this page and go back to the terminal."
_REFUSED = "The login was refused. You can close this page; the terminal says why."
_NOT_OURS = "This is not the login that was begun here. Begin it again."
_LOOK_SECONDS = 0.05


class Browser(LoopbackPage):
    """Waits on 127.0.0.1 for the answer to the one login that it has shown.

    `show` opens or prints an address; `seconds` is how long a person may take. The port is free to choose
    (0: any), as RFC 8252 section 7.3 has it for programs; an answer to another login is turned away.
    """

    def __init__(self, show: Callable[[str], None], seconds: float, port: int = 0) -> None:
        super().__init__(port, self.take)
        self._show = show
        self._seconds = seconds
        self._state: str | None = None
        self._answer: dict[str, str] | None = None
        self._guard = threading.Lock()

    @property
    def redirect_uri(self) -> str:
        """Where the browser comes back to."""
        return f"{self.origin}{_PATH}"

    async def show(self, url: str) -> None:
        """Show the page of the authorization server. Raises OAuthFlowError if it is no web page."""
        if not is_a_page(url):
            raise OAuthFlowError(f"its authorization page is {url}")
        self._state = parse_qs(urlsplit(url).query)["state"][0]
        await anyio.to_thread.run_sync(self._show, url)

    async def answer(self) -> AuthorizationCodeResult:
        """What the browser came back with. Raises LoginRefused for a no, LoginNeeded if nobody answers."""
        with anyio.move_on_after(self._seconds):
            while self._answer is None:
                await anyio.sleep(_LOOK_SECONDS)
        answer = self._answer
        if answer is None:
            raise LoginNeeded(
                f"nobody has finished the login within {self._seconds:.0f} s: run it again "
                "(if the page did not know this client, run `patang mcp logout` first)"
            )
        if "code" not in answer:
            said = answer.get("error_description") or answer.get("error", "no reason given")
            raise LoginRefused(f"the login was refused: {said[:300]!r}")
        return AuthorizationCodeResult(code=answer["code"], state=answer["state"], iss=answer.get("iss"))

    def take(self, target: str) -> tuple[int, str]:
        """Status and text for a request of `target`. The first that is right is the only one."""
        parts = urlsplit(target)
        if parts.path != _PATH:
            return 404, "Nothing is here."
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        with self._guard:
            ours = self._state is not None and same(query.get("state", ""), self._state)
            if not ours or self._answer is not None or not query.keys() & {"code", "error"}:
                return 403, _NOT_OURS
            self._answer = query
        return 200, _DONE if "code" in query else _REFUSED
