"""The SDK's server behind one address: who asks is known before it sees a request; nothing outlives it."""

import time
from collections.abc import Callable
from functools import cached_property
from typing import Any
from urllib.parse import urlsplit

from mcp.server.lowlevel import Server
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.server.transport_security import TransportSecuritySettings
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from functions.mcp.credentials import challenge, principal_of
from functions.mcp.replies import Replies
from functions.mcp.server import build_server
from patang.app import Desk

__all__ = ["McpEndpoint"]

_PATH = "/mcp"
_TAKEN = "application/json"
_LARGEST_BODY = 256 * 1024


class McpEndpoint:
    """ASGI application of (mcp). Stateless: a client's session id means nothing here, so a fresh one a call
    changes nothing either. `build` makes the server that it carries.
    """

    def __init__(self, desk: Desk, build: Callable[[Desk], Server[Any]] = build_server) -> None:
        self._desk = desk
        self._build = build

    @cached_property
    def _server(self) -> Server[Any]:
        return self._build(self._desk)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"(mcp) answers HTTP requests, not {scope['type']}")
        began, status = time.perf_counter(), 500

        async def send_noting(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._answer(Request(scope, receive), scope, receive, send_noting)
        finally:
            took = (time.perf_counter() - began) * 1000
            self._desk.metrics.duration_ms("mcp_request_ms", took, method=scope["method"], status=str(status))

    async def _answer(self, request: Request, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = _refusal(request)
        if refusal is None:
            principal = await run_in_threadpool(principal_of, self._desk, request)
            if principal is None:
                refusal = self._not_signed_in(request)
            else:
                scope.setdefault("state", {})["principal"] = principal
                await self._serve(scope, receive, send)
                return
        await refusal(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        replies = Replies(Request(scope), send)
        # The SDK's manager runs once in its life; a new one for each request costs a tenth of a millisecond.
        manager = StreamableHTTPSessionManager(
            self._server,
            json_response=not replies.streamed,
            stateless=True,
            security_settings=self._security(scope),
            max_request_body_size=_LARGEST_BODY,
        )
        async with manager.run():
            await manager.handle_request(replies.scope(scope), receive, replies.send)

    def _not_signed_in(self, request: Request) -> Response:
        return _error(
            401,
            "connect this program at the desk's authorization server, which the challenge names, or show a "
            "token of POST /api/tokens",
            {"WWW-Authenticate": challenge(self._desk, request)},
        )

    def _security(self, scope: Scope) -> TransportSecuritySettings:
        public = self._desk.public_url()
        hosts = [urlsplit(public).netloc] if public else []
        # The gateway's own name for itself; it answers to no other, whatever a client calls it.
        gateway = scope.get("aws.event", {}).get("requestContext", {}).get("domainName")
        return TransportSecuritySettings(
            allowed_hosts=hosts + ([gateway] if gateway else []),
            allowed_origins=[public] if public else [],
        )


def _refusal(request: Request) -> Response | None:
    if request.url.path.rstrip("/") != _PATH:
        return _error(404, f"the MCP endpoint is {_PATH}")
    if request.method != "POST":
        # A GET would open a stream that a buffering gateway can only let run into its time-out.
        return _error(
            405, "the MCP endpoint takes POST: it keeps no session and no stream", {"Allow": "POST"}
        )
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != _TAKEN:
        return _error(415, f"the MCP endpoint takes {_TAKEN}, not {kind[:60] or 'a body of no kind'}")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > _LARGEST_BODY:
        # One that does not say its length is the SDK's to refuse.
        return _error(
            413, f"the body has {declared} bytes, and at most {_LARGEST_BODY} are read: ask for less"
        )
    return None


def _error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": message}}
    return JSONResponse(body, status, headers)
