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
    "Moments",
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

# Of several numbers: their sum, and the squares of their deviations from their mean added up; a row a series.
type Moments = tuple[Floats, Floats]

# How many bars a symbol must have had before each of CANDLE_FEATURES has a value.
BARS_NEEDED = np.array([12, 26, 34, 34, 15, 28, 20, 20, 21, 15, 20, 21])

# After so many bars every sum is past its seed.
SEEDED = int(BARS_NEEDED.max())

# Rows of the sums. MACD has a fast sum of its own, whose seed are the twelve closes up to the 26th.
_EMA_12, _EMA_26, _FAST, _GAIN, _LOSS, _RANGE, _UP, _DOWN = range(8)
_SIGNAL, _ADX = range(2)
_CLOSES = 3
_DX_SEEDED = 28  # bars

# Numbers as arrays, because numpy converts one of Python's anew at every call.
_ZERO, _ONE, _HALF, _QUARTER, _FOUR, _HUNDRED, _NAN = (
    np.array(number) for number in (0.0, 1.0, 0.5, 0.25, 4.0, 100.0, np.nan)
)

_AT = {name: row for row, name in enumerate(CANDLE_FEATURES)}
BAND_ROWS = tuple(
    _AT[name] for name in ("bb_position", "z_score_20", "roc_20", "std_dev_20", "historical_vol_20")
)
_BAND = 20
_TWENTIETH = np.array(1 / _BAND)
# What the squared difference of the sums of two groups of so many counts for; of sixteen and of four numbers.
_SHARES = {of_each: np.array(0.5 / of_each) for of_each in (2, 4, 8)}
_SHARE_OF_FOURS = np.array(1 / 80)


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
_CLOSE_WEIGHTS = {
    axes: np.array([_FAST_WEIGHT, _SLOW_WEIGHT, _FAST_WEIGHT]).reshape(-1, *[1] * axes) for axes in (1, 2)
}
_WILDER = 14
_WILDER_WEIGHT, _SIGNAL_SHARE = np.array(1 / _WILDER), np.array(_SIGNAL_WEIGHT)

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
    np.subtract(close, close_before, work)
    np.maximum(work, _ZERO, out=gain)
    np.subtract(gain, work, loss)
    np.maximum(high, close_before, out=span)
    np.minimum(low, close_before, out=work)
    np.subtract(span, work, span)
    np.subtract(high, high_before, found[_UP])
    np.subtract(low_before, low, found[_DOWN])
    directions = found[_UP:]
    np.maximum(directions, _ZERO, out=directions)
    np.multiply(directions, directions > directions[::-1], directions)
    np.multiply(close, _CLOSE_WEIGHTS[close.ndim], found[:_CLOSES])


def slow_inputs(sums: Floats, found: Floats) -> Flags:
    """The inputs of SLOW_SUMS into `found`: MACD, and DX in percent. Where nothing has ever moved in
    either direction there is no DX: there the answer is true, and what is in `found` has no meaning."""
    np.subtract(sums[_FAST], sums[_EMA_26], found[_SIGNAL])
    up, down, dx = sums[_UP], sums[_DOWN], found[_ADX]
    both = up + down
    np.subtract(up, down, dx)
    np.abs(dx, dx)
    np.multiply(dx, _HUNDRED, dx)
    np.divide(dx, both, dx)
    still: Flags = both == 0
    return still


def keep_adx(inputs: Floats, slow: Floats, still: Flags, count: NDArray[np.int64] | int) -> None:
    """Where there is no DX let it leave the sum of DX as it is, or count as none while that is seeded;
    `count`: bars so far, this one included."""
    unchanged = np.where(count > _DX_SEEDED, slow[_ADX] / _WILDER, 0.0)
    np.copyto(inputs[_ADX], unchanged, where=still)


def merge_ones(new: Floats, old: Floats, found: Moments) -> None:
    """Moments of two numbers, of each row of `new` and `old`."""
    sums, squares = found
    np.add(new, old, sums)
    np.subtract(new, old, squares)
    np.multiply(squares, squares, squares)
    np.multiply(squares, _HALF, squares)


def merge(new: Moments, old: Moments, of_each: int, found: Moments) -> None:
    """Moments of twice as many numbers, from those of two groups of `of_each` (Chan, Golub, LeVeque 1979).

    Nothing is ever subtracted from a sum of squares: no digits are lost, and equal prices give exact zeros.
    """
    (new_sums, new_squares), (old_sums, old_squares), (sums, squares) = new, old, found
    np.subtract(new_sums, old_sums, squares)
    np.multiply(squares, squares, squares)
    np.multiply(squares, _SHARES[of_each], squares)
    np.add(squares, new_squares, squares)
    np.add(squares, old_squares, squares)
    np.add(new_sums, old_sums, sums)


def merge_fours(sixteen: Moments, four: Moments, found: Moments) -> None:
    """Moments of twenty numbers, from those of sixteen and of four."""
    (more_sums, more_squares), (four_sums, four_squares), (sums, squares) = sixteen, four, found
    np.multiply(four_sums, _FOUR, squares)
    np.subtract(more_sums, squares, squares)
    np.multiply(squares, squares, squares)
    np.multiply(squares, _SHARE_OF_FOURS, squares)
    np.add(squares, more_squares, squares)
    np.add(squares, four_squares, squares)
    np.add(more_sums, four_sums, sums)


def trend_features(sums: Floats, slow: Floats, table: Floats) -> None:
    """Rows of `table` (CANDLE_FEATURES) that come from sums; NaN where nothing ever moved."""
    table[:2] = sums[:2]
    np.subtract(sums[_FAST], sums[_EMA_26], table[_AT["macd"]])
    rsi, adx = table[_AT["rsi_14"]], table[_AT["adx_14"]]
    np.multiply(slow[_SIGNAL], _SIGNAL_SHARE, table[_AT["macd_signal"]])
    np.multiply(slow[_ADX], _WILDER_WEIGHT, adx)
    np.multiply(sums[_RANGE], _WILDER_WEIGHT, table[_AT["atr_14"]])
    np.add(sums[_GAIN], sums[_LOSS], rsi)
    np.divide(sums[_GAIN], rsi, rsi)
    np.multiply(rsi, _HUNDRED, rsi)
    np.copyto(adx, _NAN, where=sums[_UP] + sums[_DOWN] == 0)


def band_features(
    close: Floats, twenty_ago: Floats, moments: Moments, bars_a_year: float, table: Floats
) -> None:
    """Rows of `table` (CANDLE_FEATURES) that come from the last twenty bars. `moments` are those of closes
    and of log returns."""
    sums, squares = moments
    position, score = table[_AT["bb_position"]], table[_AT["z_score_20"]]
    change, deviation = table[_AT["roc_20"]], table[_AT["std_dev_20"]]
    volatility = table[_AT["historical_vol_20"]]
    np.multiply(squares[0], _TWENTIETH, deviation)
    np.sqrt(deviation, deviation)
    np.multiply(squares[1], bars_a_year / (_BAND - 1), volatility)
    np.sqrt(volatility, volatility)
    np.multiply(sums[0], _TWENTIETH, position)
    np.subtract(close, position, score)
    np.divide(score, deviation, score)
    np.copyto(score, _NAN, where=deviation == 0)
    np.multiply(score, _QUARTER, position)
    np.add(position, _HALF, position)
    np.divide(close, twenty_ago, change)
    np.subtract(change, _ONE, change)
    np.multiply(change, _HUNDRED, change)
