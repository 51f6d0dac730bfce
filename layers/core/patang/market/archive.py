"""The day's end: its last minute closed, its candles, chains and trades written as Parquet."""

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from patang.audit.export import AuditExport
from patang.audit.sealing import AuditSeal
from patang.errors import StopTrading
from patang.keys import close_partition
from patang.market.candles import minutes_of
from patang.market.day_files import DayFiles
from patang.market.envelope import envelope
from patang.market.minutes import MinuteClose
from patang.market.sessions import Session, session_on
from patang.ports import Metrics, ObjectStore, StateStore, StreamReader, TableWriter, TickStream
from patang.records import load_all
from patang.settings import Settings
from patang.trade_log.export import TradeLogExport

__all__ = ["DAYS_BACK", "ArchiveService", "ArchivedDay"]

# More than the grace after which a marker closes a minute.
_AFTER_THE_CLOSE = timedelta(seconds=10)
_LOOKS, _SECONDS_BETWEEN = 60, 0.5

# Closed minutes are kept for ninety days; a day that fails again and again must not take the others' time.
DAYS_BACK = 85
_DAYS_MADE_GOOD = 3
# Longer than the market is ever closed in a row.
_AUDIT_DAYS = 10


class ArchivedDay(BaseModel):
    """What was archived of a day, kept as archive/D.json once nothing more of that day will come.

    `problems`: what was missing or could not be read.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Literal[1] = 1
    day: date
    candles: int
    chain_rows: int
    instruments: int
    trades: int
    problems: tuple[str, ...] = ()

    @staticmethod
    def path(day: date) -> str:
        """Where the object lives in the store."""
        return f"archive/{day}.json"


class ArchiveService:
    """Runs once after the close; running it again writes the same files.

    Days of the last twelve weeks whose run failed or never came are made good, the latest first, a few a run.
    `wait` pauses for some seconds of wall time. `seal` is missing where nothing is locked away.
    """

    def __init__(
        self,
        store: StateStore,
        objects: ObjectStore,
        stream: TickStream,
        reader: StreamReader,
        tables: TableWriter,
        trade_log: TradeLogExport,
        audit: AuditExport,
        seal: AuditSeal | None,
        metrics: Metrics,
        settings: Callable[[], Settings],
        wait: Callable[[float], None],
    ) -> None:
        self._store = store
        self._objects = objects
        self._stream = stream
        self._reader = reader
        self._tables = tables
        self._trade_log = trade_log
        self._audit = audit
        self._seal = seal
        self._metrics = metrics
        self._settings = settings
        self._wait = wait

    def run(self, moment: datetime) -> dict[str, Any]:
        """Archive the session of `moment`'s day (market time, IST), then the days that were missed; last,
        seal what was exported of the audit log.

        Raises StopTrading, with all the rest done, if that log's files are not what was linked.
        """
        self._export_audit(moment.date())
        done = self._run(moment)
        if self._seal is None:
            return done
        return {**done, "sealed": self._seal.run(moment.date())}

    def _run(self, moment: datetime) -> dict[str, Any]:
        day = moment.date()
        try:
            session = session_on(day, overrides=self._settings().sessions)
        except StopTrading as error:
            # Its minutes wait until the calendar knows the day.
            made_good = self._make_good(day)
            return {"ok": False, "day": day.isoformat(), "reason": str(error), "made_good": made_good}
        if session is None:
            made_good = self._make_good(day)
            return {"ok": True, "day": day.isoformat(), "reason": "no session today", "made_good": made_good}
        if moment < session.close:
            too_early = f"the session is open until {session.close:%H:%M}"
            return {"ok": False, "day": day.isoformat(), "reason": too_early}
        reason = self._missing(session)
        if reason is not None:
            self._metrics.count("archive_problem", problem=reason)
        archived = self._archive(day, final=reason is None)
        return {
            "ok": reason is None,
            "day": day.isoformat(),
            "reason": reason,
            **archived.model_dump(include={"candles", "chain_rows", "instruments", "trades"}),
            "problems": list(archived.problems),
            "made_good": self._make_good(day),
        }

    def _export_audit(self, today: date) -> None:
        """What was linked since the last run: people change settings in the evening, and on Sundays."""
        accounts = self._accounts()
        for back in range(_AUDIT_DAYS):
            exported = self._audit.run(accounts, today - timedelta(days=back))
            self._metrics.count("audit_exported", exported)

    def _missing(self, session: Session) -> str | None:
        """What the session lacks now that it is over, or None."""
        if not self._objects.list(minutes_of(session.day)):
            return "no minute of the session was closed: no ticks came, or (features) did not run"
        if self._end_session(session):
            return None
        return f"the minute of {session.last_minute():%H:%M} was not closed"

    def _end_session(self, session: Session) -> bool:
        """Close what is still open, by a marker behind everything that was put: ticks that would have moved
        market time on may not come after the close. False if it did not help in half a minute.
        """
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

    def _make_good(self, today: date) -> list[str]:
        """Archive days before `today` that lack it, as long as their minutes are kept; returns those days."""
        done: list[str] = []
        for day in self._missed(today):
            if len(done) == _DAYS_MADE_GOOD:
                break
            self._archive(day, final=True)
            done.append(day.isoformat())
        if done:
            self._metrics.count("archived_late", len(done), days=" ".join(done))
        return done

    def _missed(self, today: date) -> Iterator[date]:
        known = set(self._objects.list("archive/"))
        for back in range(1, DAYS_BACK + 1):
            day = today - timedelta(days=back)
            if ArchivedDay.path(day) not in known and self._objects.list(minutes_of(day)):
                yield day

    def _archive(self, day: date, *, final: bool) -> ArchivedDay:
        """Write all files of a day; a note of it too if it is `final`, so that it is not archived again."""
        files = DayFiles(self._objects, self._tables, day)
        # First what no other place holds once the table has forgotten it.
        trades = self._trade_log.run(self._accounts(), day)
        archived = ArchivedDay(
            day=day,
            trades=trades,
            candles=files.candles(),
            chain_rows=files.chains(),
            instruments=files.instruments(),
            problems=tuple(files.problems),
        )
        if final:
            note = archived.model_dump_json().encode()
            self._objects.put(ArchivedDay.path(day), note, content_type="application/json")
        self._metrics.count("archived_candles", archived.candles)
        self._metrics.count("archived_trades", archived.trades)
        for problem in archived.problems:
            self._metrics.count("archive_problem", problem=problem)
        return archived

    def _accounts(self) -> list[str]:
        return [str(item["account"]) for item in self._store.query("ACCOUNTS")]
