"""An owner's word on the hours of one day, which goes before the exchange calendar's."""

from collections.abc import Iterable
from datetime import date, time
from itertools import pairwise
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from patang.market.exchange_calendar import Hours, Segment

__all__ = ["SessionOverride", "override_of"]

type ClockTime = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")]


class SessionOverride(BaseModel):
    """Hours (IST) of a day that the calendar does not know, or knows wrongly; or that the day is closed.

    Without a segment it is said of all of them; one that names a segment goes before one that does not.
    It holds for its day alone, in a year that the calendar does not know too: that year's other days still
    stop trading.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    reason: Annotated[str, Field(min_length=3, max_length=200)]
    segment: Segment | None = None
    closed: bool = False
    open: ClockTime | None = None
    close: ClockTime | None = None
    auction_close: ClockTime | None = None
    breaks: tuple[tuple[ClockTime, ClockTime], ...] = ()

    @property
    def hours(self) -> Hours | None:
        """The hours it says, None where it says that the day is closed."""
        if self.open is None or self.close is None:
            return None
        auction = None if self.auction_close is None else time.fromisoformat(self.auction_close)
        breaks = tuple((time.fromisoformat(start), time.fromisoformat(end)) for start, end in self.breaks)
        return Hours(time.fromisoformat(self.open), time.fromisoformat(self.close), auction, breaks)

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        told = [value for value in (self.open, self.close) if value is not None]
        if self.closed and (told or self.auction_close or self.breaks):
            raise ValueError(f"{self.day} cannot be closed and have hours: give closed or open and close")
        if not self.closed and len(told) < 2:
            raise ValueError(f"{self.day} needs open and close (HH:MM, IST), or closed: true")
        return self

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.open is None or self.close is None:
            return self
        moments = [self.open, *(edge for pause in self.breaks for edge in pause), self.close]
        if self.auction_close is not None:
            if self.segment not in ("cash_with_auction", "index"):
                raise ValueError(
                    "only the segments cash_with_auction and index have a closing auction: name one"
                )
            moments.append(self.auction_close)
        if any(later <= earlier for earlier, later in pairwise(moments)):
            raise ValueError(f"the times of {self.day} do not follow each other: {', '.join(moments)}")
        return self


def override_of(overrides: Iterable[SessionOverride], day: date, segment: Segment) -> SessionOverride | None:
    """The word said of a segment on a day: one that names the segment, else one said of all, else None."""
    said = [override for override in overrides if override.day == day and override.segment in (segment, None)]
    return max(said, key=lambda override: override.segment is not None, default=None)
