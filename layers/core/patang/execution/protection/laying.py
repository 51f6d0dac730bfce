"""The next step of an open position's protection, and of one that must stand no longer. Pure."""

from datetime import datetime
from typing import Any

from patang.execution.intent import OrderIntent
from patang.execution.leaving.closing import Step, cancelled
from patang.execution.protection.intents import (
    change_stop,
    change_trigger,
    delete_trigger,
    lay_stop,
    lay_trigger,
)
from patang.execution.protection.rules import (
    MOST_PROTECTIVE_CHANGES,
    Wanted,
    check_covered,
    differs,
    has_triggered,
    is_above_freeze,
    is_of_an_earlier_day,
    is_passed,
    wanted_protection,
)
from patang.market.sessions import IST
from patang.portfolio.position import Mark, Position
from patang.portfolio.protection import Protection

__all__ = ["lifted", "protected"]


def protected(
    position: Position, laid: OrderIntent | None, mark: Mark | None, as_of: datetime, now: datetime
) -> Step | None:
    """The next step towards the protection an OPEN position ought to have; None if there is none to take.

    `laid` is the intent that laid what the position names as its protection, if any.
    """
    resting, wanted = position.protection, wanted_protection(position, mark, as_of)
    if wanted.quantity <= 0:
        # What it would sell is gone by another way.
        return lifted(position, laid, as_of, now)
    if resting is not None and resting.retry_at is not None and as_of < resting.retry_at:
        return None
    if resting is None or not resting.may_sell:
        return _lay(position, wanted, mark, as_of, now)
    if is_of_an_earlier_day(resting, as_of):
        return _lay_again(position, laid, wanted, mark, as_of, now)
    if resting.state != "RESTING" or resting.amended_by is not None or laid is None:
        return None
    if resting.kind == "SL" and has_triggered(laid):
        return cancelled(position, laid, as_of, now, "it was to sell at a price of before")
    if resting.kind == "GTT" and wanted.kind == "SL":
        # The exchange has lowered what one order may have.
        return lifted(position, laid, as_of, now)
    cut = bool(laid.slices)
    if not differs(resting, wanted, as_of, position.tick_size, cut=cut) or is_passed(wanted, mark, position):
        return None
    if resting.kind == "GTT":
        return _change_trigger(position, resting, wanted, mark, as_of, now)
    if laid.state != "ACKED":
        return None
    if cut or is_above_freeze(position, wanted.quantity, as_of):
        return cancelled(position, laid, as_of, now, "several orders of one stop are not changed one by one")
    if laid.modifications >= MOST_PROTECTIVE_CHANGES:
        return cancelled(position, laid, as_of, now, "no more modifications left")
    return _change_stop(position, laid, wanted, as_of, now)


def lifted(position: Position, laid: OrderIntent | None, as_of: datetime, now: datetime) -> Step | None:
    """The next step of taking away what rests for a position that is closed, or whose levels mean nothing."""
    resting = position.protection
    if resting is None or not resting.may_sell or laid is None:
        return None
    if laid.state == "NEW":
        dropped = laid.evolve(state="DROPPED", reason="its position needs it no more")
        return Step(_changed(position, as_of, state="GONE"), changed=(dropped,))
    if resting.state != "RESTING" or resting.amended_by is not None:
        return None
    if resting.retry_at is not None and as_of < resting.retry_at:
        return None
    if resting.kind == "GTT":
        asked = delete_trigger(position, resting, as_of, now, "its position needs it no more")
        return Step(_amended(position, asked, as_of, state="LIFTING"), (asked,))
    if laid.state != "ACKED":
        return None
    return cancelled(position, laid, as_of, now, "its position needs it no more")


def _lay(
    position: Position, wanted: Wanted, mark: Mark | None, as_of: datetime, now: datetime
) -> Step | None:
    if is_passed(wanted, mark, position):
        return None
    check_covered(position, 0, wanted.quantity)
    before = position.protection
    number = 1 if before is None else before.number + 1
    if wanted.kind == "GTT":
        last = position.entry_price if mark is None else mark.last_price
        asked = lay_trigger(position, wanted, last, number, as_of, now)
    else:
        asked = lay_stop(position, wanted, number, as_of, now)
    day = as_of.astimezone(IST).date()
    laid = Protection(
        kind=wanted.kind,
        since=as_of,
        intent_id=asked.intent_id,
        number=number,
        quantity=wanted.quantity,
        trigger_price=wanted.trigger,
        limit_price=wanted.limit,
        target_price=wanted.target,
        laid_on=day,
        refusals=0 if before is None else before.refusals,
        floor=before.floor if before is not None and before.laid_on == day else None,
    )
    return Step(position.evolve(protection=laid), (asked,))


def _lay_again(
    position: Position,
    laid: OrderIntent | None,
    wanted: Wanted,
    mark: Mark | None,
    as_of: datetime,
    now: datetime,
) -> Step | None:
    """A stop of an earlier day has ended with it, whether or not anybody has said so."""
    if laid is not None and not laid.is_final and laid.state != "ACKED":
        return None
    again = _lay(_changed(position, as_of, state="GONE", refusals=0), wanted, mark, as_of, now)
    if again is None or laid is None or laid.is_final:
        return again
    ended = laid.evolve(state="CANCELLED", status_message="its day has ended")
    return Step(again.position, again.asked, (ended,))


def _change_stop(
    position: Position, stop: OrderIntent, wanted: Wanted, as_of: datetime, now: datetime
) -> Step:
    check_covered(position, 0, wanted.quantity)
    asked = change_stop(position, stop, wanted, as_of, now)
    counted = stop.evolve(modifications=stop.modifications + 1, amended_at=as_of)
    return Step(_amended(position, asked, as_of), (asked,), (counted,))


def _change_trigger(
    position: Position,
    resting: Protection,
    wanted: Wanted,
    mark: Mark | None,
    as_of: datetime,
    now: datetime,
) -> Step | None:
    if wanted.target is None:
        return None
    check_covered(position, 0, wanted.quantity)
    last = position.entry_price if mark is None else mark.last_price
    asked = change_trigger(position, resting, wanted, last, as_of, now)
    return Step(_amended(position, asked, as_of), (asked,))


def _amended(position: Position, asked: OrderIntent, as_of: datetime, **changes: Any) -> Position:
    resting = position.protection
    number = 1 if resting is None else resting.amendments + 1
    return _changed(
        position, as_of, amended_by=asked.intent_id, amendments=number, amended_at=as_of, **changes
    )


def _changed(position: Position, as_of: datetime, **changes: Any) -> Position:
    resting = position.protection
    if resting is None:
        raise ValueError(f"{position.position_id} has no protection to change")
    moved = {} if changes.get("state", resting.state) == resting.state else {"since": as_of}
    return position.evolve(protection=resting.model_copy(update=moved | changes))
