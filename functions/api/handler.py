"""(api): the HTTP API, everything but /mcp."""

from typing import Any

from mangum import Mangum

from functions.api.app import build_app
from patang.app import Desk, invocation

__all__ = ["handler"]

desk = Desk()
# No lifespan: it would run once an invocation, and there is nothing to start.
_gateway = Mangum(build_app(desk), lifespan="off")


@invocation
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """One request of the HTTP API (payload format 2.0) and its answer."""
    return _gateway(event, context)
