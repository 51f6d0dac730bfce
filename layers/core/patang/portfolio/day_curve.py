"""An account's result through a market day: a point a minute.

An item an hour: each minute rewrites the points of its hour, and a write costs by the kilobyte.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from pydantic import Field

from patang.keys import OPEN_POSITIONS, curve_key, day_key, mark_key
from patang.market.sessions import IST
from patang.portfolio.account_state import AccountDay
from patang.portfolio.position import Mark, Position
from patang.ports import Key, StateStore, Write
from patang.records import Record, change, create, load, load_all, load_index, replace

__all__ = ["CurveMoment", "DayCurve", "day_curve", "note_curve"]

_KEPT_FOR = timedelta(days=400)


class CurveMoment(NamedTuple):
    """A minute of the market day, HH:MM in IST, and rupees: what was realised after `charges` by then, and
    what was open."""

    minute: str
    realised: Decimal
    unrealised: Decimal
    charges: Decimal


class DayCurve(Record):
    """Points in the order of their minutes, kept under the hour of the first. Of a minute in which an open
    position had no price there is none: what is not known is not drawn."""

    account: str
    day: date
    points: tuple[CurveMoment, ...] = Field(min_length=1)

    def key(self) -> Key:
        return curve_key(self.account, self.day, self.points[0].minute[:2])

    def expires_at(self) -> int:
        midnight = datetime(self.day.year, self.day.month, self.day.day, tzinfo=IST)
        return int((midnight + _KEPT_FOR).timestamp())

    def with_point(self, point: CurveMoment) -> "DayCurve":
        """The curve with this point; one of the same minute goes."""
        others = [known for known in self.points if known.minute != point.minute]
        return self.evolve(points=tuple(sorted((*others, point))))


def day_curve(store: StateStore, account: str, day: date) -> tuple[CurveMoment, ...]:
    """The points of a day in their order; empty where none was kept."""
    whole = curve_key(account, day, "")
    kept = load_all(store, DayCurve, whole.partition, whole.sort)
    return tuple(sorted(point for curve in kept for point in curve.points))


def note_curve(store: StateStore, account: str, as_of: datetime) -> bool:
    """Keeps the account's result at the market time `as_of`, as the guard's marks have it. False where an
    open position has no mark yet. Raises WriteConflict where others keep writing."""
    moment = as_of.astimezone(IST)

    def decide() -> tuple[bool, Sequence[Write]]:
        unrealised = _unrealised(store, account)
        if unrealised is None:
            return False, ()
        day = load(store, AccountDay, day_key(account, moment.date()))
        result = day or AccountDay(account=account, day=moment.date())
        point = CurveMoment(f"{moment:%H:%M}", result.realised_pnl, unrealised, result.charges)
        known = load(store, DayCurve, curve_key(account, moment.date(), f"{moment:%H}"))
        if known is None:
            fresh = DayCurve(account=account, day=moment.date(), points=(point,))
            return True, (create(fresh),)
        return True, (replace(known.with_point(point)),)

    return change(store, decide)


def _unrealised(store: StateStore, account: str) -> Decimal | None:
    total = Decimal(0)
    for position in load_index(store, Position, OPEN_POSITIONS, f"{account}#"):
        mark = load(store, Mark, mark_key(position.position_id))
        if mark is None:
            return None
        total += mark.unrealised_pnl
    return total
