"""(signals): the signals of one closed minute."""

from datetime import datetime
from typing import Any

from patang.app import Desk
from patang.market.sessions import IST

__all__ = ["handler"]

desk = Desk()


def handler(event: dict[str, Any], _context: object) -> dict[str, int | str]:
    """{"run_id", "as_of"} to {"signals": how many go on to the accounts, "reason": why none}."""
    return desk.signals().run(event["run_id"], datetime.fromisoformat(event["as_of"]).astimezone(IST))
