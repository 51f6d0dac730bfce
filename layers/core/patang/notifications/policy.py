"""Who is told of an event by the settings, and whether now is the time."""

from datetime import datetime, time
from typing import Final

from patang.market.sessions import IST
from patang.ports import Channel, EventKind
from patang.settings.notifications import NotificationSettings

__all__ = ["URGENT", "channels_for", "is_quiet"]

# They cost money, or are too late, while they wait.
URGENT: Final[frozenset[EventKind]] = frozenset({"approval", "alarm", "halt", "session"})


def channels_for(kind: EventKind, settings: NotificationSettings) -> frozenset[Channel]:
    """The ways that an event goes; an urgent one always goes by mail."""
    found: set[Channel] = set()
    if kind in URGENT or kind in settings.email:
        found.add("email")
    if kind in settings.sms:
        found.add("sms")
    return frozenset(found)


def is_quiet(now: datetime, settings: NotificationSettings) -> bool:
    """Whether the wall time lies in the quiet hours, which may go over midnight."""
    begins, ends = time.fromisoformat(settings.quiet_from), time.fromisoformat(settings.quiet_until)
    moment = now.astimezone(IST).time()
    if begins <= ends:
        return begins <= moment < ends
    return moment >= begins or moment < ends
