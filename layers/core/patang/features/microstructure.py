"""What the book and the trades of the last minutes say."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["FLOW_MINUTES", "book_imbalance", "spread_pct", "trade_flow"]

type Floats = NDArray[np.float64]

FLOW_MINUTES = 5


def book_imbalance(quotes: NDArray[np.void]) -> Floats:
    """(bids - asks) / (bids + asks) of all quantity in the book, from -1 to 1; NaN for an empty book.

    Where the day's totals are missing, the best bid and ask stand for them.
    """
    totals = (quotes["buy_quantity"] + quotes["sell_quantity"]) > 0
    bids = np.where(totals, quotes["buy_quantity"], quotes["bid_quantity"]).astype(np.float64)
    asks = np.where(totals, quotes["sell_quantity"], quotes["ask_quantity"]).astype(np.float64)
    return _share(bids - asks, bids + asks)


def spread_pct(quotes: NDArray[np.void]) -> Floats:
    """Ask less bid in percent of their middle; NaN without both."""
    bid, ask = quotes["bid"], quotes["ask"]
    two_sided = (bid > 0) & (ask >= bid)
    return np.where(two_sided, 100 * _share(ask - bid, (ask + bid) / 2), np.nan)


def trade_flow(bought: NDArray[np.int64], sold: NDArray[np.int64]) -> Floats:
    """(bought - sold) / (bought + sold) over minutes (rows x minutes), from -1 to 1; NaN without trades."""
    up, down = bought.sum(axis=1).astype(np.float64), sold.sum(axis=1).astype(np.float64)
    return _share(up - down, up + down)


def _share(part: Floats, whole: Floats) -> Floats:
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), np.nan)
