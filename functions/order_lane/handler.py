"""(order_lane): one intent at a time, in order within its group; the only sender of orders."""

import json
from typing import Any

from patang.accounts.health import DESK, counting_failures
from patang.app import Desk
from patang.errors import BadInput, PatangError

__all__ = ["handler"]

desk = Desk()


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """SQS FIFO, batch of one. {"warm": true} keeps the instance warm and sends nothing, {"probe": id} has the
    address observed that orders leave from."""
    return {"states": [_process(str(record["body"])) for record in event["Records"]]}


def _process(body: str) -> str:
    try:
        message = json.loads(body)
        if not isinstance(message, dict):
            raise BadInput(f"the lane takes a JSON object, not {body!r:.300}")
        if message.get("warm"):
            return _warmed()
        if message.get("probe"):
            return desk.egress_observer().answer(str(message["probe"]))
        with counting_failures(desk.store, desk.clock, str(message.get("account") or DESK)):
            return desk.order_lane().process(message)
    except (BadInput, json.JSONDecodeError) as error:
        # It will not parse better the next time, and an account's orders wait behind it.
        desk.metrics.count("bad_messages", source="order_lane", error=str(error), body=body[:500])
        return "UNREADABLE"


def _warmed() -> str:
    try:
        desk.warm_lane()
    except PatangError as error:
        # Whatever is wrong, the next intent says it where it is heard.
        desk.metrics.count("warm_up_failed", error=f"{type(error).__name__}: {error}")
    return "WARM"
