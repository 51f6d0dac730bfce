"""The desk over HTTP, as a container runs it: who may ask, where it answers, and what outlives it."""

import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import httpx
import httpx2
import pytest
from mcp.client.client import Client
from mcp.client.streamable_http import streamable_http_client

from functions.api.assets import address_of
from patang_workbench.local_stack.owner import Owner
from patang_workbench.mcp_client import LoginNeeded, connect, login
from tests.integration.home_desk.home import (
    Home,
    bought,
    end,
    eventually,
    free_port,
    ready,
    simulator_for,
    structured,
)
from tests.integration.home_desk.visitor import Visitor

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def home(market: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """One desk for the whole module."""
    port = free_port()
    with simulator_for(market, port) as simulator:
        yield Home(tmp_path_factory.mktemp("home"), port, simulator)


@pytest.fixture(scope="module")
def served(home: Home) -> Iterator[subprocess.Popen[str]]:
    process = home.serve()
    yield process
    process.kill()
    process.wait(10)


def over_http(home: Home, token: str) -> Client:
    carrier = httpx2.AsyncClient(headers={"authorization": f"Bearer {token}"}, timeout=30)
    return Client(streamable_http_client(f"{home.address}/mcp", http_client=carrier))


async def test_a_program_is_let_in_by_oauth_and_loses_its_way_in_when_its_person_says_so(
    home: Home, served: subprocess.Popen[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    url, person = f"{home.address}/mcp", Visitor(home.address)
    found = await login(url, person.lets_in, seconds=60)
    assert not person.errors
    assert found.scopes == ("read", "trade")
    async with connect(url) as desk:
        answered = await desk.call("login")
        assert answered.data["state"] == "ACTIVE", "the login of the consent page is the account's"
    assert person.connected() == ["Patang command line"]
    person.disconnect()
    assert person.connected() == []
    with pytest.raises(LoginNeeded):
        async with connect(url) as desk:
            await desk.call("login")


def test_strangers_learn_where_to_ask_and_another_name_for_this_machine_is_refused(
    home: Home, served: subprocess.Popen[str]
) -> None:
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    refused = httpx.post(f"{home.address}/mcp", json=call)
    assert refused.status_code == 401
    assert f'resource_metadata="{home.address}/.well-known/' in refused.headers["www-authenticate"]
    for path in ("/", "/mcp", "/login", address_of("patang.css")):
        rebound = httpx.get(f"{home.address}{path}", headers={"host": f"evil.example:{home.port}"})
        assert rebound.status_code == 421, path
        assert home.address in rebound.text
    assert httpx.get(f"{home.address}/healthz", headers={"host": "container"}).status_code == 200
    assert httpx.get(f"{home.address}/mcp").status_code == 405


def test_a_folder_is_served_by_one_process_and_a_taken_port_is_told(
    home: Home, served: subprocess.Popen[str]
) -> None:
    def second(**variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            home.command("--http"),
            env=home.variables | variables,
            cwd=home.folder,
            capture_output=True,
            text=True,
            timeout=60,
        )

    same = second()
    assert same.returncode == 1
    assert f"process {served.pid} serves" in same.stderr
    assert home.address in same.stderr
    other = second(PATANG_HOME=str(home.folder / "other"))
    assert other.returncode == 1
    assert f"port {home.port} of 127.0.0.1 cannot be opened" in other.stderr


async def test_a_login_an_order_and_its_position_outlive_a_process_that_was_killed(
    home: Home, served: subprocess.Popen[str]
) -> None:
    """The last of this module: the process that it kills is the one that the others ask."""
    owner = Owner(home.address)
    await anyio.to_thread.run_sync(owner.sign_in)
    token = await anyio.to_thread.run_sync(owner.token, "test", ["read", "trade"])
    async with over_http(home, token) as client:
        await ready(client, owner)
        await bought(client, owner, "before-the-kill")
        await eventually(lambda: structured(client, "get_positions"), lambda found: bool(found["net"]))
    served.send_signal(signal.SIGKILL)
    served.wait(10)
    again = await anyio.to_thread.run_sync(home.serve)
    try:
        async with over_http(home, token) as client:
            assert (await structured(client, "login"))["state"] == "ACTIVE"
            [position] = (await structured(client, "get_positions"))["net"]
            assert position["quantity"] == 5
    finally:
        assert await anyio.to_thread.run_sync(end, again) == 0
        owner.close()
