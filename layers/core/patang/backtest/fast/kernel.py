"""Long positions, from entry to exit, over the bars of one symbol: compiled, and without a decision in it.

The order of prices within a bar, what fills at which price and when a moment is met are those of
`patang.backtest.fills.walk_exit`, for stop, target and moments; a test holds both together.
"""

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from patang.backtest.fast.charges import leg_charges

__all__ = ["DUE", "END", "STOP", "TARGET", "Costs", "Made", "Path", "Wanted", "walk"]

type Floats = NDArray[np.float64]
type Longs = NDArray[np.int64]

# Codes of what ended a position. What is due has a code of the caller's, from DUE on.
END: Final = 0
STOP: Final = 1
TARGET: Final = 2
DUE: Final = 3

_MINUTE: Final = 60

_A_WHOLE: Final = 10**10  # slippage is counted in 1e-8 of a percent


class Wanted(NamedTuple):
    """Entries in the order of the bars at whose close they were decided.

    `stop`, `target` and `limit` are rupees a unit (no limit: infinite). `due` is the moment at which the
    position goes at the latest, epoch seconds, and `why` the code told then. A `quantity` of zero is passed
    over.
    """

    decided: Longs
    stop: Floats
    target: Floats
    limit: Floats
    due: Longs
    why: Longs
    quantity: Longs


class Costs(NamedTuple):
    """Prices in paise, slippage a side in 1e-8 percent; `rates` and `row` (of each bar) as `rates_by_day`
    has them. The order reaches the market `latency` bars after the decision (0: it gets the close that it was
    decided at) and waits there for `patience` bars. If only `one` position may be open at a time, nothing is
    decided for `pause` seconds after an exit.
    """

    tick: int
    slippage: int
    latency: int
    patience: int
    one: bool
    pause: int
    rates: Longs
    row: Longs


class Path(NamedTuple):
    """One-minute bars in the order of time: starts in epoch seconds, rupees rounded to the paisa."""

    start: Longs
    open: Floats
    high: Floats
    low: Floats
    close: Floats


class Made(NamedTuple):
    """What became of it, a row a trade: the entry's place, its bars, its prices in paise, why it ended, its
    charges (as `leg_charges` counts them) and what both fills cost beyond their prices, in paise a unit."""

    entry: Longs
    entered: Longs
    left: Longs
    bought: Longs
    sold: Longs
    reason: Longs
    charges: Longs
    slipped: Longs


def _bought(price: float, tick: int, slippage: int) -> int:
    """Paise paid, on the tick that is not better."""
    paise = int(np.rint(price * 100))
    parts = paise * (_A_WHOLE + slippage)
    return -(-parts // (_A_WHOLE * tick)) * tick


def _sold(price: float, tick: int, slippage: int) -> int:
    """Paise received, on the tick that is not better, one tick at least."""
    paise = int(np.rint(price * 100))
    return max(paise * (_A_WHOLE - slippage) // (_A_WHOLE * tick) * tick, tick)


def _reached(path: Any, limit: float, first: int, until: int) -> int:
    """The bar in which a purchase at the limit can be had, or -1."""
    for bar in range(first, until):
        if path.open[bar] <= limit or path.low[bar] <= limit:
            return bar
    return -1


def _left(
    path: Any, bar: int, seen: int, stop: float, target: float, due: int
) -> tuple[int, float, int, int]:
    """The bar, price, code and moment of an exit. `seen` of the first bar: 0 nothing, 1 its open (at which it
    was bought), 2 a part of it, so that its high may have been before."""
    for at in range(bar, len(path.close)):
        if seen == 0:
            price = path.open[at]
            if price <= stop:
                return at, price, STOP, path.start[at]
            if price >= target:
                return at, price, TARGET, path.start[at]
            if path.start[at] >= due:
                return at, price, DUE, path.start[at]
        if path.low[at] <= stop:
            return at, stop, STOP, path.start[at]
        if seen < 2 and path.high[at] >= target:
            return at, target, TARGET, path.start[at]
        end = path.start[at] + _MINUTE
        if seen == 2 and path.close[at] >= target:
            return at, target, TARGET, end
        if end >= due:
            return at, path.close[at], DUE, end
        seen = 0
    final = len(path.close) - 1
    return final, path.close[final], END, path.start[final] + _MINUTE


_buy: Callable[[float, int, int], int] = numba.njit(cache=True, inline="always")(_bought)
_sell: Callable[[float, int, int], int] = numba.njit(cache=True, inline="always")(_sold)
_reach: Callable[[Any, float, int, int], int] = numba.njit(cache=True)(_reached)
_leave: Callable[..., tuple[int, float, int, int]] = numba.njit(cache=True)(_left)


def _walked(path: Any, wanted: Any, costs: Any) -> tuple[int, Longs]:
    bars, made, free = len(path.close), 0, path.start[0]
    out = np.empty((8, len(wanted.decided)), np.int64)
    for entry in range(len(wanted.decided)):
        decided, due, limit = wanted.decided[entry], wanted.due[entry], wanted.limit[entry]
        known = path.start[decided] + _MINUTE
        if wanted.quantity[entry] == 0 or (costs.one and known < free):
            continue
        if costs.latency == 0:
            bar, price, first, seen = decided, path.close[decided], decided + 1, 0
        else:
            sent = decided + costs.latency
            until = min(sent + costs.patience, bars)
            bar = _reach(path, limit, sent, until)
            if bar < 0:
                free = path.start[max(until - 1, decided)] + _MINUTE
                continue
            at_open = path.open[bar] <= limit
            price, first, seen = path.open[bar] if at_open else limit, bar, 1 if at_open else 2
        if first >= bars or path.start[bar] >= due or costs.row[bar] < 0:
            continue
        stop, target = wanted.stop[entry], wanted.target[entry]
        left, at, reason, moment = _leave(path, first, seen, stop, target, due)
        free = moment + costs.pause
        if costs.row[left] < 0:
            continue
        bought, sold = _buy(price, costs.tick, costs.slippage), _sell(at, costs.tick, costs.slippage)
        quantity = wanted.quantity[entry]
        out[0, made], out[1, made], out[2, made] = entry, bar, left
        out[3, made], out[4, made] = bought, sold
        out[5, made] = wanted.why[entry] if reason == DUE else reason
        out[6, made] = leg_charges(bought * quantity, costs.rates[costs.row[bar], 0]) + leg_charges(
            sold * quantity, costs.rates[costs.row[left], 1]
        )
        out[7, made] = bought - int(np.rint(price * 100)) + int(np.rint(at * 100)) - sold
        made += 1
    return made, out


_walk: Callable[[Path, Wanted, Costs], tuple[int, Longs]] = numba.njit(cache=True, nogil=True)(_walked)


def walk(path: Path, wanted: Wanted, costs: Costs) -> Made:
    """The trades that come of the entries, in their order.

    An entry on a day without sourced rates, one that is not filled in time, and one that has to go before it
    is filled make no trade.
    """
    if len(path.close) == 0 or len(wanted.decided) == 0:
        return Made(*np.empty((8, 0), np.int64))
    made, out = _walk(path, wanted, costs)
    return Made(*out[:, :made])
