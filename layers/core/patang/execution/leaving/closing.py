"""How a position is sold, step by step: what rests for it is turned into the sell, or taken away first.

    nothing rests                    EXIT
    a stop rests                     MODIFY of that order into the sell; of several orders, or where that was
                                     refused: CANCEL, then EXIT
    a stop is on its way             nothing until the broker has said what became of it
    a GTT rests                      GTT_DELETE, then EXIT once it is known to be gone
    a GTT is on its way              nothing until it is known, then as above

So at no moment may more be sold than is held. Pure: the caller writes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from patang.execution.intent import OrderIntent
from patang.execution.protection.intents import (
    ExitWish,
    cancel_stop,
    delete_trigger,
    sell_all,
    stop_into_sell,
)
from patang.execution.protection.rules import check_covered, has_triggered
from patang.portfolio.position import Position
from patang.portfolio.protection import Protection
from patang.ports import Write
from patang.records import create, replace

__all__ = ["Step", "cancelled", "closing", "continued"]

# Market time after which a stop that should have become a sell and still waits for its trigger is told
# again.
_STILL_A_STOP = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Step:
    """A position changed, with the intents that change with it and those that it takes, in their order."""

    position: Position
    asked: tuple[OrderIntent, ...] = ()
    changed: tuple[OrderIntent, ...] = ()

    def writes(self) -> Sequence[Write]:
        """All of it, in one transaction."""
        return [replace(self.position), *map(create, self.asked), *map(replace, self.changed)]


def closing(
    position: Position, laid: OrderIntent | None, wish: ExitWish, as_of: datetime, now: datetime
) -> Step:
    """The first step of selling an OPEN position; `laid` is the intent that laid its protection, if any."""
    taken = position.evolve(
        state="CLOSING",
        exit_reason=wish.reason,
        exit_wanted_by=wish.person,
        exit_attempts=position.exit_attempts + 1,
    )
    resting = taken.protection
    if resting is None or not resting.may_sell or laid is None:
        return _sell(taken, wish, as_of, now)
    resting = resting.unhindered()
    taken = taken.evolve(protection=resting)
    if laid.state == "NEW":
        # Nobody has claimed it, and with this write nobody will.
        dropped = laid.evolve(state="DROPPED", reason="its position is being sold")
        gone = _protected(taken, as_of, state="GONE")
        return _with(_sell(gone, wish, as_of, now), dropped)
    if resting.kind == "SL" and laid.is_final:
        return _sell(_protected(taken, as_of, state="GONE"), wish, as_of, now)
    if resting.state == "RESTING" and _is_named(resting, laid):
        return _take(taken, laid, wish, as_of, now)
    # On its way to the broker or away from it: what becomes of it decides how the position is sold.
    waiting = taken.evolve(exit_intent_id=_decider(taken, laid))
    return Step(waiting, changed=(_expecting(laid, wish),) if resting.kind == "SL" else ())


def continued(
    position: Position,
    laid: OrderIntent | None,
    selling: OrderIntent | None,
    wish: ExitWish,
    as_of: datetime,
    now: datetime,
) -> Step | None:
    """The next step of a CLOSING position, None while it has to wait.

    `selling` is the intent that the position names as its exit.
    """
    resting = position.protection
    if selling is not None and selling.kind == "EXIT":
        return None
    if resting is None or not resting.may_sell:
        ended = selling is None or selling.is_final
        return _sell(position, wish, as_of, now) if ended and position.open_quantity > 0 else None
    if laid is None or resting.amended_by is not None or not _is_named(resting, laid):
        return None
    if resting.retry_at is not None and as_of < resting.retry_at:
        return None
    if resting.state == "RESTING" and not (resting.kind == "SL" and has_triggered(laid)):
        return _take(position, laid, wish, as_of, now)
    if _is_still_a_stop(laid) and as_of >= (laid.amended_at or resting.since) + _STILL_A_STOP:
        return _take(position, laid, wish, as_of, now)
    return None


def _is_named(resting: Protection, laid: OrderIntent) -> bool:
    """Whether the broker has named what rests: the order that follows a refused one has yet to reach him."""
    return resting.kind == "GTT" or laid.broker_order_id is not None


def _is_still_a_stop(laid: OrderIntent) -> bool:
    return laid.kind == "PROTECT" and laid.state == "ACKED" and laid.broker_status == "TRIGGER PENDING"


def _take(position: Position, laid: OrderIntent, wish: ExitWish, as_of: datetime, now: datetime) -> Step:
    """What rests is turned into the sell, or deleted to make place for it."""
    resting = position.protection
    assert resting is not None
    number = resting.amendments + 1
    if resting.kind == "GTT":
        asked = delete_trigger(position, resting, as_of, now, wish.reason)
        lifted = _protected(
            position, as_of, state="LIFTING", amended_by=asked.intent_id, amendments=number, amended_at=as_of
        )
        return Step(lifted.evolve(exit_intent_id=asked.intent_id), (asked,))
    if laid.slices or position.exit_attempts > 1:
        return _take_away(position, laid, wish, as_of, now)
    asked = stop_into_sell(position, laid, wish, as_of, now)
    lifted = _protected(
        position, as_of, state="LIFTING", amended_by=asked.intent_id, amendments=number, amended_at=as_of
    )
    counted = _expecting(laid, wish).evolve(modifications=laid.modifications + 1, amended_at=as_of)
    return Step(lifted.evolve(exit_intent_id=laid.intent_id), (asked,), (counted,))


def _take_away(position: Position, laid: OrderIntent, wish: ExitWish, as_of: datetime, now: datetime) -> Step:
    """A stop that the broker has cut into several orders, or has refused to change into the sell (its limit
    may be outside the day's price band, and only an order of its own is cured of that), is cancelled before
    its position is sold."""
    lifted = cancelled(position, _expecting(laid, wish), as_of, now, wish.reason)
    return Step(lifted.position.evolve(exit_intent_id=laid.intent_id), lifted.asked, lifted.changed)


def cancelled(position: Position, stop: OrderIntent, as_of: datetime, now: datetime, reason: str) -> Step:
    """A resting stop is cancelled, all of its orders."""
    resting = position.protection
    assert resting is not None
    asked = cancel_stop(position, stop, as_of, now, reason)
    lifted = _protected(
        position,
        as_of,
        state="LIFTING",
        amended_by=asked[-1].intent_id if asked else None,
        amendments=resting.amendments + 1,
        amended_at=as_of,
    )
    return Step(lifted, asked, (stop.evolve(cancels=stop.cancels + 1, amended_at=as_of),))


def _sell(position: Position, wish: ExitWish, as_of: datetime, now: datetime) -> Step:
    check_covered(position, 0, position.open_quantity)
    asked = sell_all(position, wish, as_of, now)
    return Step(position.evolve(exit_intent_id=asked.intent_id), (asked,))


def _decider(position: Position, laid: OrderIntent) -> str:
    """Whose end says how the position goes on: of a GTT on its way out, its deletion."""
    resting = position.protection
    if resting is not None and resting.kind == "GTT" and resting.amended_by is not None:
        return resting.amended_by
    return laid.intent_id


def _expecting(stop: OrderIntent, wish: ExitWish) -> OrderIntent:
    """From here on it is measured against what could be had when the exit was wanted."""
    return stop.evolve(expected_price=wish.last_price, bid=wish.bid, wanted_by=wish.person)


def _protected(position: Position, as_of: datetime, **changes: Any) -> Position:
    resting = position.protection
    assert resting is not None
    return position.evolve(protection=resting.model_copy(update={"since": as_of} | changes))


def _with(step: Step, changed: OrderIntent) -> Step:
    return Step(step.position, step.asked, (*step.changed, changed))
