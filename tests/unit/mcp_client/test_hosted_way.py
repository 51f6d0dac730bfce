"""The way of Kite's hosted server: its login tool, and a session id that is kept and gone on with."""

import asyncio
import json
import stat
import threading
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from patang.errors import OtherSideFailed, Refused
from patang_workbench.cli import main, mcp
from patang_workbench.mcp_client import (
    LoginNeeded,
    ServerDown,
    ToolFailed,
    connect,
    login,
    logout,
    signing_in,
)
from patang_workbench.mcp_client.kept import ServerFile
from tests.unit.mcp_client.hosted_server import HostedServer


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HostedServer]:
    monkeypatch.setattr(signing_in, "_LOOK_SECONDS", 0.02)
    hosted = HostedServer()
    yield hosted
    hosted.close()


def visit(url: str) -> None:
    """A person who opens the link and logs in there, a moment later."""

    def opened() -> None:
        time.sleep(0.1)
        urllib.request.urlopen(url, timeout=5).read()

    threading.Thread(target=opened, daemon=True).start()


@dataclass(frozen=True)
class Holding:
    tradingsymbol: str
    quantity: int
    last_price: float


def call(url: str, tool: str):
    async def called():
        async with connect(url, seconds=5) as connection:
            return await connection.call(tool)

    return asyncio.run(called())


def test_a_login_goes_on_in_the_next_process(server, folder):
    found = asyncio.run(login(server.url, visit, seconds=10))
    assert (found.way, found.already, found.tools) == ("session", False, 4)
    (session_id,) = server.sessions
    server.methods.clear()
    answer = call(server.url, "get_holdings")
    assert answer.into(list[Holding]) == [Holding("INFY", 5, 1490.5)]
    assert set(server.sessions) == {session_id}, "a new session would not be logged in"
    assert "initialize" not in server.methods
    assert ServerFile(server.url).read().session.session_id == session_id


def test_logging_in_twice_opens_no_second_page(server, folder):
    asyncio.run(login(server.url, visit, seconds=10))
    found = asyncio.run(login(server.url, lambda url: pytest.fail("nobody has to act"), seconds=10))
    assert (found.way, found.already) == ("session", True)
    assert len(server.sessions) == 1


def test_the_login_tool_called_by_hand_is_not_lost(server, folder):
    """Its link is bound to the session of that call."""
    link = call(server.url, "login").text
    visit(next(word for word in link.split() if word.startswith("http")))
    time.sleep(0.3)
    assert json.loads(call(server.url, "get_profile").text)["user_id"] == "AB1234"


def test_before_any_login_it_says_what_to_do(server, folder):
    with pytest.raises(LoginNeeded, match="run `patang mcp login http"):
        call(server.url, "get_holdings")
    with pytest.raises(LoginNeeded):
        call(server.url, "get_holdings")


def test_a_login_that_ended_at_the_broker_is_told_apart_from_a_tool_that_failed(server, folder):
    asyncio.run(login(server.url, visit, seconds=10))
    with pytest.raises(ToolFailed, match=r"^boom: Failed to execute boom$"):
        call(server.url, "boom")
    server.end_at_broker()
    with pytest.raises(
        LoginNeeded, match="Failed to execute get_holdings: the login is missing or has ended"
    ):
        call(server.url, "get_holdings")
    asyncio.run(login(server.url, visit, seconds=10))
    assert call(server.url, "get_holdings").data[0]["quantity"] == 5


@pytest.mark.parametrize("how", ["restarted", "expired"])
def test_a_session_that_the_server_has_forgotten_is_begun_anew(server, folder, how):
    asyncio.run(login(server.url, visit, seconds=10))
    (old,) = server.sessions
    if how == "restarted":
        server.forget_everything()
    else:
        server.sessions[old] = "over"
    with pytest.raises(LoginNeeded):
        call(server.url, "get_holdings")
    assert ServerFile(server.url).read().session.session_id != old
    asyncio.run(login(server.url, visit, seconds=10))
    assert call(server.url, "get_holdings").data


def test_nobody_comes(server, folder):
    seen: list[str] = []
    with pytest.raises(LoginNeeded, match="nobody has finished the login"):
        asyncio.run(login(server.url, seen.append, seconds=0.3))
    assert len(seen) == 1
    visit(seen[0])
    time.sleep(0.3)
    assert call(server.url, "get_holdings").data, "whoever is late has logged in all the same"


def test_logging_out_ends_the_session_and_forgets_it(server, folder):
    asyncio.run(login(server.url, visit, seconds=10))
    assert asyncio.run(logout(server.url)).known
    assert list(server.sessions.values()) == ["over"]
    assert not ServerFile(server.url).path.exists()
    assert not asyncio.run(logout(server.url)).known


def test_logging_out_of_a_server_that_is_down_forgets_it_and_says_so(server, folder):
    asyncio.run(login(server.url, visit, seconds=10))
    server.close()
    with pytest.raises(ServerDown, match="cannot be reached"):
        asyncio.run(logout(server.url))
    assert not ServerFile(server.url).path.exists()


def test_failures_of_the_server_are_told_apart(server, folder):
    asyncio.run(login(server.url, visit, seconds=10))
    server.down = 503
    with pytest.raises(OtherSideFailed, match="answered 503: upstream connect error"):
        call(server.url, "get_holdings")
    assert ServerFile(server.url).read().session is not None, "a passing fault ends no login"
    server.down = None
    with pytest.raises(Refused, match="is no MCP server"):
        call(f"{server.origin}/elsewhere", "get_holdings")
    server.close()
    with pytest.raises(ServerDown, match="is the address right"):
        call(server.url, "get_holdings")


def test_from_the_command_line(server, folder, monkeypatch, capsys):
    monkeypatch.setattr(mcp.webbrowser, "open", lambda url: visit(url) or True)
    assert main(["mcp", "call", server.url, "get_holdings"]) == 3
    assert f"run `patang mcp login {server.url}`" in capsys.readouterr().err
    assert main(["mcp", "login", server.url, "--timeout", "10"]) == 0
    assert "logged in at" in capsys.readouterr().out
    assert main(["mcp", "tools", server.url]) == 0
    assert "get_holdings  not said" in capsys.readouterr().out
    assert main(["mcp", "call", server.url, "get_holdings", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["tradingsymbol"] == "INFY"
    assert main(["mcp", "call", server.url, "boom"]) == 1
    assert capsys.readouterr().err == "patang: boom: Failed to execute boom\n"
    (kept,) = folder.glob("*.json")
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert main(["mcp", "logout", server.url]) == 0
    assert main(["mcp", "logout", server.url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["was_logged_in"] is False
