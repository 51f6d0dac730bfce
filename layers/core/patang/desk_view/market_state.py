"""What the desk knew of an instrument when it closed a minute: its quote, its session and its features."""

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from pydantic import ValidationError

from patang.errors import BadInput
from patang.features.missing import reason_name, reason_of
from patang.features.vector import CANDLE_FEATURES
from patang.keys import close_partition
from patang.market.candles import Candle, ClosedMinute, Quote
from patang.market.instruments import Instrument
from patang.market.minutes import MinuteClose
from patang.market.sessions import minute_of
from patang.ports import ObjectStore, StateStore
from patang.records import load_all

__all__ = ["MarketState", "SeenMinute"]

_MINUTE: Final = timedelta(minutes=1)
_MINUTES_BACK: Final = 10
_MOST_REMEMBERED: Final = 2000


@dataclass(frozen=True, slots=True)
class SeenMinute:
    """As of a minute's end. `values` are by length of the bars (1, 5, 15 minutes), then by feature, empty of
    what has none; `missing` says why one is None, by its name (with _5m, _15m for longer bars). `session` is
    the day's bar so far, known of indices and shares. `gap`: the stream was interrupted within the minute.
    """

    as_of: datetime
    quote: Quote | None
    session: Candle | None
    values: Mapping[int, Mapping[str, float | None]]
    missing: Mapping[str, str]
    gap: bool


class MarketState:
    """Remembers what it has read: a closed minute does not change, and parsing one takes long."""

    def __init__(self, store: StateStore, objects: ObjectStore) -> None:
        self._store = store
        self._objects = objects
        self._known: OrderedDict[tuple[str, str, str], SeenMinute | None] = OrderedDict()

    def features(self, symbol: str, until: datetime) -> SeenMinute:
        """The features of an index or share in the newest of the ten minutes closed before `until`.

        Raises BadInput where none of them has any.
        """
        found = self._newest(symbol, "", until)
        if found is None:
            last = minute_of(until) - _MINUTE
            raise BadInput(
                f"no features of {symbol!r} in the {_MINUTES_BACK} minutes up to {last:%Y-%m-%d %H:%M}: it "
                "is not watched, or the market was closed"
            )
        return found

    def of(self, instrument: Instrument, until: datetime) -> SeenMinute | None:
        """An instrument that is watched, in the newest of those minutes in which it was quoted, or None."""
        return self._newest(instrument.symbol if instrument.is_spot else "", instrument.identifier, until)

    def _newest(self, symbol: str, identifier: str, until: datetime) -> SeenMinute | None:
        last = minute_of(until) - _MINUTE
        for back in range(_MINUTES_BACK):
            for close in load_all(self._store, MinuteClose, close_partition(last - back * _MINUTE)):
                seen = self._seen(close.path, symbol, identifier)
                if seen is not None:
                    return seen
        return None

    def _seen(self, path: str, symbol: str, identifier: str) -> SeenMinute | None:
        key = path, symbol, identifier
        if key not in self._known:
            self._known[key] = self._read(*key)
        self._known.move_to_end(key)
        while len(self._known) > _MOST_REMEMBERED:
            self._known.popitem(last=False)
        return self._known[key]

    def _read(self, path: str, symbol: str, identifier: str) -> SeenMinute | None:
        content = self._objects.get(path)
        if content is None:
            raise BadInput(f"the closed minute {path} is announced but not in the store")
        # Of a shard that has nothing of it, nothing is parsed.
        if not any(name and f'"{name}"'.encode() in content for name in (symbol, identifier)):
            return None
        try:
            closed = ClosedMinute.model_validate_json(content)
        except ValidationError as error:
            raise BadInput(f"the closed minute {path} does not parse: {error}") from error
        return _look(closed, symbol, identifier)


def _look(closed: ClosedMinute, symbol: str, identifier: str) -> SeenMinute | None:
    quote = next((one for one in closed.quotes if one.identifier == identifier), None)
    if quote is None and symbol not in closed.features:
        return None
    values, missing = _features(closed, symbol) if symbol in closed.features else ({}, {})
    return SeenMinute(
        as_of=closed.minute + _MINUTE,
        quote=quote,
        session=next((one for one in closed.candles_day if one.symbol == symbol), None),
        values=values,
        missing=missing,
        gap=closed.gap,
    )


def _features(closed: ClosedMinute, symbol: str) -> tuple[dict[int, dict[str, float | None]], dict[str, str]]:
    named = (
        (1, closed.feature_names, closed.features),
        (5, CANDLE_FEATURES, closed.features_5m),
        (15, CANDLE_FEATURES, closed.features_15m),
    )
    values: dict[int, dict[str, float | None]] = {}
    missing: dict[str, str] = {}
    for minutes, names, table in named:
        values[minutes] = dict(zip(names, table.get(symbol, (None,) * len(names)), strict=True))
        for name, value in values[minutes].items():
            if value is None:
                why = reason_of(closed, symbol, name, minutes)
                missing[reason_name(name, minutes)] = why or "not known"
    return values, missing
