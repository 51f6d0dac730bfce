"""(order_lane): one intent at a time, in order within its group; the only sender of orders."""

import json
from typing import Any

from patang.accounts.health import DESK, counting_failures
from patang.app import Desk, invocation
from patang.errors import BadInput, PatangError
from patang.trail.ids import on_trail

__all__ = ["handler"]

desk = Desk()

_AGAIN_AFTER = (0.3, 1.0)


@invocation
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
        account = str(message.get("account") or DESK)
        with (
            on_trail(account=account, intent_id=str(message.get("intent_id") or "")),
            counting_failures(desk.store, desk.clock, account),
        ):
            return _taken(message)
    except (BadInput, json.JSONDecodeError) as error:
        # It will not parse better the next time, and an account's orders wait behind it.
        desk.metrics.count("bad_messages", source="order_lane", error=str(error), body=body[:500])
        return "UNREADABLE"


def _taken(message: dict[str, Any]) -> str:
    """As if the message had come again at once, which may be at any time: nothing is sent twice by it.

    The queue itself brings it back after a minute, and the account's exits would wait behind it.
    """
    for seconds in _AGAIN_AFTER:
        try:
            return desk.order_lane().process(message)
        except BadInput:
            raise
        except Exception as error:
            desk.metrics.count("lane_taken_again", error=type(error).__name__)
            desk.pause(seconds)
    return desk.order_lane().process(message)


def _warmed() -> str:
    try:
        desk.warm_lane()
    except PatangError as error:
        # Whatever is wrong, the next intent says it where it is heard.
        desk.metrics.count("warm_up_failed", error=f"{type(error).__name__}: {error}")
    return "WARM"
