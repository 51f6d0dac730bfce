"""The exchange without a wire: calls are answered in the caller's thread, and both clocks are moved by hand.

    exchange = InProcessExchange(Settings(market=market, apps=(App("key", "secret", "AB1234"),)))
    client = KiteConnect("key", exchange.sign_in("key"), root=exchange.root)
    client.reqsession = exchange.session()      # what the client sends and catches is as over the wire
    exchange.fault(kind="timeout", probability=0.05, delay=30)
    client.place_order(...)                     # a call that waits moves both clocks as far as it waits
    exchange.advance(5)                         # five seconds of market and wall
    for update in exchange.take_updates(): ...  # order frames and postbacks, as the armed faults left them
    exchange.requests_by_tag(), exchange.net_positions()  # what really happened, see module ledger

Everything is drawn from the settings' seed: the same calls at the same seconds give the same replies.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict

from patang_workbench.exchange.agenda import HandAgenda
from patang_workbench.exchange.answering import Answer, answer
from patang_workbench.exchange.calls import Call
from patang_workbench.exchange.deliveries import Outlet
from patang_workbench.exchange.engine import Exchange, Settings
from patang_workbench.exchange.faults import Fault
from patang_workbench.exchange.ledger import Entry, by_tag, ledger, net_positions, requests_by_tag
from patang_workbench.exchange.login import checksum
from patang_workbench.exchange.owner import act
from patang_workbench.exchange.staging import stage

__all__ = ["InProcessAdapter", "InProcessExchange", "Update"]


@dataclass(frozen=True, slots=True)
class Update:
    """An order frame to a user's ticker connections, or a postback to an app's address (`target`)."""

    channel: str
    target: str
    data: Mapping[str, Any]

    @property
    def body(self) -> bytes:
        """The text of the frame, or the body of the postback."""
        return json.dumps(
            {"type": "order", "data": self.data} if self.channel == "frames" else self.data
        ).encode()


class InProcessExchange:
    """An exchange at one market second, for one thread at a time; callers of several threads take turns.

    With `market_follows` off, only the wall's clock moves while a call waits and in `elapse`.
    """

    root = "http://exchange.in-process"

    def __init__(self, settings: Settings, market_follows: bool = True) -> None:
        self.agenda = HandAgenda()
        self._updates: list[Update] = []
        self._market_follows = market_follows
        self._lock = threading.RLock()
        outlet = Outlet(
            lambda user_id, data: self._updates.append(Update("frames", user_id, data)),
            lambda url, data: self._updates.append(Update("postbacks", url, data)),
        )
        self.exchange = Exchange(settings, self.agenda, outlet)

    def sign_in(self, api_key: str) -> str:
        """Log an app in as its owner would; returns the access token."""
        logins = self.exchange.logins
        app = logins.app(api_key)
        token = logins.request_token(api_key)
        return logins.exchange(api_key, token, checksum(api_key, token, app.api_secret))[1]

    def session(self, address: str = "127.0.0.1") -> requests.Session:
        """A session that ends here, calling from an address. For another session: mount the adapter."""
        found = requests.Session()
        found.trust_env = False
        found.mount(self.root, self.adapter(address))
        return found

    def adapter(self, address: str = "127.0.0.1") -> "InProcessAdapter":
        """The transport to mount on `root`."""
        return InProcessAdapter(self, address)

    def call(self, call: Call) -> Answer:
        """The answer to a call and the wall seconds after which it is given; moves no clock."""
        with self._lock:
            self.agenda.settle()
            return answer(self.exchange, call)

    def advance(self, seconds: float = 1.0) -> None:
        """Let both clocks go on, the market's by its whole seconds until its end."""
        with self._lock:
            self.agenda.settle()
            whole, rest = divmod(seconds, 1)
            for _ in range(int(whole)):
                self.agenda.move(1.0)
                self._market_second()
            self.agenda.move(rest)

    def elapse(self, seconds: float) -> None:
        """Let the wall's clock go on, and the market's with it where it follows."""
        if self._market_follows:
            self.advance(seconds)
            return
        with self._lock:
            self.agenda.settle()
            self.agenda.move(seconds)

    def take_updates(self) -> list[Update]:
        """The updates since they were last taken, in the order in which they left."""
        with self._lock:
            self.agenda.settle()
            taken, self._updates = self._updates, []
            return taken

    def stage(self, **words: Any) -> dict[str, Any]:
        """Hold an instrument at a price, or release it, see module staging. Raises InputError."""
        with self._lock:
            self.agenda.settle()
            shown = stage(self.exchange, words)
            self.agenda.settle()
            return shown

    def ledger(self) -> list[Entry]:
        """Every order that reached the broker."""
        with self._lock:
            self.agenda.settle()
            return ledger(self.exchange)

    def by_tag(self) -> dict[tuple[str, str], list[Entry]]:
        """The accepted orders of each (user id, tag)."""
        with self._lock:
            self.agenda.settle()
            return by_tag(self.exchange)

    def requests_by_tag(self) -> dict[tuple[str, str], int]:
        """How many requests with each (user id, tag) led to accepted orders."""
        with self._lock:
            self.agenda.settle()
            return requests_by_tag(self.exchange)

    def net_positions(self) -> dict[tuple[str, str, str], int]:
        """Units held by (user id, instrument, product)."""
        with self._lock:
            self.agenda.settle()
            return net_positions(self.exchange)

    def fault(self, **words: Any) -> None:
        """Arm a fault with the fields of `Fault`. Raises InputError."""
        with self._lock:
            self.exchange.faults.add(Fault.of(words))

    def owner(self, **words: Any) -> Any:
        """Do by hand what `action` says, see module owner. Raises KiteError."""
        with self._lock:
            self.agenda.settle()
            done = act(self.exchange, words)
            self.agenda.settle()
            return done

    def _market_second(self) -> None:
        clock = self.exchange.clock
        if clock.epoch < clock.end:
            clock.epoch += 1
            self.exchange.second(clock.epoch)
            self.agenda.settle()


class InProcessAdapter(BaseAdapter):
    """A transport of `requests` whose other end is an exchange in this process."""

    def __init__(self, exchange: InProcessExchange, address: str) -> None:
        super().__init__()
        self._exchange = exchange
        self._address = address

    def send(
        self,
        request: requests.PreparedRequest,
        *_: Any,
        timeout: Any = None,
        **__: Any,
    ) -> requests.Response:
        """Answer a request. Raises requests' ReadTimeout when no reply comes within `timeout` seconds, its
        ConnectionError when the connection is closed without one.
        """
        call = _call(request, self._address)
        limit = timeout[1] if isinstance(timeout, tuple) else timeout
        found = self._exchange.call(call)
        if limit is not None and found.after > limit:
            self._exchange.elapse(limit)
            text = f"no reply from {call.path} within {limit} s"
            raise requests.exceptions.ReadTimeout(text, request=request)
        if found.after:
            self._exchange.elapse(found.after)
        if found.reply is None:
            raise requests.exceptions.ConnectionError(f"no reply from {call.path}", request=request)
        reply = requests.Response()
        reply.request, reply.url = request, str(request.url)
        reply.status_code = found.reply.status
        reply.headers = CaseInsensitiveDict({"content-type": found.reply.media, **found.reply.headers})
        reply._content = found.reply.body
        reply.encoding = "utf-8"
        return reply

    def close(self) -> None:
        """Nothing is open."""


def _call(request: requests.PreparedRequest, address: str) -> Call:
    parts = urlsplit(str(request.url))
    # The official client sends forms, as text, and JSON, as bytes.
    body: Any = request.body or b""
    return Call(
        str(request.method),
        parts.path,
        {name.lower(): str(value) for name, value in request.headers.items()},
        parse_qsl(parts.query, keep_blank_values=True),
        body.encode() if isinstance(body, str) else bytes(body),
        address,
    )
