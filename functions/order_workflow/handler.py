"""(order_workflow): the steps of one order's state machine."""

from typing import Any

from patang.accounts.health import counting_failures
from patang.app import Desk, invocation
from patang.errors import BadInput
from patang.trail.ids import on_trail

__all__ = ["handler"]

desk = Desk()


@invocation
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """{"op", "account", "order_id"} and, as the step needs it, "task_token" or "reason"; {"ok", "reason"}."""
    flow, op, order = desk.order_flow(), event["op"], (event["account"], event["order_id"])
    with (
        on_trail(account=event["account"], order_id=event["order_id"]),
        counting_failures(desk.store, desk.clock, event["account"]),
    ):
        match op:
            case "construct":
                done = flow.construct(*order)
            case "validate":
                done = flow.validate(*order)
            case "request_approval":
                done = flow.request_approval(*order, event["task_token"])
            case "recheck":
                done = flow.recheck(*order)
            case "submit":
                done = flow.submit(*order, event["task_token"])
            case "conclude":
                done = flow.conclude(*order, event["reason"])
            case other:
                raise BadInput(f"(order_workflow) knows no operation {other!r}")
        desk.metrics.count("order_steps", step=op, order_id=event["order_id"], reason=str(done["reason"]))
    return done
