"""The ingester: feeds kept open, ticks onto the stream and into the archive, order frames into the queue."""

import logging
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from functions.ingester.backlog import BACKLOG_BYTES
from functions.ingester.feed import Feed, Link
from functions.ingester.feeds import MOST_INSTRUMENTS, Feeds
from functions.ingester.flow import TickFlow
from functions.ingester.inbox import Event, Frame, Inbox, Lost, Opened, OrderFrame
from functions.ingester.lease import LOOK_SECONDS, Lease, LeasedStream
from functions.ingester.orders import OrderFrames
from functions.ingester.pump import Pump
from functions.ingester.raw_ticks import RawTicks
from functions.ingester.watch import Watch
from patang.accounts.session import Credentials
from patang.app import Desk
from patang.errors import BadInput
from patang.market.frames import decode
from patang.settings import Settings

__all__ = ["Connect", "Ingester"]

log = logging.getLogger("patang.ingester")

_FLUSH_SECONDS = 0.1
_FLUSH_TICKS = 2_000
_TURN_SECONDS = 0.1
_FOLLOW_SECONDS = 1.0
_REFRESH_SECONDS = 5.0
_REPORT_SECONDS = 15.0
# The task is killed half a minute after it was told to end.
_END_SECONDS = 20.0
_END_OF_ARCHIVE_SECONDS = 5.0
_END_OF_LEASE_SECONDS = 2.0
_QUIET_SECONDS = 0.2

type Connect = Callable[[str, str, Credentials, Inbox], Link]


class Ingester:
    """Runs until `stop` is set.

    `connect` opens a connection from ticker root, account, credentials and the inbox that it fills; `health`
    is a file that is touched while the loop turns; `backlog_bytes` bounds the ticks that wait for the stream.
    `name` is its name in the lease (see Lease); one that nobody else has where none is given.

    One thread takes what the connections hear. The stream, the queue of order frames, the archive and the
    lease have a thread each: none waits for another.
    """

    def __init__(
        self,
        desk: Desk,
        connect: Connect,
        stop: threading.Event,
        health: Path | None = None,
        backlog_bytes: int = BACKLOG_BYTES,
        name: str = "",
    ) -> None:
        self._desk = desk
        self._connect = connect
        self._stop = stop
        self._health = health
        self._backlog_bytes = backlog_bytes
        self._inbox = Inbox()
        self._watch = Watch(desk.store, desk.objects)
        self._settings: Settings | None = None
        self._order_accounts: list[str] = []
        self._feeds = Feeds(self._new_feed)
        self._flow: TickFlow | None = None
        self._orders = OrderFrames(desk.update_queue)
        self._raw_ticks = RawTicks(desk.objects, desk.tables, desk.metrics)
        self._reconnects = 0
        self._bad_frames = 0
        self._told: dict[str, int] = {}
        self._gaps_told: datetime | None = None
        self._lease = Lease(desk.store, desk.clock, name or uuid.uuid4().hex)
        self._gives_up = False
        self._keeping = Pump("lease", self._keep_lease, LOOK_SECONDS)
        self._keeping.hurry()
        self._sending = Pump("order frames", self._orders.send, _FLUSH_SECONDS)
        self._putting = Pump("ticks", self._put, _FLUSH_SECONDS)

    def run(self) -> int:
        """The process's exit code: 0 if everything that was received has been put.

        Also ends when the lease was lost to another.
        """
        next_refresh = next_follow = next_report = 0.0
        while not self._stop.is_set() and not self._lease.is_lost:
            now = time.monotonic()
            if now >= next_refresh:
                self._refresh(now)
                next_refresh = now + _REFRESH_SECONDS
            if now >= next_follow:
                self._follow()
                self._tell_gaps()
                next_follow = now + _FOLLOW_SECONDS
            if now >= next_report:
                self._report()
                next_report = now + _REPORT_SECONDS
            for feed in self._feeds:
                feed.tend(now, paused=self._inbox.is_paused)
            self._take(until=time.monotonic() + _TURN_SECONDS)
        return self._end()

    def _refresh(self, now: float) -> None:
        try:
            settings = self._desk.standing_settings()
            if self._settings is None or settings.kite.ticker_root != self._settings.kite.ticker_root:
                self._feeds.close()
            self._settings = settings
            self._order_accounts = self._accounts_with_orders(settings)
            self._watch_universe()
            for feed in self._feeds:
                feed.renew(now)
        except Exception:
            # A store that is away for a moment must not end a stream that is up.
            log.exception("settings, sessions or universe could not be read; going on with what is known")
        self._watch.note_under_way()
        if self._health is not None:
            self._health.touch()

    def _accounts_with_orders(self, settings: Settings) -> list[str]:
        """Accounts whose orders are the desk's: none on paper."""
        if settings.mode == "paper":
            return []
        return [known.account for known in self._desk.accounts().list() if known.enabled]

    def _watch_universe(self) -> None:
        universe = self._watch.changed_universe()
        if universe is None:
            if self._flow is None:
                log.info("waiting: no universe is stored yet; (morning) writes it before the session")
            return
        log.info("universe of %s: %d instruments", universe.day, len(universe.instruments))
        self._raw_ticks.watch(universe)
        if self._flow is None:
            stream = LeasedStream(self._desk.tick_stream, self._lease, time.monotonic)
            self._flow = TickFlow(stream, universe, self._desk.clock.now, self._backlog_bytes)
        else:
            self._flow.watch(universe)

    def _follow(self) -> None:
        """Watches what is near the money by now; before the lease is ours nothing, on any connection."""
        if self._settings is None or not self._lease.is_ours:
            return
        if self._flow is not None:
            each_side = self._settings.universe.strikes_each_side
            self._watch.follow(self._flow.spots(), each_side, MOST_INSTRUMENTS)
        self._feeds.watch(self._settings.data_account, self._watch.modes, self._order_accounts)

    def _tell_gaps(self) -> None:
        """Tell of a connection that is down while it is: the ticks of others go on closing minutes."""
        flow = self._flow
        if flow is None or flow.market_time == self._gaps_told:
            return
        self._gaps_told = flow.market_time
        for feed in self._feeds:
            if feed.is_missing:
                flow.mark_gap(feed.seen_until)

    def _new_feed(self, account: str) -> Feed:
        return Feed(
            account,
            lambda credentials: self._open(account, credentials),
            lambda: self._desk.accounts().credentials(account),
            lambda: self._desk.check_session(account),
        )

    def _open(self, account: str, credentials: Credentials) -> Link:
        root = self._desk.standing_settings().kite.ticker_root
        return self._connect(root, account, credentials, self._inbox)

    def _take(self, until: float) -> None:
        """Handles what the connections hear until then."""
        while (left := until - time.monotonic()) > 0 and not self._stop.is_set():
            event = self._inbox.get(left)
            if event is not None:
                self._handle(event)
            if self._flow is not None and self._flow.waiting >= _FLUSH_TICKS:
                self._putting.hurry()

    def _handle(self, event: Event) -> None:
        feed = self._feeds.of(event.source)
        match event:
            case Frame(_, payload):
                self._take_frame(feed, payload)
            case OrderFrame(source, order):
                # On paper the real account's orders are none of the paper account's.
                if self._settings is not None and self._settings.mode != "paper":
                    self._orders.add(source.account, order, self._desk.clock.now())
            case Opened() if feed is not None:
                feed.on_opened(time.monotonic())
                self._reconnects += feed.opened > 1
            case Lost(_, reason) if feed is not None:
                feed.on_lost(reason, time.monotonic())
            case _:
                # A connection that was given up already.
                return

    def _take_frame(self, feed: Feed | None, payload: bytes) -> None:
        flow = self._flow
        try:
            decoded = decode(payload)
        except BadInput as error:
            self._bad_frames += 1
            log.warning("dropped, a gap in the ticks: %s", error)
            if flow is not None:
                flow.mark_gap(flow.market_time)
            return
        if flow is None or not len(decoded.ticks):
            return
        if feed is not None and feed.on_ticks(time.monotonic()):
            flow.mark_gap(feed.seen_until)
        flow.add(decoded.ticks)
        if feed is not None:
            feed.seen_until = flow.market_time
        received = self._desk.clock.now()
        for packets in decoded.packets:
            self._raw_ticks.add(packets, flow.market_time, received)

    def _keep_lease(self) -> None:
        if self._gives_up:
            self._lease.give_up()
        else:
            self._lease.keep(time.monotonic())

    def _put(self) -> None:
        if self._flow is not None:
            self._flow.flush()

    def _report(self) -> None:
        flow = self._flow
        totals = {
            "ticks": flow.put if flow is not None else 0,
            "ticks_shed": flow.shed if flow is not None else 0,
            "order_frames": self._orders.taken,
            "reconnects": self._reconnects,
            "bad_frames": self._bad_frames,
            "instruments_left_out": self._watch.left_out,
        }
        for name, total in totals.items():
            if total > self._told.get(name, 0):
                self._desk.metrics.count(name, total - self._told.get(name, 0))
        log.info(
            "market time %s, %d ticks put, %d wait, %d of %d feeds open",
            (flow.market_time if flow is not None else None) or "unknown",
            totals["ticks"] - self._told.get("ticks", 0),
            flow.waiting if flow is not None else 0,
            sum(feed.is_open for feed in self._feeds),
            len(self._feeds),
        )
        self._told = totals

    def _end(self) -> int:
        deadline = time.monotonic() + _END_SECONDS
        self._feeds.close()
        # The sockets are closed in their own thread; until then they may bring something yet.
        while (event := self._inbox.get(_QUIET_SECONDS)) is not None:
            self._handle(event)
        sent = self._sending.end(_END_SECONDS / 2)
        left = 0.0 if self._lease.is_lost else max(1.0, deadline - time.monotonic())
        put = self._putting.end(left)
        if put:
            # Not before, and else not at all: the next one begins to put the moment it reads it.
            self._gives_up = True
            self._keeping.end(_END_OF_LEASE_SECONDS)
        archived = self._raw_ticks.end(_END_OF_ARCHIVE_SECONDS)
        self._report()
        if not archived:
            log.error("the archive of raw ticks lacks the last minutes")
        if sent and put:
            log.info("ended: everything received was put")
            return 0
        log.error("ended with ticks or order frames that could not be put")
        return 1
