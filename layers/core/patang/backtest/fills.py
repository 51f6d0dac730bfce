"""What bars make of orders: pure, pessimistic, and by the rules of the live exits.

Within a bar prices come in the order open, low, high, close, so that a bar which holds both stop and target
is a loss. What opens beyond a level is sold at the open, what crosses it at the level. A moment (time,
square-off, expiry) is met at the close of the bar that ends with it, or at the next open after a hole.
"""

import math
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from patang.backtest.price_bars import PriceBars
from patang.execution.prices import tick_ceiling, tick_floor
from patang.market.sessions import IST
from patang.portfolio.position import Position
from patang.risk.slippage import Slippage
from patang.settings import Settings
from patang.strategies.base import Strategy
from patang.strategies.exits import (
    ExitConditions,
    ExitDecision,
    ExitReason,
    Outlook,
    Trail,
    decide_exit,
    exit_conditions,
)
from patang.strategies.registry import strategy_named

__all__ = ["Bought", "FillTerms", "Leaving", "Since", "Walk", "buy", "sale_price", "sold_units", "walk_exit"]

# What a position has seen of the first bar of its walk: nothing yet, its open (at which it was bought), or
# an unknown part (bought somewhere within: then the high may have been before, the low is taken for later).
type Since = Literal["before", "open", "within"]

_MINUTE = 60
_PATHS: dict[Since, tuple[str, ...]] = {
    "before": ("open", "low", "high", "close"),
    "open": ("low", "high", "close"),
    "within": ("low", "close"),
}
# A float that is this much off still reaches the exact question.
_ROUNDING = 1 + 1e-12


@dataclass(frozen=True, slots=True)
class FillTerms:
    """How the market is assumed to take orders. `latency_bars` are the minutes from a decision to its order
    (with 0 it is there when the next bar opens), `volume_share` the part of a bar's volume that an order may
    have, `slippage` what the desk's fills have shown, the prior without any. `entries` are the limits that
    the desk sends, or market orders with the broker's own protection, to see what the limit is worth."""

    latency_bars: int = 1
    volume_share: float = 0.1
    slippage: Slippage = field(default_factory=Slippage)
    entries: Literal["limit", "market"] = "limit"


@dataclass(frozen=True, slots=True)
class Leaving:
    """The moment at which a position has to go: in bar `row`, at market time `at`, when `price` rupees a unit
    are traded. What its sale brings is less: half the spread and the slippage (`sale_price`)."""

    row: int
    at: datetime
    reason: ExitReason
    price: Decimal


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a position has come: `left` where it had to go, else the trail after all bars walked."""

    left: Leaving | None
    trail: Trail


@dataclass(frozen=True, slots=True)
class Bought:
    """What a bar gave to a buying order: units, rupees a unit, and what the position sees of the bar."""

    quantity: int
    price: Decimal
    since: Since


def buy(
    bars: PriceBars,
    row: int,
    limit: Decimal,
    wanted: int,
    *,
    lot: int,
    tick: Decimal,
    slippage_pct: Decimal,
    volume_share: float,
) -> Bought | None:
    """What bar `row` gives of `wanted` units to an order that pays at most `limit`.

    Where it opens with a seller at the limit or below, the order is filled there and slips, never beyond its
    limit. Else it waits in the queue, and is filled at its limit once sellers have come below it. Whole lots,
    at most this share of the bar's volume where that is known; None for nothing.
    """
    units = min(wanted, _share(bars, row, lot, volume_share))
    if units <= 0:
        return None
    asked = _rupees(bars.open[row]) + _rupees(bars.half_spread[row])
    if asked <= limit:
        paid = min(tick_ceiling(asked * (1 + slippage_pct / 100), tick), limit)
        return Bought(units, paid, "open")
    best = _rupees(bars.low[row]) + _rupees(bars.half_spread[row])
    return Bought(units, limit, "within") if best < limit else None


def sale_price(price: Decimal, bars: PriceBars, row: int, *, tick: Decimal, slippage_pct: Decimal) -> Decimal:
    """What a unit brings that is sold in bar `row` while `price` is traded: half the spread and the slippage
    less, on the tick."""
    bid = price - _rupees(bars.half_spread[row])
    return max(tick_floor(bid * (1 - slippage_pct / 100), tick), tick)


def sold_units(bars: PriceBars, row: int, held: int, *, lot: int, volume_share: float) -> int:
    """How many of the units held bar `row` takes, whole lots."""
    return min(held, _share(bars, row, lot, volume_share))


def walk_exit(
    position: Position,
    bars: PriceBars,
    settings: Settings,
    *,
    begin: int = 0,
    end: int | None = None,
    since: Since = "before",
    trail: Trail | None = None,
    opposed: Callable[[datetime], bool] | None = None,
) -> Walk:
    """Holds a position through the bars `begin` to `end` (excluded; all without it) by the live exits.

    `trail` is how far it had come before (`Walk.trail`), `opposed` says of a moment whether the cycles wish
    for the other direction. Only the bars that could end it are put to the live question, bar by bar.
    """
    conditions = exit_conditions(position, settings)
    last = len(bars) if end is None else min(end, len(bars))
    trail = trail or Trail(position.entry_price)
    strategy = strategy_named(position.strategy)
    own = type(strategy).get_exit_conditions is not Strategy.get_exit_conditions
    everywhere = opposed is not None or own
    rows = np.arange(begin, last) if everywhere else _may_end(conditions, bars, trail, begin, last)
    if since == "within" and begin < last and begin not in rows[:1]:
        # Its high is not to raise the trail.
        rows = np.concatenate(([begin], rows))
    walked = begin
    for row in rows.tolist():
        if row > walked:
            trail = trail.after(_highest(bars, walked, row), conditions.trailing_stop_pct)
        for moment, point in _path(bars, row, since if row == begin else "before"):
            price = _rupees(getattr(bars, point)[row])
            outlook = Outlook(
                as_of=moment,
                last_price=price,
                trailing_stop=trail.stop,
                opposed=opposed is not None and opposed(moment),
            )
            decision = decide_exit(position, conditions, outlook)
            if own and not decision.should_exit:
                decision = strategy.get_exit_conditions(position, outlook, settings)
            if decision.reason is not None:
                at_level = _level(decision, conditions, trail)
                paid = price if point == "open" or at_level is None else at_level
                return Walk(Leaving(row, moment, decision.reason, paid), trail)
            trail = trail.after(price, conditions.trailing_stop_pct)
        walked = row + 1
    if last > walked:
        trail = trail.after(_highest(bars, walked, last), conditions.trailing_stop_pct)
    return Walk(None, trail)


def _share(bars: PriceBars, row: int, lot: int, volume_share: float) -> int:
    """Units in whole lots that an order may have of a bar."""
    volume = float(bars.volume[row])
    return sys.maxsize if math.isnan(volume) else int(volume * volume_share) // lot * lot


def _may_end(
    conditions: ExitConditions, bars: PriceBars, trail: Trail, begin: int, end: int
) -> NDArray[np.intp]:
    """The rows in which a level or a moment may be reached; none in which one is is left out."""
    low, high = bars.low[begin:end], bars.high[begin:end]
    reached = (low <= float(conditions.stop)) | (high >= float(conditions.target))
    moments = (conditions.out_of_time, conditions.square_off, conditions.expiry)
    due = min((moment.timestamp() for moment in moments if moment is not None), default=None)
    if due is not None:
        reached |= bars.starts[begin:end] + _MINUTE >= due
    if trail.stop is not None:
        reached |= low <= float(trail.stop)
    if conditions.trailing_stop_pct is not None:
        highest = np.maximum(np.maximum.accumulate(high), float(trail.high)) if end > begin else high
        follows = highest * (1 - float(conditions.trailing_stop_pct) / 100)
        reached |= np.minimum(low, bars.close[begin:end]) <= follows * _ROUNDING
    return np.flatnonzero(reached) + begin


def _path(bars: PriceBars, row: int, since: Since) -> Iterator[tuple[datetime, str]]:
    opens = datetime.fromtimestamp(int(bars.starts[row]), IST)
    ends = datetime.fromtimestamp(int(bars.starts[row]) + _MINUTE, IST)
    return ((ends if point == "close" else opens, point) for point in _PATHS[since])


def _level(decision: ExitDecision, conditions: ExitConditions, trail: Trail) -> Decimal | None:
    """The price at which the market crossed what ended the position; None where it was a moment."""
    match decision.reason:
        case "STOP":
            return conditions.stop
        case "TARGET":
            return conditions.target
        case "TRAILING_STOP":
            return trail.stop
        case _:
            return None


def _highest(bars: PriceBars, begin: int, end: int) -> Decimal:
    return _rupees(bars.high[begin:end].max())


def _rupees(price: float) -> Decimal:
    return Decimal(repr(float(price)))
