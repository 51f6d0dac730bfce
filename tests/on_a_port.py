"""An application on a port of this machine, for as long as a test asks it."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

__all__ = ["on_a_port"]

_SECONDS = 10.0


@contextmanager
def on_a_port(make: Callable[[str], ASGIApp]) -> Iterator[str]:
    """`make` is told the address (http://127.0.0.1:...) at which its application is served."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        server = uvicorn.Server(uvicorn.Config(make(address), log_level="error", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        ends = time.monotonic() + _SECONDS
        while not server.started and time.monotonic() < ends:
            time.sleep(0.01)
        try:
            yield address
        finally:
            server.should_exit = True
            thread.join(_SECONDS)
