"""(sessions): reminds of the day's login before the market opens, logs out after the day's end, and sends
what was held while (reconciler) rests: word of a day's report too, where the session was in the evening or at
a weekend."""

from typing import Any

from patang.accounts.health import counting_failures
from patang.app import Desk, invocation
from patang.errors import BadInput
from patang.market.schedule import scheduled_time

__all__ = ["handler"]

desk = Desk()


@invocation
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """{"scheduled_time": ISO}. A stale or unreadable time is refused, not raised: a retry changes nothing."""
    try:
        moment = scheduled_time(event, desk.clock.now(), desk.standing_settings())
    except BadInput as error:
        desk.metrics.count("stale_schedule", service="sessions", error=str(error))
        return {"ok": False, "reason": str(error)}
    with counting_failures(desk.store, desk.clock):
        try:
            done = desk.daily_login().by_schedule(moment) | {"reports": desk.day_mail().run(moment)}
        finally:
            told = desk.notifications().flush()
    return done | {"told": told}
