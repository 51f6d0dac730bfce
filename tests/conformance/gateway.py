"""The HTTP API on a port of this machine: requests become the gateway's events, functions' answers replies.

Others' programs are thus held against the functions' own handlers behind payload format 2.0: one request at a
time an instance, and as many instances as there are requests, as in the cloud.
"""

import asyncio
import base64
import importlib.util
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

from patang.app import Desk

__all__ = ["Gateway", "cold_start"]

_DOMAIN = "conformance.execute-api.ap-south-1.amazonaws.com"
_OF_ONE_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length"})

type Handler = Callable[[dict[str, Any], Any], dict[str, Any]]
type Start = Callable[[], Handler]


def cold_start(function: str, desk: Desk, **parts: object) -> Start:
    """How an instance of `function` begins: its handler's module run afresh, over `desk`.

    `parts` are what the function's endpoint module offers the handler in the place of its own.
    """
    replaced = {f"functions.{function}.endpoint.{name}": part for name, part in parts.items()}

    def start() -> Handler:
        spec = importlib.util.find_spec(f"functions.{function}.handler")
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        with ExitStack() as stack:
            for name, part in (replaced | {"patang.app.Desk": lambda: desk}).items():
                stack.enter_context(patch(name, part))
            spec.loader.exec_module(module)
        return module.handler

    return start


class _Instance:
    """One execution environment: a handler, and the main thread with the event loop that it keeps."""

    def __init__(self, start: Start) -> None:
        self._thread = ThreadPoolExecutor(1, "instance")
        self._loop = asyncio.new_event_loop()
        self._handler = self._thread.submit(self._begin, start).result()
        self.answers = 0

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        self.answers += 1
        return self._thread.submit(self._handler, event, None).result()

    def close(self) -> None:
        self._thread.submit(self._end).result()
        self._thread.shutdown()

    def _begin(self, start: Start) -> Handler:
        asyncio.set_event_loop(self._loop)
        return start()

    def _end(self) -> None:
        left = asyncio.all_tasks(self._loop)
        for task in left:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
        self._loop.close()


class _Function:
    """The warm instances of one function, in turn: two, that none may count on what it has told itself, and
    another for a request that finds none idle.
    """

    def __init__(self, start: Start) -> None:
        self._start = start
        self._lock = threading.Lock()
        self.instances = [_Instance(start), _Instance(start)]
        self._idle = deque(self.instances)

    def answer(self, event: dict[str, Any]) -> dict[str, Any]:
        with self._lock:
            if not self._idle:
                self.instances.append(_Instance(self._start))
                self._idle.append(self.instances[-1])
            instance = self._idle.popleft()
        try:
            return instance.answer(event)
        finally:
            with self._lock:
                self._idle.append(instance)

    def close(self) -> None:
        for instance in self.instances:
            instance.close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        # A client that has its answer may hang up as it likes.
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Gateway:
    """Serves at `address` from a thread of its own from `open` to `close`.

    `bearer` is put on requests to /mcp that carry no credential: the server suites sign in nobody.
    `remaps_challenge`: as some gateways do, WWW-Authenticate reaches clients under another name.
    """

    def __init__(self, *, remaps_challenge: bool = False) -> None:
        self.bearer: str | None = None
        self._remaps_challenge = remaps_challenge
        self._functions: dict[str, _Function] = {}
        gateway = self

        class Requests(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # A reply is written in two pieces; the second must not wait for the first one's receipt.
            disable_nagle_algorithm = True

            def _answer(self) -> None:
                gateway._answer(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _answer  # noqa: N815 - names of http.server

            def log_message(self, *_: object) -> None:
                """Nothing: what the functions say is enough."""

        self._server = _Server(("127.0.0.1", 0), Requests)
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, name="gateway", daemon=True)

    def open(self, *, mcp: Start, api: Start | None = None) -> None:
        """Begin to serve: /mcp is `mcp`'s, everything else `api`'s."""
        self._functions = {"mcp": _Function(mcp)} | ({"api": _Function(api)} if api else {})
        self._thread.start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        for function in self._functions.values():
            function.close()

    def answers(self, function: str) -> list[int]:
        """How often each instance of the function has answered."""
        return [instance.answers for instance in self._functions[function].instances]

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        to_mcp = urlsplit(request.path).path == "/mcp"
        headers = _joined(request.headers)
        if to_mcp and self.bearer:
            headers.setdefault("authorization", f"Bearer {self.bearer}")
        function = self._functions.get("mcp" if to_mcp else "api")
        event = _event(request.command, request.path, headers, body)
        reply = function.answer(event) if function else {"statusCode": 404, "body": '{"message":"Not Found"}'}
        self._reply(request, reply)

    def _reply(self, request: BaseHTTPRequestHandler, reply: Mapping[str, Any]) -> None:
        text = reply.get("body") or ""
        body = base64.b64decode(text) if reply.get("isBase64Encoded") else text.encode()
        request.send_response(reply["statusCode"])
        for name, value in (reply.get("headers") or {}).items():
            if name.lower() in _OF_ONE_HOP:
                continue
            remapped = self._remaps_challenge and name.lower() == "www-authenticate"
            request.send_header(f"x-amzn-remapped-{name}" if remapped else name, value)
        for cookie in reply.get("cookies") or ():
            request.send_header("set-cookie", cookie)
        request.send_header("content-length", str(len(body)))
        request.end_headers()
        if request.command != "HEAD":
            request.wfile.write(body)


def _joined(headers: Any) -> dict[str, str]:
    names = {name.lower() for name in headers if name.lower() not in _OF_ONE_HOP - {"content-length"}}
    return {name: ",".join(value.strip() for value in headers.get_all(name)) for name in names}


def _event(method: str, target: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    """A request as payload format 2.0 has it: cookies apart, what is no text in base64."""
    parts = urlsplit(target)
    cookies = headers.pop("cookie", "")
    plain = headers.get("content-type", "").startswith(("text/", "application/json"))
    return {
        "version": "2.0",
        "routeKey": "ANY /mcp" if parts.path == "/mcp" else "ANY /{proxy+}",
        "rawPath": parts.path,
        "rawQueryString": parts.query,
        "cookies": [one.strip() for one in cookies.split(";") if one.strip()],
        "headers": headers | {"x-forwarded-proto": "http"},
        "requestContext": {
            "domainName": _DOMAIN,
            "http": {"method": method, "path": parts.path, "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1"},
        },
        "body": body.decode() if plain else base64.b64encode(body).decode(),
        "isBase64Encoded": not plain,
    }
