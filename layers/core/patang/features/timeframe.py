"""Bars of one length of the watched symbols: the one in the making, the last hundred, their indicators."""

from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patang.features.indicators import MINUTES_A_YEAR, WINDOW, BarColumns, Indicators
from patang.market.bars import MINUTE, LongBars
from patang.market.candles import Candle
from patang.market.sessions import IST

__all__ = ["TIMEFRAMES", "Timeframe"]

# Minutes of the bars whose indicators are kept live.
TIMEFRAMES = (1, 5, 15)


class Timeframe:
    """One row a symbol. A bar ends on the clock, or with its symbol's continuous trading."""

    def __init__(self, minutes: int, symbols: int) -> None:
        self.minutes = minutes
        self._making = LongBars(symbols, minutes)
        self._indicators = Indicators(symbols, bars_a_year=MINUTES_A_YEAR / minutes)
        self._starts = np.zeros((symbols, WINDOW), np.int64)

    def close(self, minute: int, bars: NDArray[np.void], closing: NDArray[np.int64]) -> NDArray[np.void]:
        """Take the bars (dtype BAR) of a closed minute, by its start; `closing` of each row in epoch seconds.

        Returns the bars of this length that ended with it; a row of 0 ticks has none.
        """
        self._making.add(bars)
        done = self._making.take_ended(minute, closing)
        made = done["ticks"] > 0
        self._indicators.step(
            BarColumns(
                *(np.where(made, done[name], np.nan) for name in ("open", "high", "low", "close", "volume"))
            )
        )
        self._starts[made, :-1] = self._starts[made, 1:]
        self._starts[made, -1] = self.start_of(minute)
        return done

    def start_of(self, minute: int) -> int:
        """The start of the bar that a minute belongs to."""
        return minute - minute % (self.minutes * MINUTE)

    def values(self) -> NDArray[np.float64]:
        """Symbols x CANDLE_FEATURES as of the last bar of each."""
        return self._indicators.values()

    def undefined(self) -> NDArray[np.uint8]:
        """Why values are NaN: symbols x CANDLE_FEATURES, places in REASONS."""
        return self._indicators.undefined()

    def candles(self, row: int, symbol: str) -> tuple[Candle, ...]:
        """The last hundred bars of a row, oldest first."""
        names = ("open", "high", "low", "close", "volume")
        columns = {name: self._indicators.last(name)[row].tolist() for name in names}
        return tuple(
            Candle(
                symbol=symbol,
                timestamp=datetime.fromtimestamp(start, IST),
                open=columns["open"][n],
                high=columns["high"][n],
                low=columns["low"][n],
                close=columns["close"][n],
                volume=int(columns["volume"][n]),
            )
            for n, start in enumerate(self._starts[row].tolist())
            if start
        )

    def inherit(self, row: int, before: "Timeframe", row_before: int) -> bool:
        """Go on where a symbol stood in an earlier state, unless it has bars already; whether it did."""
        if self._starts[row, -1] or not before._starts[row_before, -1]:
            return False
        self._indicators.put(row, before._indicators, row_before)
        self._starts[row] = before._starts[row_before]
        return True

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The whole state by name: the arrays themselves, so that restoring writes into them."""
        return {
            "making": self._making.bars,
            "starts": self._starts,
            **{f"indicators_{name}": array for name, array in self._indicators.arrays().items()},
        }
