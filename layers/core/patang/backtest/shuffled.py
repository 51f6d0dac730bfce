"""A history in which the indicators know nothing: those of each day are another day's, at the same minutes.

Rules that are asked on it enter at the hours, as often and in the directions that they do anyway, but not
because of anything that happens: entries at random, through the very same exits, sizes and costs.
"""

import numpy as np
from numpy.typing import NDArray

from patang.backtest.history import History, SymbolHistory
from patang.errors import BadInput
from patang.features.vector import CANDLE_FEATURES

__all__ = ["shuffled_days"]

type Floats = NDArray[np.float64]
type Rows = NDArray[np.intp]

_IST_AHEAD, _DAY = 5 * 3600 + 1800, 86_400
# Those that are told in rupees; the others have no scale.
_RUPEES = np.isin(CANDLE_FEATURES, ("ema_12", "ema_26", "macd", "macd_signal", "atr_14", "std_dev_20"))


def shuffled_days(history: History, seed: int) -> History:
    """The same bars, with the indicators of days drawn from `seed`; no day keeps its own.

    What is told in rupees is stretched to the day's own prices. A minute that the other day does not have
    has no indicators. Raises BadInput for a history of fewer than two sessions.
    """
    if len(history.sessions) < 2:
        raise BadInput(f"{history.source} has {len(history.sessions)} sessions: two are the least to shuffle")
    rng = np.random.default_rng(seed)
    symbols = [_shuffled(bars, rng) for bars in history.symbols if len(np.unique(bars.days)) > 1]
    return History(f"{history.source}, indicators shuffled", symbols, history.skipped, history.findings)


def _shuffled(bars: SymbolHistory, rng: np.random.Generator) -> SymbolHistory:
    days, place = np.unique(bars.days, return_inverse=True)
    # A circle through all days in a random order: each is given the next one's.
    circle = rng.permutation(len(days))
    given = np.empty(len(days), np.int64)
    given[circle] = days[np.roll(circle, -1)]
    minute = (bars.starts + _IST_AHEAD) % _DAY
    wanted = given[place] * _DAY + minute
    row = np.searchsorted(bars.starts + _IST_AHEAD, wanted)
    row = np.minimum(row, len(bars) - 1)
    known = bars.starts[row] + _IST_AHEAD == wanted
    tables = (bars.features, bars.features_5m, bars.features_15m)
    return SymbolHistory(
        bars.instrument,
        bars.starts,
        bars.open,
        bars.high,
        bars.low,
        bars.close,
        bars.volume,
        *(_of_rows(table, row, known, bars.close / bars.close[row]) for table in tables),
    )


def _of_rows(table: Floats, row: Rows, known: NDArray[np.bool_], stretch: Floats) -> Floats:
    drawn: Floats = table[row].copy()
    drawn[:, _RUPEES] *= stretch[:, None]
    drawn[~known] = np.nan
    return drawn
