"""The desk's faces on one port of this machine: pages, HTTP API and OAuth of (api), /mcp of (mcp)."""

import socket
import threading
import time
from urllib.parse import urlsplit

import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from functions.api.app import build_app
from functions.mcp.endpoint import McpEndpoint
from patang.errors import Refused
from patang_workbench.home_desk.desk import HomeDesk

__all__ = ["HomePages", "open_port"]

_START_SECONDS = 30.0
_ENDS_WITHIN = 5


def open_port(host: str, port: int) -> socket.socket:
    """A listening socket. Raises Refused where the port is taken."""
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise Refused(
            f"port {port} of {host} cannot be opened ({error.strerror or error}): choose another with "
            "--port, and give Kite's app the redirect address of that port"
        ) from error


class HomePages:
    """Serves from a thread of its own between `start` and `end`."""

    def __init__(self, desk: HomeDesk, listening: socket.socket) -> None:
        self._listening = listening
        # The MCP endpoint answers for its own address alone; the server's lifespan is nobody's.
        config = uvicorn.Config(
            _OnlyHere(_Faces(desk), desk),
            log_level="warning",
            log_config=None,
            access_log=False,
            lifespan="off",
            server_header=False,
            timeout_graceful_shutdown=_ENDS_WITHIN,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="home-pages", daemon=True)

    def start(self) -> None:
        """Raises Refused where it does not come up."""
        self._thread.start()
        deadline = time.monotonic() + _START_SECONDS
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise Refused("the desk's pages could not be served: the log above says why")
            time.sleep(0.02)

    def end(self) -> None:
        """What is being answered is answered yet."""
        self._server.should_exit = True
        self._thread.join(_ENDS_WITHIN * 2)

    def _serve(self) -> None:
        self._server.run(sockets=[self._listening])


class _Faces:
    def __init__(self, desk: HomeDesk) -> None:
        self._api = build_app(desk)
        self._mcp = McpEndpoint(desk)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", "")).rstrip("/")
        await (self._mcp if path == "/mcp" else self._api)(scope, receive, send)


class _OnlyHere:
    """Answers only who asked for this desk by its name: a page of elsewhere whose name was turned to this
    machine (DNS rebinding) is refused."""

    def __init__(self, app: ASGIApp, desk: HomeDesk) -> None:
        self._app = app
        self._desk = desk

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._is_ours(scope):
            said = PlainTextResponse(f"this desk is at {self._desk.public_url()}", 421)
            await said(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_ours(self, scope: Scope) -> bool:
        host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
        if host == urlsplit(self._desk.public_url()).netloc:
            return True
        # Its health is asked for from within its container, by whatever name that has for itself.
        return str(scope["path"]) == "/healthz"
