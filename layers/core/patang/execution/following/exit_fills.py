"""What an exit order's fills and end do: the position, the day's result, the standing state of risk."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from patang.errors import StopTrading
from patang.execution.following.consequences import Notice, Settlement, fill_of, name_of
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal
from patang.execution.orders.cures import range_said
from patang.execution.protection.rules import exit_pause, has_triggered, retry_pause
from patang.keys import day_key, intent_key, mark_key, position_key, risk_key
from patang.market.sessions import IST
from patang.portfolio.account_state import AccountDay, RiskState
from patang.portfolio.day_result import after_close
from patang.portfolio.ledger import after_exit
from patang.portfolio.position import Mark, Position
from patang.ports import StateStore
from patang.records import create, load, replace

__all__ = ["settle_exit"]

# How long a position is left alone after its exit was refused for the first time.
_REFUSED_PAUSE = timedelta(seconds=10)


def settle_exit(
    store: StateStore,
    done: Settlement,
    old: OrderIntent,
    new: OrderIntent,
    as_of: datetime,
    now: datetime,
) -> None:
    """The consequences for the position that an EXIT or a PROTECT order sells."""
    position = load(store, Position, position_key(new.account, new.position_id or ""))
    if position is None:
        raise StopTrading(f"exit {new.intent_id} sells position {new.position_id!r}, which is not stored")
    changed = _protected(done, position, new, as_of)
    if new.kind == "PROTECT" and changed.state == "OPEN" and has_triggered(new):
        changed = _begun_by_itself(done, new, changed, as_of, now)
    fill = fill_of(new, as_of)
    if fill is not None and new.filled_quantity > old.filled_quantity:
        expected = new.expected_price or fill.price
        changed = after_exit(changed, fill_of(old, as_of), fill, expected)
    if changed.state == "CLOSED" and position.state != "CLOSED":
        book_result(store, done, position, changed, as_of, now)
    elif changed.state == "CLOSED":
        if not new.is_final or new.filled_quantity > old.filled_quantity:
            _alarm_stray(done, new, changed)
    elif not new.is_final:
        changed = _reclaimed(store, done, new, changed)
    elif changed.exit_intent_id == new.intent_id and not _goes_on(new, changed):
        changed = _reopened(done, new, changed, as_of)
    if changed.state == "CLOSED":
        changed = changed.evolve(booked_charges=changed.entry_charges + (changed.exit_charges or 0))
    if changed != position:
        done.writes.append(replace(changed))


def _protected(done: Settlement, position: Position, new: OrderIntent, as_of: datetime) -> Position:
    """What the end, or the first word, of a stop order says of the protection."""
    resting = position.protection
    if resting is None or resting.intent_id != new.intent_id:
        return position
    if new.is_final:
        refused = new.state in ("REJECTED", "DROPPED")
        if new.state == "REJECTED":
            text = (
                f"{name_of(new)}, the stop of {position.symbol}, was refused: "
                f"{new.status_message or 'no reason given'}. It is tried again."
            )
            done.notices.append(Notice("Protection refused", text, "protection_refused"))
        low, _ = range_said(new.status_message) if new.state == "REJECTED" else (None, None)
        is_news = low is not None and low != resting.floor
        gone = {
            "state": "GONE",
            "since": as_of,
            "amended_by": None,
            "refusals": resting.refusals + 1 if refused else resting.refusals if new.terms.autoslice else 0,
            "retry_at": as_of + retry_pause(resting.refusals) if refused and not is_news else None,
            "floor": low or resting.floor,
        }
        return position.evolve(protection=resting.model_copy(update=gone))
    if new.broker_order_id in (None, resting.broker_order_id):
        return position
    # Also of the order that follows a refused one, for which this position took it to rest.
    confirmed: dict[str, Any] = {"broker_order_id": new.broker_order_id}
    if resting.state == "LAYING":
        confirmed |= {"state": "RESTING", "since": as_of}
        if not new.terms.autoslice:
            # Of a stop that is cut the broker may have refused a part, which only the book tells.
            confirmed["refusals"] = 0
    return position.evolve(protection=resting.model_copy(update=confirmed))


def _begun_by_itself(
    done: Settlement, new: OrderIntent, position: Position, as_of: datetime, now: datetime
) -> Position:
    """The broker's trigger was reached: what rested is the position's exit from now on."""
    trailed = new.reason == "STOP" and (new.expected_price or 0) > position.stop_loss_price
    reason = "TRAILING_STOP" if trailed else new.reason
    begun = position.evolve(
        state="CLOSING",
        exit_intent_id=new.intent_id,
        exit_reason=reason,
        exit_wanted_by=None,
        exit_attempts=position.exit_attempts + 1,
    )
    done.writes.append(
        journal(
            new.account,
            "EXIT_BEGUN",
            f"{begun.position_id}#{begun.exit_attempts}",
            as_of,
            now,
            position_id=begun.position_id,
            intent_id=new.intent_id,
            symbol=begun.symbol,
            quantity=begun.open_quantity,
            reason=reason,
            last_price=new.expected_price,
            limit_price=new.limit_price or new.terms.price,
        )
    )
    return begun


def _goes_on(new: OrderIntent, position: Position) -> bool:
    """Whether a stop ended before it sold, so that the sale goes on with another order at once: it was
    refused, or taken away by us."""
    ended_unsold = new.state in ("REJECTED", "DROPPED") or new.cancels > 0
    return new.kind == "PROTECT" and ended_unsold and position.state == "CLOSING"


def _reclaimed(store: StateStore, done: Settlement, new: OrderIntent, position: Position) -> Position:
    """A live exit is its position's exit; one that turned up late beside another is a sell too many."""
    if new.kind == "PROTECT":
        resting = position.protection
        if (
            resting is None or resting.intent_id != new.intent_id
        ) and position.exit_intent_id != new.intent_id:
            _alarm_stray(done, new, position)
        return position
    if position.state == "OPEN" and (unprotected := _without_unsent(store, done, position)) is not None:
        return unprotected.evolve(state="CLOSING", exit_intent_id=new.intent_id)
    if position.exit_intent_id != new.intent_id:
        _alarm_stray(done, new, position)
    return position


def _without_unsent(store: StateStore, done: Settlement, position: Position) -> Position | None:
    """The position without protection that nobody has sent yet; None where some may stand at the broker."""
    resting = position.protection
    if resting is None or not resting.may_sell:
        return position
    laid = load(store, OrderIntent, intent_key(position.account, resting.intent_id))
    if laid is None or laid.state != "NEW":
        return None
    done.writes.append(replace(laid.evolve(state="DROPPED", reason="its position is being sold")))
    return position.evolve(protection=resting.model_copy(update={"state": "GONE"}))


def _reopened(done: Settlement, new: OrderIntent, position: Position, as_of: datetime) -> Position:
    """The exit has ended and something is left: the guard may try again."""
    if new.state == "COMPLETE":
        # More was bought while it sold.
        return position.evolve(state="OPEN", exit_intent_id=None)
    text = (
        f"{name_of(new)} ended {new.state.lower()} ({new.status_message or new.reason or 'no reason'}); "
        f"{position.open_quantity} {position.symbol} are still held and will be sold again."
    )
    done.notices.append(Notice("Exit not done", text, "exit_failed"))
    blocked = as_of + exit_pause(_REFUSED_PAUSE, position.exit_attempts)
    return position.evolve(state="OPEN", exit_intent_id=None, exit_blocked_until=blocked)


def _alarm_stray(done: Settlement, new: OrderIntent, position: Position) -> None:
    done.stray = not new.is_final
    sold = f"{position.exited_quantity} of {position.quantity}"
    text = (
        f"{name_of(new)} sells {position.symbol}, of which {sold} were sold already by another order. "
        "It is being cancelled; look at the account's positions at the broker."
    )
    done.notices.append(Notice("A sell order too many", text, "stray_exit"))


def book_result(
    store: StateStore,
    done: Settlement,
    before: Position,
    closed: Position,
    as_of: datetime,
    now: datetime,
) -> None:
    """The result of a closed position, into the account's day and its standing state."""
    day = as_of.astimezone(IST).date()
    stored = load(store, AccountDay, day_key(closed.account, day))
    mark = load(store, Mark, mark_key(closed.position_id))
    result, pnl = after_close(
        stored or AccountDay(account=closed.account, day=day), before, closed, mark, day
    )
    risk = load(store, RiskState, risk_key(closed.account))
    standing = (risk or RiskState(account=closed.account)).with_result(closed, pnl)
    done.writes += [
        create(result) if stored is None else replace(result),
        create(standing) if risk is None else replace(standing),
        journal(
            closed.account,
            "POSITION_CLOSED",
            f"{closed.position_id}#{closed.exited_quantity}",
            as_of,
            now,
            position_id=closed.position_id,
            symbol=closed.symbol,
            quantity=closed.exited_quantity,
            entry_price=closed.entry_price,
            exit_price=closed.exit_price,
            charges=closed.entry_charges + (closed.exit_charges or Decimal(0)),
            slippage=closed.exit_slippage,
            reason=closed.exit_reason,
            realised_pnl=closed.realised_pnl,
        ),
    ]
    text = (
        f"Sold {closed.exited_quantity} {closed.symbol} at {closed.exit_price} ({closed.exit_reason}); "
        f"result after charges {closed.realised_pnl} rupees."
    )
    done.notices.append(Notice("Position closed", text, kind="position"))
