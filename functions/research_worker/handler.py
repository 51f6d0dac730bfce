"""(research_worker): one cell of a sweep or one window of a walk-forward, from S3 and to S3."""

from typing import Any

from patang.app import Desk, invocation

__all__ = ["handler"]

desk = Desk()
worker = desk.research_worker()


@invocation
def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """{"run", "job"}, a line of the run's manifest. What raises is tried again by the workflow."""
    return worker.answer(event)
