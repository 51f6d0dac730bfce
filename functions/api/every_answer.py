"""What every answer carries, and the one line of measurement a request leaves in the log."""

import time
from collections.abc import Callable
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from patang.ports import Metrics

__all__ = ["EveryAnswer"]

# Nothing from elsewhere, no inline script or style, no frame around an approval.
_CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _CONTENT_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}


class EveryAnswer:
    """ASGI middleware; an answer's own header wins over the one given here."""

    def __init__(self, app: ASGIApp, metrics: Callable[[], Metrics]) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        finally:
            took = (time.perf_counter() - began) * 1000
            self._metrics().duration_ms("api_request_ms", took, **_details(scope, status))


def _details(scope: Scope, status: int) -> dict[str, str]:
    # The route's pattern, never the path: a path may carry the nonce of an approval.
    route: Any = scope.get("route")
    pattern = getattr(route, "path", "unknown")
    return {"method": scope["method"], "route": pattern, "status": str(status)}
