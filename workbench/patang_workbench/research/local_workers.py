"""The worker's image on a machine without containers: processes behind one address.

The emulator forwards a function's invocations to the address in one of its variables; here each goes to a
process that is free. A process that dies is an invocation that failed, as with Lambda, and is replaced.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import Self

from patang_workbench.local_stack.processes import Keeper

__all__ = ["LocalWorkers"]


class _Process:
    """A worker, which answers one event at a time."""

    def __init__(self, root: Path, environment: Mapping[str, str], log: Path, keeper: Keeper) -> None:
        self._keeper = keeper
        with log.open("ab") as output:
            self.child = subprocess.Popen(
                [sys.executable, "-m", "patang_workbench.research.worker_process"],
                cwd=root,
                env=dict(environment),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                text=True,
                start_new_session=True,
            )
        keeper.watch_group(self.child.pid)

    def answer(self, event: str) -> str:
        """The line it answers; nothing if it has died."""
        assert self.child.stdin is not None
        assert self.child.stdout is not None
        try:
            self.child.stdin.write(f"{event}\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            return ""
        return self.child.stdout.readline()

    def stop(self) -> None:
        self.child.kill()
        self.child.communicate()
        self._keeper.group_ended(self.child.pid)


class LocalWorkers:
    """Use as a context. `environment` is what each process gets; `log` takes what they print."""

    def __init__(
        self, count: int, *, root: Path, environment: Mapping[str, str], log: Path, keeper: Keeper
    ) -> None:
        self._start = lambda: _Process(root, environment, log, keeper)
        self._free: SimpleQueue[_Process] = SimpleQueue()
        self._lock = threading.Lock()
        self._all: list[_Process] = []
        self._count = count
        self._closed = False
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.died = 0

    def __enter__(self) -> Self:
        for _ in range(self._count):
            self._add()
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        with self._lock:
            self._closed = True
            for process in self._all:
                process.stop()

    @property
    def address(self) -> str:
        """Where events are sent."""
        return f"http://127.0.0.1:{self._server.server_port}/"

    @property
    def pids(self) -> tuple[int, ...]:
        """The processes that are there now."""
        with self._lock:
            return tuple(process.child.pid for process in self._all)

    def _add(self) -> None:
        with self._lock:
            if not self._closed:
                process = self._start()
                self._all.append(process)
                self._free.put(process)

    def _answer(self, event: str) -> tuple[int, str]:
        process = self._free.get()
        line = process.answer(event)
        if not line:
            with self._lock:
                self._all.remove(process)
                self.died += 1
            process.stop()
            self._add()
            return 500, json.dumps({"errorType": "Runtime.ExitError", "errorMessage": "the worker died"})
        self._free.put(process)
        answer = json.loads(line)
        return (200, json.dumps(answer["answer"])) if "answer" in answer else (500, line)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        workers = self

        class Forwarded(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, text = workers._answer(json.dumps(json.loads(body)))
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: object) -> None:
                """Said by the workers' own log."""

        return Forwarded
