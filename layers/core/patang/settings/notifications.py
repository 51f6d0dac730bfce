"""What the owner is told of, by which way, and when he is left alone."""

from typing import Annotated

from pydantic import Field

from patang.ports import EventKind
from patang.settings.fields import About, ClockTime, Section

__all__ = ["NotificationSettings"]

type Kinds = tuple[EventKind, ...]


class NotificationSettings(Section):
    """Which events go by e-mail and which by SMS. Urgent ones (approval, alarm, halt, session) always go by
    e-mail, at any hour, each by itself; the others wait for the end of the quiet hours and are merged."""

    email: Annotated[
        Kinds,
        About("events", looser=None),
        Field(max_length=10, description="Events that are mailed besides the urgent ones."),
    ] = ("position", "order", "data", "report")
    sms: Annotated[
        Kinds,
        About("events", looser=None),
        Field(max_length=10, description="Events that a telephone is sent."),
    ] = ("approval", "alarm", "halt", "session")
    quiet_from: Annotated[
        ClockTime,
        About("time", looser=None),
        Field(description="When the quiet hours begin (IST, wall time)."),
    ] = "22:00"
    quiet_until: Annotated[
        ClockTime,
        About("time", looser=None),
        Field(description="When they end; the same time as the beginning: there are none."),
    ] = "07:00"
    merge_minutes: Annotated[
        int,
        About("minutes", looser=None),
        Field(
            ge=0,
            le=240,
            description="How close together events of a kind make one message, never urgent ones; 0: none.",
        ),
    ] = 5
    daily_report: Annotated[
        bool,
        About("switch", looser=None),
        Field(description="Whether the report of a day is told after its close, with its address."),
    ] = True
    monthly_report: Annotated[
        bool,
        About("switch", looser=None),
        Field(description="Whether a month's is told after its last session."),
    ] = True
