"""Many trades of one symbol at once: prices and entries in, trades with their charges out."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from patang.backtest.fast.charges import A_RUPEE, MOST_TURNOVER, rates_by_day
from patang.backtest.fast.kernel import DUE, END, STOP, TARGET, Costs, Made, Path, Wanted, walk
from patang.backtest.history import SymbolHistory
from patang.backtest.share_book import half_spread
from patang.errors import BadInput
from patang.risk.charges import Segment

__all__ = ["Bars", "Entries", "FastReason", "FastTrades", "Terms", "affordable", "simulate"]

type Floats = NDArray[np.float64]
type Longs = NDArray[np.int64]
type FastReason = Literal["END", "STOP", "TARGET", "TIME", "SQUARE_OFF", "EXPIRY", "SIGNAL_REVERSAL"]

_CODES: Final[dict[FastReason, int]] = {
    "END": END,
    "STOP": STOP,
    "TARGET": TARGET,
    "TIME": DUE,
    "SQUARE_OFF": DUE + 1,
    "EXPIRY": DUE + 2,
    "SIGNAL_REVERSAL": DUE + 3,
}
_REASONS: Final = np.array(tuple(_CODES))
_NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class Bars:
    """What was traded, a row a minute, in the order of time: starts in epoch seconds, rupees a unit to the
    paisa, the rupees from there to either side of the book, and each bar's day (since 1970-01-01)."""

    starts: Longs
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    half_spread: Floats
    days: Longs

    @classmethod
    def of(cls, history: SymbolHistory) -> "Bars":
        """Those of a share's history, at the paisa, with the book that is assumed of shares."""
        return cls(
            history.starts,
            history.open.round(2),
            history.high.round(2),
            history.low.round(2),
            history.close.round(2),
            half_spread(history.open, history.instrument.tick_size),
            history.days,
        )

    def __len__(self) -> int:
        return len(self.close)


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """What to buy, in the order of time: `decided` is the bar at whose close that was known.

    Prices in rupees a unit; `limit` is the most to pay, infinite without one. From the moment `due` on
    (epoch seconds) the position is sold whatever it is worth, and `why` is told. `quantity` in units; nothing
    is bought of zero. `ask` is what the book asked then: stop and target keep their distance from what is
    paid instead, as `patang.portfolio.ledger` has it for shares, and an order that is sent later looks
    whether it has drifted; without it levels stay. Nothing is sent after `send_by` (epoch seconds).
    """

    decided: Longs
    stop: Floats
    target: Floats
    limit: Floats
    due: Longs
    why: FastReason | NDArray[np.str_]
    quantity: Longs
    ask: Floats | None = None
    send_by: Longs | None = None

    def __len__(self) -> int:
        return len(self.decided)


@dataclass(frozen=True, slots=True)
class Terms:
    """How orders fill and what they cost. Slippage in percent a side, for the worse and then on the tick.

    `latency_minutes` after its decision an order is in the market and has `patience_seconds` to fill; None:
    it gets the close of the bar it was decided at. It is not sent where the ask has moved by more than
    `max_drift_pct` since, or was seen more than `oldest_seconds` before. `one_at_a_time`: nothing is bought
    while a position or an order is open, nor for `pause_minutes` afterwards; else each entry is a trade of
    its own.
    """

    segment: Segment
    exchange: str = "NSE"
    tick_size: Decimal = Decimal("0.05")
    slippage_pct: Decimal = Decimal(0)
    latency_minutes: int | None = 1
    patience_seconds: int = 120
    max_drift_pct: Decimal = Decimal(100)
    oldest_seconds: int = 120
    one_at_a_time: bool = True
    pause_minutes: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class FastTrades:
    """A row a trade. `entry` is the place in the entries, `entered` and `left` are bars, `bought_at` and
    `sold_at` moments in epoch seconds; rupees a unit for prices, of the whole quantity for `charges` and
    `slippage` (what the fills cost beyond the prices traded, half the spread a side in it)."""

    entry: Longs
    entered: Longs
    left: Longs
    bought_at: Longs
    sold_at: Longs
    bought: Floats
    sold: Floats
    quantity: Longs
    reason: NDArray[np.str_]
    charges: Floats
    slippage: Floats

    def __len__(self) -> int:
        return len(self.entry)

    @property
    def gross_pnl(self) -> Floats:
        """Rupees before charges."""
        gross: Floats = (self.sold - self.bought) * self.quantity
        return gross

    @property
    def net_pnl(self) -> Floats:
        """Rupees after charges."""
        return self.gross_pnl - self.charges


def simulate(bars: Bars, entries: Entries, terms: Terms) -> FastTrades:
    """The trades that come of the entries. A day without sourced charges has none.

    Raises BadInput for entries that are not in order, point out of the bars or are too large to be counted.
    """
    _check(bars, entries)
    rates, row = rates_by_day(terms.segment, terms.exchange, bars.days)
    codes = np.array([_CODES[reason] for reason in np.atleast_1d(entries.why)], np.int64)
    wanted = Wanted(
        entries.decided,
        entries.stop,
        entries.target,
        entries.limit,
        entries.due,
        np.ascontiguousarray(np.broadcast_to(codes, len(entries))),
        entries.quantity,
        np.full(len(entries), np.nan) if entries.ask is None else entries.ask,
        np.full(len(entries), _NEVER) if entries.send_by is None else entries.send_by,
    )
    costs = Costs(
        int(terms.tick_size * 100),
        float(terms.slippage_pct / 100),
        -1 if terms.latency_minutes is None else 60 * terms.latency_minutes,
        terms.patience_seconds,
        float(terms.max_drift_pct / 100),
        terms.oldest_seconds,
        terms.one_at_a_time,
        60 * terms.pause_minutes,
        rates,
        row,
    )
    path = Path(bars.starts, bars.open, bars.high, bars.low, bars.close, bars.half_spread)
    return _told(walk(path, wanted, costs), entries.quantity)


def affordable(money: Decimal, prices: Floats, lot_size: int) -> Longs:
    """Units that so many rupees buy at each price, in whole lots."""
    lots = np.floor(float(money) / (prices * lot_size) + 1e-12)
    return lots.astype(np.int64) * lot_size


def _told(made: Made, quantities: Longs) -> FastTrades:
    quantity = quantities[made.entry]
    return FastTrades(
        made.entry,
        made.entered,
        made.left,
        made.bought_at,
        made.sold_at,
        made.bought / 100,
        made.sold / 100,
        quantity,
        _REASONS[made.reason],
        made.charges / A_RUPEE,
        (made.bought - made.traded_in + made.traded_out - made.sold) * quantity / 100,
    )


def _check(bars: Bars, entries: Entries) -> None:
    if len(entries) == 0:
        return
    if np.any(np.diff(entries.decided) < 0):
        raise BadInput("entries are not in the order of the bars they were decided at: sort them")
    if entries.decided[0] < 0 or entries.decided[-1] >= len(bars):
        raise BadInput(f"entries at bars {entries.decided[0]} to {entries.decided[-1]} of {len(bars)}")
    largest = float(bars.high.max()) * 100 * int(entries.quantity.max())
    if largest > MOST_TURNOVER / 2:
        raise BadInput(
            f"an order of up to {largest / 100:,.0f} rupees: the fast path counts to {MOST_TURNOVER // 200:,}"
        )
