"""(audit_linker): the desk table's stream, outbox items only, into the hash chains."""

from typing import Any

from patang.app import Desk, invocation

__all__ = ["handler"]

desk = Desk()


@invocation
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """Link the outbox items among the records, in order. A contended chain raises: the stream retries."""
    images = [record["dynamodb"].get("NewImage") for record in event["Records"]]
    items = [desk.stored_item(image) for image in images if _is_outbox(image)]
    return {"linked": desk.audit_linker().process(items)}


def _is_outbox(image: dict[str, Any] | None) -> bool:
    return image is not None and str(image["PK"].get("S", "")).startswith("OUTBOX#")
