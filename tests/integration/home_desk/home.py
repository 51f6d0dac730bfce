"""A desk at home as its owner starts it: processes of the command line, on the exchange simulator."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
from mcp.client.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from patang_workbench.exchange.engine import Settings
from patang_workbench.exchange.login import App
from patang_workbench.exchange.server import Simulator
from patang_workbench.home_desk.desk import HomeDesk
from patang_workbench.home_desk.environment import HomeEnvironment
from patang_workbench.local_stack.owner import Owner

__all__ = [
    "ORDER",
    "Home",
    "a_little_above",
    "bought",
    "end",
    "eventually",
    "free_port",
    "ready",
    "simulator_for",
    "structured",
]

_START_SECONDS = 40.0
ORDER = {
    "account_id": "main",
    "variety": "regular",
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "quantity": 5,
    "order_type": "LIMIT",
    "product": "CNC",
}


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        port: int = opened.getsockname()[1]
    return port


def simulator_for(market: Any, port: int) -> Simulator:
    """A market that runs, and two apps whose logins come back to the pages on `port`."""
    back = f"http://127.0.0.1:{port}/kite/callback"
    apps = (
        App("homekey", "homesecret", "AB1234", redirect_url=back),
        App("familykey", "familysecret", "CD5678", redirect_url=back),
    )
    return Simulator(
        Settings(market=market, apps=apps, start="09:30:00", heartbeat=0.2, speed=2, paused=False)
    )


class Home:
    """A folder, a port and a broker; `variables` are the environment of its processes."""

    def __init__(self, folder: Path, port: int, simulator: Simulator, **variables: str) -> None:
        self.folder = folder
        self.port = port
        self.address = f"http://127.0.0.1:{port}"
        accounts = variables or {
            "KITE_API_KEY": "homekey",
            "KITE_API_SECRET": "homesecret",
            "KITE_USER_ID": "AB1234",
        }
        self.variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PATANG_HOME": str(folder / "desk"),
            "PATANG_KITE_ROOT": simulator.kite_root,
            "PATANG_KITE_TICKER_ROOT": simulator.ticker_root,
            "PATANG_KITE_LOGIN_ROOT": simulator.kite_root,
            **accounts,
        }

    def command(self, *options: str) -> list[str]:
        return [sys.executable, "-m", "patang_workbench", "mcp", "serve", "--port", str(self.port), *options]

    @asynccontextmanager
    async def assistant(self, *options: str, **can: Any) -> AsyncIterator[Client]:
        """A host that has started the desk over stdio, and what it can do for it. Anything but a message on
        stdout breaks its connection."""
        command, *arguments = self.command("--stdio", *options)
        # The host's folder is not ours: nothing may hang on where it is started.
        parameters = StdioServerParameters(
            command=command, args=arguments, env=self.variables, cwd=str(self.folder)
        )
        with (self.folder / "stderr.txt").open("a") as told:
            async with Client(stdio_client(parameters, errlog=told), **can) as client:
                yield client

    def serve(self, *options: str) -> subprocess.Popen[str]:
        """`--http`, as soon as it answers."""
        told = (self.folder / "stderr.txt").open("a")
        process = subprocess.Popen(
            self.command("--http", *options), env=self.variables, cwd=self.folder, stderr=told, text=True
        )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline and process.poll() is None:
            try:
                if httpx.get(f"{self.address}/healthz", timeout=2).status_code == 200:
                    return process
            except httpx.TransportError:
                time.sleep(0.1)
        process.kill()
        raise AssertionError(f"it did not come up: {self.said()}")

    def opened(self) -> HomeDesk:
        """The desk of this folder, as one more process has it."""
        return HomeDesk(HomeEnvironment.read(self.variables), lambda: self.address)

    def said(self) -> str:
        """What the processes have told on their standard error."""
        return (self.folder / "stderr.txt").read_text()


def end(process: subprocess.Popen[str]) -> int:
    """Told to end, as a container is; its exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(30)


async def structured(client: Client, tool: str, **arguments: Any) -> Mapping[str, Any]:
    """What a tool that has not failed answers."""
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    assert isinstance(answer.structured_content, dict)
    return answer.structured_content


async def eventually[T](look: Callable[[], Any], holds: Callable[[T], bool], seconds: float = 40.0) -> T:
    """What `look` (awaited) finds as soon as it is what we wait for."""
    deadline = time.monotonic() + seconds
    while True:
        found: T = await look()
        if holds(found):
            return found
        assert time.monotonic() < deadline, found
        await anyio.sleep(0.2)


async def ready(client: Client, owner: Owner) -> None:
    """Signed in at the broker by the page, and the market heard of."""
    await anyio.to_thread.run_sync(owner.sign_in)
    await eventually(
        lambda: structured(client, "get_status"), lambda told: bool(told["data"].get("market_time"))
    )


async def a_little_above(client: Client) -> float:
    """A price that buys at once."""
    quotes = await structured(client, "get_ltp", instruments=["NSE:INFY"])
    return round(float(quotes["quotes"]["NSE:INFY"]["last_price"]) * 1.01, 1)


async def bought(client: Client, owner: Owner, request_id: str) -> None:
    """Five shares a little above the market, asked for by the assistant, with its owner's yes on the page."""
    price = await a_little_above(client)
    asked = await structured(client, "place_order", **ORDER, price=price, request_id=request_id)
    assert asked["state"] == "WAITING", asked
    assert await anyio.to_thread.run_sync(owner.decide, asked["approval_url"], "approve") == 200
