"""The rolling state of one shard: bars in the making, indicators, quotes, all that makes a closed minute.

It is a function of the universe, the hours, the warm-up bars and the stream's records alone, whatever batches
they come in, so that another instance which reads the same records arrives at the same bytes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.features.chain_volatility import ChainVolatility
from patang.features.last_quotes import LastQuotes
from patang.features.microstructure import Books
from patang.features.packing import pack_arrays, unpack_arrays
from patang.features.recent_ticks import RecentTicks
from patang.features.spot_features import candle_vectors, minute_vectors
from patang.features.timeframe import TIMEFRAMES, Timeframe
from patang.features.trade_flow import TradeFlow
from patang.features.vector import FEATURE_NAMES
from patang.features.warm_up import MINUTE_BAR, replayed
from patang.market.bars import MINUTE, BarBuilder, ClosedBars, LongBars
from patang.market.candles import Candle, ClosedMinute, Quote
from patang.market.chain_snapshot import ChainSnapshot
from patang.market.instrument_hours import InstrumentHours, hours_of
from patang.market.instruments import Universe
from patang.market.sessions import IST, Session, minute_of
from patang.market.snapshots import candles_of
from patang.market.ticks import StreamRecord
from patang.market.volatility import VolatilityRange

__all__ = ["FeatureState"]

_VERSION = 2
_WHOLE_DAY = 24 * 60
_ONE_MINUTE = timedelta(minutes=1)


class FeatureState:
    """One shard's state on one day. Rows are the universe's instruments in its order.

    `session` is how long the desk watches, `hours` those of each instrument, by default the calendar's.
    Only instruments that this shard has seen a tick of appear in its closed minutes.
    """

    def __init__(self, universe: Universe, session: Session, hours: InstrumentHours | None = None) -> None:
        self.universe = universe
        self.session = session
        self.hours = hours or hours_of(universe.instruments, session.day)
        self.first_seen: datetime | None = None
        self._seen_until: datetime | None = None
        self._unknown: set[int] = set()
        self._unknown_told: set[int] = set()
        instruments = universe.instruments
        rows = len(instruments)
        self._universe_json = universe.model_dump_json()
        tokens = np.array([i.instrument_token for i in instruments], np.int64)
        self._by_token = np.argsort(tokens)
        self._sorted_tokens = tokens[self._by_token]
        self._watched = np.array([row for row, i in enumerate(instruments) if i.is_spot], np.intp)
        self._symbols = universe.candle_symbols()
        self._bars = _builder(session, self.hours)
        self._frames = {minutes: Timeframe(minutes, len(self._watched)) for minutes in TIMEFRAMES}
        self._day = LongBars(len(self._watched), _WHOLE_DAY)
        self._spots = tuple(i for i in instruments if i.is_spot)
        self._rows = {i.symbol: row for row, i in enumerate(instruments) if not i.is_option}
        self._recent = RecentTicks(np.array([not i.is_option for i in instruments], np.bool_))
        self._flow = TradeFlow(rows)
        self._books = Books(instruments)
        self._volatility = ChainVolatility(instruments)
        self._quotes = LastQuotes(rows)

    def take_late_ticks(self) -> int:
        """How many ticks came after their minute had been closed, since this was last asked."""
        late, self._bars.late = self._bars.late, 0
        return late

    def take_unknown_instruments(self) -> set[int]:
        """Tokens seen for the first time today that are not in the universe, since this was last asked."""
        unknown = self._unknown - self._unknown_told
        self._unknown_told |= unknown
        return unknown

    @property
    def next_minute(self) -> datetime:
        """The earliest minute that is not closed yet; none before the stream was first seen is awaited."""
        following = datetime.fromtimestamp(self._bars.closed_through + MINUTE, IST)
        return following if self.first_seen is None else max(following, minute_of(self.first_seen))

    def keep_hours(self, session: Session, hours: InstrumentHours) -> None:
        """Go on with other hours, which the owner has said since; what is closed stays closed."""
        before, self._bars = self._bars, _builder(session, hours)
        opening = self._bars.closed_through
        self._bars.restore(before.arrays())
        if before.closed_through < self.session.open.timestamp():
            self._bars.closed_through = opening
        self.session, self.hours = session, hours

    def warm_up(self, histories: Mapping[str, NDArray[np.void]]) -> None:
        """Step the indicators of indices and shares through one-minute bars (MINUTE_BAR) by symbol.

        Those from the open on are left out. All symbols at once: a minute costs the same for one as for five
        hundred. Raises BadInput for a symbol that is not watched.
        """
        for symbol in histories:
            if symbol not in self._symbols:
                raise BadInput(f"cannot warm up {symbol!r}: the universe watches {', '.join(self._symbols)}")
        opening = int(self.session.open.timestamp())
        none = np.zeros(0, MINUTE_BAR)
        past = [histories.get(symbol, none) for symbol in self._symbols]
        closing = np.zeros(len(past), np.int64)
        for minute, bars in replayed([bars[bars["start"] < opening] for bars in past]):
            for frame in self._frames.values():
                frame.close(minute, bars, closing)

    def know_volatility(self, years: Mapping[str, VolatilityRange]) -> None:
        """Rank implied volatility in these ranges of the year before, by underlying."""
        self._volatility.know(years)

    def inherit(self, before: "FeatureState") -> int:
        """Take over from an earlier day what the morning could not read: the range of implied volatilities,
        and the indicators of symbols without a warm-up. Returns how many symbols' indicators were.
        """
        self._volatility.inherit(before._volatility)
        rows_before = {symbol: row for row, symbol in enumerate(before._symbols)}
        inherited = 0
        for row, symbol in enumerate(self._symbols):
            if symbol in rows_before:
                taken = [
                    frame.inherit(row, before._frames[minutes], rows_before[symbol])
                    for minutes, frame in self._frames.items()
                ]
                inherited += any(taken)
        return inherited

    def apply(self, record: StreamRecord) -> None:
        """Take a record; of a marker, that it was seen."""
        self.see(record)
        self.apply_ticks(record.ticks)

    def see(self, record: StreamRecord) -> None:
        """Note since when the stream is watched (no minute before is awaited), and where it was cut."""
        moment = record.market_time
        if self.first_seen is None:
            self.first_seen = self._seen_until = moment
            if moment >= self.session.open + _ONE_MINUTE:
                self._mark_gap(moment, moment)
        seen_until = self._seen_until or moment
        if record.kind == "gap":
            self._mark_gap(record.since or seen_until, moment)
        self._seen_until = max(seen_until, moment)

    def apply_ticks(self, ticks: NDArray[np.void]) -> None:
        """Take ticks in the order of their arrival; those of instruments outside the universe are noted."""
        if len(ticks) == 0 or len(self._sorted_tokens) == 0:
            return
        at = np.minimum(np.searchsorted(self._sorted_tokens, ticks["token"]), len(self._sorted_tokens) - 1)
        known = self._sorted_tokens[at] == ticks["token"]
        if not known.all():
            self._unknown.update(ticks["token"][~known].tolist())
        self._bars.add(self._by_token[at[known]], ticks[known])

    def close(self, minute: datetime, shard: str) -> ClosedMinute:
        """Close a minute (its start), all before it being closed; later ticks of it only add volume."""
        epoch = int(minute.timestamp())
        closed = self._bars.close(epoch)
        self._quotes.add(closed)
        self._recent.add(closed)
        self._flow.add(closed)
        self._day.add(closed.bars[self._watched])
        self._day.add(closed.auction[self._watched])
        longer = {minutes: self._bars_ended(minutes, epoch, closed) for minutes in TIMEFRAMES}
        features, undefined = self._features(minute + _ONE_MINUTE)
        instruments = self.universe.instruments
        return ClosedMinute(
            minute=minute,
            shard=shard,
            candles=candles_of(instruments, closed.bars, minute),
            candles_5m=longer[5],
            candles_15m=longer[15],
            candles_day=candles_of(self._spots, self._day.bars, self.session.open),
            feature_names=FEATURE_NAMES,
            features=features[1],
            features_5m=features[5],
            features_15m=features[15],
            undefined=undefined,
            gap=closed.gap,
            quotes=self._quotes.models(instruments),
        )

    def candles(self, symbol: str, minutes: int = 1) -> tuple[Candle, ...]:
        """The last hundred bars of 1, 5 or 15 minutes of an index or share, oldest first."""
        if symbol not in self._symbols:
            raise BadInput(f"no candles of {symbol!r}: the universe watches {', '.join(self._symbols)}")
        return self._frames[minutes].candles(self._symbols.index(symbol), symbol)

    def recent_ticks(self, symbol: str) -> NDArray[np.void]:
        """The last 500 ticks (dtype TRADE) of an index, share or future by its symbol, oldest first."""
        if symbol not in self._rows:
            raise BadInput(f"no ticks of {symbol!r}: they are kept of {', '.join(self._rows)}")
        return self._recent.take(self._rows[symbol])

    def chains(self, quotes: Sequence[Quote], as_of: datetime) -> tuple[ChainSnapshot, ...]:
        """The option chains as of a closed minute's end; `quotes` are those of its ClosedMinute."""
        return self._volatility.snapshots(quotes, as_of)

    def to_bytes(self) -> bytes:
        """The state, packed."""
        session = self.session
        header = {
            "version": _VERSION,
            "universe": self._universe_json,
            "session": [session.open.isoformat(), session.close.isoformat()],
            "breaks": [[start.isoformat(), end.isoformat()] for start, end in session.breaks],
            "seen": [moment and moment.isoformat() for moment in (self.first_seen, self._seen_until)],
            "volatility": self._volatility.to_json(),
        }
        hours = asdict(self.hours)
        return pack_arrays(header, {**hours, **self._bars.arrays(), **self._arrays()})

    @classmethod
    def from_bytes(cls, data: bytes) -> "FeatureState":
        """The state in `data`. Raises BadInput if it does not parse or is of another version."""
        header, arrays = unpack_arrays(data)
        if header.get("version") != _VERSION:
            raise BadInput(f"a feature state of version {header.get('version')}; this code reads {_VERSION}")
        try:
            universe = Universe.model_validate_json(header["universe"])
            opening, closing = (_moment(text) for text in header["session"])
            breaks = tuple((_moment(start), _moment(end)) for start, end in header["breaks"])
            hours = InstrumentHours(arrays["opening"], arrays["closing"], arrays["auction_closing"])
            state = cls(universe, Session(universe.day, opening, closing, breaks=breaks), hours)
            state._restore(header, arrays)
        except (KeyError, ValueError, TypeError) as error:
            raise BadInput(
                f"a feature state of version {_VERSION} lacks what it should hold: {error}"
            ) from error
        return state

    def _restore(self, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        seen = [None if text is None else _moment(text) for text in header["seen"]]
        self.first_seen, self._seen_until = seen
        self._volatility.restore(header["volatility"])
        self._bars.restore(arrays)
        for name, array in self._arrays().items():
            if arrays[name].shape != array.shape:
                raise ValueError(f"{name} of shape {arrays[name].shape} instead of {array.shape}")
            array[...] = arrays[name]

    def _arrays(self) -> dict[str, NDArray[Any]]:
        """The other parts' arrays: the arrays themselves, so that restoring writes into them."""
        parts = {
            "quotes": self._quotes.arrays(),
            "recent": self._recent.arrays(),
            "flow": self._flow.arrays(),
            **{f"frame_{minutes}": frame.arrays() for minutes, frame in self._frames.items()},
        }
        named = {f"{part}_{name}": array for part, held in parts.items() for name, array in held.items()}
        return {**named, "day": self._day.bars}

    def _mark_gap(self, first: datetime, last: datetime) -> None:
        self._bars.mark_gap(int(first.timestamp()), int(last.timestamp()))

    def _bars_ended(self, minutes: int, epoch: int, closed: ClosedBars) -> tuple[Candle, ...]:
        frame, watched = self._frames[minutes], self._watched
        ended = frame.close(epoch, closed.bars[watched], self.hours.closing[watched])
        start = datetime.fromtimestamp(frame.start_of(epoch), IST)
        return candles_of(self._spots, ended, start) if minutes > 1 else ()

    def _features(
        self, as_of: datetime
    ) -> tuple[dict[int, dict[str, tuple[float | None, ...]]], dict[str, dict[str, str]]]:
        """Vectors by timeframe of the spots that this shard has seen today, and why values are missing."""
        ticks, flow = self._quotes.ticks, self._flow
        books = self._books.look(ticks, flow.bought, flow.sold, as_of, flow.interrupted)
        volatility = self._volatility.view(ticks, as_of)
        tables = {minutes: candle_vectors(frame) for minutes, frame in self._frames.items()}
        tables[1] = minute_vectors(tables[1], books, volatility, self._symbols)
        seen = self._quotes.seen[self._watched]
        undefined: dict[str, dict[str, str]] = {}
        for table in tables.values():
            table.tell(undefined, self._symbols, seen)
        return {minutes: table.by_symbol(self._symbols, seen) for minutes, table in tables.items()}, undefined


def _builder(session: Session, hours: InstrumentHours) -> BarBuilder:
    breaks = [(int(start.timestamp()), int(end.timestamp())) for start, end in session.breaks]
    bars = BarBuilder(hours.opening, hours.closing, hours.auction_closing, breaks)
    # The desk's minutes are the session's, also those before the first of these instruments trades.
    bars.closed_through = int(session.open.timestamp()) - MINUTE
    return bars


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(IST)
