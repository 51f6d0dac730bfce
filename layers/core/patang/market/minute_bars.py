"""One minute's ticks, in the exchange's order, reduced to bars and to what buyers and sellers took."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["BAR", "TickColumns", "highest_so_far", "traded_flow", "write_bars"]

type Rows = NDArray[np.intp]
type Whole = NDArray[np.int64]
type Prices = NDArray[np.float64]

# `bought` and `sold` are the volume that lifted the ask or hit the bid; `first` and `last` are the exchange
# times of the ticks. A bar with no ticks does not exist.
BAR = np.dtype([
    ("ticks", "<i8"), ("open", "<f8"), ("high", "<f8"), ("low", "<f8"), ("close", "<f8"), ("volume", "<i8"),
    ("oi", "<i8"), ("bought", "<i8"), ("sold", "<i8"), ("first", "<i8"), ("last", "<i8"),
])  # fmt: skip


class TickColumns(NamedTuple):
    """What bars take of ticks, column by column: contiguous, which records are not."""

    time: Whole
    price: Prices
    volume: Whole
    oi: Whole
    bid: Prices
    ask: Prices

    @classmethod
    def of(cls, ticks: NDArray[np.void], places: Rows) -> "TickColumns":
        """The ticks (dtype TICK) at those places."""
        names = ("exchange_time", "last_price", "volume", "oi", "bid", "ask")
        return cls(*(ticks[name][places] for name in names))

    def after(self, begins: Rows, earlier: "TickColumns") -> "TickColumns":
        """Each tick's predecessor, where a row's ticks begin the one of `earlier`."""
        columns = []
        for own, known in zip(self, earlier, strict=True):
            before = np.empty_like(own)
            before[1:] = own[:-1]
            before[begins] = known
            columns.append(before)
        return TickColumns(*columns)


def write_bars(
    bars: NDArray[np.void], rows: Rows, ticks: TickColumns, flow: tuple[Whole, Whole], of: NDArray[np.bool_]
) -> Rows:
    """Write into `bars` what those ticks `of` a minute make, and return the rows that have a bar now.

    `rows` says whose each tick is, ascending; a bar's volume is the cumulative one.
    """
    if not of.all():
        rows, ticks = rows[of], TickColumns._make(column[of] for column in ticks)
        flow = flow[0][of], flow[1][of]
    if len(rows) == 0:
        return rows
    begins = np.flatnonzero(np.append(True, rows[1:] != rows[:-1]))
    ends = np.append(begins[1:], len(rows)) - 1
    made = np.zeros(len(begins), BAR)
    made["ticks"] = ends - begins + 1
    made["open"], made["close"] = ticks.price[begins], ticks.price[ends]
    made["high"] = np.maximum.reduceat(ticks.price, begins)
    made["low"] = np.minimum.reduceat(ticks.price, begins)
    made["volume"] = np.maximum.reduceat(ticks.volume, begins)
    made["oi"] = ticks.oi[ends]
    made["bought"], made["sold"] = (np.add.reduceat(side, begins) for side in flow)
    made["first"], made["last"] = ticks.time[begins], ticks.time[ends]
    bars[rows[begins]] = made
    return rows[begins]


def highest_so_far(rows: Rows, volume: Whole) -> Whole:
    """The highest volume of each row up to each tick: a packet that tells no volume says 0 of it.

    `rows` ascend. The broker's volumes have 32 bits, so that a row's own range lies above the row's before.
    """
    base = rows.astype(np.int64) << 33
    highest: Whole = np.maximum.accumulate(volume + base) - base
    return highest


def traded_flow(was: TickColumns, now: TickColumns) -> tuple[Whole, Whole]:
    """What of each tick's new volume was bought at the ask or sold at the bid of the quote before it.

    Inside the spread the move of the price decides; without a move it is neither.
    """
    traded = np.where(was.time > 0, np.maximum(now.volume - was.volume, 0), 0)
    at_ask = (was.ask > 0) & (now.price >= was.ask)
    at_bid = (was.bid > 0) & (now.price <= was.bid)
    inside = ~at_ask & ~at_bid
    buy = at_ask | (inside & (now.price > was.price))
    sell = at_bid | (inside & (now.price < was.price))
    return np.where(buy & ~sell, traded, 0), np.where(sell & ~buy, traded, 0)
