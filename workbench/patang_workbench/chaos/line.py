"""The line to the broker: the official client's calls end in this process's exchange, and are counted."""

from collections import Counter
from collections.abc import Callable
from typing import Any, override
from urllib.parse import parse_qs, urlsplit

import requests
from requests.adapters import BaseAdapter

from patang.adapters.kite.calls import KiteCalls
from patang.ports import BrokerLogin, LoginExchange
from patang_workbench.exchange.in_process import InProcessExchange

__all__ = ["ADDRESS", "CountedLine", "InProcessCalls", "InProcessLogin"]

# Mode simulator takes an address of this machine only; nothing listens there, and nothing calls it.
ADDRESS = "http://127.0.0.1:1"


class CountedLine(BaseAdapter):
    """A transport that counts what leaves: orders by (user id, tag), triggers by user id."""

    def __init__(self, exchange: InProcessExchange, user_id: str, told: Callable[[str], None]) -> None:
        super().__init__()
        self._inner = exchange.adapter()
        self._user_id = user_id
        self._told = told
        self.orders: Counter[str] = Counter()
        self.triggers = 0
        self.changes = 0

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Raises what a line raises."""
        path, body = urlsplit(str(request.url)).path, request.body
        form = parse_qs(body.decode() if isinstance(body, bytes) else body or "")
        tag = form.get("tag", [""])[0]
        if request.method == "POST" and path.startswith("/orders/"):
            self.orders[tag] += 1
        elif request.method == "POST" and path == "/gtt/triggers":
            self.triggers += 1
        elif request.method in ("PUT", "DELETE"):
            self.changes += 1
        words = f"{request.method} {path} {tag}".strip()
        if request.method != "GET":
            words += f" { ({name: values[0] for name, values in form.items() if name != 'tag'}) }"
        try:
            reply = self._inner.send(request, *args, **kwargs)
        except requests.RequestException as error:
            self._told(f"{words} -> {type(error).__name__}")
            raise
        if request.method != "GET" or reply.status_code != 200:
            self._told(f"{words} -> {reply.status_code} {reply.text[:160]}")
        return reply

    def close(self) -> None:
        """Nothing is open."""


class InProcessCalls(KiteCalls):
    """The calls of an account, over a line in this process."""

    def __init__(self, line: CountedLine, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._line = line

    def _client_for(self, credentials: Any) -> Any:
        client = super()._client_for(credentials)
        client.reqsession.mount(ADDRESS, self._line)
        return client


class InProcessLogin(LoginExchange):
    """The session that the exchange gives an app's owner."""

    def __init__(self, exchange: InProcessExchange) -> None:
        self._exchange = exchange

    @override
    def exchange(self, api_key: str, api_secret: str, request_token: str) -> BrokerLogin:
        user_id = self._exchange.exchange.logins.app(api_key).user_id
        return BrokerLogin(user_id, self._exchange.sign_in(api_key), demat_consent=True)
