"""One account's calls to the broker's REST API: session, limits, retries of reads, sorted errors."""

import time
from collections.abc import Callable
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from patang.accounts.session import Credentials
from patang.adapters.kite.errors import Reply, sort_error
from patang.adapters.kite.limits import CallKind, RateLimiter
from patang.adapters.kite.loader import KiteConnect
from patang.errors import PatangError, SessionExpired, TryAgain
from patang.ports import Metrics
from patang.settings import KiteSettings

__all__ = ["CONNECT_SECONDS", "READ_SECONDS", "SEND_SECONDS", "KiteCalls", "kite_client"]

# A connection comes about at once or not at all; the answer may take its time.
CONNECT_SECONDS = 3.0
SEND_SECONDS = 13.0
"""The longest that a send lasts, its connection included, whatever the settings allow a call."""
READ_SECONDS = 13.0
"""The longest that a read lasts with all its tries, candles alone left out. The lane makes a read and a send
of one message, and has to be done with both before its own time is over."""

_READ_WAITS = (0.3, 1.0)
# With less a try is not worth its while.
_LEAST_SECONDS = 1.0

# An idle connection may have been cut without a word, above all in a function that was frozen meanwhile; a
# send over it would end with an unknown outcome for nothing.
_IDLE_SECONDS = 5.0

_CANDLE = ("date", "open", "high", "low", "close", "volume", "oi")
_DUMPS = ("market.instruments", "market.instruments.all")
# The client knows none of the alerts' routes (https://kite.trade/docs/connect/v3/alerts/).
_ALERTS = {"alerts": "/alerts", "alerts.one": "/alerts/{uuid}", "alerts.history": "/alerts/{uuid}/history"}
_ANY_IPV4 = "0.0.0.0"  # noqa: S104 - the source address of our own calls; nothing listens on it


class KiteCalls:
    """Runs calls of the official client for one account.

    `credentials` and `settings` are asked before every call, so a new login is in use at the next one;
    `expired` hears of the credentials that the broker did not accept, and tells where the owner logs in again
    (the end of a sentence); `measured` hears how many milliseconds each call took, whatever came of it.
    """

    def __init__(
        self,
        credentials: Callable[[], Credentials],
        expired: Callable[[Credentials], str | None],
        settings: Callable[[], KiteSettings],
        metrics: Metrics,
        *,
        measured: Callable[[float], None] | None = None,
        limiter: RateLimiter | None = None,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._credentials = credentials
        self._expired = expired
        self._settings = settings
        self._metrics = metrics
        self._measured = measured
        self._limiter = limiter or RateLimiter()
        self._sleep = sleep
        self._monotonic = monotonic
        self._client: Any = None
        self._client_for_what: tuple[int, KiteSettings] | None = None
        self._reply: Reply | None = None
        self._told_time: datetime | None = None
        self._last_call = 0.0

    @property
    def told_time(self) -> datetime | None:
        """The broker's clock when it last answered, to the second; None if its answer did not say."""
        return self._told_time

    def read(self, kind: CallKind, call: Callable[[Any], Any]) -> Any:
        """A call that changes nothing, tried three times while its time lasts.

        Raises SessionExpired, TryAgain, Refused or AskOwner.
        """
        until = None if kind == "historical" else self._monotonic() + READ_SECONDS
        try:
            return self._tried(kind, call, until)
        except SessionExpired:
            if not self._is_replaced():
                raise
        # Somebody has logged in while the older token was still in use here.
        return self._tried(kind, call, until)

    def _tried(self, kind: CallKind, call: Callable[[Any], Any], until: float | None) -> Any:
        for wait in _READ_WAITS:
            try:
                return self._run(kind, call, until=until, sending=False)
            except TryAgain:
                if until is not None and self._monotonic() + wait + CONNECT_SECONDS + _LEAST_SECONDS > until:
                    raise
                self._sleep(wait)
        return self._run(kind, call, until=until, sending=False)

    def _is_replaced(self) -> bool:
        """Whether there is a newer login than the one that was used last."""
        used = self._client_for_what
        try:
            return used is not None and self._credentials().version != used[0]
        except PatangError:
            return False

    def send(self, call: Callable[[Any], Any]) -> Any:
        """A call that may place, change or cancel an order: tried once.

        Raises BrokerRefused, SessionExpired or TryAgain if it certainly had no effect, else OutcomeUnknown.
        """
        return self._run("order", call, until=None, sending=True)

    def _run(self, kind: CallKind, call: Callable[[Any], Any], *, until: float | None, sending: bool) -> Any:
        credentials, client = self._ready(kind)
        self._reply = None
        begun = self._monotonic()
        client.timeout = (CONNECT_SECONDS, self._answer_seconds(until, begun, sending=sending))
        if sending and begun - self._last_call > _IDLE_SECONDS:
            client.reqsession.close()
        try:
            return call(client)
        except Exception as error:
            sorted_error = sort_error(error, self._reply, sending=sending)
            if isinstance(sorted_error, SessionExpired):
                sorted_error = SessionExpired(f"{sorted_error}{self._note_the_end(credentials)}")
            self._metrics.count("broker_errors", kind=kind, error=type(sorted_error).__name__)
            raise sorted_error from error
        finally:
            self._last_call = self._monotonic()
            took = (self._last_call - begun) * 1000
            self._metrics.duration_ms("broker_call", took, kind=kind)
            if self._measured is not None:
                self._measured(took)

    def _note_the_end(self, credentials: Credentials) -> str:
        """Where the owner logs in again, as the end of a sentence."""
        try:
            return self._expired(credentials) or ""
        except Exception as error:
            # The next call finds it out again. That the broker has done nothing must stay known.
            self._metrics.count("session_end_not_noted", error=type(error).__name__)
            return ""

    def _answer_seconds(self, until: float | None, begun: float, *, sending: bool) -> float:
        """How long the answer of a call that begins now is waited for, once it is connected."""
        told = float(self._settings().timeout_seconds)
        if sending:
            return min(told, SEND_SECONDS - CONNECT_SECONDS)
        if until is None:
            return told
        return max(min(told, until - begun - CONNECT_SECONDS), _LEAST_SECONDS)

    def _ready(self, kind: CallKind) -> tuple[Credentials, Any]:
        """What a call is made with, when it may begin. Whatever fails in here, nothing has left."""
        try:
            credentials = self._credentials()
            client = self._client_for(credentials)
        except PatangError:
            raise
        except Exception as error:
            why = f"{type(error).__name__}: {error}"
            raise TryAgain(f"the session could not be read, and nothing was sent ({why})") from error
        self._limiter.wait(kind)
        return credentials, client

    def _client_for(self, credentials: Credentials) -> Any:
        settings = self._settings()
        if self._client_for_what != (credentials.version, settings):
            self._client = kite_client(credentials.api_key, credentials.access_token, settings)
            self._client.reqsession.hooks["response"].append(self._remember)
            self._client_for_what = (credentials.version, settings)
        return self._client

    def _remember(self, response: requests.Response, **_: Any) -> None:
        self._reply = Reply.of(response)
        self._told_time = _date_of(response)


def kite_client(api_key: str, access_token: str | None, settings: KiteSettings) -> Any:
    """The official client on the desk's base address, over IPv4 only.

    The broker takes orders from registered IPv4 addresses; a host with IPv6 egress would be turned away.
    """
    client = KiteConnect(
        api_key,
        access_token=access_token,
        root=settings.root,
        timeout=(CONNECT_SECONDS, settings.timeout_seconds),
    )
    # The client joins routes to the host, so a path of the base address has to go into the routes. The
    # broker's sandbox has one, before all routes but those of the instruments dump.
    prefix = urlsplit(settings.root).path.rstrip("/")
    client._routes = {
        name: route if name in _DUMPS else prefix + route
        for name, route in (KiteConnect._routes | _ALERTS).items()
    }
    # The client reads the time of each candle with dateutil, 33 us a bar, and a reply has 22,500 of them.
    client._format_historical = _candles
    client.reqsession.mount("https://", _IPv4Adapter())
    client.reqsession.mount("http://", _IPv4Adapter())
    # A reply 307 would have an order posted a second time, to an address nobody has chosen.
    client.reqsession.max_redirects = 0
    return client


def _candles(data: Any) -> list[dict[str, Any]]:
    """The client's own reading of a reply of history; open interest where the reply has it."""
    return [
        dict(zip(_CANDLE, (datetime.fromisoformat(row[0]), *row[1:]), strict=False))
        for row in data["candles"]
    ]


def _date_of(response: requests.Response) -> datetime | None:
    try:
        return parsedate_to_datetime(response.headers.get("Date", ""))
    except ValueError:
        return None


class _IPv4Adapter(HTTPAdapter):
    """Binds an IPv4 source, which leaves no other way to connect."""

    def init_poolmanager(self, *arguments: Any, **options: Any) -> None:
        super().init_poolmanager(*arguments, **options, source_address=(_ANY_IPV4, 0))
