"""Sums over trades, and what was foretold of them against what came. Pure arithmetic."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from decimal import Decimal
from math import sqrt

from patang.model.wilson import wilson_interval
from patang.reports.desk_report import (
    Calibration,
    Expectation,
    ReliabilityBin,
    SlippageLine,
    TradeLine,
    TradeSum,
)
from patang.risk.charges import Side
from patang.trade_log.fill import OrderFill
from patang.trade_log.results import Result

__all__ = ["calibration", "expectations", "result_sums", "slippages", "trade_sum", "trade_sums"]

_BINS = 10
_NOTHING = Decimal(0)
_SIDES: tuple[Side, Side] = ("BUY", "SELL")


def trade_sum(name: str, trades: Sequence[TradeLine]) -> TradeSum:
    """The trades together."""
    return TradeSum(
        name=name,
        trades=len(trades),
        wins=sum(trade.won for trade in trades),
        gross=_sum(trade.gross for trade in trades),
        charges=_sum(trade.charges for trade in trades),
        slippage=_sum(trade.slippage for trade in trades),
        net=_sum(trade.net for trade in trades),
    )


def trade_sums(trades: Iterable[TradeLine], name: Callable[[TradeLine], str]) -> tuple[TradeSum, ...]:
    """The trades in groups, by their names."""
    groups = _grouped(trades, name)
    return tuple(trade_sum(each, groups[each]) for each in sorted(groups))


def result_sums(rows: Iterable[Result], name: Callable[[Result], str]) -> tuple[TradeSum, ...]:
    """Results of days in groups, the last name first."""
    groups: dict[str, list[Result]] = defaultdict(list)
    for row in rows:
        groups[name(row)].append(row)
    return tuple(_result_sum(each, groups[each]) for each in sorted(groups, reverse=True))


def expectations(trades: Iterable[TradeLine]) -> tuple[Expectation, ...]:
    """All trades that were foretold, then by strategy; empty where none was."""
    foretold = [trade for trade in trades if trade.p_win is not None]
    if not foretold:
        return ()
    groups = _grouped(foretold, lambda trade: trade.strategy)
    return (_expectation("all", foretold), *(_expectation(name, groups[name]) for name in sorted(groups)))


def calibration(trades: Iterable[TradeLine], first: date, last: date) -> Calibration:
    """How p_win was kept by trades closed from `first` to `last`."""
    kept = [(trade.p_win, trade.won) for trade in trades if trade.p_win is not None]
    bins: dict[int, list[tuple[float, bool]]] = defaultdict(list)
    for p_win, won in kept:
        bins[min(int(p_win * _BINS), _BINS - 1)].append((p_win, won))
    return Calibration(
        first=first,
        last=last,
        trades=len(kept),
        brier=sum((p_win - won) ** 2 for p_win, won in kept) / len(kept) if kept else None,
        bins=tuple(_bin(number, bins[number]) for number in sorted(bins)),
    )


def slippages(fills: Iterable[OrderFill]) -> tuple[SlippageLine, ...]:
    """Of each side that was traded at a price that was expected. Bought above and sold below it is a loss."""
    known = [fill for fill in fills if fill.slippage is not None]
    found = []
    for side in _SIDES:
        own = [fill for fill in known if fill.transaction_type == side]
        if not own:
            continue
        value = _sum(fill.price * fill.quantity for fill in own)
        more = _sum((fill.slippage or _NOTHING) * fill.quantity for fill in own)
        lost = more if side == "BUY" else -more
        lost_pct = float(100 * lost / value) if value else 0.0
        found.append(SlippageLine(side=side, fills=len(own), value=value, lost=lost, lost_pct=lost_pct))
    return tuple(found)


def _result_sum(name: str, rows: Sequence[Result]) -> TradeSum:
    return TradeSum(
        name=name,
        trades=sum(row.trades for row in rows),
        wins=sum(row.wins for row in rows),
        gross=_sum(row.gross for row in rows),
        charges=_sum(row.charges for row in rows),
        slippage=_sum(row.slippage for row in rows),
        net=_sum(row.realised_pnl for row in rows),
    )


def _expectation(name: str, trades: Sequence[TradeLine]) -> Expectation:
    chances = [trade.p_win or 0.0 for trade in trades]
    return Expectation(
        name=name,
        trades=len(trades),
        wins=sum(trade.won for trade in trades),
        expected_wins=sum(chances),
        wins_sd=sqrt(sum(p_win * (1 - p_win) for p_win in chances)),
        net=_sum(trade.net for trade in trades),
        expected_net=_sum(trade.expected_net or _NOTHING for trade in trades),
        mean_return_pct=sum(trade.return_pct for trade in trades) / len(trades),
        mean_expected_return_pct=sum(trade.expected_return_pct or 0.0 for trade in trades) / len(trades),
    )


def _bin(number: int, kept: Sequence[tuple[float, bool]]) -> ReliabilityBin:
    count = len(kept)
    foretold = sum(p_win for p_win, _ in kept) / count
    came_true = sum(won for _, won in kept) / count
    low, high = wilson_interval(came_true, count)
    return ReliabilityBin(
        low=number / _BINS,
        high=(number + 1) / _BINS,
        trades=count,
        foretold=foretold,
        came_true=came_true,
        interval_low=low,
        interval_high=high,
        kept=low <= foretold <= high,
    )


def _grouped(trades: Iterable[TradeLine], name: Callable[[TradeLine], str]) -> dict[str, list[TradeLine]]:
    groups: dict[str, list[TradeLine]] = defaultdict(list)
    for trade in trades:
        groups[name(trade)].append(trade)
    return groups


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, _NOTHING)
