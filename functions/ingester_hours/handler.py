"""(ingester_hours): the ingester's task runs from before the open until after the close, on trading days."""

from typing import Any

from patang.app import Desk, invocation
from patang.errors import BadInput
from patang.market.schedule import scheduled_time

__all__ = ["handler"]

desk = Desk()


@invocation
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """{"scheduled_time": ISO}. A stale or unreadable time is refused: the next is minutes away."""
    try:
        moment = scheduled_time(event, desk.clock.now(), desk.standing_settings())
    except BadInput as error:
        desk.metrics.count("stale_schedule", service="ingester_hours", error=str(error))
        return {"ok": False, "reason": str(error)}
    return desk.feed_task().by_schedule(moment)
