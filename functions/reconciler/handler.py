"""(reconciler): every minute of market hours, the order books and whatever was left half done; after the
close, what the day has cost."""

from typing import Any

from patang.accounts.health import counting_failures
from patang.app import Desk
from patang.errors import BadInput
from patang.market.schedule import scheduled_time

__all__ = ["handler"]

desk = Desk()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """{"scheduled_time"}; a time that is not now is refused, and said so."""
    try:
        as_of = scheduled_time(event, desk.clock.now(), desk.standing_settings())
    except BadInput as error:
        desk.metrics.count("stale_schedule", service="reconciler", error=str(error))
        return {"refused": str(error)}
    with counting_failures(desk.store, desk.clock):
        done = desk.reconciler().run(as_of) | {"charges": desk.charge_check().run(as_of)}
    desk.metrics.count("reconciled", as_of=as_of.isoformat())
    return done
