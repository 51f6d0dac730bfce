"""The guard: on every batch of ticks it marks open positions and closes those that have to go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from patang.errors import BadInput
from patang.execution.exits import Exits
from patang.execution.market_clock import MarketClock
from patang.execution.order_watch import OrderWatch
from patang.keys import OPEN_POSITIONS, mark_key, market_clock_key
from patang.market.sessions import IST
from patang.market.ticks import StreamRecord, unpack
from patang.portfolio.position import Mark, Position
from patang.ports import (
    Clock,
    DeadLetters,
    Metrics,
    PaperMatcher,
    Put,
    StateStore,
    UpdateQueue,
    WriteConflict,
)
from patang.records import create, load, load_index, replace
from patang.settings import Settings
from patang.strategies.exits import exit_reason

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["GuardService", "Seen"]

_MARK_EVERY = timedelta(seconds=5)
_CLOCK_EVERY = timedelta(seconds=5)
_ORDERS_EVERY = timedelta(seconds=5)
# Without news for this long by the wall's clock, an earlier market time is another session, not an old batch.
_NEW_SESSION_AFTER = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Seen:
    """The last tick of an instrument; prices in rupees, `time` market time, no bid where none was sent, no
    close of the day before where the tick does not tell it."""

    price: Decimal
    bid: Decimal | None
    time: datetime
    previous_close: Decimal | None = None


class GuardService:
    """Consumes the tick stream. An instance remembers only what it can read again."""

    def __init__(
        self,
        store: StateStore,
        exits: Exits,
        orders: OrderWatch,
        paper: Callable[[], PaperMatcher],
        updates: UpdateQueue,
        dead_letters: DeadLetters,
        settings: Callable[[], Settings],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._exits = exits
        self._orders = orders
        self._paper = paper
        self._updates = updates
        self._dead_letters = dead_letters
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._positions: list[Position] = []
        self._positions_read: datetime | None = None
        self._seen: dict[int, Seen] = {}
        self._marked: dict[str, datetime] = {}
        self._orders_watched: datetime | None = None
        self._market_clock: MarketClock | None = None

    def process(self, records: Sequence[bytes]) -> int:
        """Takes records of the stream in order; returns how many exits were begun.

        A record that does not parse goes to the dead letters and holds nobody up.
        """
        begun = 0
        for data in records:
            try:
                record = unpack(data)
            except BadInput as error:
                self._dead_letters.send("ticks", data, str(error))
                self._metrics.count("bad_records", source="guard")
                continue
            if record.kind == "ticks":
                begun += self._on_ticks(record)
            elif record.kind == "marker":
                begun += self._on_marker(record.market_time)
        return begun

    def _on_ticks(self, record: StreamRecord) -> int:
        if self._settings().mode == "paper":
            self._match_paper(record)
        begun = 0
        for position in self._open_positions(record.market_time):
            ticks = record.ticks[record.ticks["token"] == position.instrument_token]
            if len(ticks):
                begun += self._on_price_of(position, ticks, record.market_time)
        return begun

    def _match_paper(self, record: StreamRecord) -> None:
        frames = self._paper().match(record.ticks, record.market_time)
        if frames:
            now = self._clock.now().isoformat()
            self._updates.send(
                [
                    {"account": frame["account_id"], "source": "frame", "order": frame, "received_at": now}
                    for frame in frames
                ]
            )

    def _open_positions(self, as_of: datetime) -> list[Position]:
        """Read again once a second of market time, and at once after a change of our own.

        Only those of the mode in force: what was bought on paper must not be sold for real.
        """
        second = as_of.replace(microsecond=0)
        if self._positions_read != second:
            mode = self._settings().mode
            found = load_index(self._store, Position, OPEN_POSITIONS)
            self._positions = [position for position in found if position.mode == mode]
            self._positions_read = second
        return self._positions

    def _on_price_of(self, position: Position, ticks: "NDArray[np.void]", as_of: datetime) -> int:
        for tick in ticks:
            if tick["last_price"] <= 0:
                continue
            seen = _seen(tick, as_of)
            self._seen[position.instrument_token] = seen
            # A batch that comes again may hold prices from before the position.
            if seen.time >= position.entry_time and self._leave(position, seen, seen.time):
                return 1
        last = self._seen.get(position.instrument_token)
        if last is not None:
            self._mark(position, last)
        return 0

    def _leave(self, position: Position, seen: Seen, as_of: datetime) -> bool:
        if position.state != "OPEN":
            return False
        if position.exit_blocked_until is not None and as_of < position.exit_blocked_until:
            return False
        reason = exit_reason(position, seen.price, as_of)
        if reason is None:
            return False
        begun = self._exits.begin(position, reason, as_of, seen.price, seen.bid)
        self._positions_read = None
        if begun:
            self._metrics.count("exits_begun", reason=reason, position_id=position.position_id)
        return begun

    def _mark(self, position: Position, seen: Seen) -> None:
        marked = self._marked.get(position.position_id)
        if marked is not None and seen.time < marked + _MARK_EVERY:
            return
        mark = Mark(
            position_id=position.position_id,
            account=position.account,
            as_of=seen.time,
            last_price=seen.price,
            bid=seen.bid,
            previous_close=seen.previous_close,
            unrealised_pnl=(seen.price - position.entry_price) * position.open_quantity
            - position.entry_charges,
        )
        # A view, not a state: the last writer is the newest.
        self._store.write(Put(mark.key(), mark.model_dump(mode="json", exclude_none=True)))
        self._marked[position.position_id] = seen.time

    def _on_marker(self, as_of: datetime) -> int:
        self._tell_time(as_of)
        positions = self._open_positions(as_of)
        begun = sum(
            self._leave(position, self._last_of(position), as_of)
            for position in positions
            if position.exit_by is not None and as_of >= position.exit_by
        )
        if self._orders_watched is None or abs(as_of - self._orders_watched) >= _ORDERS_EVERY:
            self._orders_watched = as_of
            self._orders.check(as_of, {p.position_id: self._last_of(p) for p in positions})
        return begun

    def _last_of(self, position: Position) -> Seen:
        """The last price known: a tick's, else the mark, else what was paid."""
        seen = self._seen.get(position.instrument_token)
        if seen is not None and seen.time >= position.entry_time:
            return seen
        mark = load(self._store, Mark, mark_key(position.position_id))
        if mark is not None:
            return Seen(mark.last_price, None, mark.as_of, mark.previous_close)
        return Seen(position.entry_price, None, position.entry_time)

    def _tell_time(self, as_of: datetime) -> None:
        known = self._market_clock
        if known is not None and timedelta(0) <= as_of - known.market_time < _CLOCK_EVERY:
            return
        now = self._clock.now()
        stored = load(self._store, MarketClock, market_clock_key())
        if stored is not None and as_of <= stored.market_time and now - stored.seen_at < _NEW_SESSION_AFTER:
            self._market_clock = stored
            return
        told = MarketClock(market_time=as_of, seen_at=now)
        try:
            if stored is None:
                self._store.write(create(told))
            else:
                self._store.write(replace(stored.evolve(market_time=as_of, seen_at=now)))
        except WriteConflict:
            # Another shard's guard has just told the time.
            return
        self._market_clock = told


def _seen(tick: "np.void", as_of: datetime) -> Seen:
    bid, close = _price(tick["bid"]), _price(tick["close"])
    seconds = int(tick["exchange_time"])
    time = datetime.fromtimestamp(seconds, IST) if seconds > 0 else as_of
    return Seen(_price(tick["last_price"]), bid if bid > 0 else None, time, close if close > 0 else None)


def _price(value: "np.float64") -> Decimal:
    return Decimal(str(round(float(value), 4)))
