"""Where the broker sends the browser back to on this machine: one address, one right request, then closed."""

import threading
from urllib.parse import parse_qs, urlsplit

from patang.identity.credentials import same
from patang_workbench.loopback import LoopbackPage

__all__ = ["Callback"]

_PATH = "/kite/callback"
_DONE = "The login has arrived. You can close this page."
_NOT_OURS = "This is not the login that was begun here. Begin it again."


class Callback(LoopbackPage):
    """Listens on 127.0.0.1 alone. A request that does not bring `state` back is turned away."""

    def __init__(self, port: int, state: str) -> None:
        super().__init__(port, self.take)
        self._state = state
        self._arrived = threading.Event()
        self._request_token: str | None = None

    @property
    def address(self) -> str:
        """What to register with the app as its redirect URL."""
        return f"{self.origin}{_PATH}"

    def wait(self, seconds: float) -> str | None:
        """The request token, or None if it has not come in that time."""
        self._arrived.wait(seconds)
        return self._request_token

    def take(self, target: str) -> tuple[int, str]:
        """Status and text for a request of `target`. The first that is right is the only one."""
        parts = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path != _PATH:
            return 404, "Nothing is here."
        token = query.get("request_token", "")
        if self._arrived.is_set() or not token or not same(query.get("state", ""), self._state):
            return 403, _NOT_OURS
        self._request_token = token
        self._arrived.set()
        return 200, _DONE
