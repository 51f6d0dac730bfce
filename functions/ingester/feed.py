"""A feed: one connection kept alive for an account and a set of instruments, each in its mode."""

import logging
import random
from collections import defaultdict
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from functions.ingester.inbox import Source
from patang.accounts.session import Credentials
from patang.errors import SessionExpired
from patang.market.instruments import FeedMode

__all__ = ["Feed", "Link"]

log = logging.getLogger("patang.ingester")

# Kite sends a heartbeat about once a second.
_SILENCE_SECONDS = 10.0
_NO_TICK_SECONDS = 30.0
_PROBE_SECONDS = 10.0
_OPENING_SECONDS = 20.0
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 30.0
_SOUND_SECONDS = 60.0
_SAID_AGAIN_SECONDS = 30.0


class Link(Source, Protocol):
    """A connection as a feed uses it."""

    heard_at: float

    def subscribe(self, tokens: list[int], mode: FeedMode) -> None:
        """Each of them will be sent at once, and then whenever it changes."""

    def unsubscribe(self, tokens: list[int]) -> None: ...

    def close(self) -> None: ...


class Feed:
    """Opens, watches and reopens a connection. All its methods are called in the ingester's thread.

    `connect` opens a connection with credentials; `credentials` raises SessionExpired while nobody has logged
    in; `check` asks the broker whether the session still lives after it refused a connection.
    Times are monotonic seconds, but for `seen_until`: the market time of the last ticks it brought.
    """

    def __init__(
        self,
        account: str,
        connect: Callable[[Credentials], Link],
        credentials: Callable[[], Credentials],
        check: Callable[[], None],
    ) -> None:
        self.account = account
        self.modes: Mapping[int, FeedMode] = {}
        self.is_open = False
        self.seen_until: datetime | None = None
        self.opened = 0
        self._connect = connect
        self._credentials = credentials
        self._check = check
        self._link: Link | None = None
        self._version = 0
        self._begun_at = 0.0
        self._retry_at = 0.0
        self._wait = _FIRST_WAIT
        self._ticked_at = 0.0
        self._probed_at: float | None = None
        self._is_fresh = True
        self._said: tuple[float, str] = (float("-inf"), "")

    @property
    def is_missing(self) -> bool:
        """Whether it should bring ticks and does not: it is not open, or has brought none since it opened."""
        return bool(self.modes) and (not self.is_open or self._is_fresh)

    def owns(self, source: Source) -> bool:
        return self._link is source

    def watch(self, modes: Mapping[int, FeedMode]) -> None:
        """From now on these instruments in these modes."""
        gone = sorted(self.modes.keys() - modes.keys())
        new = {token: mode for token, mode in modes.items() if self.modes.get(token) != mode}
        self.modes = modes
        if self._link is None or not self.is_open:
            return
        if gone:
            self._link.unsubscribe(gone)
        self._subscribe(new)

    def on_opened(self, now: float) -> None:
        self.is_open = self._is_fresh = True
        self.opened += 1
        self._ticked_at = now
        log.info("feed %s: connected, subscribing %d instruments", self.account, len(self.modes))
        self._subscribe(self.modes)

    def on_ticks(self, now: float) -> bool:
        """Ticks came: the connection is good, so the next loss may be answered quickly.

        True if they are the first since it opened, so that others may be missing before them.
        """
        self._wait = _FIRST_WAIT
        self._ticked_at = now
        self._probed_at = None
        was_fresh, self._is_fresh = self._is_fresh, False
        return was_fresh

    def on_lost(self, reason: str, now: float) -> None:
        self._forget()
        self._retry_at = now + self._wait * random.uniform(0.8, 1.2)  # noqa: S311 - spreads retries, keeps no secret
        log.warning("feed %s: lost (%s), next try in %.1f s", self.account, reason, self._retry_at - now)
        self._wait = min(self._wait * 2, _LONGEST_WAIT)
        if "403" in reason:
            self._ask_about_session()

    def tend(self, now: float, *, paused: bool) -> None:
        """Opens what should be open and drops what is dead. `paused`: we do not read, so silence is ours."""
        if self._link is None:
            if now >= self._retry_at:
                self._open(now)
        elif not self.is_open:
            if now - self._begun_at > _OPENING_SECONDS:
                self._drop("it did not open", now)
        elif not paused:
            self._watch_dog(self._link, now)

    def renew(self, now: float) -> None:
        """Changes to a new login's token, if there is one."""
        try:
            version = self._credentials().version
        except SessionExpired:
            return
        if self._link is not None and version != self._version:
            self._wait = _FIRST_WAIT
            self._drop(f"session {version} is in place of {self._version}", now)

    def close(self) -> None:
        if self._link is not None:
            self._link.close()
        self._forget()

    def _open(self, now: float) -> None:
        try:
            credentials = self._credentials()
        except Exception as error:
            # Nobody has logged in, or the store is away for a moment: both pass without us.
            self._say(f"waiting: {error}", now)
            self._retry_at = now + 1.0
            return
        self._version = credentials.version
        self._begun_at = now
        self._link = self._connect(credentials)

    def _watch_dog(self, link: Link, now: float) -> None:
        if now - self._begun_at > _SOUND_SECONDS:
            # Also one that brings nothing but orders has proved good by then.
            self._wait = _FIRST_WAIT
        if now - link.heard_at > _SILENCE_SECONDS:
            self._drop(f"no heartbeat for {now - link.heard_at:.0f} s", now)
        elif self._probed_at is not None:
            if now - self._probed_at > _PROBE_SECONDS:
                self._drop("no snapshot came for a new subscription", now)
        elif self.modes and now - self._ticked_at > _NO_TICK_SECONDS:
            # A quiet market is no fault. Subscribing again brings a snapshot if the feed is sound.
            self._probed_at = now
            self._subscribe(self.modes)

    def _subscribe(self, modes: Mapping[int, FeedMode]) -> None:
        by_mode: dict[FeedMode, list[int]] = defaultdict(list)
        for token in sorted(modes):
            by_mode[modes[token]].append(token)
        if self._link is not None:
            for mode, tokens in by_mode.items():
                self._link.subscribe(tokens, mode)

    def _drop(self, reason: str, now: float) -> None:
        if self._link is not None:
            self._link.close()
        self.on_lost(reason, now)

    def _forget(self) -> None:
        self._link = None
        self.is_open = False
        self._probed_at = None

    def _ask_about_session(self) -> None:
        try:
            self._check()
        except Exception as error:
            # The answer has been noted where it belongs; a broker that is away has not answered.
            log.warning("feed %s: %s", self.account, error)

    def _say(self, text: str, now: float) -> None:
        if text != self._said[1] or now - self._said[0] > _SAID_AGAIN_SECONDS:
            log.info("feed %s: %s", self.account, text)
            self._said = (now, text)
