"""Long positions, from entry to exit, over the bars of one symbol: compiled, and without a decision in it.

What a bar gives to an order, the order of prices within it and when a moment is met are those of
`patang.backtest.fills`, for stop, target and moments; tests hold both together.
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

# What floats may be off in a price: one on the tick is not taken for one beside it.
_ROUNDING: Final = 1e-9


class Wanted(NamedTuple):
    """Entries in the order of the bars at whose close they were decided.

    `stop`, `target` and `limit` are rupees a unit (no limit: infinite). `due` is the moment at which the
    position goes at the latest, epoch seconds, and `why` the code told then. A `quantity` of zero is passed
    over. `ask` (rupees) is what the book asked at the decision: the levels keep their distance from what is
    paid instead; NaN: they stay where they are, and no drift is looked at. `send_by` is the last moment at
    which the order is sent.
    """

    decided: Longs
    stop: Floats
    target: Floats
    limit: Floats
    due: Longs
    why: Longs
    quantity: Longs
    ask: Floats
    send_by: Longs


class Costs(NamedTuple):
    """The tick in paise, slippage a side as a fraction; `rates` and `row` (of each bar) as `rates_by_day` has
    them. The order reaches the market `latency` seconds after the decision (less than 0: it gets the close
    that it was decided at), unless the ask has drifted by more than the fraction `drift` or was seen more
    than `oldest` seconds ago, and waits there for `patience` seconds. If only `one` position may be open at a
    time, nothing is decided for `pause` seconds after an exit.
    """

    tick: int
    slippage: float
    latency: int
    patience: int
    drift: float
    oldest: int
    one: bool
    pause: int
    rates: Longs
    row: Longs


class Path(NamedTuple):
    """One-minute bars in the order of time: starts in epoch seconds, rupees rounded to the paisa, and the
    rupees from the price traded to either side of the book."""

    start: Longs
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    half_spread: Floats


class Made(NamedTuple):
    """What became of it, a row a trade: the entry's place, its bars, its prices in paise, why it ended, its
    charges (as `leg_charges` counts them) and the prices traded at its fills, in paise: what both cost beyond
    them is spread and slippage; and their moments, epoch seconds."""

    entry: Longs
    entered: Longs
    left: Longs
    bought: Longs
    sold: Longs
    reason: Longs
    charges: Longs
    traded_in: Longs
    traded_out: Longs
    bought_at: Longs
    sold_at: Longs


def _bought(asked: float, limit: float, tick: int, slippage: float) -> int:
    """Paise paid where somebody sells at `asked`: on the tick that is not better, the limit at most."""
    ticks = np.ceil(asked * 100 * (1 + slippage) / tick - _ROUNDING)
    return int(np.rint(min(ticks * tick, limit * 100)))


def _sold(price: float, half_spread: float, tick: int, slippage: float) -> int:
    """Paise received, on the tick that is not better, one tick at least."""
    ticks = np.floor((price - half_spread) * 100 * (1 - slippage) / tick + _ROUNDING)
    return int(max(ticks, 1)) * tick


def _kept_back(path: Any, bar: int, sent: int, ask: float, send_by: int, costs: Any) -> bool:
    """Whether the order is not sent after all, by the bar before the one that it would meet first."""
    if sent > send_by or sent - path.start[bar - 1] - _MINUTE > costs.oldest:
        return True
    now = path.close[bar - 1] + path.half_spread[bar - 1]
    return bool(abs(now - ask) > costs.drift * ask + _ROUNDING)


def _reached(path: Any, bar: int, until: int, limit: float) -> tuple[int, int]:
    """The bar in which a purchase at the limit can be had and what is seen of it then (`_left`), or -1, 0."""
    while bar < len(path.start) and path.start[bar] < until:
        if path.open[bar] + path.half_spread[bar] <= limit + _ROUNDING:
            return bar, 1
        if path.low[bar] + path.half_spread[bar] < limit - _ROUNDING:
            return bar, 2
        bar += 1
    return -1, 0


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


_buy: Callable[[float, float, int, float], int] = numba.njit(cache=True)(_bought)
_sell: Callable[[float, float, int, float], int] = numba.njit(cache=True)(_sold)
_drop: Callable[[Any, int, int, float, int, Any], bool] = numba.njit(cache=True)(_kept_back)
_reach: Callable[[Any, int, int, float], tuple[int, int]] = numba.njit(cache=True)(_reached)
_leave: Callable[..., tuple[int, float, int, int]] = numba.njit(cache=True)(_left)


def _walked(path: Any, wanted: Any, costs: Any) -> tuple[int, Longs]:
    bars, made, free = len(path.close), 0, path.start[0]
    out = np.empty((11, len(wanted.decided)), np.int64)
    for entry in range(len(wanted.decided)):
        decided, due, limit = wanted.decided[entry], wanted.due[entry], wanted.limit[entry]
        known = path.start[decided] + _MINUTE
        if wanted.quantity[entry] == 0 or (costs.one and known < free):
            continue
        if costs.latency < 0:
            bar, first, seen, traded = decided, decided + 1, 0, path.close[decided]
        else:
            sent, bar = known + costs.latency, decided + 1
            while bar < bars and path.start[bar] < sent:
                bar += 1
            if costs.latency > 0 and _drop(path, bar, sent, wanted.ask[entry], wanted.send_by[entry], costs):
                # What is on its way at a decision is not over at that same moment.
                free = sent + 1
                continue
            bar, seen = _reach(path, bar, sent + costs.patience, limit)
            if bar < 0:
                free = sent + costs.patience
                continue
            first, traded = bar, path.open[bar] if seen == 1 else limit
        if first >= bars or path.start[bar] >= due or costs.row[bar] < 0:
            continue
        if seen == 2:
            bought = int(np.rint(limit * 100))
        else:
            bought = _buy(traded + path.half_spread[bar], limit, costs.tick, costs.slippage)
        stop, target = wanted.stop[entry], wanted.target[entry]
        if not np.isnan(wanted.ask[entry]):
            # In whole paise, so that a level is the number that a bar's price on it is.
            shift = bought - np.rint(wanted.ask[entry] * 100)
            stop, target = (np.rint(stop * 100) + shift) / 100, (np.rint(target * 100) + shift) / 100
        left, at, reason, moment = _leave(path, first, seen, stop, target, due)
        free = moment + costs.pause
        if costs.row[left] < 0:
            continue
        sold = _sell(at, path.half_spread[left], costs.tick, costs.slippage)
        quantity = wanted.quantity[entry]
        out[0, made], out[1, made], out[2, made] = entry, bar, left
        out[3, made], out[4, made] = bought, sold
        out[5, made] = wanted.why[entry] if reason == DUE else reason
        out[6, made] = leg_charges(bought * quantity, costs.rates[costs.row[bar], 0]) + leg_charges(
            sold * quantity, costs.rates[costs.row[left], 1]
        )
        out[7, made], out[8, made] = int(np.rint(traded * 100)), int(np.rint(at * 100))
        out[9, made], out[10, made] = path.start[bar] + (_MINUTE if seen != 1 else 0), moment
        made += 1
    return made, out


_walk: Callable[[Path, Wanted, Costs], tuple[int, Longs]] = numba.njit(cache=True, nogil=True)(_walked)


def walk(path: Path, wanted: Wanted, costs: Costs) -> Made:
    """The trades that come of the entries, in their order.

    An entry on a day without sourced rates, one that is not filled in time, and one that has to go before it
    is filled make no trade.
    """
    if len(path.close) == 0 or len(wanted.decided) == 0:
        return Made(*np.empty((11, 0), np.int64))
    made, out = _walk(path, wanted, costs)
    return Made(*out[:, :made])
