"""A day's trades beside those of its replay: what differs, and whether a known cause accounts for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from patang.approvals.proposal import Proposal
from patang.backtest.parity.day import RecordedDay
from patang.backtest.parity.told import Cause, Side, TradeParity
from patang.backtest.trade import Trade
from patang.execution.reconciliation.outside import CLOSED_EXTERNALLY
from patang.market.sessions import IST
from patang.portfolio.position import Position
from patang.risk.reservations import DERIVATIVES
from patang.settings.limits import RiskSettings

__all__ = ["Market", "Replayed", "compare_trades"]

# From the moment that ends a position until the last fill of its sale, and until the desk's books have it.
_TO_SELL = timedelta(minutes=2)
# Refusals for want of money, which any sale would have lifted.
_NO_MONEY = frozenset({"CAPITAL", "MARGIN", "MARGIN_INSUFFICIENT", "PORTFOLIO_EXPOSURE"})
_CHARGES = "charges of the same trade"
_FILLED = ("FILLED", "PARTLY_FILLED")


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay came to: its proposals and its trades by the id of their signal. `rests` is how long an
    order that nobody fills takes up room, `bounds` are the limits that it kept to."""

    proposals: Mapping[str, Proposal]
    trades: Mapping[str, Trade]
    rests: timedelta
    bounds: RiskSettings


@dataclass(frozen=True, slots=True)
class Market:
    """What the day's minutes say.

    `seen`: the lowest and highest price at which an instrument (EXCHANGE:TRADINGSYMBOL) was traded or quoted
    round a moment, None where nobody knows. `leaves`: from when on bars may have ended a position of the day,
    and by when they have; None where they do not on the day. `changed_at`: from when on other settings than
    the replay's were in force, None where none were.
    """

    seen: Callable[[str, datetime], tuple[Decimal, Decimal] | None]
    leaves: Callable[[Position], tuple[datetime | None, datetime | None]]
    changed_at: datetime | None


def compare_trades(day: RecordedDay, replayed: Replayed, market: Market) -> tuple[TradeParity, ...]:
    """Every proposal of the day, what the replay alone has proposed, then what was bought without any."""
    found = []
    for signal_id in dict.fromkeys([*day.proposals, *replayed.proposals]):
        proposal, again = day.proposals.get(signal_id), replayed.proposals.get(signal_id)
        position = day.position_of(signal_id)
        trade = replayed.trades.get(signal_id)
        before = None if position is None else _of_position(position)
        after = None if trade is None else _of_trade(trade)
        differences = _differences(proposal, again, before, after, day.refused.get(signal_id))
        told = proposal or again
        assert told is not None
        cause: Cause = ""
        if differences and (proposal is None or again is None or _wanted(proposal) != again.quantity):
            cause = _of_proposing(day, replayed, told, market.changed_at)
        elif differences:
            same_trade = differences[0].startswith(_CHARGES)
            cause = (
                "UNEXPLAINED"
                if position is None or same_trade
                else _of_fills(day, told, position, trade, market)
            )
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
    return (*found, *_unasked(day))


def _unasked(day: RecordedDay) -> list[TradeParity]:
    """What was bought and belongs to no proposal that is compared, as a second order of one would be."""
    known = {day.proposals[signal_id].intent_id for signal_id in day.proposals}
    return [
        TradeParity(
            order_id=position.position_id,
            signal_id="",
            symbol=position.symbol,
            outcome="NOT_PROPOSED",
            recorded=_of_position(position),
            replayed=None,
            differences=("no proposal of the day accounts for it",),
            cause="UNEXPLAINED",
        )
        for intent_id, position in day.positions.items()
        if intent_id not in known
    ]


def _wanted(proposal: Proposal) -> int:
    """What was proposed, before a person made it less."""
    return proposal.proposed_quantity or proposal.quantity


def _differences(
    proposal: Proposal | None,
    again: Proposal | None,
    before: Side | None,
    after: Side | None,
    refused: str | None,
) -> tuple[str, ...]:
    if proposal is None:
        return (f"the day has not proposed it: {refused or 'no refusal is on record'}",)
    if again is None:
        return ("the replay has not proposed it",)
    told = []
    if _wanted(proposal) != again.quantity:
        told.append(f"proposed {_wanted(proposal)}, replayed {again.quantity}")
    if before is None and proposal.outcome in _FILLED:
        told.append(f"the day says {proposal.outcome} and holds no position of it")
    if before is None or after is None:
        if before is not after:
            told.append(f"the {'replay' if after is None else 'day'} has not bought it")
        return tuple(told)
    for name in ("quantity", "entry_price", "exit_price", "exit_reason"):
        then, now = getattr(before, name), getattr(after, name)
        if then != now:
            told.append(f"{name} {then}, replayed {now}")
    if not told and before.charges != after.charges:
        told.append(f"{_CHARGES} {before.charges}, replayed {after.charges}")
    then, now = before.exit_time, after.exit_time
    if then is not None and now is not None and abs(then - now) > _TO_SELL:
        told.append(f"exit_time {then:%H:%M}, replayed {now:%H:%M}")
    return tuple(told)


def _of_proposing(day: RecordedDay, replayed: Replayed, told: Proposal, changed_at: datetime | None) -> Cause:
    """Why the two accounts have proposed different things at a moment."""
    if not _room_taken_alike(day, replayed, told.as_of) or _sold_unbooked(day, replayed, told):
        return "FILL"
    if changed_at is not None and told.as_of >= changed_at:
        return "SETTINGS"
    return "HELD_OVERNIGHT" if day.carried else "UNEXPLAINED"


def _of_fills(
    day: RecordedDay, proposal: Proposal, position: Position, trade: Trade | None, market: Market
) -> Cause:
    """Why the same proposal has come to something else. No cause makes good a price that nobody traded at, or
    more units than were ordered."""
    name = f"{position.exchange}:{position.symbol}"
    entry_known = _within(market.seen(name, position.entry_time), position.entry_price)
    if position.quantity > proposal.quantity or not entry_known:
        return "UNEXPLAINED"
    if position.exit_reason == CLOSED_EXTERNALLY:
        return "OWNER"
    sold_at = _sold_on(day, position)
    if sold_at is not None and (
        position.exit_price is None or not _within(market.seen(name, sold_at), position.exit_price)
    ):
        return "UNEXPLAINED"
    if position.exit_wanted_by is not None:
        return "OWNER"
    cause = _of_leaving(position, sold_at, trade, market)
    if cause in ("LATE", "UNEXPLAINED") and market.changed_at is not None:
        # Other settings may have given it other levels or another time.
        return "SETTINGS" if sold_at is None or sold_at >= market.changed_at else cause
    return "OWNER" if cause == "FILL" and proposal.proposed_quantity is not None else cause


def _of_leaving(
    position: Position, sold_at: datetime | None, trade: Trade | None, market: Market
) -> Literal["FILL", "HELD_OVERNIGHT", "LATE", "UNEXPLAINED"]:
    """Whether the day has sold when its own bars say that it had to."""
    may, must = market.leaves(position)
    if sold_at is None:
        return "HELD_OVERNIGHT" if must is None else "LATE"
    replayed = None if trade is None or trade.exit_reason != position.exit_reason else trade.exited_at
    if replayed is not None and abs(sold_at - replayed) <= _TO_SELL:
        return "FILL"
    if must is not None and sold_at > must + _TO_SELL:
        return "LATE"
    if position.exit_reason == "TRAILING_STOP":
        # How far a stop had followed depends on what came first within a bar, which no bar tells.
        return "FILL"
    asked_for = may is not None and sold_at >= may and (must is not None or sold_at <= may + _TO_SELL)
    return "FILL" if asked_for else "UNEXPLAINED"


def _sold_on(day: RecordedDay, position: Position) -> datetime | None:
    """When it was sold, None where that was not on the day."""
    at = position.exit_time
    sold = position.state == "CLOSED" and at is not None and at.astimezone(IST).date() == day.day
    return at if sold else None


def _room_taken_alike(day: RecordedDay, replayed: Replayed, at: datetime) -> bool:
    """Whether both accounts held the same at a moment, and had ordered the same before it."""
    again = {name: trade.entered_at for name, trade in replayed.trades.items()}
    now = {t.symbol for t in replayed.trades.values() if t.entered_at <= at <= t.exited_at}
    now |= _ordered(day, replayed.proposals, again, replayed.rests, at)
    return _taken_on_the_day(day, replayed.rests, at) == now


def _taken_on_the_day(day: RecordedDay, rests: timedelta, at: datetime) -> set[str]:
    """What the day's account held at a moment, or had ordered before it, by symbol."""
    bought = {name: day.position_of(name) for name in day.proposals}
    entered = {name: position.entry_time for name, position in bought.items() if position is not None}
    held = {p.symbol for p in day.positions.values() if p.entry_time <= at and (p.exit_time or at) >= at}
    return held | _ordered(day, day.proposals, entered, rests, at)


def _ordered(
    day: RecordedDay,
    proposals: Mapping[str, Proposal],
    entered: Mapping[str, datetime],
    rests: timedelta,
    at: datetime,
) -> set[str]:
    """What was ordered before a moment and is not bought yet, by symbol."""
    found = set()
    for name, proposal in proposals.items():
        declined = day.declined(proposal, rests)
        rested = proposal.as_of + rests if declined is None else declined.until
        if proposal.as_of < at < entered.get(name, rested):
            found.add(proposal.signal.symbol)
    return found


def _sold_unbooked(day: RecordedDay, replayed: Replayed, told: Proposal) -> bool:
    """Whether the day had no room for want of a sale that the exchange had made just before: one that would
    have lifted its refusal, and without which there was none."""
    at, gate = told.as_of, day.refused.get(told.signal.signal_id, "")
    sold = [
        position
        for position in day.positions.values()
        if (left := _sold_on(day, position)) is not None and left <= at <= left + _TO_SELL
    ]
    options = [position for position in sold if position.exchange in DERIVATIVES]
    taken = {*_taken_on_the_day(day, replayed.rests, at), *day.carried}
    match gate:
        case "ALREADY_HELD" | "SYMBOL_EXPOSURE":
            return any(position.underlying == told.signal.underlying for position in sold)
        case "STRATEGY_SHARE":
            return any(position.strategy == told.signal.strategy for position in sold)
        case "MAX_OPTIONS_REACHED":
            return bool(options)
        case "MAX_CONCURRENT_REACHED":
            full = len(taken | {position.symbol for position in sold})
            return bool(sold) and full >= replayed.bounds.max_concurrent_positions
        case _:
            return gate in _NO_MONEY and bool(sold)


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
