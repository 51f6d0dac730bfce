"""Means and deviations of the last twenty closes and log returns, carried on bar by bar.

Twenty bars are sixteen and four, sixteen are two times eight, and so on: what is known of 2, 4 and 8 bars is
kept for as long as it takes until it is merged with what came as many bars later. Nothing is ever taken out
of a running sum, so no error can gather, and a price that stands still has deviations of exactly zero.
"""

import numpy as np
from numpy.typing import NDArray

from patang.features.indicator_formulas import Moments, merge, merge_fours, merge_ones

__all__ = ["BAND", "RollingMoments", "moments_of"]

type Floats = NDArray[np.float64]

BAND = 20

# Closes that all the moments kept follow from: sixteen bars of fours, each of the twenty before.
_REMADE_FROM = 40


class RollingMoments:
    """Of `symbols` symbols; `twenties` are those of the last twenty bars, NaN where there were fewer."""

    def __init__(self, symbols: int) -> None:
        # Rings: what is of step s lies at s modulo the length, as far back as it is merged with.
        self._ones = np.full((2, 2, symbols), np.nan)
        self._rings = tuple(np.full((back + 1, 2, 2, symbols), np.nan) for back in (2, 16, 8))
        self._twos, self._fours, self._eights = ([(r[0], r[1]) for r in ring] for ring in self._rings)
        self._twenties = np.full((2, 2, symbols), np.nan)
        self.twenties: Moments = (self._twenties[0], self._twenties[1])
        # Room to work in, for each step anew.
        sixteen = np.empty((2, 2, symbols))
        self._sixteen: Moments = (sixteen[0], sixteen[1])

    def add(self, close: Floats, before: Floats, step: int) -> None:
        """Take the close of every symbol, the close before it, and the number of the step."""
        one, fours = self._ones[step % 2], self._fours
        two, four, eight = self._twos[step % 3], fours[step % 17], self._eights[step % 9]
        one[0] = close
        _returns(close, before, one[1])
        merge_ones(one, self._ones[(step - 1) % 2], two)
        merge(two, self._twos[(step - 2) % 3], 2, four)
        merge(four, fours[(step - 4) % 17], 4, eight)
        merge(eight, self._eights[(step - 8) % 9], 8, self._sixteen)
        merge_fours(self._sixteen, fours[(step - 16) % 17], self.twenties)

    def remake(self, closes: Floats, step: int) -> None:
        """Become what the last closes (time x symbols, oldest first) make, `step` being that of the last."""
        closes = np.ascontiguousarray(closes[-_REMADE_FROM:])
        with np.errstate(invalid="ignore", divide="ignore"):
            ones, *kept, twenties = moments_of(closes)
        self._twenties[...] = twenties[:, :, -1]
        for ring, values in ((self._ones, ones), *zip(self._rings, kept, strict=True)):
            for back in range(len(ring)):
                ring[(step - back) % len(ring)] = values[..., -1 - back, :]

    def taken(self, symbols: NDArray[np.intp]) -> tuple[Floats, ...]:
        """What some symbols have, to be given back after a step that was none of theirs."""
        rings = (np.roll(ring[..., symbols], 1, axis=0) for ring in (self._ones, *self._rings))
        return self._twenties[..., symbols], *rings

    def give_back(self, symbols: NDArray[np.intp], taken: tuple[Floats, ...]) -> None:
        """Let them have it, a place further in the rings."""
        for array, before in zip((self._twenties, self._ones, *self._rings), taken, strict=True):
            array[..., symbols] = before


def moments_of(close: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
    """Of closes (time x symbols): closes and log returns, and the moments of each 2, 4, 8 and 20 bars.

    Moments are sums and squares x series x time x symbols, and begin with bar 1, 3, 7 and 19.
    """
    times, symbols = close.shape
    ones = np.empty((2, times, symbols))
    ones[0], ones[1, 0] = close, np.nan
    _returns(ones[0, 1:], ones[0, :-1], ones[1, 1:])
    twos, fours, eights, sixteens, twenties = (
        np.empty((2, 2, times - first, symbols)) for first in (1, 3, 7, 15, 19)
    )
    merge_ones(ones[:, 1:], ones[:, :-1], _bars(twos))
    merge(_bars(twos, 2), _bars(twos, 0, -2), 2, _bars(fours))
    merge(_bars(fours, 4), _bars(fours, 0, -4), 4, _bars(eights))
    merge(_bars(eights, 8), _bars(eights, 0, -8), 8, _bars(sixteens))
    merge_fours(_bars(sixteens, 4), _bars(fours, 0, -16), _bars(twenties))
    return ones, twos, fours, eights, twenties


def _bars(moments: Floats, first: int = 0, end: int | None = None) -> Moments:
    return moments[0, :, first:end], moments[1, :, first:end]


def _returns(close: Floats, before: Floats, found: Floats) -> None:
    np.divide(close, before, found)
    np.log(found, found)
