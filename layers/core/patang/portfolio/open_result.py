"""What an open position has made so far if it were sold now, since its entry and within the day.

Pure arithmetic. A long is worth what somebody bids for it; the charges of the exit to come are taken off.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from patang.market.sessions import IST
from patang.portfolio.position import Mark, Position
from patang.risk.charges import leg_charges, segment_of

__all__ = ["HAIRCUT_PCT", "OpenResult", "before_the_day", "open_result", "previous_close_of", "worth"]

# Percent taken off the last price known where nobody is seen to bid: what such an exit may lose on its way.
HAIRCUT_PCT = {"option": Decimal(5), "other": Decimal(1)}


@dataclass(frozen=True, slots=True)
class OpenResult:
    """Rupees after all charges, those of the exit to come included. `to_stop` is what is lost besides if the
    price falls from `price` to the stop, 0 where it has. `stale`: no fresh price was known."""

    since_entry: Decimal
    of_the_day: Decimal
    to_stop: Decimal
    price: Decimal
    stale: bool


def worth(position: Position, mark: Mark | None, as_of: datetime, oldest: timedelta) -> tuple[Decimal, bool]:
    """Rupees a unit that the position may be sold at, and whether that is a guess.

    The bid of a fresh mark. Fresh without a bid: the last price less the haircut. Stale, or before a mark of
    the position exists: the lower of that and the stop, because the price may have gone there unseen. While
    the exchange's restated price cannot be held against what was paid, the price kept before it.
    """
    kind = "option" if position.expiry is not None else "other"
    keep = 1 - HAIRCUT_PCT[kind] / 100
    if position.price_break is not None and position.price_exits_suspended:
        return position.price_break.kept * keep, True
    if mark is None:
        return min(position.entry_price * keep, position.stop_loss_price), True
    if abs(as_of - mark.as_of) <= oldest:
        return (mark.bid, False) if mark.bid is not None else (mark.last_price * keep, False)
    known = min(mark.bid, mark.last_price) if mark.bid is not None else mark.last_price
    return min(known * keep, position.stop_loss_price), True


def previous_close_of(mark: Mark | None, day: date) -> Decimal | None:
    """The close of the session before `day`, as far as the position's mark knows it.

    A mark of an earlier day is the last price of that day; one of `day` that was told no close may still know
    the last price that was marked before.
    """
    if mark is None:
        return None
    if mark.as_of.astimezone(IST).date() < day:
        return mark.last_price
    return mark.previous_close or mark.earlier_price


def before_the_day(position: Position, mark: Mark | None, day: date) -> Decimal:
    """What a position that was carried into `day` had made before it, by sales and by the close, with the
    charges until then; else 0.

    Where the previous close is not known the whole result counts to the day.
    """
    if position.entry_time.astimezone(IST).date() >= day:
        return Decimal(0)
    close = previous_close_of(mark, day)
    if close is None:
        return Decimal(0)
    sold, value, charges = _sold_before(position, day)
    worth_then = value + close * (position.quantity - sold)
    return worth_then - position.entry_price * position.quantity - position.entry_charges - charges


def _sold_before(position: Position, day: date) -> tuple[int, Decimal, Decimal]:
    """Units sold before `day`, for how much, and the charges of it."""
    last = position.exit_time
    if last is not None and last.astimezone(IST).date() < day:
        return position.exited_quantity, position.exit_value, position.exit_charges or Decimal(0)
    return position.exited_earlier, position.exit_value_earlier, position.exit_charges_earlier


def open_result(position: Position, mark: Mark | None, as_of: datetime, oldest: timedelta) -> OpenResult:
    """The result if all that is held were sold now at `worth`; `oldest`: how old a mark may be.

    Raises StopTrading where the day has no sourced charges.
    """
    day = as_of.astimezone(IST).date()
    price, stale = worth(position, mark, as_of, oldest)
    to_come = leg_charges(
        segment_of(position.exchange, position.symbol, position.product),
        position.exchange,
        "SELL",
        price,
        position.open_quantity,
        day,
    ).total
    value = position.exit_value + price * position.open_quantity
    charges = position.entry_charges + (position.exit_charges or Decimal(0)) + to_come
    since_entry = value - position.entry_price * position.quantity - charges
    of_the_day = since_entry - before_the_day(position, mark, day)
    # A stop that has trailed upwards is left out: it may hold at a better price, and is not counted on.
    to_stop = max(price - position.stop_loss_price, Decimal(0)) * position.open_quantity
    return OpenResult(since_entry, of_the_day, to_stop, price, stale)
