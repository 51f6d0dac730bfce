"""The time that an option has left, as its market's variance runs: mostly in session hours.

A calendar day gives a night as much of an option's decay as it gives the same hours of trading. Here a
session, the night after it and each day without trading have their measured shares instead, and within the
session time runs as fast as the session is loud. The unit is a day of an ordinary week: five sessions, five
nights and two days without trading are seven days, so that a volatility a year means what it means by the
calendar. A volatility quoted for so many calendar days converts by total variance:

    by the calendar = by this clock * root of (days of this clock / days of the calendar)

The measured shares are in surface.json, from patang_workbench.research.fit_clock.
"""

from datetime import date, datetime, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import BaseModel, ConfigDict, Field

from patang.errors import StopTrading
from patang.market.exchange_calendar import exchange_calendar
from patang.market.sessions import IST, Session, session_on

__all__ = ["VarianceClock"]

type Floats = NDArray[np.float64]

_WEEK, _SESSIONS, _CLOSED = 7.0, 5, 2
_DAY = 86_400
_FIRST_REACH = 64
# Sessions are no farther apart than that: behind the end lies one, and the end may be in a night.
_BREAK = 14
# An evening's hour of muhurat trading is no session's worth of news.
_LEAST_SESSION = timedelta(hours=3)


class VarianceClock(BaseModel):
    """`session`: a session's share of the variance from one close to the next; `closed_day`: what a day
    without trading adds to its night, in the same unit. `shape`: the shares of a session's variance in equal
    parts of its hours, in their order; they are taken relative to their sum.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    session: float = Field(gt=0, lt=1)
    closed_day: float = Field(ge=0, lt=1)
    shape: tuple[float, ...] = Field(min_length=1)

    def left(self, end: datetime, moments: ArrayLike) -> Floats:
        """Days of this clock from `moments` (epoch seconds) to `end`, as the calendar of sessions has them;
        not above zero from `end` on. The same for a moment, whatever others are asked for with it."""
        at = np.asarray(moments, np.float64)
        until = end.timestamp()
        days = (until - float(at.min(initial=until))) / _DAY + 1
        reach = _FIRST_REACH
        while reach < days:
            reach *= 2
        knots, before = _table(self, end.astimezone(IST).date(), reach)
        there = np.interp(until, knots, before)
        found: Floats = np.interp(at, knots, before) - there
        return found


@lru_cache(512)
def _table(clock: VarianceClock, last: date, reach: int) -> tuple[Floats, Floats]:
    """Epoch seconds in their order, and how long they lie before a session after `last`.

    Sums begin there, so that a longer table has the same figures to the last bit.
    """
    unit = _WEEK / (_SESSIONS + _CLOSED * clock.closed_day)
    shape = np.array(clock.shape)
    parts = (clock.session * shape / shape.sum())[::-1]
    knots: list[float] = []
    steps: list[float] = []
    closed = 0
    for session in (_session(last + timedelta(days=_BREAK - n)) for n in range(_BREAK + reach)):
        if session is None:
            closed += 1
            continue
        # The night after it, and the days without trading that follow, at an even pace.
        steps.append(1 - clock.session + closed * clock.closed_day if steps else 0.0)
        steps += parts.tolist()
        knots += np.linspace(session.close.timestamp(), session.open.timestamp(), len(parts) + 1).tolist()
        closed = 0
    return np.array(knots[::-1]), np.cumsum(steps)[::-1] * unit


def _session(day: date) -> Session | None:
    """A day's session of derivatives; None without one, or with one so short that it is none."""
    try:
        session = session_on(day, "derivatives")
    except StopTrading:
        # Contracts reach into years whose holidays are not announced yet.
        hours = exchange_calendar().regular_hours(day, "derivatives")
        opened, closed = (datetime.combine(day, at, IST) for at in (hours.open, hours.close))
        session = None if day.weekday() >= 5 else Session(day, opened, closed)
    if session is None or session.close - session.open < _LEAST_SESSION:
        return None
    return session
