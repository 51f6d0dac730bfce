"""The vectors of a closed minute: every feature of every index and share, and why it has none."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patang.features.microstructure import Microstructure
from patang.features.reasons import by_name, worth_saying
from patang.features.timeframe import Timeframe
from patang.features.undefined import REASONS, Undefined
from patang.features.vector import (
    BOOK_FEATURES,
    CANDLE_FEATURES,
    FEATURE_NAMES,
    OPTION_FEATURES,
    VOLATILITY_FEATURES,
)

__all__ = ["Vectors", "candle_vectors", "minute_vectors"]

type Vector = tuple[float | None, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Vectors:
    """Spots x features: values, NaN where not defined, and why not (places in REASONS)."""

    names: tuple[str, ...]
    minutes: int
    values: NDArray[np.float64]
    undefined: NDArray[np.uint8]

    def by_symbol(self, symbols: Sequence[str], of: NDArray[np.bool_]) -> dict[str, Vector]:
        """The vectors of those spots; NaN becomes None."""
        found = self.values.astype(object)
        found[np.isnan(self.values)] = None
        rows = zip(symbols, found.tolist(), of.tolist(), strict=True)
        return {symbol: tuple(values) for symbol, values, wanted in rows if wanted}

    def tell(self, said: dict[str, dict[str, str]], symbols: Sequence[str], of: NDArray[np.bool_]) -> None:
        """Add to `said` why those spots' values are missing."""
        reasons = worth_saying(self.names, self.undefined)
        for row in np.flatnonzero(reasons.any(axis=1) & of).tolist():
            said.setdefault(symbols[row], {}).update(by_name(self.names, reasons[row], self.minutes))


def candle_vectors(frame: Timeframe) -> Vectors:
    """The candle features of a timeframe."""
    return Vectors(CANDLE_FEATURES, frame.minutes, frame.values(), frame.undefined())


def minute_vectors(
    candles: Vectors,
    books: Microstructure,
    volatility: Mapping[str, Mapping[str, float]],
    symbols: Sequence[str],
) -> Vectors:
    """All features as of a closed minute, from the one-minute `candles`; `volatility` is by symbol, for those
    with a chain.
    """
    shape = (len(symbols), len(FEATURE_NAMES))
    values, undefined = np.full(shape, np.nan), np.zeros(shape, np.uint8)
    of_candles = slice(0, len(CANDLE_FEATURES))
    values[:, of_candles], undefined[:, of_candles] = candles.values, candles.undefined
    of_books = [FEATURE_NAMES.index(name) for name in BOOK_FEATURES]
    values[:, of_books], undefined[:, of_books] = books.values, books.undefined
    undefined[:, [FEATURE_NAMES.index(name) for name in OPTION_FEATURES]] = _place(Undefined.NOT_AN_OPTION)
    undefined[:, [FEATURE_NAMES.index(name) for name in VOLATILITY_FEATURES]] = _place(Undefined.NO_CHAIN)
    for symbol, view in volatility.items():
        _enter_volatility(values[symbols.index(symbol)], undefined[symbols.index(symbol)], view)
    return Vectors(FEATURE_NAMES, candles.minutes, values, undefined)


def _enter_volatility(
    values: NDArray[np.float64], undefined: NDArray[np.uint8], view: Mapping[str, float]
) -> None:
    for name, value in view.items():
        at = FEATURE_NAMES.index(name)
        values[at] = value
        if not math.isnan(value):
            undefined[at] = 0
        elif name == "iv_rank" and not math.isnan(view["iv_from_options"]):
            undefined[at] = _place(Undefined.NO_HISTORY)


def _place(reason: Undefined) -> int:
    return REASONS.index(reason)
