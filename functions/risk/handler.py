"""(risk): the gate of a cycle, and one account's answer to its signals."""

from datetime import datetime
from typing import Any

from patang.accounts.health import counting_failures
from patang.app import Desk
from patang.errors import BadInput
from patang.market.sessions import IST

__all__ = ["handler"]

desk = Desk()


def handler(event: dict[str, Any], _context: object) -> dict[str, object]:
    """op gate: {"proceed", "reason", "accounts"}; op assess, for "account": {"proposals", "refusals"}."""
    as_of = datetime.fromisoformat(event["as_of"]).astimezone(IST)
    match event["op"]:
        case "gate":
            with counting_failures(desk.store, desk.clock):
                return desk.risk_gate().check(as_of)
        case "assess":
            with counting_failures(desk.store, desk.clock, event["account"]):
                return desk.risk().assess(event["account"], event["run_id"], as_of)
        case other:
            raise BadInput(f"(risk) knows no operation {other!r}: gate or assess")
