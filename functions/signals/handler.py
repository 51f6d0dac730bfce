"""(signals): the signals of one closed minute."""

from datetime import datetime
from typing import Any

from patang.accounts.health import counting_failures
from patang.app import Desk
from patang.market.sessions import IST

__all__ = ["handler"]

desk = Desk()


def handler(event: dict[str, Any], _context: object) -> dict[str, int | str]:
    """{"run_id", "as_of"} to {"signals": how many go on to the accounts, "reason": why none}."""
    as_of = datetime.fromisoformat(event["as_of"]).astimezone(IST)
    with counting_failures(desk.store, desk.clock):
        return desk.signals().run(event["run_id"], as_of)
