"""(heartbeat): every five minutes, by day and by night, one sign of life."""

from typing import Any

from patang.app import Desk, invocation
from patang.errors import BadInput
from patang.market.schedule import scheduled_time

__all__ = ["handler"]

desk = Desk()


@invocation
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """{"scheduled_time": ISO}. A stale or unreadable time is no sign of life: whoever sends it is late."""
    settings = desk.standing_settings()
    try:
        moment = scheduled_time(event, desk.clock.now(), settings)
    except BadInput as error:
        desk.metrics.count("schedule_refused", reason=str(error))
        return {"ok": False, "reason": str(error)}
    return {"ok": True} | desk.heartbeat().beat(moment, settings.sessions)
