"""The day's end: its last minute closed, its candles and trades written as Parquet."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from patang.keys import account_partition, close_partition
from patang.market.candles import Candle, ClosedMinute
from patang.market.envelope import envelope
from patang.market.minutes import MinuteClose
from patang.market.sessions import IST, Session, session_on
from patang.portfolio.position import Position
from patang.ports import Metrics, ObjectStore, StateStore, StreamReader, TableWriter, TickStream
from patang.records import load_all

__all__ = ["ArchiveService"]

# More than the grace after which a marker closes a minute.
_AFTER_THE_CLOSE = timedelta(seconds=10)
_LOOKS, _SECONDS_BETWEEN = 60, 0.5


class ArchiveService:
    """Runs once after the close; running it again writes the same files.

    `wait` pauses for some seconds of wall time.
    """

    def __init__(
        self,
        store: StateStore,
        objects: ObjectStore,
        stream: TickStream,
        reader: StreamReader,
        tables: TableWriter,
        metrics: Metrics,
        wait: Callable[[float], None],
    ) -> None:
        self._store = store
        self._objects = objects
        self._stream = stream
        self._reader = reader
        self._tables = tables
        self._metrics = metrics
        self._wait = wait

    def run(self, moment: datetime) -> dict[str, Any]:
        """Archive the session of `moment`'s day (market time, IST)."""
        session = session_on(moment.date())
        if session is None:
            return {"ok": True, "day": moment.date().isoformat(), "reason": "no session today"}
        if moment < session.close:
            reason = f"the session is open until {session.close:%H:%M}"
            return {"ok": False, "day": session.day.isoformat(), "reason": reason}
        complete = self._end_session(session)
        candles = self._archive_candles(session.day)
        trades = self._archive_trades(session.day)
        self._metrics.count("archived_candles", candles)
        self._metrics.count("archived_trades", trades)
        return {
            "ok": complete,
            "day": session.day.isoformat(),
            "reason": None if complete else f"the minute of {session.last_minute():%H:%M} was not closed",
            "candles": candles,
            "trades": trades,
        }

    def _end_session(self, session: Session) -> bool:
        """Close what is still open, by a marker behind everything that was put: ticks that would have moved
        market time on may not come after the close. False if it did not help in half a minute.
        """
        if not self._objects.list(_minutes_of(session.day)):
            return True
        if self._is_closed(session):
            return True
        self._stream.mark(envelope("marker", session.close + _AFTER_THE_CLOSE))
        for _ in range(_LOOKS):
            if self._is_closed(session):
                return True
            self._wait(_SECONDS_BETWEEN)
        self._metrics.count("session_end_missing", day=session.day.isoformat())
        return False

    def _is_closed(self, session: Session) -> bool:
        closes = load_all(self._store, MinuteClose, close_partition(session.last_minute()))
        return {close.shard for close in closes} >= set(self._reader.shards())

    def _archive_candles(self, day: date) -> int:
        by_symbol: dict[str, list[Candle]] = defaultdict(list)
        for path in self._objects.list(_minutes_of(day)):
            content = self._objects.get(path)
            if content is not None:
                for candle in ClosedMinute.model_validate_json(content).candles:
                    by_symbol[candle.symbol].append(candle)
        for symbol, candles in by_symbol.items():
            path = f"historical_candles/symbol={symbol}/date={day}/candles_{symbol}_{day}.parquet"
            self._objects.put(
                path, self._tables.candles([candle.model_dump() for candle in _in_order(candles)])
            )
        return sum(len(candles) for candles in by_symbol.values())

    def _archive_trades(self, day: date) -> int:
        trades = [position for account in self._accounts() for position in self._closed(account, day)]
        self._objects.put(
            f"trade_logs/trades_{day}.parquet", self._tables.trades([trade.model_dump() for trade in trades])
        )
        return len(trades)

    def _accounts(self) -> list[str]:
        return [str(item["account"]) for item in self._store.query("ACCOUNTS")]

    def _closed(self, account: str, day: date) -> list[Position]:
        held = load_all(self._store, Position, account_partition(account), "POSITION#")
        return [
            position
            for position in held
            if position.state == "CLOSED"
            and position.exit_time is not None
            and position.exit_time.astimezone(IST).date() == day
        ]


def _minutes_of(day: date) -> str:
    return f"minutes/{day.isoformat()}/"


def _in_order(candles: Sequence[Candle]) -> list[Candle]:
    """By time, each minute once: after a change of shards two may have closed the same minute."""
    by_time = sorted(candles, key=lambda candle: (candle.timestamp, -candle.volume))
    return [next(same) for _, same in groupby(by_time, key=lambda candle: candle.timestamp)]
