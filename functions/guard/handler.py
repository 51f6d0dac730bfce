"""(guard): the tick stream's second reader; marks positions and begins their exits."""

import base64
from typing import Any

from patang.accounts.health import counting_failures
from patang.app import Desk, invocation

__all__ = ["handler"]

desk = Desk()


@invocation
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """A Kinesis batch of one shard. What does not parse goes to the dead letters; any other fault raises."""
    records = [base64.b64decode(record["kinesis"]["data"]) for record in event["Records"]]
    with counting_failures(desk.store, desk.clock):
        exits = desk.guard().process(records)
    desk.metrics.count("guard_records", len(records), exits=str(exits))
    return {"batchItemFailures": []}
