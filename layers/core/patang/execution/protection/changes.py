"""What becomes of protection when the lane's changes of it end: laid, changed, lifted, refused."""

from datetime import datetime, timedelta
from typing import Any

from patang.execution.following.consequences import Notice, Settlement, name_of
from patang.execution.intent import OrderIntent
from patang.execution.protection.rules import exit_pause, has_triggered, retry_pause
from patang.keys import intent_key, position_key
from patang.portfolio.position import Position
from patang.portfolio.protection import Protection
from patang.ports import StateStore
from patang.records import load, replace

__all__ = ["settle_protection"]

# How long a position is left alone after a change that should have sold it was refused for the first time.
# Mostly it has been sold already, and its fill is on the way.
_PAUSE = timedelta(seconds=3)


def settle_protection(store: StateStore, done: Settlement, new: OrderIntent, as_of: datetime) -> None:
    """The consequences of a MODIFY, CANCEL, GTT_PLACE, GTT_MODIFY or GTT_DELETE that has ended, for the
    position that it is about. One that is about an entry, or that others have overtaken, has none."""
    position = load(store, Position, position_key(new.account, new.position_id or ""))
    resting = None if position is None else position.protection
    if position is None or resting is None:
        return
    if new.kind == "GTT_PLACE":
        if resting.intent_id != new.intent_id or resting.state != "LAYING":
            return
        changed = _laid(done, new, position, resting, as_of)
    elif resting.amended_by == new.intent_id:
        taken = new.state == "COMPLETE"
        changed = (
            _done(new, position, resting, as_of)
            if taken
            else _refused(store, done, new, position, resting, as_of)
        )
    else:
        return
    done.writes.append(replace(changed))


def _laid(
    done: Settlement, new: OrderIntent, position: Position, resting: Protection, as_of: datetime
) -> Position:
    if new.state == "COMPLETE":
        return _with(position, resting, as_of, state="RESTING", gtt_id=new.target_gtt_id, refusals=0)
    if new.state == "REJECTED":
        text = (
            f"{name_of(new)}, which should wait for {position.symbol} at the broker, was refused: "
            f"{new.status_message or 'no reason given'}. A stop for the day is laid instead."
        )
        done.notices.append(Notice("Protection refused", text, "protection_refused"))
        return _with(position, resting, as_of, state="GONE", refusals=resting.refusals + 1)
    return _with(position, resting, as_of, state="GONE", retry_at=as_of + retry_pause(0))


def _done(new: OrderIntent, position: Position, resting: Protection, as_of: datetime) -> Position:
    if new.kind in ("GTT_DELETE", "CANCEL"):
        # A cancelled order says itself when it has ended, and how much it had sold by then.
        gone = {"state": "GONE"} if new.kind == "GTT_DELETE" else {}
        # A cut stop is also cancelled for a part that was refused, and may be again.
        refusals = resting.refusals if new.terms.autoslice else 0
        return _with(position, resting, as_of, amended_by=None, refusals=refusals, **gone)
    if new.terms.order_type == "LIMIT" and new.kind == "MODIFY":
        sells = int((new.changes or {}).get("quantity", resting.quantity))
        return _with(position, resting, as_of, amended_by=None, refusals=0, quantity=sells)
    legs = new.gtt.triggers if new.gtt is not None else (new.terms.trigger_price or resting.trigger_price,)
    return _with(
        position,
        resting,
        as_of,
        amended_by=None,
        # Of a stop the exchange has yet to take what the broker has, which the book tells.
        refusals=0 if new.kind == "GTT_MODIFY" else resting.refusals,
        quantity=new.terms.quantity,
        trigger_price=legs[0],
        limit_price=new.terms.price or resting.limit_price,
        target_price=legs[1] if len(legs) > 1 else None,
    )


def _refused(
    store: StateStore,
    done: Settlement,
    new: OrderIntent,
    position: Position,
    resting: Protection,
    as_of: datetime,
) -> Position:
    """What rests rests on, as far as anybody knows; the exit that was to come of it has to be begun again."""
    stop = load(store, OrderIntent, intent_key(new.account, resting.intent_id))
    selling = position.state == "CLOSING" and position.exit_intent_id in (new.intent_id, resting.intent_id)
    rests = {"state": "RESTING"} if resting.state == "LIFTING" else {}
    if resting.kind == "SL" and stop is not None and (stop.is_final or has_triggered(stop)):
        # It has sold, or is about to: its own fills and its end say the rest.
        return _with(position, resting, as_of, amended_by=None)
    pause = retry_pause(resting.refusals)
    if position.state == "CLOSING":
        pause = min(pause, exit_pause(_PAUSE, resting.refusals + 2))
    again = {"refusals": resting.refusals + 1, "retry_at": as_of + pause}
    kept = _with(position, resting, as_of, amended_by=None, **again, **rests)
    if not selling or new.kind == "CANCEL":
        return kept
    if position.exit_attempts > 1:
        text = (
            f"{name_of(new)} was refused ({new.status_message or new.reason or 'no reason'}); "
            f"{position.open_quantity} {position.symbol} are still held and will be sold again."
        )
        done.notices.append(Notice("Exit not done", text, "exit_failed"))
    blocked = as_of + exit_pause(_PAUSE, position.exit_attempts)
    return kept.evolve(state="OPEN", exit_intent_id=None, exit_blocked_until=blocked)


def _with(position: Position, resting: Protection, as_of: datetime, **changes: Any) -> Position:
    moved = {} if changes.get("state", resting.state) == resting.state else {"since": as_of}
    return position.evolve(protection=resting.model_copy(update=moved | changes))
