"""(mcp): the remote MCP endpoint, POST /mcp."""

from typing import Any

from mangum import Mangum

from functions.mcp.endpoint import McpEndpoint
from patang.app import Desk, invocation

__all__ = ["handler"]

desk = Desk()
# No lifespan: Mangum would run it once an invocation, and the SDK's session manager runs once in its life.
_gateway = Mangum(McpEndpoint(desk), lifespan="off")


@invocation
def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """One request of the HTTP API (payload format 2.0) and its answer."""
    return _gateway(event, context)
