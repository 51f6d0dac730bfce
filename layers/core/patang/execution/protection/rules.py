"""What ought to rest at the broker for a position, and when what rests has to change: pure rules.

A stop on an option is an SL order with a limit: SL-M is refused for options (NSE since 2021-09-27, BSE too).
A live target beside a live stop would be margined as a short, so a target rests only in a GTT of two legs, of
which one cancels the other, and those take NRML and CNC alone: https://kite.trade/docs/connect/v3/gtt/
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from patang.errors import StopTrading
from patang.execution.intent import OrderIntent
from patang.execution.prices import is_option, sell_limit, tick_ceiling, tick_floor
from patang.market.sessions import IST
from patang.portfolio.position import ByHand, Mark, Position
from patang.portfolio.protection import Protection
from patang.risk.freeze import freeze_quantity

__all__ = [
    "MOST_PROTECTIVE_CHANGES",
    "Wanted",
    "check_covered",
    "differs",
    "exit_pause",
    "has_triggered",
    "is_above_freeze",
    "is_of_an_earlier_day",
    "is_passed",
    "retry_pause",
    "wanted_protection",
]

# Of the 25 modifications that the broker takes of an order, those that a resting stop may use: the others are
# for the exit that it may have to become.
MOST_PROTECTIVE_CHANGES = 15

# The first wait after a refusal, and the longest: a broker who keeps saying no is not asked on every tick.
_FIRST_PAUSE = timedelta(seconds=10)
_LONGEST_PAUSE = timedelta(minutes=5)

# The longest that a sale waits after a refusal: what is to be sold is not left alone for minutes, and one
# that is refused all day long uses up little of the 5,000 orders that the broker takes of an account a day.
_LONGEST_EXIT_PAUSE = timedelta(minutes=1)

# A stop that trails follows in steps of this much of its price, and no more often than this.
_RAISE_STEP_PCT = Decimal("0.1")
_RAISE_EVERY = timedelta(seconds=15)
# What the broker has cut into several orders is cancelled and laid anew instead: in larger steps.
_CUT_RAISE_STEP_PCT = Decimal(1)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What ought to rest: prices in rupees on the tick, `target` only of a GTT. `exact` are the levels that a
    person has set and that are in force: what rests follows those at once, however small the step."""

    kind: Literal["SL", "GTT"]
    quantity: int
    trigger: Decimal
    limit: Decimal
    target: Decimal | None = None
    exact: frozenset[ByHand] = frozenset()


def wanted_protection(position: Position, mark: Mark | None, as_of: datetime) -> Wanted:
    """The protection of all that is held, at the stop or at the trailing stop once that is higher; at the
    day's lowest price where the broker takes nothing below it."""
    tick, option = position.tick_size, is_option(position.exchange, position.symbol)
    trailing = mark.trailing_stop if mark is not None else None
    stop = position.stop_loss_price if trailing is None else max(trailing, position.stop_loss_price)
    floor = _floor(position, as_of)
    trigger = max(tick_floor(stop, tick), tick, floor)
    kind = _kind(position, as_of)
    return Wanted(
        kind,
        position.open_quantity,
        trigger,
        max(sell_limit(trigger, tick, option=option), floor),
        position.target_price if kind == "GTT" else None,
        frozenset(
            level for level in position.by_hand if level == "target" or stop == position.stop_loss_price
        ),
    )


def _floor(position: Position, as_of: datetime) -> Decimal:
    """The lowest price on the tick that the broker takes today, as far as he has said."""
    laid = position.protection
    if laid is None or laid.floor is None or laid.laid_on != as_of.astimezone(IST).date():
        return Decimal(0)
    return tick_ceiling(laid.floor, position.tick_size)


def _kind(position: Position, as_of: datetime) -> Literal["SL", "GTT"]:
    """A GTT for what may be carried; a day's stop in its place where the broker has refused one today, and of
    what one order may not have: a GTT is not cut, and would be refused when its price is there."""
    laid = position.protection
    if position.product == "MIS" or is_above_freeze(position, position.open_quantity, as_of):
        return "SL"
    today = laid is not None and laid.laid_on == as_of.astimezone(IST).date()
    if laid is not None and today and laid.gtt_id is None and (laid.kind == "SL" or laid.refusals > 0):
        return "SL"
    return "GTT"


def is_above_freeze(position: Position, quantity: int, as_of: datetime) -> bool:
    """Whether the exchange takes no such quantity in one order; it lowers the limit now and then."""
    largest = freeze_quantity(position.exchange, position.underlying, as_of.astimezone(IST).date())
    return largest is not None and quantity > largest


def is_of_an_earlier_day(laid: Protection, as_of: datetime) -> bool:
    """Whether it was a DAY order of a day that is over: the broker holds it no more."""
    return laid.kind == "SL" and laid.laid_on < as_of.astimezone(IST).date()


def is_passed(wanted: Wanted, mark: Mark | None, position: Position) -> bool:
    """Whether the price has been at the stop or the target already: the broker would refuse, the guard
    sells."""
    last = position.entry_price if mark is None else mark.last_price
    return last <= wanted.trigger or (wanted.target is not None and last >= wanted.target)


def differs(laid: Protection, wanted: Wanted, as_of: datetime, tick: Decimal, *, cut: bool = False) -> bool:
    """Whether what rests has to be changed now: another quantity and what a person has set at once, other
    prices in steps. `cut`: the broker has made several orders of it."""
    step = laid.trigger_price * (_CUT_RAISE_STEP_PCT if cut else _RAISE_STEP_PCT) / 100
    if laid.quantity != wanted.quantity:
        return True
    move = abs(wanted.trigger - laid.trigger_price)
    retargeted = wanted.target != laid.target_price and wanted.kind == laid.kind
    if (move > 0 and "stop" in wanted.exact) or (retargeted and "target" in wanted.exact):
        return True
    if retargeted:
        move = max(move, tick)
    elif move < max(tick, step):
        return False
    return move > 0 and as_of >= (laid.amended_at or laid.since) + _RAISE_EVERY


def retry_pause(refusals: int) -> timedelta:
    """How long to wait after a refusal that `refusals` others came before."""
    return min(_FIRST_PAUSE * (1 << min(refusals, 10)), _LONGEST_PAUSE)


def exit_pause(first: timedelta, attempts: int) -> timedelta:
    """How long a sale waits after the refusal of its so many-th attempt."""
    return min(first * (1 << min(max(attempts - 1, 0), 10)), _LONGEST_EXIT_PAUSE)


def has_triggered(order: OrderIntent) -> bool:
    """Whether a stop sells by now: it has filled in part, or stands in the book as a limit order."""
    return order.filled_quantity > 0 or order.broker_status == "OPEN"


def check_covered(position: Position, standing: int, asked: int) -> None:
    """Raises StopTrading if `asked` more units beside those that `standing` sells may sell are more than the
    position holds."""
    if standing + asked > position.open_quantity:
        raise StopTrading(
            f"position {position.position_id} holds {position.open_quantity} {position.symbol} and "
            f"{standing} may be sold by what stands at the broker: {asked} more are not sold"
        )
