"""Hours in which no entry is made, because somebody is about to speak: the budget, the Reserve Bank."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Annotated, Self

from pydantic import ConfigDict, Field, model_validator

from patang.market.sessions import IST
from patang.settings.fields import About, ClockTime, Section

__all__ = ["EventBlackout", "blackout_at"]


class EventBlackout(Section):
    """One event. Positions are guarded and sold as on any day; only entries wait."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True, validate_by_alias=True)

    day: Annotated[date, About("YYYY-MM-DD", looser=None), Field(description="The day of the event.")]
    start: Annotated[
        ClockTime,
        About("HH:MM, IST", looser=None),
        Field(alias="from", description="From when no entry is made."),
    ] = "00:00"
    until: Annotated[
        ClockTime, About("HH:MM, IST", looser=None), Field(description="Until when, itself excluded.")
    ] = "23:59"
    reason: Annotated[
        str,
        About("words", looser=None),
        Field(min_length=3, max_length=200, description="What every refusal then says."),
    ]

    @model_validator(mode="after")
    def _runs_forward(self) -> Self:
        if self.start >= self.until:
            raise ValueError(
                f"the blackout of {self.day} runs from {self.start} until {self.until}: turn them"
            )
        return self


def blackout_at(blackouts: Iterable[EventBlackout], moment: datetime) -> EventBlackout | None:
    """The event that keeps entries away at this market time, or None."""
    there = moment.astimezone(IST)
    clock = f"{there:%H:%M}"
    return next((b for b in blackouts if b.day == there.date() and b.start <= clock < b.until), None)
