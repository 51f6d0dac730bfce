import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from kiteconnect import KiteConnect

from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.engine import Settings
from patang_workbench.exchange.login import App
from patang_workbench.exchange.server import Simulator
from patang_workbench.exchange.synthetic import synthetic_market

KEY, SECRET, USER = "contractkey", "contractsecret", "AB1234"


class Desk:
    """A running simulator and what a client of it needs."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.key, self.secret = KEY, SECRET
        self.http = httpx.Client(base_url=simulator.kite_root, trust_env=False)

    def sign_in(self) -> KiteConnect:
        """The official client, logged in through the login page."""
        client = KiteConnect(self.key, root=self.simulator.kite_root)
        client.generate_session(self.request_token(), self.secret)
        return client

    def request_token(self) -> str:
        reply = self.http.post("/connect/login", data={"v": "3", "api_key": self.key})
        return parse_qs(urlsplit(reply.headers["location"]).query)["request_token"][0]

    def control(self, route: str, **body: Any) -> dict[str, Any]:
        reply = self.http.post(f"/_simulator/{route}", json=body)
        reply.raise_for_status()
        return dict(reply.json())

    def show(self, route: str) -> dict[str, Any]:
        return dict(self.http.get(f"/_simulator/{route}").raise_for_status().json())

    def run_until(self, moment: str, speed: float = 1000.0) -> None:
        """Play the market to HH:MM:SS of the session's day."""
        day = self.simulator.exchange.market.session
        limit = f"{day}T{moment}+05:30"
        self.control("clock", limit=limit, paused=False, speed=speed)
        self.wait(lambda: self.show("clock")["market_time"] >= limit)

    @staticmethod
    def wait(done: Callable[[], Any], seconds: float = 15.0) -> Any:
        """What `done` gives once it is true."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if value := done():
                return value
            time.sleep(0.02)
        raise AssertionError(f"nothing came of it within {seconds} s")


@pytest.fixture(scope="session")
def market() -> MarketData:
    return synthetic_market(7, date(2026, 8, 18), history_days=3)


@pytest.fixture
def desk(market: MarketData) -> Iterator[Desk]:
    """A simulator of its own, paused at 09:14:30, its redirect address on a closed port."""
    app = App(KEY, SECRET, USER, "http://127.0.0.1:9/login")
    other = App("otherkey", "othersecret", "CD5678", "http://127.0.0.1:9/login")
    settings = Settings(market=market, apps=(app, other), holdings={"ITC": 50}, heartbeat=0.2)
    with Simulator(settings) as simulator:
        found = Desk(simulator)
        yield found
        found.http.close()


class Receiver:
    """A small web server that keeps the JSON bodies posted to it."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        bodies = self.bodies

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    thread = threading.Thread(target=found.server.serve_forever, daemon=True)
    thread.start()
    yield found
    found.server.shutdown()
    found.server.server_close()
