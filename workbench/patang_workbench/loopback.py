"""A page on this machine that a browser comes back to at the end of a login."""

import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from types import TracebackType
from typing import Self

__all__ = ["LoopbackPage"]


class LoopbackPage:
    """Listens on 127.0.0.1 alone while the block is open. `take` makes a status and a text of the path and
    query of a GET. Raises OSError if the port (0: a free one) cannot be opened.
    """

    def __init__(self, port: int, take: Callable[[str], tuple[int, str]]) -> None:
        self._server = HTTPServer(("127.0.0.1", port), _handler(take))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        )

    @property
    def origin(self) -> str:
        """Its address without a path."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


def _handler(take: Callable[[str], tuple[int, str]]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 5

        def do_GET(self) -> None:
            status, text = take(self.path)
            content = f"<!doctype html><meta charset=utf-8><title>Patang</title><p>{text}".encode()
            self.send_response(status)
            self.send_header("content-type", "text/html; charset=utf-8")
            self.send_header("content-length", str(len(content)))
            self.send_header("referrer-policy", "no-referrer")
            self.send_header("cache-control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            """Nothing: the address of a callback holds a secret."""

    return Handler
