"""The rolling state of one shard: bars in the making, indicators, quotes, all that makes a closed minute.

It is a function of the universe, the warm-up candles and the stream's records alone, whatever batches they
come in, so that another instance which reads the same records arrives at the same bytes.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patang.errors import BadInput
from patang.features.chain_volatility import ChainVolatility
from patang.features.indicators import BarColumns, Indicators
from patang.features.microstructure import FLOW_MINUTES, book_imbalance, spread_pct, trade_flow
from patang.features.packing import pack_arrays, unpack_arrays
from patang.features.vector import CANDLE_FEATURES, FEATURE_NAMES
from patang.market.bars import MINUTE, BarBuilder, LongBars
from patang.market.candles import Candle, ClosedMinute
from patang.market.instruments import Universe
from patang.market.sessions import IST, Session, minute_of
from patang.market.snapshots import candles_of, quotes_of
from patang.market.ticks import TICK, StreamRecord
from patang.market.volatility import VolatilityRange

__all__ = ["FeatureState"]

_VERSION = 1
_OI_MINUTES = 15
_WHOLE_DAY = 24 * 60
_ONE_MINUTE = timedelta(minutes=1)


class FeatureState:
    """One shard's state on one day. Rows are the universe's instruments in its order.

    Only instruments that this shard has seen a tick of appear in its closed minutes.
    """

    def __init__(self, universe: Universe, session: Session) -> None:
        self.universe = universe
        self.session = session
        self.first_seen: datetime | None = None
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
        opening, self._closing = int(session.open.timestamp()), int(session.close.timestamp())
        closing = np.full(rows, self._closing, np.int64)
        self._bars = BarBuilder(np.full(rows, opening, np.int64), closing, closing)
        self._five, self._fifteen, self._day = (LongBars(rows, n) for n in (5, 15, _WHOLE_DAY))
        self._indicators = Indicators(len(self._watched))
        self._volatility = ChainVolatility(instruments)
        self._quotes = np.zeros(rows, TICK)
        self._flow = np.zeros((2, len(self._watched), FLOW_MINUTES), np.int64)
        self._flow_minutes = 0
        self._oi = np.full((rows, _OI_MINUTES + 1), -1, np.int64)

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

    def warm_up(self, symbol: str, candles: Iterable[Candle]) -> None:
        """Step the indicators of an index or equity through one-minute candles from before the open.

        Oldest first. Raises BadInput for a symbol that is not watched.
        """
        if symbol not in self._symbols:
            raise BadInput(f"cannot warm up {symbol!r}: the universe watches {', '.join(self._symbols)}")
        history = Indicators(1)
        for candle in candles:
            if candle.timestamp < self.session.open:
                values = (candle.open, candle.high, candle.low, candle.close, candle.volume)
                history.step(BarColumns(*(np.array([value], np.float64) for value in values)))
        self._indicators.put(self._symbols.index(symbol), history)

    def know_volatility(self, years: Mapping[str, VolatilityRange]) -> None:
        """Rank implied volatility in these ranges of the year before, by underlying."""
        self._volatility.know(years)

    def inherit(self, before: "FeatureState") -> None:
        """Take over what outlives a day: the range of implied volatilities, where the morning read none."""
        self._volatility.inherit(before._volatility)

    def apply(self, record: StreamRecord) -> None:
        """Take a record; of a marker, that it was seen."""
        self.see(record.market_time)
        self.apply_ticks(record.ticks)

    def see(self, market_time: datetime) -> None:
        """Note since when the stream is watched: no minute before that is awaited."""
        if self.first_seen is None:
            self.first_seen = market_time

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
        bars, quotes = closed.bars, closed.quotes
        traded = bars["ticks"] > 0
        self._quotes[traded] = quotes[traded]
        self._indicators.step(self._columns(bars))
        self._roll(bars)
        instruments = self.universe.instruments
        return ClosedMinute(
            minute=minute,
            shard=shard,
            candles=candles_of(instruments, bars, range(len(bars)), minute),
            candles_5m=self._long(self._five, bars, epoch),
            candles_15m=self._long(self._fifteen, bars, epoch),
            candles_day=self._session_so_far(bars),
            feature_names=FEATURE_NAMES,
            features=self._features(minute + _ONE_MINUTE),
            quotes=quotes_of(instruments, self._quotes, self._oi[:, 0], self._oi[:, -1]),
        )

    def to_bytes(self) -> bytes:
        """The state, packed."""
        header = {
            "version": _VERSION,
            "universe": self._universe_json,
            "session": [self.session.open.isoformat(), self.session.close.isoformat()],
            "first_seen": None if self.first_seen is None else self.first_seen.isoformat(),
            "volatility": self._volatility.to_json(),
            "flow_minutes": self._flow_minutes,
        }
        return pack_arrays(header, {**self._bars.arrays(), **self._arrays()})

    @classmethod
    def from_bytes(cls, data: bytes) -> "FeatureState":
        """The state in `data`. Raises BadInput if it does not parse or is of another version."""
        header, arrays = unpack_arrays(data)
        if header.get("version") != _VERSION:
            raise BadInput(f"a feature state of version {header.get('version')}; this code reads {_VERSION}")
        universe = Universe.model_validate_json(header["universe"])
        opening, closing = (datetime.fromisoformat(text).astimezone(IST) for text in header["session"])
        state = cls(universe, Session(universe.day, opening, closing))
        state._restore(header, arrays)
        return state

    def _restore(self, header: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> None:
        seen = header["first_seen"]
        self.first_seen = None if seen is None else datetime.fromisoformat(seen).astimezone(IST)
        self._volatility.restore(header["volatility"])
        self._flow_minutes = header["flow_minutes"]
        self._bars.restore(arrays)
        for name, array in self._arrays().items():
            array[...] = arrays[name]

    def _arrays(self) -> dict[str, NDArray[Any]]:
        """Every array but the bars': the arrays themselves, so that restoring writes into them."""
        indicators = self._indicators
        return {
            **{f"long_{long.minutes}": long.bars for long in (self._five, self._fifteen, self._day)},
            **{f"indicators_{name}": array for name, array in indicators.arrays().items()},
            "quotes": self._quotes,
            "flow": self._flow,
            "oi": self._oi,
        }

    def _columns(self, bars: NDArray[np.void]) -> BarColumns:
        watched = bars[self._watched]
        has = watched["ticks"] > 0
        names = ("open", "high", "low", "close", "volume")
        return BarColumns(*(np.where(has, watched[name], np.nan) for name in names))

    def _roll(self, bars: NDArray[np.void]) -> None:
        self._flow[:, :, :-1] = self._flow[:, :, 1:]
        self._flow[0, :, -1] = bars["bought"][self._watched]
        self._flow[1, :, -1] = bars["sold"][self._watched]
        self._flow_minutes += 1
        self._oi[:, :-1] = self._oi[:, 1:]
        self._oi[:, -1] = np.where(self._quotes["exchange_time"] > 0, self._quotes["oi"], -1)

    def _long(self, long: LongBars, bars: NDArray[np.void], epoch: int) -> tuple[Candle, ...]:
        """The bars of a longer period, if they end with this minute."""
        long.add(bars)
        start = datetime.fromtimestamp(epoch - epoch % (long.minutes * MINUTE), IST)
        ended = long.take_ended(epoch, np.full(len(bars), self._closing))
        return candles_of(self.universe.instruments, ended, self._watched.tolist(), start)

    def _session_so_far(self, bars: NDArray[np.void]) -> tuple[Candle, ...]:
        self._day.add(bars)
        return candles_of(
            self.universe.instruments, self._day.bars, self._watched.tolist(), self.session.open
        )

    def _features(self, as_of: datetime) -> dict[str, tuple[float | None, ...]]:
        """Vectors of the indices and equities that this shard has seen today."""
        quotes = self._quotes[self._watched]
        at = {name: number for number, name in enumerate(FEATURE_NAMES)}
        table = np.full((len(quotes), len(FEATURE_NAMES)), np.nan)
        table[:, : len(CANDLE_FEATURES)] = self._indicators.values()
        table[:, at["ob_imbalance"]] = book_imbalance(quotes)
        table[:, at["bid_ask_spread_pct"]] = spread_pct(quotes)
        if self._flow_minutes >= FLOW_MINUTES:
            table[:, at["trade_flow_5m"]] = trade_flow(self._flow[0], self._flow[1])
        for name, values in self._volatility.view(self._quotes, as_of).items():
            row = self._symbols.index(name)
            for feature, value in values.items():
                table[row, at[feature]] = value
        seen = (quotes["exchange_time"] > 0).tolist()
        rows = zip(self._symbols, table.tolist(), seen, strict=True)
        return {name: _nulls(values) for name, values, is_seen in rows if is_seen}


def _nulls(values: list[float]) -> tuple[float | None, ...]:
    return tuple(None if math.isnan(value) else value for value in values)
