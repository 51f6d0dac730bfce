"""The time of a scheduled event: market time, and refused when it is stale."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from patang.errors import BadInput
from patang.market.sessions import IST
from patang.settings import Settings

__all__ = ["scheduled_time"]

_OLDEST = timedelta(minutes=10)
_THIS_MACHINE = ("127.0.0.1", "::1", "localhost")


def scheduled_time(event: Mapping[str, Any], now: datetime, settings: Settings) -> datetime:
    """What `scheduled_time` in the event says, in IST.

    Raises BadInput if it is missing, does not parse, or is more than ten minutes away from the wall's `now`:
    a scheduler that catches up must not act on an hour that is gone. Against an exchange simulated on this
    machine the market's clock is not the wall's, and any time is taken.
    """
    text = event.get("scheduled_time")
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError as error:
        raise BadInput(
            f"scheduled_time is {text!r}: an ISO date and time with its offset is needed"
        ) from error
    if moment.tzinfo is None:
        raise BadInput(f"scheduled_time is {text!r}: it needs its offset from UTC")
    simulated = urlsplit(settings.kite.root).hostname in _THIS_MACHINE
    if not simulated and abs(now - moment) > _OLDEST:
        raise BadInput(f"scheduled_time is {text}, but it is {now.isoformat()}: the event is stale")
    return moment.astimezone(IST)
