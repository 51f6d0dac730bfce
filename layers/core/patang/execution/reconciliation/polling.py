"""Polling the order book every five seconds while orders live: a ticket on a queue, one at a time an account.

    begin(account)   no ticket is on its way: write the lease, send ticket 1 for in five seconds
    ticket n         the lease says n: make it n + 1 (who loses this drops the ticket), look, send n + 1
                     nothing lives any more: give the lease up
A ticket that was delivered twice finds another number in the lease; a chain that broke is begun anew by the
next order or by the minute's reconciliation. While nothing lives nothing runs.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from patang.errors import BadInput, PatangError, StopTrading
from patang.execution.market_clock import market_time
from patang.execution.reconciliation.follower import BookFollower
from patang.keys import polling_key
from patang.market.sessions import session_on
from patang.ports import Clock, Key, Metrics, PollQueue, StateStore, Write
from patang.records import Record, change, create, load, replace
from patang.settings import Settings

__all__ = ["EVERY", "Lease", "Polling"]

EVERY = timedelta(seconds=5)
# A ticket this late has been lost with whoever carried it.
_LOST_AFTER = timedelta(seconds=20)
# Around the session: orders before the open, and the broker's last words after the close.
_BEFORE, _AFTER = timedelta(minutes=15), timedelta(minutes=30)

type Polled = Literal["POLLED", "ENDED", "NOT_MINE"]


class Lease(Record):
    """Which ticket of an account is on its way, and when it is due by the wall's clock; None: none is."""

    account: str
    number: int = 0
    due: datetime | None = None

    def key(self) -> Key:
        return polling_key(self.account)


class Polling:
    """The second source of every order, after the frames and postbacks."""

    def __init__(
        self,
        store: StateStore,
        queue: Callable[[], PollQueue],
        follower: Callable[[], BookFollower],
        settings: Callable[[], Settings],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._queue = queue
        self._follower = follower
        self._settings = settings
        self._clock = clock
        self._metrics = metrics

    def begin(self, account: str) -> bool:
        """Sees to it that a ticket of this account is on its way. False if one is, or the market is shut."""
        now = self._clock.now()
        if not self._is_open(now):
            return False

        def decide() -> tuple[int | None, list[Write]]:
            lease = load(self._store, Lease, polling_key(account))
            if lease is not None and lease.due is not None and now < lease.due + _LOST_AFTER:
                return None, []
            return self._next(account, lease, now)

        return self._send(account, change(self._store, decide))

    def begin_soon(self, account: str) -> None:
        """The same after an order has left, which stands whatever becomes of this; the minute begins it
        anew."""
        try:
            self.begin(account)
        except Exception as error:
            self._metrics.count("polling_not_begun", account=account, error=type(error).__name__)

    def poll(self, ticket: Mapping[str, Any]) -> Polled:
        """Looks at the book for the ticket {"account", "number"}, if it is its turn.

        Raises BadInput if it is no ticket. A book that cannot be read ends the chain, and is counted.
        """
        account, number = ticket.get("account"), ticket.get("number")
        if not isinstance(account, str) or not isinstance(number, int):
            raise BadInput(f"a poll needs an account and a number, not {dict(ticket)!r:.300}")
        now = self._clock.now()
        if not change(self._store, lambda: self._take(account, number, now)):
            return "NOT_MINE"
        if self._look(account) and self._is_open(now):
            self._send(account, number + 1)
            return "POLLED"
        self._give_up(account)
        # An order that was sent while the lease still stood has left its polling to us.
        if self._follower().live(account):
            self.begin(account)
        return "ENDED"

    def market_time(self) -> datetime:
        """The time that the books are looked at. Raises StopTrading before the first tick of a simulated
        market: the wall's day is another one there, on which none of its orders would be of today."""
        try:
            return market_time(self._store)
        except StopTrading:
            if self._settings().simulated_market:
                raise
            return self._clock.now()

    def _take(self, account: str, number: int, now: datetime) -> tuple[bool, list[Write]]:
        lease = load(self._store, Lease, polling_key(account))
        if lease is None or lease.number != number or lease.due is None:
            return False, []
        return True, self._next(account, lease, now)[1]

    def _next(self, account: str, lease: Lease | None, now: datetime) -> tuple[int, list[Write]]:
        number = 1 if lease is None else lease.number + 1
        if lease is None:
            return number, [create(Lease(account=account, number=number, due=now + EVERY))]
        return number, [replace(lease.evolve(number=number, due=now + EVERY))]

    def _send(self, account: str, number: int | None) -> bool:
        if number is None:
            return False
        self._queue().send({"account": account, "number": number}, EVERY.seconds)
        return True

    def _look(self, account: str) -> bool:
        """Whether anything lives on after the look."""
        follower = self._follower()
        try:
            follower.follow(account, self.market_time(), "poll")
            follower.refresh_funds(account)
        except PatangError as error:
            self._metrics.count("poll_failed", account=account, error=f"{type(error).__name__}: {error}")
            return False
        return bool(follower.live(account))

    def _give_up(self, account: str) -> None:
        def decide() -> tuple[None, list[Write]]:
            lease = load(self._store, Lease, polling_key(account))
            return None, [] if lease is None else [replace(lease.evolve(due=None))]

        change(self._store, decide)

    def _is_open(self, now: datetime) -> bool:
        settings = self._settings()
        if settings.simulated_market:
            return True
        try:
            session = session_on(now.date(), overrides=settings.sessions)
        except StopTrading:
            return True
        return session is not None and session.open - _BEFORE <= now < session.close + _AFTER
