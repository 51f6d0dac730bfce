"""What scripts of other sites may read: how this desk authorizes, and the answers of the endpoints at which a
client shows its own proof. No cookie counts there, so a browser lends nothing to whoever asks.

A client that runs in a browser (the MCP inspector does) needs them; everything else stays closed to other
sites, the pages and /api among it.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["CrossOrigin", "is_for_clients"]

_OF_CLIENTS = frozenset({"/token", "/register", "/revoke"})
_WELL_KNOWN = "/.well-known/"
_PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, POST",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, MCP-Protocol-Version",
    "Access-Control-Max-Age": "600",
}


def is_for_clients(path: str) -> bool:
    """Whether an address is one at which clients of OAuth, rather than people, ask."""
    return path in _OF_CLIENTS or path.startswith(_WELL_KNOWN)


class CrossOrigin:
    """ASGI middleware: lets every site read those answers, and says so before a browser asks."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not is_for_clients(scope["path"]):
            await self._app(scope, receive, send)
            return

        async def send_to_anyone(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Access-Control-Allow-Origin"] = "*"
            await send(message)

        asked_before = "access-control-request-method" in Headers(scope=scope)
        if scope["method"] == "OPTIONS" and asked_before:
            await Response(status_code=204, headers=_PREFLIGHT)(scope, receive, send_to_anyone)
            return
        await self._app(scope, receive, send_to_anyone)
