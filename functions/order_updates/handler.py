"""(order_updates): order frames, postbacks and polled orders, applied to the intents they belong to."""

import json
from typing import Any

from patang.accounts.health import DESK, counting_failures
from patang.app import Desk, invocation
from patang.errors import BadInput
from patang.trail.ids import on_trail

__all__ = ["handler"]

desk = Desk()


@invocation
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """An SQS batch with partial replies: only what may succeed the next time is handed back."""
    failed = [record["messageId"] for record in event["Records"] if not _applied(str(record["body"]))]
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}


def _applied(body: str) -> bool:
    try:
        update = json.loads(body)
        if not isinstance(update, dict):
            raise BadInput(f"an order update is a JSON object, not {body!r:.300}")
        account = str(update.get("account") or DESK)
        with on_trail(account=account), counting_failures(desk.store, desk.clock, account):
            desk.order_updates().apply(update)
    except (BadInput, json.JSONDecodeError) as error:
        desk.dead_letters.send("order_updates", body.encode(), str(error))
        desk.metrics.count("bad_messages", source="order_updates", error=str(error))
    except Exception as error:
        # Whatever it was: the others of the batch have been heard, and must not wait with this one.
        desk.metrics.count("order_updates_failed", error=f"{type(error).__name__}: {error}")
        return False
    return True
