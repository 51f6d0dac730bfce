"""The simulator as a server on this machine, usable in process and from the command line."""

import asyncio
import contextlib
import socket
import threading
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Self

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from patang_workbench.exchange.answering import answer
from patang_workbench.exchange.calls import Call
from patang_workbench.exchange.control import control_routes
from patang_workbench.exchange.engine import Exchange, Settings
from patang_workbench.exchange.errors import KiteError, TokenError
from patang_workbench.exchange.stream import Connection

__all__ = ["Simulator"]

_START_SECONDS = 30.0


async def _ticker(websocket: WebSocket) -> None:
    exchange: Exchange = websocket.app.state.exchange
    query = websocket.query_params
    try:
        app = exchange.logins.session(query.get("api_key", ""), query.get("access_token", ""))
    except TokenError:
        # Closing before accepting refuses the handshake with HTTP 403.
        await websocket.close()
        return
    await websocket.accept()
    connection = Connection(websocket, app.user_id, exchange.floor.lines)
    exchange.hub.connections.add(connection)
    try:
        await connection.run(exchange.settings.heartbeat)
    finally:
        exchange.hub.connections.discard(connection)


async def _rest(request: Request) -> Response:
    """Any route of the REST protocol."""
    call = Call(
        request.method,
        request.url.path,
        {name.lower(): value for name, value in request.headers.items()},
        request.query_params.multi_items(),
        await request.body(),
        request.client.host if request.client else "",
    )
    found = answer(request.app.state.exchange, call)
    if found.after:
        await _client_gone(request, found.after)
    if found.reply is None:
        await _hang_up(request)
        return Response()
    headers = {"content-type": found.reply.media, **found.reply.headers}
    return Response(found.reply.body, found.reply.status, headers)


async def _client_gone(request: Request, seconds: float) -> None:
    """Wait for a time, or until the client hangs up."""

    async def hung_up() -> None:
        while (await request.receive())["type"] != "http.disconnect":
            pass

    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(hung_up(), seconds)


async def _hang_up(request: Request) -> None:
    """Close a connection of which no reply will come. ASGI has no word for it: the server's own transport."""
    transport: asyncio.Transport = request.receive.__self__.transport  # type: ignore[attr-defined]  # uvicorn's
    transport.abort()
    await _client_gone(request, 1.0)


async def _kite_error(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, KiteError)
    return JSONResponse(problem.envelope(), status_code=problem.http)


async def _http_error(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    error = KiteError("Route not found" if problem.status_code == 404 else problem.detail)
    return JSONResponse(error.envelope(), status_code=problem.status_code)


def _application(exchange: Exchange) -> Starlette:
    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        running = asyncio.create_task(exchange.run())
        yield
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running

    routes: list[BaseRoute] = [
        WebSocketRoute("/", _ticker),
        WebSocketRoute("/ws", _ticker),
        *control_routes(),
        Route("/{path:path}", _rest, methods=["GET", "POST", "PUT", "DELETE"]),
    ]
    app = Starlette(
        routes=routes,
        lifespan=lifespan,
        exception_handlers={KiteError: _kite_error, HTTPException: _http_error},
    )
    app.state.exchange = exchange
    return app


class Simulator:
    """A simulated exchange on 127.0.0.1, in a thread of its own.

        with Simulator(settings) as simulator:
            KiteConnect(api_key, root=simulator.kite_root)

    Port 0 takes a free one. The clock starts paused unless the settings say otherwise; `exchange` belongs to
    the thread, so change the clock through /_simulator/clock.
    """

    def __init__(self, settings: Settings) -> None:
        self.exchange = Exchange(settings)
        self._socket = socket.create_server(("127.0.0.1", settings.port))
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            _application(self.exchange),
            log_level="warning",
            access_log=False,
            ws="websockets-sansio",
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._serve, name="exchange", daemon=True)

    @property
    def kite_root(self) -> str:
        """Root of the REST protocol, for KiteConnect(root=...)."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def ticker_root(self) -> str:
        """Root of the websocket, for KiteTicker(root=...)."""
        return f"ws://127.0.0.1:{self.port}"

    @property
    def login_url(self) -> str:
        """Address of the login page; add ?v=3&api_key=..."""
        return f"{self.kite_root}/connect/login"

    def start(self) -> Self:
        """Serve; returns when requests are answered. Raises RuntimeError when that takes too long."""
        self._thread.start()
        waited = threading.Event()
        for _ in range(int(_START_SECONDS / 0.02)):
            if self._server.started:
                return self
            if not self._thread.is_alive():
                break
            waited.wait(0.02)
        raise RuntimeError(f"the exchange simulator did not start on port {self.port}")

    def stop(self) -> None:
        """Close all connections and end the thread."""
        self._server.should_exit = True
        self._thread.join(10.0)
        self._socket.close()

    def _serve(self) -> None:
        self._server.run(sockets=[self._socket])

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
