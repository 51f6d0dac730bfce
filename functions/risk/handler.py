"""(risk): the gate of a cycle, and one account's answer to its signals."""

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from patang.accounts.health import counting_failures
from patang.app import Desk, invocation
from patang.errors import BadInput
from patang.market.sessions import IST
from patang.trail.ids import on_trail

__all__ = ["handler"]

desk = Desk()


@invocation
def handler(event: dict[str, Any], _context: object) -> dict[str, object]:
    """op gate: {"proceed", "reason", "accounts"}; op assess, for "account": {"proposals", "refusals"}."""
    as_of = datetime.fromisoformat(event["as_of"]).astimezone(IST)
    match event["op"]:
        case "gate":
            with _cycle(event), counting_failures(desk.store, desk.clock):
                return desk.risk_gate().check(as_of)
        case "assess":
            with _cycle(event), counting_failures(desk.store, desk.clock, event["account"]):
                return desk.risk().assess(event["account"], event["run_id"], as_of)
        case other:
            raise BadInput(f"(risk) knows no operation {other!r}: gate or assess")


def _cycle(event: dict[str, Any]) -> AbstractContextManager[None]:
    return on_trail(run_id=event.get("run_id"), as_of=event["as_of"], account=event.get("account"))
