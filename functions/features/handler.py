"""(features): ticks of the stream into candles, features and closed minutes."""

import base64
from typing import Any

from patang.accounts.health import counting_failures
from patang.app import Desk, invocation

__all__ = ["handler"]

desk = Desk()


@invocation
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """A batch of records. Those that do not parse are in the dead-letter queue when this returns.

    Anything else that fails raises, and the whole batch is delivered again.
    """
    batches: dict[str, list[tuple[str, bytes]]] = {}
    for record in event["Records"]:
        shard, body = record["eventID"].partition(":")[0], record["kinesis"]
        batches.setdefault(shard, []).append((body["sequenceNumber"], base64.b64decode(body["data"])))
    with counting_failures(desk.store, desk.clock):
        bad = sum(len(desk.features().process(batch, shard)) for shard, batch in batches.items())
    return {"batchItemFailures": [], "bad_records": bad}
