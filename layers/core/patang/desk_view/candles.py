"""Candles of an instrument on a day, for its picture: read from the closed minutes that the desk has kept."""

import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from threading import Lock
from typing import Any, Final, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from patang.desk_view.views import Moment, Rupees, ShownModel
from patang.errors import BadInput
from patang.market.candles import Candle, minutes_of
from patang.market.instruments import INDEX_NAMES
from patang.ports import ObjectStore

__all__ = ["MOST_OBJECTS", "CandleInterval", "CandleView", "CandlesView", "KeptCandles", "kept_still"]

type CandleInterval = Literal["minute", "5minute", "15minute"]
# Object, exchange, symbol, interval.
type _Asked = tuple[str, str, str, CandleInterval]

_MINUTES: Final[dict[CandleInterval, int]] = {"minute": 1, "5minute": 5, "15minute": 15}
# An object of a busy shard has a megabyte, of which a picture wants one bar: so many are read for an answer.
MOST_OBJECTS: Final = 60
_READERS = 8
# As the store's lifecycle has it: infra/stacks/data.py, and home_desk/store_keeping.py.
_KEPT: Final = timedelta(days=90)
# Some fifty pictures of a whole day.
_MOST_REMEMBERED = 20_000


class CandleView(ShownModel):
    """A bar: `start` is when it began, prices in rupees, volume in units. `oi`: contracts' open interest at
    its end, null of an index or a share."""

    start: Moment
    open: Rupees
    high: Rupees
    low: Rupees
    close: Rupees
    volume: int
    oi: int | None = None


class CandlesView(ShownModel):
    """Bars in the order of time; minutes without a trade have none. `next` goes into `start` of the next
    request; it is null where nothing more is kept."""

    exchange: str
    symbol: str
    day: date
    interval: CandleInterval
    candles: tuple[CandleView, ...]
    next: str | None = None


class _Bars(BaseModel):
    """Of a closed minute what a picture may want; most of the object is something else. The bars are not
    looked at before one is picked: there are some thousand, and one is wanted."""

    model_config = ConfigDict(frozen=True)

    candles: tuple[dict[str, Any], ...]
    candles_5m: tuple[dict[str, Any], ...] = ()
    candles_15m: tuple[dict[str, Any], ...] = ()

    def bar(self, symbol: str, interval: CandleInterval) -> Candle | None:
        of_length = {"minute": self.candles, "5minute": self.candles_5m, "15minute": self.candles_15m}
        found = next((bar for bar in of_length[interval] if bar.get("symbol") == symbol), None)
        return None if found is None else Candle.model_validate(found)


def kept_still(day: date, today: date) -> bool:
    """Whether the closed minutes of `day` are still in the store on `today`, if there ever were any."""
    return today - day <= _KEPT


class KeptCandles:
    """Remembers the bars it has read: a closed minute does not change."""

    def __init__(self, objects: ObjectStore) -> None:
        self._objects = objects
        self._known: dict[_Asked, Candle | None] = {}
        self._lock = Lock()

    def read(
        self,
        exchange: str,
        symbol: str,
        day: date,
        interval: CandleInterval,
        start: str = "",
        end: str = "",
        limit: int = MOST_OBJECTS,
    ) -> CandlesView:
        """Bars of `symbol`, as the exchange or its derivatives name it, whose last minute begins from `start`
        to `end` (HH:MM, IST, both included), of at most so many closed minutes.

        The desk keeps closed minutes for ninety days, and bars of five and fifteen minutes of indices and
        shares alone. Raises BadInput for an object that does not parse.
        """
        wanted = INDEX_NAMES.get(symbol, symbol)
        by_minute = _by_minute(self._objects.list(minutes_of(day)), interval)
        minutes = [minute for minute in sorted(by_minute) if start <= minute and (not end or minute <= end)]
        read, rest = _so_many(minutes, by_minute, limit)
        paths = [path for minute in read for path in by_minute[minute]]
        bars = self._bars(paths, exchange, wanted, interval)
        return CandlesView(
            exchange=exchange,
            symbol=wanted,
            day=day,
            interval=interval,
            candles=tuple(_view(bar) for bar in _fullest(bars)),
            next=rest,
        )

    def _bars(
        self, paths: Sequence[str], exchange: str, symbol: str, interval: CandleInterval
    ) -> list[Candle]:
        keys = {path: (path, exchange, symbol, interval) for path in paths}
        # Another request may put a new dict in its place, and an old bar is not in that any more.
        known = self._known
        found = {path: known[key] for path, key in keys.items() if key in known}
        unread = [path for path in paths if path not in found]
        if unread:
            with ThreadPoolExecutor(_READERS) as readers:
                for path, content in zip(unread, readers.map(self._objects.get, unread), strict=True):
                    found[path] = _read(path, content, exchange, symbol, interval)
        self._remember({keys[path]: found[path] for path in paths})
        return [bar for path in paths if (bar := found[path]) is not None]

    def _remember(self, bars: dict[_Asked, Candle | None]) -> None:
        with self._lock:
            # In a new dict: others may be reading this one.
            kept = {asked: bar for asked, bar in self._known.items() if asked not in bars} | bars
            for oldest in list(kept)[: max(len(kept) - _MOST_REMEMBERED, 0)]:
                del kept[oldest]
            self._known = kept


def _by_minute(paths: Iterable[str], interval: CandleInterval) -> dict[str, list[str]]:
    """The objects in which bars of that length may end, by minute as HH:MM."""
    # A session's last bar ends with its last minute, wherever the clock stands.
    ordered = sorted(paths)
    last = ordered[-1].split("/")[2] if ordered else ""
    found: dict[str, list[str]] = {}
    for path in ordered:
        minute = path.split("/")[2]
        if (int(minute[2:]) + 1) % _MINUTES[interval] == 0 or minute == last:
            found.setdefault(f"{minute[:2]}:{minute[2:]}", []).append(path)
    return found


def _so_many(
    minutes: Sequence[str], by_minute: dict[str, list[str]], limit: int
) -> tuple[list[str], str | None]:
    """The first minutes that together have no more than `limit` objects, one at least; and the next one."""
    taken: list[str] = []
    objects = 0
    for minute in minutes:
        objects += len(by_minute[minute])
        if taken and objects > limit:
            return taken, minute
        taken.append(minute)
    return taken, None


def _read(
    path: str, content: bytes | None, exchange: str, symbol: str, interval: CandleInterval
) -> Candle | None:
    # Candles go by their symbol alone; whether it is this exchange's, the identifiers of the quotes beside
    # them say. Parsing takes most of the time, so a shard that has never heard of it is spared that.
    if content is None or not any(name in content for name in _identifiers(exchange, symbol)):
        return None
    try:
        return _Bars.model_validate_json(content).bar(symbol, interval)
    except ValidationError as error:
        raise BadInput(f"the closed minute {path} does not parse: {error}") from error


def _identifiers(exchange: str, symbol: str) -> list[bytes]:
    """How the broker names what candles call `symbol`, as it stands in JSON."""
    names = [symbol, *(listed for listed, known in INDEX_NAMES.items() if known == symbol)]
    return [json.dumps(f"{exchange}:{name}", ensure_ascii=False).encode() for name in names]


def _fullest(bars: Iterable[Candle]) -> Iterator[Candle]:
    """In the order of time; after a change of shards two may have closed the same minute."""
    found: dict[str, Candle] = {}
    for bar in bars:
        known = found.get(bar.timestamp.isoformat())
        if known is None or bar.volume > known.volume:
            found[bar.timestamp.isoformat()] = bar
    yield from sorted(found.values(), key=lambda bar: bar.timestamp)


def _view(bar: Candle) -> CandleView:
    return CandleView(
        start=bar.timestamp,
        open=bar.open,
        high=bar.high,
        low=bar.low,
        close=bar.close,
        volume=bar.volume,
        oi=bar.oi,
    )
