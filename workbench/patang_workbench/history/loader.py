"""Pulling historical candles: which requests are needed, carrying them out, going on where it was left."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from patang.adapters.candle_archive import Pulled
from patang.errors import BadInput, StopTrading, TryAgain
from patang.market.candle_ranges import RANGE_DAYS
from patang.market.findings import Interval
from patang.market.instrument_hours import segment_of
from patang.market.instruments import Instrument
from patang.market.sessions import IST, Segment, session_on
from patang.ports import Attributes, MarketData
from patang_workbench.history.store import CandleStore

__all__ = ["Loader", "Page", "Plan", "Result"]

# The broker's candles of a session are taken for final this long after its last trade.
_SETTLED = timedelta(minutes=10)
# Behind the client's own quick repetitions: an outage of a minute or so does not end a long pull.
_WAITS = (5.0, 15.0, 45.0)
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Page:
    """One request: from the first to the last of the days that are asked for."""

    days: tuple[date, ...]

    @property
    def start(self) -> datetime:
        return datetime.combine(self.days[0], time(), IST)

    @property
    def end(self) -> datetime:
        return datetime.combine(self.days[-1], time(23, 59, 59), IST)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is still to be asked of one instrument.

    `spared` are the days whose files stay as they are: those that are complete and those that the desk wrote.
    """

    instrument: Instrument
    interval: Interval
    pulled: Pulled
    pages: tuple[Page, ...]
    spared: frozenset[date]


@dataclass(frozen=True, slots=True)
class Result:
    """What carrying out a plan came to. `empty`: days of which the broker has no candles."""

    symbol: str
    requests: int
    days: int
    bars: int
    empty: int
    finished: bool


class Loader:
    """Fetches what a store lacks. `as_of` is the market's time: what has not ended by it is not complete.

    `wait` pauses for seconds; `stopping` is asked between requests.
    """

    def __init__(
        self,
        market: MarketData,
        store: CandleStore,
        as_of: datetime,
        wait: Callable[[float], object],
        stopping: Callable[[], bool] = lambda: False,
    ) -> None:
        self._market = market
        self._store = store
        self._as_of = as_of
        self._wait = wait
        self._stopping = stopping

    def plan(
        self, instrument: Instrument, first: date, last: date, interval: Interval, *, again: bool = False
    ) -> Plan:
        """The fewest requests that complete the sessions from `first` to `last`.

        Files that no pull wrote, the desk's own archive, are left alone. `again` asks for everything and
        replaces what is there. Raises BadInput if the store holds another instrument under this symbol.
        """
        symbol = instrument.symbol
        segment = segment_of(instrument)
        pulled = self._store.pulled(symbol, interval)
        if pulled is None:
            pulled = Pulled(identifier=instrument.identifier, segment=segment)
        elif pulled.identifier != instrument.identifier:
            raise BadInput(
                f"the store holds {pulled.identifier} under {symbol}: "
                f"pull {instrument.identifier} into another store"
            )
        spared = frozenset() if again else self._spared(symbol, interval, pulled)
        wanted = [day for day in self._sessions(first, last, segment) if day not in spared]
        return Plan(instrument, interval, pulled, _pages(wanted, interval), spared)

    def carry_out(self, plan: Plan, asked: Callable[[str], object] = lambda _: None) -> Result:
        """Ask page by page, and note after each what is complete; `asked` hears the symbol then.

        Raises Refused or AskOwner as the broker does, and TryAgain when it stays unreachable.
        """
        symbol, interval, pulled = plan.instrument.symbol, plan.interval, plan.pulled
        found: dict[date, int] = {}
        requests = 0
        for page in plan.pages:
            if self._stopping():
                break
            candles = _by_day(plan, page, self._ask(plan, page))
            counts = {day: len(some) for day, some in candles.items()}
            # Said before the files are written, so that after a crash they are known for a pull's.
            pulled = pulled.with_days({}, counts)
            self._store.keep_pulled(symbol, interval, pulled)
            self._store.put(symbol, interval, [candle for some in candles.values() for candle in some])
            complete = {day: count for day, count in counts.items() if self._is_over(day, pulled.segment)}
            pulled = pulled.with_days(complete, {})
            self._store.keep_pulled(symbol, interval, pulled)
            found |= counts
            requests += 1
            asked(symbol)
        empty = sum(count == 0 for count in found.values())
        finished = requests == len(plan.pages)
        return Result(symbol, requests, len(found), sum(found.values()), empty, finished)

    def _ask(self, plan: Plan, page: Page) -> list[Mapping[str, Any]]:
        token, interval = plan.instrument.instrument_token, plan.interval
        for seconds in _WAITS:
            try:
                return self._market.candles(token, page.start, page.end, interval)
            except TryAgain:
                self._wait(seconds)
                if self._stopping():
                    raise
        return self._market.candles(token, page.start, page.end, interval)

    def _sessions(self, first: date, last: date, segment: Segment) -> list[date]:
        """Days that may have candles by now: sessions, and every weekday of a year without a calendar."""
        found = []
        day = first
        while day <= min(last, self._as_of.date()):
            opening = self._opening(day, segment)
            if opening is not None and opening < self._as_of:
                found.append(day)
            day += _ONE_DAY
        return found

    @staticmethod
    def _opening(day: date, segment: Segment) -> datetime | None:
        try:
            session = session_on(day, segment)
        except StopTrading:
            return datetime.combine(day, time(), IST) if day.weekday() < 5 else None
        return None if session is None else session.open

    def _is_over(self, day: date, segment: Segment) -> bool:
        if day < self._as_of.date():
            return True
        try:
            session = session_on(day, segment)
        except StopTrading:
            return False
        return session is not None and self._as_of >= session.last_print() + _SETTLED

    def _spared(self, symbol: str, interval: Interval, pulled: Pulled) -> frozenset[date]:
        if interval == "day":
            return frozenset(pulled.days)
        there = {date.fromisoformat(part.span) for part in self._store.parts(interval, symbol)}
        return frozenset(there - set(pulled.unfinished) | set(pulled.days))


def _pages(days: Sequence[date], interval: Interval) -> tuple[Page, ...]:
    """The days in as few ranges as the broker's longest allows; both ends count."""
    pages: list[list[date]] = []
    longest = timedelta(days=RANGE_DAYS[interval] - 1)
    for day in days:
        if pages and day - pages[-1][0] <= longest:
            pages[-1].append(day)
        else:
            pages.append([day])
    return tuple(Page(tuple(page)) for page in pages)


def _by_day(plan: Plan, page: Page, rows: Sequence[Mapping[str, Any]]) -> dict[date, list[Attributes]]:
    """The reply as the store's rows: of every day asked for, and of others that turned out to have bars."""
    found: dict[date, list[Attributes]] = {day: [] for day in page.days}
    for row in rows:
        moment = row["date"].astimezone(IST)
        if page.start <= moment <= page.end and moment.date() not in plan.spared:
            found.setdefault(moment.date(), []).append(_candle(plan.instrument, moment, row))
    return found


def _candle(instrument: Instrument, moment: datetime, row: Mapping[str, Any]) -> Attributes:
    """A bar in the store's columns; open interest where the instrument can have any."""
    prices = {name: float(row[name]) for name in ("open", "high", "low", "close")}
    oi = int(row["oi"]) if instrument.expiry is not None and "oi" in row else None
    return {
        "symbol": instrument.symbol,
        "timestamp": moment,
        **prices,
        "volume": int(row["volume"]),
        "oi": oi,
    }
