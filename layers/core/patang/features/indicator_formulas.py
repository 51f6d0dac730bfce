"""The arithmetic of the indicators: of one bar of all symbols, or of a stretch of bars.

Arrays have what they hold on their first axis; behind it are symbols (one bar) or time x symbols (a stretch).
Every number goes through the same operations in the same order in both, so that the results are the same
bits. Definitions are TA-Lib's, with its seeds: each mean starts as the plain mean of its first inputs, and
nothing is asked of a mean before. Means are kept as sums: see SmoothSums.
"""

import numpy as np
from numpy.typing import NDArray

from patang.features.vector import CANDLE_FEATURES

__all__ = [
    "BAND_ROWS",
    "BARS_NEEDED",
    "SEEDED",
    "SLOW_SUMS",
    "SUMS",
    "SmoothSums",
    "band_features",
    "keep_adx",
    "merge",
    "merge_fours",
    "merge_ones",
    "movements",
    "slow_inputs",
    "trend_features",
    "usable",
]

type Floats = NDArray[np.float64]
type Flags = NDArray[np.bool_]

# How many bars a symbol must have had before each of CANDLE_FEATURES has a value.
BARS_NEEDED = np.array([12, 26, 34, 34, 15, 28, 20, 20, 21, 15, 20, 21])

# After so many bars every sum is past its seed.
SEEDED = int(BARS_NEEDED.max())

# Rows of the sums. MACD has a fast sum of its own, whose seed are the twelve closes up to the 26th.
_EMA_12, _EMA_26, _FAST, _GAIN, _LOSS, _RANGE, _UP, _DOWN = range(8)
_SIGNAL, _ADX = range(2)
_CLOSES = 3
_DX_SEEDED = 28  # bars

_AT = {name: row for row, name in enumerate(CANDLE_FEATURES)}
_BAND = 20
BAND_ROWS = tuple(
    _AT[name] for name in ("bb_position", "z_score_20", "roc_20", "std_dev_20", "historical_vol_20")
)


class SmoothSums:
    """Sums that fade: of each, the bars that pass before its first input, how many inputs make its seed and
    what their sum is divided by, and the factor it fades by with each later input.

    An exponential mean is such a sum times one less that factor.
    """

    def __init__(
        self, before: list[int], seeds: list[int], divisors: list[float], decays: list[float]
    ) -> None:
        self._numbers = before, seeds, divisors, decays
        self._before, self._seeds = (np.array(n)[:, None] for n in (before, seeds))
        self._divisors, self._decays = (np.array(n)[:, None] for n in (divisors, decays))

    def decays(self, symbols: int) -> Floats:
        """The factor of each sum of each symbol."""
        return np.repeat(self._decays, symbols, axis=1)

    def seed(self, sums: Floats, inputs: Floats, count: NDArray[np.int64]) -> None:
        """Carry on the sums of symbols that have had only `count` bars, this one included."""
        seen = count - self._before
        grown = sums + inputs
        early = np.where(seen < self._seeds, grown, grown / self._divisors)
        sums[...] = np.where(
            seen < 1, 0.0, np.where(seen <= self._seeds, early, sums * self._decays + inputs)
        )

    def seed_all(self, sums: Floats, inputs: Floats, count: int) -> None:
        """The same where every symbol has had `count` bars."""
        for row, (before, seeds, divisor, decay) in enumerate(zip(*self._numbers, strict=True)):
            seen, of_row = count - before, sums[row]
            if seen > seeds:
                of_row *= decay
            if seen > 0:
                of_row += inputs[row]
            if seen == seeds:
                of_row /= divisor


_FAST_WEIGHT, _SLOW_WEIGHT, _SIGNAL_WEIGHT = 2 / 13, 2 / 27, 2 / 10
_CLOSE_WEIGHTS = np.array([_FAST_WEIGHT, _SLOW_WEIGHT, _FAST_WEIGHT])
_WILDER = 14

# Closes come in weighted, movements as they are. TA-Lib seeds +DM and -DM with thirteen inputs, not fourteen.
SUMS = SmoothSums(
    before=[0, 0, 14, 1, 1, 1, 1, 1],
    seeds=[12, 26, 12, 14, 14, 14, 13, 13],
    divisors=[12 * _FAST_WEIGHT, 26 * _SLOW_WEIGHT, 12 * _FAST_WEIGHT, *[1.0] * 5],
    decays=[1 - _FAST_WEIGHT, 1 - _SLOW_WEIGHT, 1 - _FAST_WEIGHT, *[1 - 1 / _WILDER] * 5],
)
SLOW_SUMS = SmoothSums(
    before=[25, 14],
    seeds=[9, 14],
    divisors=[9 * _SIGNAL_WEIGHT, 1.0],
    decays=[1 - _SIGNAL_WEIGHT, 1 - 1 / _WILDER],
)


def usable(high: Floats, low: Floats, close: Floats) -> Flags:
    """Which bars are bars: their prices are finite and above zero."""
    least, most = np.minimum(low, close), np.maximum(low, close)
    found: Flags = (np.minimum(least, high, out=least) > 0) & (np.maximum(most, high, out=most) < np.inf)
    return found


def movements(bars: Floats, before: Floats, found: Floats) -> None:
    """The inputs of SUMS into `found`, from high, low and close of bars and of the bars before them."""
    (high, low, close), (high_before, low_before, close_before) = bars, before
    work, gain, loss, span = found[_EMA_12], found[_GAIN], found[_LOSS], found[_RANGE]
    np.subtract(close, close_before, out=work)
    np.maximum(work, 0, out=gain)
    np.subtract(gain, work, out=loss)
    np.maximum(high, close_before, out=span)
    np.minimum(low, close_before, out=work)
    np.subtract(span, work, out=span)
    np.subtract(high, high_before, out=found[_UP])
    np.subtract(low_before, low, out=found[_DOWN])
    directions = found[_UP:]
    np.maximum(directions, 0, out=directions)
    np.multiply(directions, directions > directions[::-1], out=directions)
    np.multiply(close, _CLOSE_WEIGHTS.reshape(_CLOSES, *[1] * close.ndim), out=found[:_CLOSES])


def slow_inputs(sums: Floats, found: Floats) -> Flags:
    """The inputs of SLOW_SUMS into `found`: MACD, and DX in percent. Where nothing has ever moved in
    either direction there is no DX: there the answer is true, and what is in `found` has no meaning."""
    np.subtract(sums[_FAST], sums[_EMA_26], out=found[_SIGNAL])
    up, down, dx = sums[_UP], sums[_DOWN], found[_ADX]
    both = up + down
    np.subtract(up, down, out=dx)
    np.abs(dx, out=dx)
    np.multiply(dx, 100, out=dx)
    np.divide(dx, both, out=dx)
    still: Flags = both == 0
    return still


def keep_adx(inputs: Floats, slow: Floats, still: Flags, count: NDArray[np.int64] | int) -> None:
    """Where there is no DX let it leave the sum of DX as it is, or count as none while that is seeded;
    `count`: bars so far, this one included."""
    unchanged = np.where(count > _DX_SEEDED, slow[_ADX] / _WILDER, 0.0)
    np.copyto(inputs[_ADX], unchanged, where=still)


def merge_ones(new: Floats, old: Floats, found: Floats) -> None:
    """Moments of two numbers: for each row of `new` and `old` the sum, then for each the squared deviations
    from the mean, added up."""
    rows = len(new)
    squares = found[rows:]
    np.add(new, old, out=found[:rows])
    np.subtract(new, old, out=squares)
    np.multiply(squares, squares, out=squares)
    np.multiply(squares, 0.5, out=squares)


def merge(new: Floats, old: Floats, of_each: int, found: Floats) -> None:
    """Moments of twice as many numbers, from those of two groups of `of_each` (Chan, Golub, LeVeque 1979).

    Nothing is ever subtracted from a sum of squares: no digits are lost, and equal prices give exact zeros.
    """
    rows = len(new) // 2
    squares = found[rows:]
    np.subtract(new[:rows], old[:rows], out=squares)
    np.multiply(squares, squares, out=squares)
    np.multiply(squares, 0.5 / of_each, out=squares)
    np.add(squares, new[rows:], out=squares)
    np.add(squares, old[rows:], out=squares)
    np.add(new[:rows], old[:rows], out=found[:rows])


def merge_fours(sixteen: Floats, four: Floats, found: Floats) -> None:
    """Moments of twenty numbers, from those of sixteen and of four."""
    rows = len(four) // 2
    squares = found[rows:]
    np.multiply(four[:rows], 4, out=squares)
    np.subtract(sixteen[:rows], squares, out=squares)
    np.multiply(squares, squares, out=squares)
    np.multiply(squares, 1 / 80, out=squares)
    np.add(squares, sixteen[rows:], out=squares)
    np.add(squares, four[rows:], out=squares)
    np.add(sixteen[:rows], four[:rows], out=found[:rows])


def trend_features(sums: Floats, slow: Floats, table: Floats) -> None:
    """Rows of `table` (CANDLE_FEATURES) that come from sums; NaN where nothing ever moved."""
    table[:2] = sums[:2]
    np.subtract(sums[_FAST], sums[_EMA_26], out=table[_AT["macd"]])
    rsi, adx = table[_AT["rsi_14"]], table[_AT["adx_14"]]
    np.multiply(slow[_SIGNAL], _SIGNAL_WEIGHT, out=table[_AT["macd_signal"]])
    np.multiply(slow[_ADX], 1 / _WILDER, out=adx)
    np.multiply(sums[_RANGE], 1 / _WILDER, out=table[_AT["atr_14"]])
    np.add(sums[_GAIN], sums[_LOSS], out=rsi)
    np.divide(sums[_GAIN], rsi, out=rsi)
    np.multiply(rsi, 100, out=rsi)
    np.copyto(adx, np.nan, where=sums[_UP] + sums[_DOWN] == 0)


def band_features(
    close: Floats, twenty_ago: Floats, moments: Floats, bars_a_year: float, table: Floats
) -> None:
    """Rows of `table` (CANDLE_FEATURES) that come from the last twenty bars. `moments` are those of closes
    and of log returns."""
    position, score = table[_AT["bb_position"]], table[_AT["z_score_20"]]
    change, deviation = table[_AT["roc_20"]], table[_AT["std_dev_20"]]
    volatility = table[_AT["historical_vol_20"]]
    np.multiply(moments[2], 1 / _BAND, out=deviation)
    np.sqrt(deviation, out=deviation)
    np.multiply(moments[3], bars_a_year / (_BAND - 1), out=volatility)
    np.sqrt(volatility, out=volatility)
    np.multiply(moments[0], 1 / _BAND, out=position)
    np.subtract(close, position, out=score)
    np.divide(score, deviation, out=score)
    np.copyto(score, np.nan, where=deviation == 0)
    np.multiply(score, 0.25, out=position)
    np.add(position, 0.5, out=position)
    np.divide(close, twenty_ago, out=change)
    np.subtract(change, 1, out=change)
    np.multiply(change, 100, out=change)
