"""An MCP server of the newest revision that answers what a test says, over real HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

__all__ = ["Scripted", "scripted"]

REVISION = "2026-07-28"

type Answer = dict[str, Any] | tuple[int, str, str]


class Scripted:
    """`answers` maps a method, or a tool's name for tools/call, to a result, or to status, type and text of
    an HTTP answer (a status below 0: none, the line is closed); a callable makes it of the params. Tools are
    listed, those whose name begins with get_ as such that only look. `seen` are the methods and params.
    """

    def __init__(self, answers: dict[str, Answer | Callable[[dict[str, Any]], Answer]]) -> None:
        self.answers = answers
        self.seen: list[tuple[str, dict[str, Any]]] = []
        self.closing = threading.Event()
        self.url = ""

    def answer(self, asked: dict[str, Any]) -> tuple[int, str, str]:
        method, params = asked["method"], asked.get("params", {})
        self.seen.append((method, params))
        found = self.answers.get(params.get("name", "") if method == "tools/call" else method)
        answer = found(params) if callable(found) else found
        if answer is None and method == "server/discover":
            answer = {
                "supportedVersions": [REVISION],
                "capabilities": {"tools": {}},
                "resultType": "complete",
                "ttlMs": 0,
                "cacheScope": "private",
            }
        if answer is None and method == "tools/list":
            answer = {"tools": [_listed(name) for name in self.answers if "/" not in name]}
            answer |= {"ttlMs": 0, "cacheScope": "private"}
        if isinstance(answer, tuple):
            return answer
        if answer is None:
            error = {"code": -32602, "message": f"no such thing: {params.get('name', method)}"}
            return 200, "application/json", json.dumps({"jsonrpc": "2.0", "id": asked["id"], "error": error})
        result = {"resultType": "complete"} | answer
        return 200, "application/json", json.dumps({"jsonrpc": "2.0", "id": asked["id"], "result": result})


def _listed(name: str) -> dict[str, Any]:
    looks = {"annotations": {"readOnlyHint": True}} if name.startswith("get_") else {}
    return {"name": name, "inputSchema": {"type": "object"}} | looks


@contextmanager
def scripted(**answers: Any) -> Iterator[Scripted]:
    """At a free port for the length of the block; names have underscores for slashes."""
    server = Scripted({name.replace("__", "/"): answer for name, answer in answers.items()})

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            status, kind, text = server.answer(asked)
            if status < 0:
                return
            content = text.encode()
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *arguments: object) -> None:
            return

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    server.url = f"http://127.0.0.1:{http.server_port}/mcp"
    threading.Thread(target=http.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield server
    finally:
        server.closing.set()
        http.shutdown()
        http.server_close()
