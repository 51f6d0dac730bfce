"""What every answer carries, and the one line of measurement a request leaves in the log."""

import logging
import time
from collections.abc import Callable
from typing import Any

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from patang.ports import Metrics

__all__ = ["EveryAnswer", "content_policy"]

_log = logging.getLogger(__name__)


def content_policy(*forms_lead_to: str) -> str:
    """Nothing from elsewhere, no inline script or style, no frame around an approval. Forms go to this desk;
    `forms_lead_to` are the sources that an answer to one may redirect to."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        f"form-action {' '.join(("'self'", *forms_lead_to))}; base-uri 'none'; frame-ancestors 'none'"
    )


_HEADERS = {
    "Content-Security-Policy": content_policy(),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Opener-Policy": "same-origin",
    # Under another port of the same machine a page is of the same site, and has the session sent along.
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}
# A client's site may have opened these in a window of its own, and waits for it: a policy of the same origin
# would cut the two apart for good, on the way back too.
_ON_THE_WAY_OF_A_CLIENT = ("/authorize", "/consent/", "/login", "/kite/callback")


class EveryAnswer:
    """ASGI middleware; an answer's own header wins over the one given here.

    What nobody has caught becomes `failure` here: the framework's own place for it lies outside every
    middleware, so that its answer would carry none of the headers.
    """

    def __init__(
        self, app: ASGIApp, metrics: Callable[[], Metrics], failure: Callable[[Request], Response]
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._failure = failure

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                if scope["path"].startswith(_ON_THE_WAY_OF_A_CLIENT):
                    headers["Cross-Origin-Opener-Policy"] = "unsafe-none"
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                if scope["scheme"] == "https":
                    headers.setdefault("Strict-Transport-Security", "max-age=31536000")
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            # The framework answers these outside every middleware, without the headers of the others.
            _log.exception("a request to %s failed", _details(scope, 500)["route"])
            if status:
                raise
            await self._failure(Request(scope))(scope, receive, send_with_headers)
        finally:
            took = (time.perf_counter() - began) * 1000
            self._metrics().duration_ms("api_request_ms", took, **_details(scope, status))


def _details(scope: Scope, status: int) -> dict[str, str]:
    # The route's pattern, never the path: a path may carry the nonce of an approval.
    route: Any = scope.get("route")
    pattern = getattr(route, "path", "unknown")
    return {"method": scope["method"], "route": pattern, "status": str(status)}
