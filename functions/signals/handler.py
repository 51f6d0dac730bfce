"""(signals): the signals of one closed minute."""

from datetime import datetime
from typing import Any

from patang.accounts.health import counting_failures
from patang.app import Desk, invocation
from patang.market.sessions import IST
from patang.trail.ids import on_trail

__all__ = ["handler"]

desk = Desk()


@invocation
def handler(event: dict[str, Any], _context: object) -> dict[str, int | str]:
    """{"run_id", "as_of"} to {"signals": how many go on to the accounts, "reason": why none}."""
    as_of = datetime.fromisoformat(event["as_of"]).astimezone(IST)
    with on_trail(run_id=event["run_id"], as_of=event["as_of"]), counting_failures(desk.store, desk.clock):
        return desk.signals().run(event["run_id"], as_of)
