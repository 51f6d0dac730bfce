"""An assistant's host starts the desk: login, a paper order over the approval page, a position, on stdio."""

import re
import stat
from collections.abc import Iterator
from typing import Any

import anyio
import pytest
from mcp_types import ElicitRequestURLParams, ElicitResult

from patang_workbench.exchange.server import Simulator
from patang_workbench.local_stack.owner import Owner
from tests.contract.kite.simulated_desk import DAY
from tests.integration.home_desk.home import (
    ORDER,
    Home,
    a_little_above,
    bought,
    eventually,
    ready,
    structured,
)

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def owner(home: Home) -> Iterator[Owner]:
    found = Owner(home.address)
    yield found
    found.close()


def nothing_secret_is_kept_where_others_read(home: Home) -> None:
    kept = [path for path in (home.folder / "desk").rglob("*") if path.is_file()]
    sessions = home.folder / "desk" / "sessions.json"
    assert sessions in kept
    # What is below `store` lies in a folder that nobody else may enter.
    for path in (home.folder / "desk").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path
    assert stat.S_IMODE((home.folder / "desk").stat().st_mode) == 0o700
    [token] = re.findall(r'"access_token": "([^"]+)"', sessions.read_text())
    for path in kept:
        assert b"homesecret" not in path.read_bytes(), path
        assert path == sessions or token.encode() not in path.read_bytes(), path
    assert token not in home.said()


async def test_from_the_login_to_a_position_on_paper_and_no_secret_is_left_where_others_read(
    home: Home, owner: Owner
) -> None:
    async with home.assistant() as client:
        tools = {tool.name for tool in (await client.list_tools()).tools}
        assert {"login", "place_order", "get_positions", "get_profile"} <= tools
        first = await structured(client, "login")
        assert first["state"] == "MISSING"
        assert first["login_url"].startswith(f"{home.address}/login")
        without = await client.call_tool("get_ltp", {"instruments": ["NSE:INFY"]})
        assert without.is_error
        assert home.address in str(without.content)

        await ready(client, owner)
        assert (await structured(client, "get_profile"))["user_id"] == "AB1234"
        await bought(client, owner, "order-1")
        told = await eventually(lambda: structured(client, "get_positions"), lambda found: bool(found["net"]))
        [position] = told["net"]
        assert (position["tradingsymbol"], position["quantity"]) == ("INFY", 5)
        slip = await client.call_tool("place_order", {**ORDER, "price": 1, "request_id": "order-2"})
        assert slip.is_error
        assert "the exchange takes" in str(slip.content)
        events = await eventually(
            lambda: structured(client, "search_audit", limit=100),
            lambda found: "ORDER_COMPLETE" in str(found),
        )
        assert "stdio of owner" in str(events)
    assert "the host has hung up" in home.said()
    assert "Traceback" not in home.said()
    log = home.opened().audit_log()
    assert log.verify("main", DAY).ok
    assert log.verify("main", DAY).entries > 3
    assert log.unlinked("main", DAY) == []
    nothing_secret_is_kept_where_others_read(home)


async def test_a_host_that_opens_pages_is_told_at_once_what_its_person_said(home: Home, owner: Owner) -> None:
    opened: list[str] = []

    async def open_page(_: Any, asked: ElicitRequestURLParams) -> ElicitResult:
        opened.append(asked.url)
        assert await anyio.to_thread.run_sync(owner.decide, asked.url, "approve") == 200
        return ElicitResult(action="accept")

    async with home.assistant(elicitation_callback=open_page) as client:
        await ready(client, owner)
        price = await a_little_above(client)
        told = await structured(client, "place_order", **ORDER, price=price, request_id="opened")
        assert told["state"] == "SENT"
        [link] = opened
        assert link.startswith(f"{home.address}/proposals/main/")


async def test_real_orders_take_the_same_switch_and_the_same_preflight(
    home: Home, owner: Owner, simulator: Simulator
) -> None:
    async with home.assistant("--scopes", "read,trade,admin") as client:
        await ready(client, owner)
        desk = home.opened()
        desk.settings_changes().put(desk.settings().model_copy(update={"mode": "live"}), "person:owner")
        await eventually(
            lambda: structured(client, "get_status"), lambda told: told["mode"] == "live", seconds=20
        )
        price = await a_little_above(client)
        asked = await client.call_tool("place_order", {**ORDER, "price": price})
        assert asked.is_error
        assert "preflight" in str(asked.content)
    assert simulator.exchange.broker.placed == 0


async def test_two_hosts_share_one_desk_and_the_second_goes_on_alone(home: Home, owner: Owner) -> None:
    async with home.assistant() as second:
        async with home.assistant() as first:
            await ready(first, owner)
            for client in (first, second):
                assert (await structured(client, "login"))["state"] == "ACTIVE"
            await bought(second, owner, "of-the-second")
            await eventually(lambda: structured(first, "get_positions"), lambda found: bool(found["net"]))
        # Whichever worked for the desk: the one that is left serves the pages now.
        await eventually(lambda: structured(second, "get_status"), lambda found: bool(found["data"]))
        await bought(second, owner, "after-the-first")
        await eventually(
            lambda: structured(second, "get_positions"),
            lambda found: [each["quantity"] for each in found["net"]] == [10],
        )
