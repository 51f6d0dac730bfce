"""The ingester: feeds kept open, ticks put onto the stream, order frames put into the queue."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from itertools import batched
from pathlib import Path
from typing import Any

from functions.ingester.feed import Feed, Link
from functions.ingester.flow import TickFlow
from functions.ingester.inbox import Event, Frame, Inbox, Lost, Opened, OrderFrame, Source
from functions.ingester.pack import decode
from functions.ingester.watch import UniverseWatch
from patang.accounts.session import Credentials
from patang.app import Desk
from patang.errors import BadInput
from patang.settings import Settings

__all__ = ["Connect", "Ingester"]

log = logging.getLogger("patang.ingester")

_FLUSH_SECONDS = 0.1
_FLUSH_TICKS = 2_000
_REFRESH_SECONDS = 5.0
_REPORT_SECONDS = 15.0
_FIRST_PUT_WAIT, _LONGEST_PUT_WAIT = 0.2, 5.0
_LAST_PUTS = 5

# https://kite.trade/docs/connect/v3/websocket/
_INSTRUMENTS_A_CONNECTION = 3_000
_CONNECTIONS_A_KEY = 3

type Connect = Callable[[str, str, Credentials, Inbox], Link]


class Ingester:
    """Runs until `stop` is set.

    `connect` opens a connection from ticker root, account, credentials and the inbox that it fills; `health`
    is a file that is touched while the loop turns.
    """

    def __init__(
        self, desk: Desk, connect: Connect, stop: threading.Event, health: Path | None = None
    ) -> None:
        self._desk = desk
        self._connect = connect
        self._stop = stop
        self._health = health
        self._inbox = Inbox()
        self._universe = UniverseWatch(desk.store, desk.objects)
        self._tokens: tuple[int, ...] = ()
        self._ticker_root = ""
        self._is_paper = True
        self._flow: TickFlow | None = None
        self._feeds: dict[tuple[str, int], Feed] = {}
        self._after_gap: set[Feed] = set()
        self._orders: list[Mapping[str, Any]] = []
        self._counts = dict.fromkeys(("ticks", "reconnects", "order_frames", "bad_frames"), 0)
        self._put_wait = 0.0

    def run(self) -> int:
        """The process's exit code: 0 if everything that was received has been put."""
        next_refresh = next_report = next_put = 0.0
        while not self._stop.is_set():
            now = time.monotonic()
            if now >= next_refresh:
                self._refresh(now)
                next_refresh = now + _REFRESH_SECONDS
            if now >= next_report:
                self._report()
                next_report = now + _REPORT_SECONDS
            for feed in self._feeds.values():
                feed.tend(now, paused=self._inbox.is_paused)
            self._take(until=next_put)
            self._put()
            next_put = time.monotonic() + max(_FLUSH_SECONDS, self._put_wait)
        return self._end()

    def _refresh(self, now: float) -> None:
        try:
            settings = self._desk.settings()
            self._is_paper = settings.mode == "paper"
            self._watch_universe()
            self._tend_feeds(settings, now)
        except Exception:
            # A store that is away for a moment must not end a stream that is up.
            log.exception("settings, sessions or universe could not be read; going on with what is known")
        if self._health is not None:
            self._health.touch()

    def _watch_universe(self) -> None:
        universe = self._universe.changed()
        if universe is None:
            if self._flow is None:
                log.info("waiting: no universe is stored yet; (morning) writes it before the session")
            return
        log.info("universe of %s: %d instruments", universe.day, len(universe.instruments))
        self._tokens = tuple(sorted(universe.by_token()))
        if self._flow is None:
            self._flow = TickFlow(self._desk.tick_stream, universe, self._desk.clock.now)
        else:
            self._flow.watch(universe)

    def _tend_feeds(self, settings: Settings, now: float) -> None:
        if settings.kite.ticker_root != self._ticker_root:
            self._close_feeds()
            self._ticker_root = settings.kite.ticker_root
        wanted = self._wanted(settings)
        for key in self._feeds.keys() - wanted.keys():
            self._feeds.pop(key).close()
        for key, tokens in wanted.items():
            if key not in self._feeds:
                self._feeds[key] = self._new_feed(key[0])
            self._feeds[key].watch(tokens)
            self._feeds[key].renew(now)

    def _wanted(self, settings: Settings) -> dict[tuple[str, int], frozenset[int]]:
        """Instruments by (account, number of the connection); other accounts' feeds bring orders only."""
        parts = list(batched(self._tokens, _INSTRUMENTS_A_CONNECTION, strict=False))
        if len(parts) > _CONNECTIONS_A_KEY:
            log.error(
                "%d instruments are more than one key may watch; the last are left out", len(self._tokens)
            )
        data = settings.data_account
        wanted = {(data, n): frozenset(part) for n, part in enumerate(parts[:_CONNECTIONS_A_KEY])}
        accounts = [data]
        if settings.mode != "paper":
            accounts += [known.account for known in self._desk.accounts().list() if known.enabled]
        return {(account, 0): frozenset() for account in accounts} | wanted

    def _new_feed(self, account: str) -> Feed:
        return Feed(
            account,
            lambda credentials: self._connect(self._ticker_root, account, credentials, self._inbox),
            lambda: self._desk.accounts().credentials(account),
            lambda: self._desk.check_session(account),
        )

    def _take(self, until: float) -> None:
        """Handles what the connections hear until then, or until there is enough to put.

        While putting fails nothing is taken: the inbox fills, and then the sockets are left unread.
        """
        if self._put_wait:
            self._stop.wait(max(0.0, until - time.monotonic()))
            return
        while (left := until - time.monotonic()) > 0 and not self._stop.is_set():
            event = self._inbox.get(left)
            if event is not None:
                self._handle(event)
            if self._flow is not None and self._flow.waiting >= _FLUSH_TICKS:
                return

    def _handle(self, event: Event) -> None:
        feed = self._feed_of(event.source)
        match event:
            case Frame(_, payload):
                self._take_frame(feed, payload)
            case OrderFrame(source, order):
                self._take_order(source.account, order)
            case Opened() if feed is not None:
                feed.on_opened()
                self._after_gap.add(feed)
                self._counts["reconnects"] += feed.opened > 1
            case Lost(_, reason) if feed is not None:
                feed.on_lost(reason, time.monotonic())
            case _:
                # A connection that was given up already.
                return

    def _take_frame(self, feed: Feed | None, payload: bytes) -> None:
        try:
            ticks = decode(payload).ticks
        except BadInput as error:
            self._counts["bad_frames"] += 1
            log.warning("dropped: %s", error)
            return
        if self._flow is None:
            return
        if feed is not None:
            feed.on_ticks()
            if feed in self._after_gap:
                self._after_gap.discard(feed)
                self._flow.mark_gap()
        self._flow.add(ticks)

    def _take_order(self, account: str, order: Mapping[str, Any]) -> None:
        if self._is_paper:
            # The real account's orders are none of the paper account's.
            return
        self._counts["order_frames"] += 1
        received = self._desk.clock.now().isoformat()
        self._orders.append(
            {"account": account, "source": "frame", "order": dict(order), "received_at": received}
        )

    def _put(self) -> None:
        """Puts what waits. What fails is kept and put again, later and later."""
        try:
            if self._orders:
                self._desk.update_queue.send(self._orders)
                self._orders.clear()
            if self._flow is not None:
                self._counts["ticks"] += self._flow.flush()
            self._put_wait = 0.0
        except Exception:
            # Whatever the network or the service threw: what was received is not given up.
            self._put_wait = min(max(self._put_wait * 2, _FIRST_PUT_WAIT), _LONGEST_PUT_WAIT)
            log.exception("not put, next try in %.1f s", self._put_wait)

    def _report(self) -> None:
        for name, count in self._counts.items():
            if count:
                self._desk.metrics.count(name, count)
        market_time = None if self._flow is None else self._flow.market_time
        log.info(
            "market time %s, %d ticks put, %d of %d feeds open",
            market_time or "unknown",
            self._counts["ticks"],
            sum(feed.is_open for feed in self._feeds.values()),
            len(self._feeds),
        )
        self._counts = dict.fromkeys(self._counts, 0)

    def _end(self) -> int:
        self._close_feeds()
        while (event := self._inbox.get(0.0)) is not None:
            self._handle(event)
        for _ in range(_LAST_PUTS):
            self._put()
            if not self._put_wait:
                self._report()
                log.info("ended: everything received was put")
                return 0
            time.sleep(self._put_wait)
        log.error("ended with ticks or order frames that could not be put")
        return 1

    def _close_feeds(self) -> None:
        for feed in self._feeds.values():
            feed.close()
        self._feeds.clear()

    def _feed_of(self, source: Source) -> Feed | None:
        return next((feed for feed in self._feeds.values() if feed.owns(source)), None)
