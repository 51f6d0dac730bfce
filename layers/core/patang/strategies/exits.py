"""When an open position has to go, why, and at which price: pure functions of what is known.

The stop is looked at first: a bar that holds both levels is a loss. Levels go before moments, so that a
position that is out of time and through its stop says STOP.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Final, Literal

from patang.errors import StopTrading
from patang.execution.prices import exit_limit, is_option
from patang.market.expiries import expiry_exit_day
from patang.market.session_override import SessionOverride
from patang.market.sessions import IST, Segment, expiry_moment, session_on
from patang.portfolio.position import Position
from patang.settings import Settings

__all__ = [
    "STAY",
    "ExitConditions",
    "ExitDecision",
    "ExitReason",
    "Outlook",
    "Trail",
    "decide_exit",
    "due",
    "exit_conditions",
    "exit_rule",
    "square_off_moment",
]

type ExitReason = Literal[
    "STOP", "TRAILING_STOP", "TARGET", "EXPIRY", "SQUARE_OFF", "TIME", "SIGNAL_REVERSAL"
]

# A contract is not held any more once it has less than this to live.
_LEAD_TO_EXPIRY = timedelta(days=1)
# On a day that ends early, this much before its close is what a square-off can still use.
_BEFORE_AN_EARLY_CLOSE = timedelta(minutes=10)
_EXCHANGES_OF_SHARES: Final = ("NSE", "BSE")


@dataclass(frozen=True, slots=True)
class ExitDecision:
    """The answer: whether to sell, why, and the limit to ask for, in rupees a unit."""

    should_exit: bool
    reason: ExitReason | None = None
    exit_price: Decimal | None = None


STAY = ExitDecision(should_exit=False)


@dataclass(frozen=True, slots=True)
class ExitConditions:
    """What ends a position. Prices in rupees; moments are market times, None where nothing ends it so."""

    stop: Decimal
    target: Decimal
    trailing_stop_pct: Decimal | None
    out_of_time: datetime | None
    square_off: datetime | None
    expiry: datetime | None
    on_reversal: bool


@dataclass(frozen=True, slots=True)
class Trail:
    """The highest price since the entry, and the stop that follows it: it rises and never falls."""

    high: Decimal
    stop: Decimal | None = None

    def after(self, price: Decimal, trailing_stop_pct: Decimal | None) -> "Trail":
        """The trail once this price was paid. A wider or absent setting keeps the stop that was reached."""
        high = max(self.high, price)
        if trailing_stop_pct is None:
            return Trail(high, self.stop)
        wanted = high * (1 - trailing_stop_pct / 100)
        return Trail(high, wanted if self.stop is None else max(self.stop, wanted))


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a position's market at `as_of`; prices in rupees, no bid where none was sent.

    `by_price`: whether the price may be held against the position's levels. It may not when no trade is
    news, or while levels and prices may be of different share counts. `opposed`: a cycle has just wished for
    the other direction.
    """

    as_of: datetime
    last_price: Decimal
    bid: Decimal | None = None
    trailing_stop: Decimal | None = None
    by_price: bool = True
    opposed: bool = False


def exit_conditions(position: Position, settings: Settings) -> ExitConditions:
    """The conditions of a position: its own levels and time, and what the settings say of all positions."""
    exits, sessions = settings.exits, settings.sessions
    of_shares = position.exchange in _EXCHANGES_OF_SHARES
    clock = exits.square_off_shares if of_shares else exits.square_off_contracts
    entered = position.entry_time.astimezone(IST).date()
    segment: Segment = "cash_with_auction" if of_shares else "derivatives"
    return ExitConditions(
        stop=position.stop_loss_price,
        target=position.target_price,
        trailing_stop_pct=exits.trailing_stop_shares_pct if of_shares else exits.trailing_stop_options_pct,
        out_of_time=position.exit_by,
        square_off=square_off_moment(entered, clock, segment, sessions)
        if position.product == "MIS"
        else None,
        expiry=None if position.expiry is None else _expiry_exit(position.expiry, entered, clock, sessions),
        on_reversal=exits.signal_reversal,
    )


def decide_exit(position: Position, conditions: ExitConditions, outlook: Outlook) -> ExitDecision:
    """Whether the position has to be sold now. It looks at no state: who sells is settled at the write."""
    reason = _by_price(conditions, outlook) if outlook.by_price else None
    reason = reason or due(conditions, outlook.as_of, opposed=outlook.opposed)
    if reason is None:
        return STAY
    option = is_option(position.exchange, position.symbol)
    price = exit_limit(outlook.last_price, outlook.bid, position.tick_size, option=option)
    return ExitDecision(True, reason, price)


def due(conditions: ExitConditions, as_of: datetime, *, opposed: bool) -> ExitReason | None:
    """What ends a position whatever its price is."""
    moments: Mapping[ExitReason, datetime | None] = {
        "EXPIRY": conditions.expiry,
        "SQUARE_OFF": conditions.square_off,
        "TIME": conditions.out_of_time,
    }
    passed = next((reason for reason, at in moments.items() if at is not None and as_of >= at), None)
    if passed is None and opposed and conditions.on_reversal:
        return "SIGNAL_REVERSAL"
    return passed


def exit_rule[N: (float, Decimal)](price: N, stop: N, target: N, *, overdue: bool) -> ExitReason | None:
    """The rule of the labels, for long positions: at or below the stop, at or above the target, out of
    time."""
    if price <= stop:
        return "STOP"
    if price >= target:
        return "TARGET"
    return "TIME" if overdue else None


def _by_price(conditions: ExitConditions, outlook: Outlook) -> ExitReason | None:
    level = exit_rule(outlook.last_price, conditions.stop, conditions.target, overdue=False)
    if level is not None:
        return level
    trailing = outlook.trailing_stop
    return "TRAILING_STOP" if trailing is not None and outlook.last_price <= trailing else None


@lru_cache(256)
def square_off_moment(
    day: date, clock: str, segment: Segment, sessions: tuple[SessionOverride, ...]
) -> datetime:
    """When intraday positions go: the clock's time of the day, or shortly before a close that comes earlier.

    A day whose hours nobody knows is taken for an ordinary one: a position must still be sold.
    """
    wanted = datetime.combine(day, time.fromisoformat(clock), IST)
    session = _known(lambda: session_on(day, segment, sessions))
    if session is None:
        return wanted
    last = session.close - _BEFORE_AN_EARLY_CLOSE
    return wanted if session.open < wanted <= last else last


@lru_cache(256)
def _expiry_exit(expiry: date, entered: date, clock: str, sessions: tuple[SessionOverride, ...]) -> datetime:
    """When less than a day is left, or the last chance to sell before then if nobody trades at that time."""
    moment = expiry_moment(expiry) - _LEAD_TO_EXPIRY
    day = expiry_exit_day(expiry, entered, _LEAD_TO_EXPIRY, sessions)
    if day is None:
        return moment
    return min(moment, square_off_moment(day, clock, "derivatives", sessions))


def _known[T](ask: Callable[[], T]) -> T | None:
    try:
        return ask()
    except StopTrading:
        return None
