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
    merge,
    merge_fours,
    merge_ones,
    movements,
    slow_inputs,
    trend_features,
    usable,
)
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
_BAND = 20


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

    The state is what `arrays` names. Rings hold a row a step, at the step's number modulo their length; the
    moments (sums and squared deviations of closes and log returns) of 2, 4 and 8 bars are kept for as many
    bars as it takes until they are merged with newer ones.
    """

    def __init__(self, symbols: int, bars_a_year: float = MINUTES_A_YEAR) -> None:
        self.bars_a_year = bars_a_year
        self.count = np.zeros(symbols, np.int64)
        self._steps = np.zeros(1, np.int64)
        self._sums = np.zeros((8, symbols))
        self._slow = np.zeros((2, symbols))
        self._ones, self._twenties = np.full((2, symbols), np.nan), np.full((4, symbols), np.nan)
        self._bars = np.full((WINDOW, len(_COLUMNS), symbols), np.nan)
        self._twos, self._fours, self._eights = (np.full((n, 4, symbols), np.nan) for n in (2, 16, 8))
        self._decays, self._slow_decays = SUMS.decays(symbols), SLOW_SUMS.decays(symbols)
        # Room to work in, for each step anew.
        self._inputs, self._slow_inputs = np.empty((8, symbols)), np.empty((2, symbols))
        self._one, self._merged = np.empty((2, symbols)), np.empty((4, 4, symbols))

    def step(self, bars: BarColumns) -> None:
        """Take one bar of each symbol that has one."""
        has = usable(bars.high, bars.low, bars.close)
        if has.all():
            self._advance(bars, int(self.count.min(initial=SEEDED)) >= SEEDED)
        elif has.any():
            self._advance_some(has, bars)

    def values(self) -> Floats:
        """Symbols x CANDLE_FEATURES as of the last bar of each."""
        table = np.empty((len(CANDLE_FEATURES), len(self.count)))
        last = int(self._steps[0]) - 1
        with np.errstate(invalid="ignore", divide="ignore"):
            trend_features(self._sums, self._slow, table)
            close, before = self._bars[last % WINDOW, _CLOSE], self._bars[(last - _BAND) % WINDOW, _CLOSE]
            band_features(close, before, self._twenties, self.bars_a_year, table)
        if self.count.min(initial=SEEDED) < SEEDED:
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
        for mine, theirs in zip(self._rings(), other._rings(), strict=True):
            mine[..., row] = np.roll(theirs[..., of], int(self._steps[0] - other._steps[0]), axis=0)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The whole state by name: the arrays themselves, so that restoring writes into them."""
        return {
            "steps": self._steps,
            "count": self.count,
            "sums": self._sums,
            "slow": self._slow,
            "ones": self._ones,
            "twos": self._twos,
            "fours": self._fours,
            "eights": self._eights,
            "twenties": self._twenties,
            "bars": self._bars,
        }

    def last(self, column: str) -> Floats:
        """One of open, high, low, close, volume of the last 100 bars: symbols x 100, oldest first; NaN where
        there was no bar yet."""
        ring = self._bars[:, _COLUMNS.index(column)]
        return np.roll(ring, -int(self._steps[0]), axis=0).T

    def _plain(self) -> tuple[NDArray[Any], ...]:
        return self.count, self._sums, self._slow, self._ones, self._twenties

    def _rings(self) -> tuple[Floats, ...]:
        return self._bars, self._twos, self._fours, self._eights

    def _advance_some(self, has: Flags, bars: BarColumns) -> None:
        """Step all, then give those without a bar back what they had, a row further in the rings."""
        absent = np.flatnonzero(~has)
        plain = [array[..., absent] for array in self._plain()]
        rings = [np.roll(ring[..., absent], 1, axis=0) for ring in self._rings()]
        self._advance(bars, int(self.count.min(initial=SEEDED, where=has)) >= SEEDED)
        for array, before in zip((*self._plain(), *self._rings()), (*plain, *rings), strict=True):
            array[..., absent] = before

    def _advance(self, bars: BarColumns, seeded: bool) -> None:
        at = int(self._steps[0])
        newest, before = self._bars[at % WINDOW], self._bars[(at - 1) % WINDOW]
        newest[0], newest[_HIGH], newest[_LOW] = bars.open, bars.high, bars.low
        newest[_CLOSE], newest[4] = bars.close, bars.volume
        self._steps += 1
        self.count += 1
        with np.errstate(invalid="ignore", divide="ignore"):
            self._follow(newest, before, seeded)
            self._merge(newest[_CLOSE], before[_CLOSE], at)

    def _follow(self, newest: Floats, before: Floats, seeded: bool) -> None:
        """Carry the means on; `seeded`: that every symbol's are past their seeds."""
        sums, slow, inputs = self._sums, self._slow, self._slow_inputs
        movements(newest[_HIGH : _CLOSE + 1], before[_HIGH : _CLOSE + 1], self._inputs)
        if seeded:
            np.multiply(sums, self._decays, out=sums)
            np.add(sums, self._inputs, out=sums)
        else:
            SUMS.seed(sums, self._inputs, self.count)
        still = slow_inputs(sums, inputs)
        if still.any():
            keep_adx(inputs, slow, still, self.count)
        if seeded:
            np.multiply(slow, self._slow_decays, out=slow)
            np.add(slow, inputs, out=slow)
        else:
            SLOW_SUMS.seed(slow, inputs, self.count)

    def _merge(self, close: Floats, before: Floats, at: int) -> None:
        """Carry on the moments of the last twenty closes and log returns."""
        one, (two, four, eight, sixteen) = self._one, self._merged
        one[0] = close
        np.divide(close, before, out=one[1])
        np.log(one[1], out=one[1])
        merge_ones(one, self._ones, two)
        twos, fours, eights = self._twos[at % 2], self._fours[at % 16], self._eights[at % 8]
        merge(two, twos, 2, four)
        merge(four, self._fours[(at - 4) % 16], 4, eight)
        merge(eight, eights, 8, sixteen)
        merge_fours(sixteen, fours, self._twenties)
        self._ones[...], twos[...], fours[...], eights[...] = one, two, four, eight


_WARMING_UP = REASONS.index(Undefined.WARMING_UP)
_NO_MOVEMENT = REASONS.index(Undefined.NO_MOVEMENT)
