"""The indicators of one-minute bars, a step a bar, for all symbols at once.

There is one way to compute them: `Indicators.step`. History is stepped through in the same way, so that
what a model has learned from and what it sees live are the same numbers. Definitions are TA-Lib's (Wilder's
means and exponential means, seeded with a plain mean) except where a docstring says otherwise. A symbol
without a bar in a minute keeps its values; a value not warmed up yet is NaN.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patang.features.undefined import REASONS, Undefined
from patang.features.vector import CANDLE_FEATURES

__all__ = ["MINUTES_A_YEAR", "WARM_UP_BARS", "WINDOW", "BarColumns", "Indicators", "candle_features"]

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]

WINDOW = 100

# After so many bars the seeds of the slowest indicator (ADX) have faded to a few millionths.
WARM_UP_BARS = 200

_WILDER = 14
_BAND = 20
_FAST, _SLOW, _SIGNAL = 12, 26, 9
MINUTES_A_YEAR = 252 * 375
_COLUMNS = ("open", "high", "low", "close", "volume")


@dataclass(frozen=True, slots=True)
class BarColumns:
    """Bars of one minute (a value a symbol) or of a history (symbols x time); NaN in `close`: no bar."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


class Indicators:
    """Rolling state of `symbols` symbols: the last 100 bars and the running means.

    `window[column]` is symbols x 100, newest last, NaN where there was no bar yet.
    """

    def __init__(self, symbols: int, bars_a_year: float = MINUTES_A_YEAR) -> None:
        self.bars_a_year = bars_a_year
        self.count = np.zeros(symbols, np.int64)
        self.window = {name: np.full((symbols, WINDOW), np.nan) for name in _COLUMNS}
        self.means = {
            name: np.zeros(symbols)
            for name in ("fast", "slow", "signal", "gain", "loss", "range", "up", "down", "dx")
        }

    def step(self, bars: BarColumns) -> None:
        """Take one bar of each symbol that has one."""
        has = np.isfinite(bars.close)
        if not has.any():
            return
        close, previous = bars.close[has], {name: self.window[name][has, -1] for name in _COLUMNS}
        self._remember(has, bars)
        self.count[has] += 1
        n = self.count[has]
        fast = self._mean("fast", has, close, n, _FAST, 2 / (_FAST + 1))
        slow = self._mean("slow", has, close, n, _SLOW, 2 / (_SLOW + 1))
        self._mean("signal", has, fast - slow, n - (_SLOW - 1), _SIGNAL, 2 / (_SIGNAL + 1))
        self._step_wilder(has, bars, previous, n - 1)

    def put(self, row: int, other: "Indicators") -> None:
        """Let `row` go on from the only row of `other`."""
        self.count[row] = other.count[0]
        for mine, theirs in ((self.window, other.window), (self.means, other.means)):
            for name, array in mine.items():
                array[row] = theirs[name][0]

    def values(self) -> Floats:
        """Symbols x CANDLE_FEATURES as of the last bar of each."""
        columns = self._trend() | self._bands()
        return np.stack([columns[name] for name in CANDLE_FEATURES], axis=1)

    def undefined(self) -> NDArray[np.uint8]:
        """Why values are NaN: symbols x CANDLE_FEATURES, places in REASONS."""
        found = np.zeros((len(self.count), len(CANDLE_FEATURES)), np.uint8)
        found[np.isnan(self.values())] = REASONS.index(Undefined.WARMING_UP)
        return found

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The whole state by name: the arrays themselves, so that restoring writes into them."""
        return {"count": self.count, **self.window, **self.means}

    def last(self, column: str) -> Floats:
        """The last 100 bars' `column` (open, high, low, close, volume), symbols x 100, oldest first; NaN
        where there was no bar yet."""
        return self.window[column].copy()

    def _remember(self, has: Flags, bars: BarColumns) -> None:
        for name, window in self.window.items():
            moved = window[has]
            moved[:, :-1] = moved[:, 1:]
            moved[:, -1] = getattr(bars, name)[has]
            window[has] = moved

    def _step_wilder(
        self, has: Flags, bars: BarColumns, previous: dict[str, Floats], n: NDArray[np.int64]
    ) -> None:
        """Everything that needs the bar before; `n` counts the bars that had one."""
        second = n > 0
        change = np.where(second, bars.close[has] - previous["close"], 0.0)
        rise = np.where(second, bars.high[has] - previous["high"], 0.0)
        fall = np.where(second, previous["low"] - bars.low[has], 0.0)
        true_range = np.where(
            second,
            np.maximum(bars.high[has], previous["close"]) - np.minimum(bars.low[has], previous["close"]),
            0.0,
        )
        a = 1 / _WILDER
        self._mean("gain", has, np.maximum(change, 0), n, _WILDER, a)
        self._mean("loss", has, np.maximum(-change, 0), n, _WILDER, a)
        self._mean("range", has, true_range, n, _WILDER, a)
        up = self._mean("up", has, np.where((rise > fall) & (rise > 0), rise, 0.0), n, _WILDER, a)
        down = self._mean("down", has, np.where((fall > rise) & (fall > 0), fall, 0.0), n, _WILDER, a)
        both = up + down
        dx = 100 * np.abs(up - down) / np.where(both > 0, both, 1.0)
        self._mean("dx", has, dx, n - (_WILDER - 1), _WILDER, a)

    def _mean(
        self, name: str, has: Flags, x: Floats, n: NDArray[np.int64], length: int, weight: float
    ) -> Floats:
        """Plain mean of the first `length` inputs, `weight` of each later one; `n` counts the inputs."""
        was = self.means[name][has]
        seeding = was + x / length
        now = np.where(n < 1, 0.0, np.where(n <= length, seeding, was + weight * (x - was)))
        self.means[name][has] = now
        return now

    def _trend(self) -> dict[str, Floats]:
        """rsi_14 of a price that did not move at all is 50; adx_14 without any direction is 0."""
        mean, n = self.means, self.count
        moved = mean["gain"] + mean["loss"]
        rsi = np.where(moved > 0, 100 * mean["gain"] / np.where(moved > 0, moved, 1.0), 50.0)
        return {
            "ema_12": _from(n, _FAST, mean["fast"]),
            "ema_26": _from(n, _SLOW, mean["slow"]),
            "macd": _from(n, _SLOW, mean["fast"] - mean["slow"]),
            "macd_signal": _from(n, _SLOW + _SIGNAL - 1, mean["signal"]),
            "rsi_14": _from(n, _WILDER + 1, rsi),
            "adx_14": _from(n, 2 * _WILDER, mean["dx"]),
            "atr_14": _from(n, _WILDER + 1, mean["range"]),
        }

    def _bands(self) -> dict[str, Floats]:
        """Population deviations of twenty closes in rupees; bb_position and z_score_20 of a price that did
        not move are NaN. roc_20 is in percent, historical_vol_20 a fraction a year from log returns.
        """
        closes = self.window["close"][:, -_BAND - 1 :]
        band, last = closes[:, 1:], closes[:, -1]
        with np.errstate(invalid="ignore", divide="ignore"):
            middle = band.mean(axis=1)
            deviation = np.sqrt(((band - middle[:, None]) ** 2).mean(axis=1))
            score = np.where(deviation > 1e-9 * middle, (last - middle) / deviation, np.nan)
            returns = np.diff(np.log(closes), axis=1)
            spread = returns - returns.mean(axis=1)[:, None]
            volatility = np.sqrt((spread**2).sum(axis=1) / (_BAND - 1) * self.bars_a_year)
            change = 100 * (last / closes[:, 0] - 1)
        return {
            "bb_position": score / 4 + 0.5,
            "z_score_20": score,
            "roc_20": change,
            "std_dev_20": deviation,
            "historical_vol_20": volatility,
        }


def candle_features(history: BarColumns, bars_a_year: float = MINUTES_A_YEAR) -> Floats:
    """The candle features of a whole history, symbols x time x CANDLE_FEATURES.

    `history` holds symbols x time; row t of the result knows nothing behind column t.
    """
    symbols, minutes = history.close.shape
    state = Indicators(symbols, bars_a_year)
    found = np.empty((symbols, minutes, len(CANDLE_FEATURES)))
    for t in range(minutes):
        state.step(BarColumns(*(getattr(history, name)[:, t] for name in _COLUMNS)))
        found[:, t] = state.values()
    return found


def _from(count: NDArray[np.int64], bars: int, values: Floats) -> Floats:
    return np.where(count >= bars, values, np.nan)
