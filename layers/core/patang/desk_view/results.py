"""Profit and loss: of a day, as a curve, and by strategy, symbol, day, mode or account."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from patang.desk_view.service import DeskView
from patang.desk_view.trading_views import CurvePoint, PnlCurve, PnlDay, PnlGroup, PnlGrouping, PnlReport
from patang.errors import BadInput
from patang.market.sessions import IST
from patang.portfolio.position import Position
from patang.ports import StateStore
from patang.trade_log.day_log import DayLog
from patang.trade_log.results import Result

__all__ = ["Results"]

_LONGEST_DAYS = 400


class Results:
    """Every method is told whose accounts to look at. Days are market days, both ends included."""

    def __init__(self, store: StateStore, view: DeskView) -> None:
        self._log = DayLog(store)
        self._view = view

    def of_day(self, accounts: Sequence[str], day: date) -> PnlDay:
        """The day's result; open positions count on the running day alone."""
        return PnlDay(day=day, **self._view.pnl(accounts, day).model_dump())

    def curve(self, accounts: Sequence[str], start: date, end: date, *, each_trade: bool) -> PnlCurve:
        """The realised result as it grew, by day or by closed trade. Raises BadInput."""
        _in_order(start, end)
        closed = [p for account in accounts for p in self._log.closed_between(account, start, end)]
        closed.sort(key=lambda position: (_closed_at(position), position.position_id))
        points = _by_trade(closed) if each_trade else _by_day(closed)
        return PnlCurve(start=start, end=end, points=_summed(points))

    def report(self, accounts: Sequence[str], start: date, end: date, by: PnlGrouping) -> PnlReport:
        """What was closed, in groups. Raises BadInput."""
        _in_order(start, end)
        rows = [row for account in accounts for row in self._log.results(account, start, end)]
        groups: dict[str, list[Result]] = defaultdict(list)
        for row in rows:
            groups[str(getattr(row, by))].append(row)
        return PnlReport(
            start=start,
            end=end,
            by=by,
            groups=tuple(_group(name, groups[name]) for name in sorted(groups)),
            total=_group("total", rows),
        )


def _in_order(start: date, end: date) -> None:
    if start > end:
        raise BadInput(f"from {start} to {end}: the first day lies behind the last")
    if (end - start).days > _LONGEST_DAYS:
        raise BadInput(f"from {start} to {end}: ask for {_LONGEST_DAYS} days at most")


def _by_trade(closed: Iterable[Position]) -> list[CurvePoint]:
    return [
        CurvePoint(
            at=_closed_at(position),
            realised=position.realised_pnl or Decimal(0),
            cumulative=Decimal(0),
            trades=1,
            symbol=position.symbol,
            position_id=position.position_id,
        )
        for position in closed
    ]


def _by_day(closed: Iterable[Position]) -> list[CurvePoint]:
    days: dict[date, list[Position]] = defaultdict(list)
    for position in closed:
        days[_closed_at(position).astimezone(IST).date()].append(position)
    return [
        CurvePoint(
            at=datetime.combine(day, time(), IST),
            realised=sum((p.realised_pnl or Decimal(0) for p in days[day]), Decimal(0)),
            cumulative=Decimal(0),
            trades=len(days[day]),
        )
        for day in sorted(days)
    ]


def _summed(points: Iterable[CurvePoint]) -> tuple[CurvePoint, ...]:
    summed, total = [], Decimal(0)
    for point in points:
        total += Decimal(str(point.realised))
        summed.append(point.model_copy(update={"cumulative": float(total)}))
    return tuple(summed)


def _group(name: str, rows: Sequence[Result]) -> PnlGroup:
    return PnlGroup(
        name=name,
        trades=sum(row.trades for row in rows),
        wins=sum(row.wins for row in rows),
        quantity=sum(row.quantity for row in rows),
        gross=sum((row.gross for row in rows), Decimal(0)),
        charges=sum((row.charges for row in rows), Decimal(0)),
        realised=sum((row.realised_pnl for row in rows), Decimal(0)),
        slippage=sum((row.slippage for row in rows), Decimal(0)),
    )


def _closed_at(position: Position) -> datetime:
    # Only closed positions come here, and these say when.
    return position.exit_time or position.entry_time
