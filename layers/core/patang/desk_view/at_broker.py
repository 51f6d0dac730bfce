"""What accounts have at the broker, and how the day went, from what the desk keeps: who looks asks nobody."""

from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal

from patang.accounts.seen import HoldingsSeen, MarginsSeen, SharesSeen
from patang.alerts.seen import AlertsSeen
from patang.desk_view.broker_views import (
    AlertsView,
    AlertView,
    HoldingsView,
    HoldingView,
    MarginsView,
    MarginView,
    PnlMoment,
    PnlThroughDay,
)
from patang.keys import OPEN_POSITIONS, alerts_key, holdings_key, margins_key, mark_key
from patang.market.sessions import IST
from patang.portfolio.day_curve import CurveMoment, day_curve
from patang.portfolio.position import Mark, Position
from patang.ports import StateStore
from patang.records import load, load_index
from patang.settings import Mode

__all__ = ["AtBroker"]


class AtBroker:
    """Every method is told whose accounts to look at; it shows nothing of any other. What was seen in
    another mode than the one in force is of another account, and is not shown."""

    def __init__(self, store: StateStore, mode: Callable[[], Mode]) -> None:
        self._store = store
        self._mode = mode

    def holdings(self, accounts: Sequence[str]) -> tuple[HoldingsView, ...]:
        """An entry an account."""
        mode = self._mode()
        return tuple(self._holdings(account, mode) for account in accounts)

    def margins(self, accounts: Sequence[str]) -> tuple[MarginsView, ...]:
        """An entry an account."""
        mode = self._mode()
        return tuple(self._margins(account, mode) for account in accounts)

    def alerts(self, accounts: Sequence[str]) -> tuple[AlertsView, ...]:
        """An entry an account. Alerts are the broker's in every mode."""
        return tuple(self._alerts(account) for account in accounts)

    def through_day(self, accounts: Sequence[str], day: date) -> PnlThroughDay:
        """The sum over the accounts; each counts as it was last known, from its first point on."""
        curves = [day_curve(self._store, account, day) for account in accounts]
        return PnlThroughDay(day=day, points=tuple(_summed(curves, day)))

    def _holdings(self, account: str, mode: Mode) -> HoldingsView:
        seen = load(self._store, HoldingsSeen, holdings_key(account))
        if seen is None or seen.mode != mode:
            return HoldingsView(account=account)
        rows = self._priced(account, seen)
        priced = [row for row in rows if row.value is not None]
        value, cost = _sum(row.value for row in priced), _sum(row.cost for row in priced)
        return HoldingsView(
            account=account,
            mode=seen.mode,
            told_at=seen.told_at,
            value=value,
            cost=cost,
            pnl=None if value is None or cost is None else value - cost,
            day_change=_sum(row.day_change for row in priced),
            unpriced=len(rows) - len(priced),
            left_out=seen.left_out,
            rows=tuple(map(_holding, rows)),
        )

    def _priced(self, account: str, seen: HoldingsSeen) -> tuple[SharesSeen, ...]:
        """The rows; one that the broker tells no price of, as on paper, at the guard's."""
        if all(row.last_price is not None for row in seen.rows):
            return seen.rows
        held = load_index(self._store, Position, OPEN_POSITIONS, f"{account}#")
        marks = {
            (position.exchange, position.symbol): load(self._store, Mark, mark_key(position.position_id))
            for position in held
            if position.mode == seen.mode
        }
        return tuple(_at(row, marks.get((row.exchange, row.symbol))) for row in seen.rows)

    def _margins(self, account: str, mode: Mode) -> MarginsView:
        seen = load(self._store, MarginsSeen, margins_key(account))
        if seen is None or seen.mode != mode:
            return MarginsView(account=account)
        segments = tuple(
            MarginView(segment=name, **told.model_dump()) for name, told in sorted(seen.segments.items())
        )
        # The one that most accounts have comes first.
        segments = tuple(sorted(segments, key=lambda one: one.segment != "equity"))
        return MarginsView(account=account, mode=seen.mode, told_at=seen.told_at, segments=segments)

    def _alerts(self, account: str) -> AlertsView:
        seen = load(self._store, AlertsSeen, alerts_key(account))
        if seen is None:
            return AlertsView(account=account)
        return AlertsView(
            account=account,
            told_at=seen.told_at,
            left_out=seen.left_out,
            alerts=tuple(AlertView(**alert.model_dump()) for alert in seen.alerts),
        )


def _at(row: SharesSeen, mark: Mark | None) -> SharesSeen:
    if row.last_price is not None or mark is None:
        return row
    return row.model_copy(update={"last_price": mark.last_price, "close_price": mark.previous_close})


def _holding(row: SharesSeen) -> HoldingView:
    pnl = None if row.value is None else row.value - row.cost
    return HoldingView(
        exchange=row.exchange,
        symbol=row.symbol,
        quantity=row.quantity,
        t1_quantity=row.t1_quantity,
        used_quantity=row.used_quantity,
        collateral_quantity=row.collateral_quantity,
        average_price=row.average_price,
        last_price=row.last_price,
        value=row.value,
        pnl=pnl,
        pnl_pct=_pct(pnl, row.cost),
        day_change=row.day_change,
        day_change_pct=_pct(row.day_change, None if not row.close_price else row.held * row.close_price),
    )


def _pct(part: Decimal | None, whole: Decimal | None) -> float | None:
    return None if part is None or not whole else round(float(part / whole * 100), 2)


def _sum(amounts: Iterable[Decimal | None]) -> Decimal | None:
    known = [amount for amount in amounts if amount is not None]
    return sum(known, Decimal(0)) if known else None


def _summed(curves: Sequence[Sequence[CurveMoment]], day: date) -> Iterable[PnlMoment]:
    by_minute = [{point.minute: point for point in points} for points in curves]
    last: list[CurveMoment | None] = [None] * len(curves)
    for minute in sorted({minute for points in by_minute for minute in points}):
        last = [points.get(minute, known) for points, known in zip(by_minute, last, strict=True)]
        now = [point for point in last if point is not None]
        realised = sum((point.realised for point in now), Decimal(0))
        unrealised = sum((point.unrealised for point in now), Decimal(0))
        yield PnlMoment(
            at=datetime.combine(day, time.fromisoformat(minute), IST),
            realised=realised,
            unrealised=unrealised,
            charges=sum((point.charges for point in now), Decimal(0)),
            total=realised + unrealised,
        )
