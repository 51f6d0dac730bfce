"""The broker's limits of orders, shared by every instance that sends for an account.

A token is taken before a call leaves and comes back a window later, so that no window of a second, a minute
or a day ever holds more calls than it may (https://kite.trade/docs/connect/v3/exceptions/#api-rate-limit).
Entries leave a share of each window to exits. Wall time throughout, given by the caller.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

from patang.errors import BadInput, BrokerRefused
from patang.keys import modifications_key, rate_tokens_key
from patang.market.sessions import IST
from patang.ports import Key, StateStore, Write, WriteConflict
from patang.records import Record, create, load, replace

__all__ = ["LIMITS", "MODIFICATIONS_AN_ORDER", "Limits", "RateTokens", "Wait"]

type CallKind = Literal["order", "other"]
type LaneKind = Literal["exit", "entry"]

MODIFICATIONS_AN_ORDER = 25

# The second is measured by several clocks, the broker's and those of our instances.
_SECOND_MS = 1050
# Calls of a minute are counted by whole seconds: a token is back when the last of its second has left it.
_MINUTE_S = 61
# Further ahead of the caller's clock, a stamp was made by a clock that was wrong.
_FUTURE_MS = 5000
_ATTEMPTS: Mapping[LaneKind, int] = {"exit": 12, "entry": 4}
_BUSY = timedelta(milliseconds=200)
_KEPT = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Limits:
    """Calls a second, a minute and a day, and how many of each only exits may use."""

    second: int
    minute: int
    day: int
    reserved_second: int
    reserved_minute: int
    reserved_day: int


# Of the other calls the reads of all instances take the rest; they wait in their own process and repeat.
LIMITS: Mapping[CallKind, Limits] = {
    "order": Limits(10, 400, 5000, 3, 80, 500),
    "other": Limits(5, 300, 5000, 2, 100, 1000),
}


@dataclass(frozen=True, slots=True)
class Wait:
    """No token now: when to ask again, and which limit it is."""

    until: datetime
    why: str


class RateRecord(Record):
    """What was sent for an account lately: milliseconds of the last second, calls by second of the last
    minute as (epoch second, calls), and the day's sum."""

    account: str
    kind: CallKind
    stamps: tuple[int, ...] = ()
    seconds: tuple[tuple[int, int], ...] = ()
    day: date
    sent: int = 0

    def key(self) -> Key:
        return rate_tokens_key(self.account, self.kind)

    def at(self, now: datetime) -> "RateRecord":
        """The record with what has come back by now taken out of it."""
        stamp, today = _stamp(now), now.astimezone(IST).date()
        newest = stamp + _FUTURE_MS
        return self.evolve(
            stamps=tuple(then for then in self.stamps if stamp - _SECOND_MS < then <= newest),
            seconds=tuple(
                (second, calls)
                for second, calls in self.seconds
                if stamp // 1000 - _MINUTE_S < second <= newest // 1000
            ),
            # Never back a day, though a clock that is behind may still have the day before.
            day=max(self.day, today),
            sent=self.sent if self.day >= today else 0,
        )

    def wait(self, calls: int, limits: Limits, lane: LaneKind) -> Wait | None:
        """What so many calls more have to wait for, asked of the record `at` now; None if nothing."""
        kept = 0 if lane == "exit" else 1
        waits = []
        second = limits.second - kept * limits.reserved_second
        over = len(self.stamps) + calls - second
        if over > 0:
            back = (sorted(self.stamps)[over - 1] + _SECOND_MS) / 1000
            waits.append((back, f"{second} calls a second"))
        minute = limits.minute - kept * limits.reserved_minute
        over = sum(sent for _, sent in self.seconds) + calls - minute
        if over > 0:
            waits.append((self._minute_back(over), f"{minute} calls a minute"))
        day = limits.day - kept * limits.reserved_day
        if self.sent + calls > day:
            midnight = datetime.combine(self.day, datetime.min.time(), IST) + timedelta(days=1)
            waits.append((midnight.timestamp(), f"{day} calls a day"))
        if not waits:
            return None
        until, why = max(waits)
        share = "" if lane == "exit" else ", with the exits' share kept free"
        return Wait(datetime.fromtimestamp(until, IST), f"the broker takes {why}{share}")

    def _minute_back(self, over: int) -> float:
        """The epoch second by which so many tokens of the minute are back."""
        for second, sent in sorted(self.seconds):
            over -= sent
            if over <= 0:
                return second + _MINUTE_S
        raise BadInput(f"a minute has no room for {over} calls more than it may hold at all")

    def with_calls(self, now: datetime, calls: int) -> "RateRecord":
        stamp = _stamp(now)
        counted = dict(self.seconds)
        counted[stamp // 1000] = counted.get(stamp // 1000, 0) + calls
        return self.evolve(
            stamps=(*self.stamps, *[stamp] * calls),
            seconds=tuple(sorted(counted.items())),
            sent=self.sent + calls,
        )


def _stamp(now: datetime) -> int:
    return int(now.timestamp() * 1000)


class Modifications(Record):
    """How often an order was modified."""

    account: str
    order_id: str
    count: int
    written_at: datetime

    def key(self) -> Key:
        return modifications_key(self.account, self.order_id)

    def expires_at(self) -> int | None:
        return int((self.written_at + _KEPT).timestamp())


class RateTokens:
    """Tokens of all accounts, by conditional writes."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def take(
        self,
        account: str,
        kind: CallKind,
        lane: LaneKind,
        now: datetime,
        *,
        orders: int = 1,
        modifies: str | None = None,
    ) -> Wait | None:
        """None: taken, the call may leave. Otherwise nothing was taken; ask again at `until`, not before.

        `orders` is how many orders the call makes (a sliced one makes several), `modifies` the order it
        modifies. Raises BadInput for more orders in a call than the lane's share of a second, BrokerRefused
        for a modification beyond the 25 that the broker takes of an order.
        """
        most = LIMITS[kind].second - (0 if lane == "exit" else LIMITS[kind].reserved_second)
        if not 1 <= orders <= most:
            raise BadInput(f"{orders} orders in one call; of a second {most} are there for an {lane}: cut it")
        for _ in range(_ATTEMPTS[lane]):
            wait, writes = self._decide(account, kind, lane, now, orders, modifies)
            if wait is not None:
                return wait
            try:
                self._store.write(*writes)
            except WriteConflict:
                # Somebody else has taken a token, of which a second has few: this ends.
                continue
            return None
        return Wait(now + _BUSY, f"the tokens of {account!r} were taken by others {_ATTEMPTS[lane]} times")

    def left_today(self, account: str, kind: CallKind, now: datetime) -> int:
        """How many calls of the day's limit an account has left, the exits' share among them."""
        known = load(self._store, RateRecord, rate_tokens_key(account, kind))
        return LIMITS[kind].day - (known.at(now).sent if known else 0)

    def modifications(self, account: str, order_id: str) -> int:
        """How many of its 25 modifications an order has used."""
        known = load(self._store, Modifications, modifications_key(account, order_id))
        return known.count if known else 0

    def _decide(
        self,
        account: str,
        kind: CallKind,
        lane: LaneKind,
        now: datetime,
        orders: int,
        modifies: str | None,
    ) -> tuple[Wait | None, list[Write]]:
        known = load(self._store, RateRecord, rate_tokens_key(account, kind))
        current = (known or RateRecord(account=account, kind=kind, day=now.astimezone(IST).date())).at(now)
        wait = current.wait(orders, LIMITS[kind], lane)
        if wait is not None:
            return wait, []
        after = current.with_calls(now, orders)
        writes: list[Write] = [create(after) if known is None else replace(after)]
        if modifies is not None:
            writes.append(self._modified(account, modifies, now))
        return None, writes

    def _modified(self, account: str, order_id: str, now: datetime) -> Write:
        known = load(self._store, Modifications, modifications_key(account, order_id))
        if known is None:
            return create(Modifications(account=account, order_id=order_id, count=1, written_at=now))
        if known.count >= MODIFICATIONS_AN_ORDER:
            raise BrokerRefused(
                f"Order {order_id} was modified {known.count} times, and the broker takes no more: "
                "cancel it and place it anew."
            )
        return replace(known.evolve(count=known.count + 1, written_at=now))
