"""The emulated HTTP API at `/` of an address of this machine, as it has one of its own in the cloud."""

import ssl
import threading
import time
from collections.abc import Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from patang_workbench.local_stack.emulator import free_port

__all__ = ["FrontDoor"]

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
_OF_ONE_HOP = frozenset(
    {"connection", "keep-alive", "transfer-encoding", "content-length", "content-encoding"}
)
_START_SECONDS = 10.0


class FrontDoor:
    """Serves http://127.0.0.1:<port> from a thread of its own until `close`."""

    def __init__(self, port: int = 0) -> None:
        self.port = port or free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._target: str | None = None
        self._client = _client(True)
        app = Starlette(routes=[Route("/{path:path}", self._pass_on, methods=_METHODS)])
        self._server = uvicorn.Server(
            uvicorn.Config(app, host="127.0.0.1", port=self.port, log_level="error", lifespan="off")
        )
        self._thread = threading.Thread(target=self._server.run, name="front-door", daemon=True)

    def open(self, endpoint: str, api_id: str, trust: ssl.SSLContext | bool = True) -> None:
        """Begin to serve the HTTP API `api_id` of the emulator at `endpoint`; `trust` knows its key."""
        self._client = _client(trust)
        self._target = f"{endpoint}/_aws/execute-api/{api_id}/$default"
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise OSError(f"port {self.port} of 127.0.0.1 cannot be served: choose another with --port")
            time.sleep(0.02)

    def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    async def _pass_on(self, request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        answer = await self._client.request(
            request.method,
            f"{self._target}{request.url.path}{query}",
            headers=_passed(dict(request.headers)),
            content=await request.body(),
        )
        reply = Response(answer.content, answer.status_code)
        for name, value in answer.headers.multi_items():
            if name.lower() not in _OF_ONE_HOP:
                reply.headers.append(name, value)
        return reply


def _client(trust: ssl.SSLContext | bool) -> httpx.AsyncClient:
    # It keeps no cookie: one browser's sign-in must not become another's.
    keeps_none = CookieJar(DefaultCookiePolicy(allowed_domains=()))
    return httpx.AsyncClient(
        timeout=35, follow_redirects=False, trust_env=False, cookies=keeps_none, verify=trust
    )


def _passed(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if name.lower() not in _OF_ONE_HOP}
