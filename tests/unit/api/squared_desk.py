"""A sample desk whose books agree with its trades, so that its pages tell one story."""

from collections.abc import Iterator, Sequence
from decimal import Decimal
from itertools import accumulate, groupby

from patang.approvals.requests.record import AskedOn
from patang.execution.intent import OrderIntent
from patang.keys import account_partition, curve_key, day_key, intent_key, mark_key, position_key, risk_key
from patang.portfolio.account_state import AccountDay, Reservation, RiskState
from patang.portfolio.day_curve import CurveMoment, DayCurve
from patang.portfolio.position import Mark, Position
from patang.ports import Key
from patang.records import Record, load_all, replace
from patang.strategies.signal import Signal
from tests.unit.api.sample_desk import DAY, SampleDesk

__all__ = ["squared"]

# Minutes, and what was open in them.
_OPEN = (("09:20", 0), ("09:52", 140), ("10:01", -90), ("10:07", 0), ("10:21", 0), ("10:35", 120))


def squared(desk: SampleDesk) -> SampleDesk:
    """On a desk of `reported(traded(busy(…)))`: the day, the peak and the curve of `main` are those of its
    trades, what is held was bought at the price of its fills, what waits for a yes has its money set aside,
    and the order under way is its owner's own."""
    positions = load_all(desk.store, Position, account_partition("main"), "POSITION#")
    closed = sorted((one for one in positions if one.state == "CLOSED"), key=_left)
    today = [one for one in closed if one.exit_time and one.exit_time.date() == DAY]
    _square_positions(desk)
    _square_results(desk, closed, today)
    _square_curve(desk, today)
    _order_by_hand(desk)
    _other_contracts(desk)
    return desk


def _left(position: Position) -> str:
    return position.exit_time.isoformat() if position.exit_time else ""


def _seen[R: Record](desk: SampleDesk, kind: type[R], key: Key) -> R:
    return kind.model_validate(dict(desk.store.items[key]))


def _change(desk: SampleDesk, record: Record) -> None:
    desk.store.write(replace(record))


def _square_positions(desk: SampleDesk) -> None:
    position, mark = _seen(desk, Position, position_key("main", "p1")), _seen(desk, Mark, mark_key("p1"))
    bought = position.evolve(entry_price=Decimal("1002.50"), entry_slippage=Decimal("0.30"))
    _change(desk, bought)
    _change(desk, mark.evolve(unrealised_pnl=(mark.last_price - bought.entry_price) * bought.quantity))


def _square_results(desk: SampleDesk, closed: Sequence[Position], today: Sequence[Position]) -> None:
    reached = [Decimal(0), *accumulate(one.realised_pnl or Decimal(0) for one in closed)]
    risk = _seen(desk, RiskState, risk_key("main"))
    waiting = Reservation(
        symbol="NIFTY",
        strategy="long_options",
        option=True,
        exposure=Decimal("7377.50"),
        risk_amount=Decimal("2993.25"),
        as_of=desk.clock.now(),
    )
    _change(
        desk,
        risk.evolve(
            realised_total=reached[-1],
            peak_realised=max(reached),
            reservations={"o20260818-1046-a1": waiting},
        ),
    )
    day = _seen(desk, AccountDay, day_key("main", DAY))
    made = sum((one.realised_pnl or Decimal(0) for one in today), Decimal(0))
    _change(
        desk,
        day.evolve(
            realised_pnl=made,
            by_mode={"paper": made},
            charges=sum((one.entry_charges + one.exit_charges for one in today), Decimal(0)),
            closed_trades=len(today),
        ),
    )


def _square_curve(desk: SampleDesk, today: Sequence[Position]) -> None:
    mark = _seen(desk, Mark, mark_key("p1"))
    now = f"{desk.clock.now():%H:%M}"
    for hour, points in groupby(
        _points(today, ((*_OPEN, (now, mark.unrealised_pnl)))), lambda one: one.minute[:2]
    ):
        _change(desk, _seen(desk, DayCurve, curve_key("main", DAY, hour)).evolve(points=tuple(points)))


def _points(
    today: Sequence[Position], held: Sequence[tuple[str, Decimal | int | None]]
) -> Iterator[CurveMoment]:
    for minute, amount in held:
        sold = [one for one in today if one.exit_time and f"{one.exit_time:%H:%M}" <= minute]
        yield CurveMoment(
            minute,
            sum((one.realised_pnl or Decimal(0) for one in sold), Decimal(0)),
            Decimal(amount or 0),
            sum((one.entry_charges + one.exit_charges for one in sold), Decimal(0)),
        )


def _order_by_hand(desk: SampleDesk) -> None:
    order = _seen(desk, OrderIntent, intent_key("main", "N260818I1"))
    wanted = {"tradingsymbol": "INFY", "quantity": 10, "product": "CNC", "price": Decimal("1478.00")}
    terms = order.terms.model_copy(update=wanted)
    _change(desk, order.evolve(kind="ORDER", terms=terms))
    desk.keep(AskedOn(account="main", day=DAY, orders=1, value=Decimal(14780)))


def _other_contracts(desk: SampleDesk) -> None:
    """Each refused option has a price of its own."""
    told = {
        "s2": ("HDFCBANK26AUG1640CE", "HDFCBANK", "21.35", "12.80", "32.05", 0.74),
        "s3": ("BANKNIFTY26AUG55000CE", "BANKNIFTY", "386.20", "231.70", "579.30", 0.81),
    }
    for signal in load_all(desk.store, Signal, f"SIGNALS#{DAY}"):
        if signal.signal_id not in told:
            continue
        symbol, underlying, *prices, chance = told[signal.signal_id]
        entry, stop, target = (Decimal(price) for price in prices)
        changed = {"symbol": symbol, "underlying": underlying, "confidence": chance}
        levels = {"entry_price": entry, "stop_loss_price": stop, "target_price": target}
        _change(desk, signal.evolve(**changed, **levels, bid=entry - Decimal("0.20"), ask=entry))
