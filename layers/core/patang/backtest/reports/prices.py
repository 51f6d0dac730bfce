"""The bars that a report draws its trades on: few enough to keep beside a run."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from patang.backtest.history import History, SymbolHistory
from patang.backtest.trade import Trade

__all__ = ["ChartBars", "chart_bars", "shown_trades"]

type Floats = NDArray[np.float64]

# How many symbols, trades of either end, and bars of a line a page can carry and a person will look at.
_SYMBOLS, _TRADES_EACH_END, _BARS = 6, 2, 420
_LENGTHS = (1, 5, 15, 60, 375)
# Minutes before the decision and after the exit.
_BEFORE, _AFTER = 30, 15
_IST_AHEAD, _DAY, _OPEN = 5 * 3600 + 1800, 86_400, 9 * 3600 + 900


@dataclass(frozen=True, slots=True, eq=False)
class ChartBars:
    """Bars of one symbol, `minutes` long, by time. `starts` are epoch seconds, prices rupees."""

    symbol: str
    minutes: int
    starts: NDArray[np.int64]
    open: Floats
    high: Floats
    low: Floats
    close: Floats


def shown_trades(trades: Sequence[Trade]) -> tuple[Trade, ...]:
    """The trades worth a picture of their own: those of each strategy that earned and lost most, by time."""
    ends: dict[str, Trade] = {}
    for strategy in sorted({trade.strategy for trade in trades}):
        own = [trade for trade in trades if trade.strategy == strategy]
        ranked = sorted(own, key=lambda trade: (trade.net_pnl, trade.trade_id))
        ends |= {t.trade_id: t for t in (*ranked[:_TRADES_EACH_END], *ranked[-_TRADES_EACH_END:])}
    return tuple(sorted(ends.values(), key=lambda trade: (trade.entered_at, trade.trade_id)))


def chart_bars(history: History, trades: Sequence[Trade]) -> tuple[ChartBars, ...]:
    """What to draw: each much traded symbol over the whole time in longer bars, and the minutes around
    `shown_trades`. Empty where nothing was traded."""
    most = [symbol for symbol, _ in Counter(trade.underlying for trade in trades).most_common(_SYMBOLS)]
    close_up = shown_trades(trades)
    found = {symbol.symbol: symbol for symbol in history.symbols}
    bars = [_overview(found[symbol]) for symbol in sorted(most) if symbol in found]
    for symbol in sorted({trade.underlying for trade in close_up} & found.keys()):
        rows = found[symbol]
        wanted = np.zeros(len(rows), bool)
        for trade in close_up:
            if trade.underlying == symbol:
                begin = trade.decided_at.timestamp() - 60 * _BEFORE
                end = trade.exited_at.timestamp() + 60 * _AFTER
                wanted |= (rows.starts >= begin) & (rows.starts <= end)
        bars.append(_grouped(rows.rows(wanted), 1))
    return tuple(bars)


def _overview(rows: SymbolHistory) -> ChartBars:
    for minutes in _LENGTHS:
        if len(np.unique(_group(rows, minutes))) <= _BARS:
            return _grouped(rows, minutes)
    return _grouped(rows, minutes)


def _group(rows: SymbolHistory, minutes: int) -> NDArray[np.int64]:
    """Which longer bar each bar is in; they are counted from the open of each day."""
    since_open = (rows.starts + _IST_AHEAD) % _DAY - _OPEN
    return rows.days * 1440 + since_open // (60 * minutes)


def _grouped(rows: SymbolHistory, minutes: int) -> ChartBars:
    _, first = np.unique(_group(rows, minutes), return_index=True)
    if not len(first):
        return ChartBars(rows.symbol, minutes, rows.starts, rows.open, rows.high, rows.low, rows.close)
    last = np.append(first[1:], len(rows)) - 1
    high, low = np.maximum.reduceat(rows.high, first), np.minimum.reduceat(rows.low, first)
    return ChartBars(rows.symbol, minutes, rows.starts[first], rows.open[first], high, low, rows.close[last])
