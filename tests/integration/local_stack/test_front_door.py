"""The front door, with a small server in the place of the emulated API behind it."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest

from patang_workbench.local_stack.front_door import FrontDoor

STAGE = "/_aws/execute-api/abc123/$default"


@dataclass
class Backend:
    """What came in, as it came."""

    asked: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture
def backend() -> Iterator[tuple[Backend, str]]:
    seen = Backend()

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.asked.append({"method": self.command, "path": self.path, "headers": headers, "body": body})
            content = json.dumps({"n": len(seen.asked)}).encode()
            self.send_response(303 if self.path.endswith("/login") else 201)
            self.send_header("set-cookie", f"session={len(seen.asked)}; HttpOnly; Path=/")
            self.send_header("set-cookie", "csrf=two; Path=/")
            self.send_header("location", "/elsewhere")
            self.send_header("x-answer", "kept")
            self.send_header("content-length", str(0 if self.command == "HEAD" else len(content)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _answer  # noqa: N815

        def log_message(self, format: str, *args: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield seen, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def door(backend: tuple[Backend, str]) -> Iterator[FrontDoor]:
    opened = FrontDoor()
    opened.open(backend[1], "abc123")
    yield opened
    opened.close()


@pytest.fixture
def seen(backend: tuple[Backend, str]) -> Backend:
    return backend[0]


@pytest.fixture
def browser(door: FrontDoor) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=door.address, trust_env=False) as client:
        yield client


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
def test_the_method_arrives(method: str, browser: httpx.Client, seen: Backend) -> None:
    assert browser.request(method, "/api/status").status_code == 201
    assert (seen.asked[0]["method"], seen.asked[0]["path"]) == (method, f"{STAGE}/api/status")


def test_path_query_headers_and_body_arrive_as_they_were_sent(browser: httpx.Client, seen: Backend) -> None:
    body = bytes(range(256))
    browser.post(
        "/approvals/a-b_c?next=%2Fhome%3Fa%3D1&empty=&twice=1&twice=2",
        content=body,
        headers={"x-csrf-token": "t", "authorization": "Bearer x", "content-type": "application/x-any"},
    )
    (asked,) = seen.asked
    assert asked["path"] == f"{STAGE}/approvals/a-b_c?next=%2Fhome%3Fa%3D1&empty=&twice=1&twice=2"
    assert asked["body"] == body
    wanted = {"x-csrf-token": "t", "authorization": "Bearer x", "content-type": "application/x-any"}
    assert wanted.items() <= asked["headers"].items()


def test_status_headers_and_every_cookie_come_back(browser: httpx.Client) -> None:
    answer = browser.get("/login")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/elsewhere"
    assert answer.headers["x-answer"] == "kept"
    assert answer.headers.get_list("set-cookie") == ["session=1; HttpOnly; Path=/", "csrf=two; Path=/"]
    assert answer.json() == {"n": 1}


def test_cookies_are_the_browsers_and_nobody_elses(
    browser: httpx.Client, door: FrontDoor, seen: Backend
) -> None:
    browser.get("/login")
    browser.get("/")
    httpx.get(f"{door.address}/", trust_env=False)
    cookies = [asked["headers"].get("cookie") for asked in seen.asked]
    assert cookies == [None, "session=1; csrf=two", None]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_port_that_is_taken_is_named(door: FrontDoor, backend: tuple[Backend, str]) -> None:
    second = FrontDoor(door.port)
    with pytest.raises(OSError, match=f"port {door.port} .*--port"):
        second.open(backend[1], "abc123")


def test_closed_it_is_gone(backend: tuple[Backend, str]) -> None:
    door = FrontDoor()
    door.open(backend[1], "abc123")
    door.close()
    with pytest.raises(httpx.ConnectError):
        httpx.get(door.address, trust_env=False)
