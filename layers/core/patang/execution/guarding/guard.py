"""The guard: on every batch of ticks it marks open positions and closes those that have to go."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from patang.accounts.health import counting_failures
from patang.errors import BadInput
from patang.execution.guarding.order_watch import OrderWatch
from patang.execution.guarding.position_watch import PositionWatch
from patang.execution.market_clock import TimeTeller
from patang.keys import OPEN_POSITIONS
from patang.market.ticks import StreamRecord, unpack
from patang.portfolio.position import Position
from patang.ports import Clock, DeadLetters, Metrics, PaperMatcher, StateStore, UpdateQueue
from patang.records import load_index
from patang.settings import Settings

__all__ = ["GuardService"]

_ORDERS_EVERY = timedelta(seconds=5)


class GuardService:
    """Consumes the tick stream. An instance remembers only what it can read again.

    It looks at no halt and at no other instrument: whatever keeps entries out, exits go on.
    """

    def __init__(
        self,
        store: StateStore,
        watch: PositionWatch,
        orders: OrderWatch,
        paper: Callable[[], PaperMatcher],
        updates: UpdateQueue,
        dead_letters: DeadLetters,
        settings: Callable[[], Settings],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._watch = watch
        self._orders = orders
        self._paper = paper
        self._updates = updates
        self._dead_letters = dead_letters
        self._settings = settings
        self._clock = clock
        self._metrics = metrics
        self._positions: list[Position] = []
        self._positions_read: datetime | None = None
        self._orders_watched: datetime | None = None
        self._time = TimeTeller(store, clock)

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
                begun += self._on_marker(record)
        return begun

    def _on_ticks(self, record: StreamRecord) -> int:
        self._match_paper(record)
        begun = 0
        for position in self._open_positions(record.market_time):
            ticks = record.ticks[record.ticks["token"] == position.instrument_token]
            if len(ticks):
                with counting_failures(self._store, self._clock, position.account):
                    begun += self._count(self._watch.on_ticks(position, ticks, record.market_time))
        return begun

    def _match_paper(self, record: StreamRecord) -> None:
        if self._settings().mode != "paper":
            return
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
            self._watch.keep(self._positions)
        return self._positions

    def _on_marker(self, record: StreamRecord) -> int:
        as_of = record.market_time
        self._time.tell(as_of)
        begun, positions = 0, self._open_positions(as_of)
        for position in positions:
            with counting_failures(self._store, self._clock, position.account):
                begun += self._count(self._watch.on_time(position, as_of))
        if self._orders_watched is None or abs(as_of - self._orders_watched) >= _ORDERS_EVERY:
            self._orders_watched = as_of
            # Behind the close no tick comes that would end what rests on paper.
            self._match_paper(record)
            self._orders.check(as_of, {p.position_id: self._watch.last_of(p) for p in positions})
        return begun

    def _count(self, begun: bool) -> int:
        """An exit has changed its position: what is open is read again."""
        if begun:
            self._positions_read = None
        return int(begun)
