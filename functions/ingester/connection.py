"""One websocket to Kite, by the official KiteTicker.

KiteTicker's own reconnecting is put out of action: it repeats the same token for ever and tells nothing of a
first connection that fails. A connection here lives once and tells of its end once; a new one is made for the
next try. The reactor cannot be started twice, so it runs for as long as the process.
"""

import threading
import time
from collections.abc import Sequence
from typing import Any

from autobahn.twisted.websocket import connectWS
from kiteconnect import KiteTicker
from twisted.internet import reactor as _reactor
from twisted.internet.ssl import optionsForClientTLS

from functions.ingester.inbox import Frame, Inbox, Lost, Opened, OrderFrame
from patang.accounts.session import Credentials
from patang.market.instruments import FeedMode

__all__ = ["Connection"]

_CONNECT_SECONDS = 10

# The stubs know it only by an interface that lacks most of it.
reactor: Any = _reactor


class Connection:
    """Opens at once. `heard_at`: monotonic seconds of the last message, be it the heartbeat."""

    def __init__(self, ticker_root: str, account: str, credentials: Credentials, inbox: Inbox) -> None:
        self.account = account
        self._inbox = inbox
        self._reason = ""
        self._is_over = False
        self.heard_at = time.monotonic()
        self._ticker = KiteTicker(credentials.api_key, credentials.access_token, root=ticker_root)
        self._ticker.on_open = lambda _: inbox.put(Opened(self))
        self._ticker.on_message = self._on_message
        self._ticker.on_order_update = lambda _, order: inbox.put(OrderFrame(self, order))
        self._ticker.on_error = self._on_error
        _start_reactor()
        _in_reactor(self._connect)

    def subscribe(self, tokens: Sequence[int], mode: FeedMode) -> None:
        # Kite begins every subscription in mode quote.
        _in_reactor(self._send, "subscribe", list(tokens))
        _in_reactor(self._send, "set_mode", mode, list(tokens))

    def unsubscribe(self, tokens: Sequence[int]) -> None:
        _in_reactor(self._send, "unsubscribe", list(tokens))

    def close(self) -> None:
        """Ends it, whatever state it is in; Lost follows."""
        _in_reactor(self._drop)

    def pause(self) -> None:
        if self._ticker.ws is not None:
            self._ticker.ws.transport.pauseProducing()

    def resume(self) -> None:
        _in_reactor(self._resume)

    def _connect(self) -> None:
        # What KiteTicker.connect does, but for its TLS, which takes any certificate though the day's token is
        # in the very address it asks for.
        ticker = self._ticker
        ticker._create_connection(
            ticker.socket_url, useragent=ticker._user_agent(), headers={"X-Kite-Version": "3"}
        )
        ticker.factory.clientConnectionFailed = self._on_end
        ticker.factory.clientConnectionLost = self._on_end
        verified = optionsForClientTLS(ticker.factory.host) if ticker.factory.isSecure else None
        connectWS(ticker.factory, contextFactory=verified, timeout=_CONNECT_SECONDS)

    def _send(self, action: str, *arguments: Any) -> None:
        if self._is_over or not self._ticker.is_connected():
            return
        getattr(self._ticker, action)(*arguments)

    def _drop(self) -> None:
        if self._ticker.ws is not None:
            self._ticker.ws.dropConnection(abort=True)

    def _resume(self) -> None:
        if not self._is_over and self._ticker.ws is not None:
            self._ticker.ws.transport.resumeProducing()
            self.heard_at = time.monotonic()

    def _on_message(self, _: Any, payload: bytes, is_binary: bool) -> None:
        self.heard_at = time.monotonic()
        # A single byte is the heartbeat.
        if is_binary and len(payload) > 1:
            self._inbox.put(Frame(self, payload))

    def _on_error(self, _: Any, code: Any, reason: Any) -> None:
        self._reason = f"{code}: {reason}"

    def _on_end(self, _: Any, failure: Any) -> None:
        if not self._is_over:
            self._is_over = True
            self._inbox.put(Lost(self, self._reason or failure.getErrorMessage()))


_reactor_starts = threading.Lock()


def _start_reactor() -> None:
    with _reactor_starts:
        if not reactor.running:
            thread = threading.Thread(
                target=lambda: reactor.run(installSignalHandlers=False), name="reactor", daemon=True
            )
            thread.start()
            while not reactor.running:
                time.sleep(0.01)


def _in_reactor(call: Any, *arguments: Any) -> None:
    reactor.callFromThread(call, *arguments)
