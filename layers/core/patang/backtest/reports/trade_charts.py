"""Trades on the price: all of a symbol on its bars, and some from close by, minute by minute."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup

from patang.backtest.reports.axes import number_axis, time_axis
from patang.backtest.reports.drawing import Plot
from patang.backtest.reports.prices import ChartBars
from patang.backtest.reports.wording import amount, moment, number
from patang.backtest.trade import Trade
from patang.market.sessions import IST

__all__ = ["close_up", "overview"]

_KEY = Markup(
    '<span class="key"><i class="mark entry">◆</i> entry <i class="mark gain">▲</i> exit with a profit '
    '<i class="mark loss">▼</i> exit with a loss</span>'
)
_ENTRY = "◆"
# With more trades than this, entries and exits hide each other.
_FEW = 80
# With more than this a page takes long to open.
_MOST = 600
# Minutes of a close-up before the decision and after the exit.
_BEFORE, _AFTER = 30, 15


def overview(bars: ChartBars, trades: Sequence[Trade]) -> Markup:
    """Every trade of a symbol on its closing prices."""
    plot = Plot(time_axis(bars.starts), number_axis([*bars.low, *bars.high], number))
    plot.line(np.arange(len(bars.starts)), bars.close, "a")
    few = len(trades) <= _FEW
    for trade in sorted(trades, key=lambda trade: -abs(trade.net_pnl))[:_MOST]:
        entry, exit_ = _bar_of(bars, trade.entered_at.timestamp()), _bar_of(bars, trade.exited_at.timestamp())
        if few:
            says = f"{_what(trade)} bought {moment(trade.entered_at)}"
            plot.mark(entry, bars.close[entry], _ENTRY, "entry", says)
        _mark_exit(plot, trade, exit_, float(bars.close[exit_]), "" if few else "many")
    won = sum(trade.net_pnl > 0 for trade in trades)
    told = f"{len(trades)} trades, {won} with a profit, on bars of {_length(bars.minutes)}"
    if len(trades) > _MOST:
        told += f"; drawn are the {_MOST} that earned or lost most"
    return plot.figure(bars.symbol, told if few else f"{told}; entries are left out", key=_KEY)


def close_up(bars: ChartBars, trade: Trade) -> Markup:
    """One trade on the minutes around it; `bars` are one-minute bars of its underlying.

    Stop and target are drawn where the underlying itself was bought; an option's are prices of its own.
    """
    near = (bars.starts >= trade.decided_at.timestamp() - 60 * _BEFORE) & (
        bars.starts <= trade.exited_at.timestamp() + 60 * _AFTER
    )
    some = ChartBars(
        bars.symbol,
        bars.minutes,
        *(getattr(bars, name)[near] for name in ("starts", "open", "high", "low", "close")),
    )
    own = trade.symbol == trade.underlying
    levels = [float(price) for price in (trade.stop_loss_price, trade.target_price)] if own else []
    plot = Plot(time_axis(some.starts), number_axis([*some.low, *some.high, *levels], number))
    entry, exit_ = _bar_of(some, trade.entered_at.timestamp()), _bar_of(some, trade.exited_at.timestamp())
    plot.band(entry - 0.5, exit_ + 0.5, "held")
    for n in range(len(some.starts)):
        rose = some.close[n] >= some.open[n]
        plot.stroke((n, n), (some.low[n], some.high[n]), "wick")
        body = sorted((float(some.open[n]), float(some.close[n])))
        plot.box(n, 0.35, body[0], body[1], "rose" if rose else "fell")
    for level, kind, text in zip(levels, ("loss", "gain"), ("stop", "target"), strict=False):
        plot.level(level, kind, text)
    bought, sold = (float(trade.entry_price), float(trade.exit_price))
    if not own:
        bought, sold = float(some.close[entry]), float(some.close[exit_])
    plot.mark(entry, bought, _ENTRY, "entry", f"bought at {amount(trade.entry_price)}")
    _mark_exit(plot, trade, exit_, sold)
    return plot.figure(_what(trade), _told(trade, own), shape="small", key=None)


def _told(trade: Trade, own: bool) -> str:
    same_day = trade.entered_at.astimezone(IST).date() == trade.exited_at.astimezone(IST).date()
    sold = f"{trade.exited_at.astimezone(IST):%H:%M}" if same_day else moment(trade.exited_at)
    text = (
        f"{moment(trade.entered_at)} at {amount(trade.entry_price)}, sold {sold} at "
        f"{amount(trade.exit_price)} ({trade.exit_reason}), net {amount(trade.net_pnl, signed=True)}; stop "
        f"{amount(trade.stop_loss_price)}, target {amount(trade.target_price)}"
    )
    return text if own else f"{text}. The bars are those of {trade.underlying}"


def _mark_exit(plot: Plot, trade: Trade, at: int, price: float, size: str = "") -> None:
    won = trade.net_pnl > 0
    says = (
        f"{_what(trade)} {trade.exit_reason} {moment(trade.exited_at)}: {amount(trade.net_pnl, signed=True)}"
    )
    plot.mark(at, price, "▲" if won else "▼", f"{'gain' if won else 'loss'} {size}", says)


def _what(trade: Trade) -> str:
    return f"{trade.quantity} {trade.symbol}"


def _length(minutes: int) -> str:
    return "a day" if minutes >= 375 else f"{minutes} min"


def _bar_of(bars: ChartBars, epoch: float) -> int:
    """The bar in which a moment lies, or the nearest before it."""
    return max(0, int(np.searchsorted(bars.starts, epoch, side="right")) - 1)
