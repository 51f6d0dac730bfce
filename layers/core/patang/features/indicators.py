"""The indicators of bars of one length, a step a bar, for all symbols at once.

What `Indicators` makes bar by bar and `candle_features` from a history are the same numbers to the last bit,
so that what a model has learned from is what it sees live. A symbol without a bar keeps its state, and a bar
with a price that is not a finite number above zero is none.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from patang.features.indicator_formulas import (
    BARS_NEEDED,
    SEEDED,
    SLOW_SUMS,
    SUMS,
    band_features,
    keep_adx,
    movements,
    slow_inputs,
    trend_features,
    usable,
)
from patang.features.rolling_moments import BAND, RollingMoments
from patang.features.undefined import REASONS, Undefined
from patang.features.vector import CANDLE_FEATURES

__all__ = ["MINUTES_A_YEAR", "WARM_UP_BARS", "WINDOW", "BarColumns", "Indicators"]

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]

WINDOW = 100

# After so many bars the seeds of the slowest indicator (ADX) have faded to a few millionths.
WARM_UP_BARS = 200

MINUTES_A_YEAR = 252 * 375

_COLUMNS = ("open", "high", "low", "close", "volume")
_HIGH, _LOW, _CLOSE = 1, 2, 3


@dataclass(frozen=True, slots=True)
class BarColumns:
    """Bars of one time (a value a symbol) or of a history (symbols x time); NaN in `close`: no bar."""

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats


class Indicators:
    """Rolling state of `symbols` symbols; `bars_a_year` is what historical_vol_20 is annualised by.

    The state is what `arrays` names. The last 100 bars are a ring: a step lies at its number modulo 100.
    """

    def __init__(self, symbols: int, bars_a_year: float = MINUTES_A_YEAR) -> None:
        self.bars_a_year = bars_a_year
        self.count = np.zeros(symbols, np.int64)
        self._steps = np.zeros(1, np.int64)
        self._sums, self._slow = np.zeros((8, symbols)), np.zeros((2, symbols))
        self._bars = np.full((WINDOW, len(_COLUMNS), symbols), np.nan)
        self._moments, self._moments_follow = RollingMoments(symbols), True
        self._decays, self._slow_decays = SUMS.decays(symbols), SLOW_SUMS.decays(symbols)
        # Room to work in, for each step anew.
        self._inputs, self._slow_inputs = np.empty((8, symbols)), np.empty((2, symbols))

    def step(self, bars: BarColumns) -> None:
        """Take one bar of each symbol that has one."""
        has = usable(bars.high, bars.low, bars.close)
        number = np.count_nonzero(has)
        if number == len(has):
            self._advance(bars, not np.count_nonzero(self.count < SEEDED))
        elif number:
            self._advance_some(has, bars)

    def values(self) -> Floats:
        """Symbols x CANDLE_FEATURES as of the last bar of each."""
        self._make_moments_follow()
        table = np.empty((len(CANDLE_FEATURES), len(self.count)))
        last = int(self._steps[0]) - 1
        with np.errstate(invalid="ignore", divide="ignore"):
            trend_features(self._sums, self._slow, table)
            close, before = self._bars[last % WINDOW, _CLOSE], self._bars[(last - BAND) % WINDOW, _CLOSE]
            band_features(close, before, self._moments.twenties, self.bars_a_year, table)
        if np.count_nonzero(self.count < SEEDED):
            table[self.count < BARS_NEEDED[:, None]] = np.nan
        return table.T

    def undefined(self) -> NDArray[np.uint8]:
        """Why values are NaN: symbols x CANDLE_FEATURES, places in REASONS, 0 where there is a value."""
        found = np.where(np.isnan(self.values()), _NO_MOVEMENT, 0).astype(np.uint8)
        found[self.count[:, None] < BARS_NEEDED] = _WARMING_UP
        return found

    def put(self, row: int, other: "Indicators", of: int = 0) -> None:
        """Let `row` go on where row `of` of another stands."""
        for mine, theirs in zip(self._plain(), other._plain(), strict=True):
            mine[..., row] = theirs[..., of]
        self._bars[..., row] = np.roll(other._bars[..., of], int(self._steps[0] - other._steps[0]), axis=0)
        self._moments_follow = False

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The whole state by name: the arrays themselves, so that restoring writes into them.

        Whatever is done to them before the next call of another method is taken over by it.
        """
        self._moments_follow = False
        return {
            "steps": self._steps,
            "count": self.count,
            "sums": self._sums,
            "slow": self._slow,
            "bars": self._bars,
        }

    def last(self, column: str) -> Floats:
        """One of open, high, low, close, volume of the last 100 bars: symbols x 100, oldest first; NaN where
        there was no bar yet."""
        return self._in_order(_COLUMNS.index(column)).T

    def _in_order(self, column: int) -> Floats:
        return np.roll(self._bars[:, column], -int(self._steps[0]), axis=0)

    def _plain(self) -> tuple[NDArray[Any], ...]:
        return self.count, self._sums, self._slow

    def _make_moments_follow(self) -> None:
        if not self._moments_follow:
            self._moments.remake(self._in_order(_CLOSE), int(self._steps[0]) - 1)
            self._moments_follow = True

    def _advance_some(self, has: Flags, bars: BarColumns) -> None:
        """Step all, then give those without a bar back what they had."""
        self._make_moments_follow()
        absent = np.flatnonzero(~has)
        plain = [array[..., absent] for array in self._plain()]
        ring, moments = np.roll(self._bars[..., absent], 1, axis=0), self._moments.taken(absent)
        self._advance(bars, not np.count_nonzero(has & (self.count < SEEDED)))
        for array, before in zip(self._plain(), plain, strict=True):
            array[..., absent] = before
        self._bars[..., absent] = ring
        self._moments.give_back(absent, moments)

    def _advance(self, bars: BarColumns, seeded: bool) -> None:
        """Step all; `seeded`: that the sums of all who have a bar are past their seeds."""
        self._make_moments_follow()
        step = int(self._steps[0])
        newest, before = self._bars[step % WINDOW], self._bars[(step - 1) % WINDOW]
        newest[0], newest[_HIGH], newest[_LOW] = bars.open, bars.high, bars.low
        newest[_CLOSE], newest[4] = bars.close, bars.volume
        self._steps[0] = step + 1
        self.count += 1
        with np.errstate(invalid="ignore", divide="ignore"):
            self._carry_on(newest, before, seeded)
            self._moments.add(newest[_CLOSE], before[_CLOSE], step)

    def _carry_on(self, newest: Floats, before: Floats, seeded: bool) -> None:
        sums, slow, inputs, slow_in = self._sums, self._slow, self._inputs, self._slow_inputs
        movements(newest[_HIGH : _CLOSE + 1], before[_HIGH : _CLOSE + 1], inputs)
        if seeded:
            np.multiply(sums, self._decays, sums)
            np.add(sums, inputs, sums)
        else:
            SUMS.seed(sums, inputs, self.count)
        still = slow_inputs(sums, slow_in)
        if np.count_nonzero(still):
            keep_adx(slow_in, slow, still, self.count)
        if seeded:
            np.multiply(slow, self._slow_decays, slow)
            np.add(slow, slow_in, slow)
        else:
            SLOW_SUMS.seed(slow, slow_in, self.count)


_WARMING_UP = REASONS.index(Undefined.WARMING_UP)
_NO_MOVEMENT = REASONS.index(Undefined.NO_MOVEMENT)
