"""A day's trades beside those of its replay: what differs, and whether a known cause accounts for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.approvals.proposal import Proposal
from patang.backtest.parity.day import RecordedDay
from patang.backtest.trade import Trade
from patang.portfolio.position import Position

__all__ = ["Replayed", "Side", "TradeParity", "compare_trades"]

# Lowest and highest price at which an instrument was traded or quoted round a moment; None: nobody knows.
type Range = Callable[[str, datetime], tuple[Decimal, Decimal] | None]
type Cause = Literal["", "OWNER", "FILL", "HELD_OVERNIGHT", "SETTINGS", "UNEXPLAINED"]


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Side(_Value):
    """One telling of a trade. Rupees; what has not come about is None."""

    quantity: int
    entry_time: datetime
    entry_price: Decimal
    exit_time: datetime | None
    exit_price: Decimal | None
    exit_reason: str | None
    charges: Decimal
    net_pnl: Decimal | None


class TradeParity(_Value):
    """One proposal of the day, or of its replay alone.

    `differences` say what is not the same, `cause` what accounts for it: nothing to account for, the owner,
    how bars take orders to fill (the day's prices lie in the range of their minutes, or the two accounts held
    different things by then because of it), a position of another day, settings that were changed in the
    course of the day, or nothing that is known.
    """

    order_id: str
    signal_id: str
    symbol: str
    outcome: str
    recorded: Side | None
    replayed: Side | None
    differences: tuple[str, ...]
    cause: Cause


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay came to: its proposals and its trades by the id of their signal."""

    proposals: Mapping[str, Proposal]
    trades: Mapping[str, Trade]


def compare_trades(
    day: RecordedDay, replayed: Replayed, seen: Range, changed_at: datetime | None
) -> tuple[TradeParity, ...]:
    """Every proposal of the day, then what the replay alone has proposed.

    `seen` tells the range of an instrument (EXCHANGE:TRADINGSYMBOL) in the minute of a moment, `changed_at`
    from when on other settings than the replay's were in force, None where none were.
    """
    found = []
    for signal_id in dict.fromkeys([*day.proposals, *replayed.proposals]):
        proposal, again = day.proposals.get(signal_id), replayed.proposals.get(signal_id)
        position = day.position_of(signal_id)
        trade = replayed.trades.get(signal_id)
        before = None if position is None else _of_position(position)
        after = None if trade is None else _of_trade(trade)
        differences = _differences(proposal, again, before, after)
        told = proposal or again
        assert told is not None
        cause: Cause = ""
        if differences:
            cause = _cause(proposal, again, position, seen)
            if cause == "UNEXPLAINED" and not _held_alike(day, replayed, told.as_of):
                cause = "FILL"
            if cause == "UNEXPLAINED" and changed_at is not None and told.as_of >= changed_at:
                cause = "SETTINGS"
            if cause == "UNEXPLAINED" and day.carried:
                cause = "HELD_OVERNIGHT"
        found.append(
            TradeParity(
                order_id=told.order_id,
                signal_id=signal_id,
                symbol=told.signal.symbol,
                outcome="NOT_PROPOSED" if proposal is None else proposal.outcome or proposal.state,
                recorded=before,
                replayed=after,
                differences=differences,
                cause=cause,
            )
        )
    return tuple(found)


def _differences(
    proposal: Proposal | None, again: Proposal | None, before: Side | None, after: Side | None
) -> tuple[str, ...]:
    if proposal is None:
        return ("the day has not proposed it",)
    if again is None:
        return ("the replay has not proposed it",)
    told = []
    wanted = proposal.proposed_quantity or proposal.quantity
    if wanted != again.quantity:
        told.append(f"proposed {wanted}, replayed {again.quantity}")
    if before is None or after is None:
        if before is not after:
            told.append(f"the {'replay' if after is None else 'day'} has not bought it")
        return tuple(told)
    for name in ("quantity", "entry_price", "exit_price", "exit_reason"):
        then, now = getattr(before, name), getattr(after, name)
        if then != now:
            told.append(f"{name} {then}, replayed {now}")
    return tuple(told)


def _cause(
    proposal: Proposal | None, again: Proposal | None, position: Position | None, seen: Range
) -> Cause:
    if proposal is None or again is None:
        return "UNEXPLAINED"
    if (proposal.proposed_quantity or proposal.quantity) != again.quantity:
        return "UNEXPLAINED"
    if position is None:
        return "UNEXPLAINED"
    if proposal.quantity != again.quantity or position.exit_wanted_by is not None:
        return "OWNER"
    if position.state != "CLOSED":
        return "HELD_OVERNIGHT"
    name = f"{position.exchange}:{position.symbol}"
    fills = [(position.entry_time, position.entry_price), (position.exit_time, position.exit_price)]
    within = all(
        at is not None and price is not None and _within(seen(name, at), price) for at, price in fills
    )
    return "FILL" if within else "UNEXPLAINED"


def _held_alike(day: RecordedDay, replayed: Replayed, at: datetime) -> bool:
    """Whether both accounts held the same at a moment."""
    then = {p.symbol for p in day.positions.values() if p.entry_time <= at and (p.exit_time or at) >= at}
    now = {t.symbol for t in replayed.trades.values() if t.entered_at <= at <= t.exited_at}
    return then == now


def _within(span: tuple[Decimal, Decimal] | None, price: Decimal) -> bool:
    return span is not None and span[0] <= price <= span[1]


def _of_position(position: Position) -> Side:
    return Side(
        quantity=position.quantity,
        entry_time=position.entry_time,
        entry_price=position.entry_price,
        exit_time=position.exit_time,
        exit_price=position.exit_price,
        exit_reason=position.exit_reason,
        charges=position.entry_charges + (position.exit_charges or Decimal(0)),
        net_pnl=position.realised_pnl,
    )


def _of_trade(trade: Trade) -> Side:
    return Side(
        quantity=trade.quantity,
        entry_time=trade.entered_at,
        entry_price=trade.entry_price,
        exit_time=trade.exited_at,
        exit_price=trade.exit_price,
        exit_reason=trade.exit_reason,
        charges=trade.charges,
        net_pnl=trade.net_pnl,
    )
