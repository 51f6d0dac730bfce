"""(preflight): whether entries may be sent today; at 09:00, each minute until it passes, and when asked."""

from typing import Any

from patang.accounts.health import counting_failures
from patang.app import Desk, invocation
from patang.errors import BadInput
from patang.market.schedule import scheduled_time

__all__ = ["handler"]

desk = Desk()


@invocation
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """{"scheduled_time": ISO}, and "by" where a person asks; the day's record, or why nothing was checked."""
    try:
        moment = scheduled_time(event, desk.clock.now(), desk.standing_settings())
    except BadInput as error:
        desk.metrics.count("stale_schedule", service="preflight", error=str(error))
        return {"ok": False, "reason": str(error)}
    with counting_failures(desk.store, desk.clock):
        if "by" in event:
            return desk.preflight().run(moment, str(event["by"])).model_dump(mode="json")
        return desk.preflight().by_schedule(moment)
