"""(morning): the day's universe, the warmed-up feature state and the preflight."""

from typing import Any

from patang.app import Desk, invocation
from patang.errors import BadInput
from patang.market.schedule import scheduled_time

__all__ = ["handler"]

desk = Desk()


@invocation
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """{"scheduled_time": ISO}, and "again": true from a person who wants a day prepared anew that is. A stale
    or unreadable time is refused, not raised: a retry changes nothing."""
    try:
        moment = scheduled_time(event, desk.clock.now(), desk.standing_settings())
    except BadInput as error:
        desk.metrics.count("schedule_refused", reason=str(error))
        return {"ok": False, "reason": str(error)}
    morning = desk.morning()
    return morning.run(moment) if event.get("again") is True else morning.catch_up(moment)
