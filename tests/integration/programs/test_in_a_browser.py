"""A person lets a program in, in Chromium: from the program's link over the simulated broker's login page to
the consent, back to the program, and to the end of it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlencode

import httpx
import pytest

from tests.browser.serving import ServedDesk
from tests.integration.programs.person import press, question, signed_in
from tests.unit.api.oauth_client import Program, query_of
from tests.unit.api.sample_desk import HOSTILE


class Callback:
    """The program's own end on this machine: keeps where a browser was sent."""

    def __init__(self) -> None:
        self.came: list[str] = []
        came = self.came

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if self.path.startswith("/callback"):
                    came.append(self.path)
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"You can close this page.")

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_address[1]}/callback"


@contextmanager
def waiting_program() -> Iterator[Callback]:
    callback = Callback()
    threading.Thread(target=callback.server.serve_forever, daemon=True).start()
    try:
        yield callback
    finally:
        callback.server.shutdown()
        callback.server.server_close()


@pytest.fixture
def callback() -> Iterator[Callback]:
    with waiting_program() as waiting:
        yield waiting


@pytest.fixture
def program(served, callback) -> Iterator[Program]:
    with httpx.Client(base_url=served.address, trust_env=False) as http:
        yield Program(http, redirect=callback.address, name="Claude Code").register()


def link(served: ServedDesk, program: Program, **more: str) -> str:
    asked = program.question(resource=f"{served.address}/mcp", **more)
    return f"{served.address}/authorize?{urlencode(asked)}"


def test_a_person_lets_a_program_in_and_ends_it(browser, served, program, callback):
    page = browser.page(link(served, program, scope="read trade admin"))
    assert page.text().startswith("Patang")
    signed_in(page)
    question(page)
    assert "Claude Code" in page.text()
    assert page.run("[...document.querySelectorAll('input:checked')].map((box) => box.value)") == ["read"]
    page.run("document.querySelector('input[value=trade]').click()")
    press(page, "Allow what is ticked")
    page.until("location.pathname === '/callback'")
    assert not [line for line in page.console if "policy" in line.lower()]
    told = query_of(callback.came[0])
    assert (told["state"], told["iss"]) == ("state-of-the-client", served.address)
    form = {
        "grant_type": "authorization_code",
        "code": told["code"],
        "redirect_uri": program.redirect,
        "code_verifier": program.verifier,
    }
    tokens = program.ask(**form).json()
    assert tokens["scope"] == "read trade"
    call = {"jsonrpc": "2.0", "id": 1, "method": "ping"}
    headers = {
        "Authorization": f"Bearer {tokens['access_token']}",
        "Accept": "application/json, text/event-stream",
    }
    assert program.http.post("/mcp", json=call, headers=headers).status_code == 200
    page.open(f"{served.address}/settings/programs")
    assert "Claude Code" in page.text()
    press(page, "End")
    press(page, "Yes")
    page.until("document.body.innerText.includes('None is connected')")
    assert program.http.post("/mcp", json=call, headers=headers).status_code == 401


def test_a_second_click_of_a_double_click_says_no_yes(browser, served, program, callback):
    """The page comes under the pointer between the two: its buttons wait."""
    page = browser.page(link(served, program))
    signed_in(page)
    question(page)
    page.open(page.run("location.href"))
    assert page.run("document.querySelector('button[value=allow]').disabled")
    assert page.run("document.querySelector('button[value=refuse]').disabled")
    press(page, "Refuse")
    page.until("location.pathname === '/callback'")
    assert query_of(callback.came[0])["error"] == "access_denied"


def test_a_hostile_name_is_read_and_never_run(browser, served, callback):
    with httpx.Client(base_url=served.address, trust_env=False) as http:
        program = Program(
            http, redirect=callback.address, name=f"{HOSTILE}<img src=x onerror=alert(1)>"
        ).register()
    page = browser.page(link(served, program))
    signed_in(page)
    question(page)
    assert HOSTILE in page.text()
    assert page.run("document.querySelectorAll('main script, main img[onerror]').length") == 0
