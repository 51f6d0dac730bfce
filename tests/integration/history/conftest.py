"""An exchange simulator with months of history, behind a line that counts, fails and delays on demand."""

import hashlib
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.engine import Settings
from patang_workbench.exchange.login import App
from patang_workbench.exchange.server import Simulator
from patang_workbench.exchange.synthetic import synthetic_market
from patang_workbench.exchange.tape import Density

KEY, SECRET = "historykey", "historysecret"
DAY = date(2026, 6, 16)


class Line:
    """Stands between a command and the simulator. `faults` are statuses given in the place of answers.

    `historical` lists the requests for candles that arrived; `passing` unset holds back their answers.
    `environment`: the credentials of a client.
    """

    def __init__(self, target: str, environment: dict[str, str]) -> None:
        self.environment = environment
        self.faults: deque[int] = deque()
        self.historical: list[str] = []
        self.others: list[str] = []
        self.passing = threading.Event()
        self.passing.set()
        self.arrived = threading.Semaphore(0)
        self._onward = httpx.Client(base_url=target, trust_env=False)
        line = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body, kind = line.answer(self.path, dict(self.headers))
                self.send_response(status)
                self.send_header("content-type", kind)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        self.root = f"http://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path: str, headers: dict[str, str]) -> tuple[int, bytes, str]:
        if "/historical/" in path:
            self.historical.append(path)
            self.arrived.release()
            self.passing.wait(20)
            if self.faults:
                status = self.faults.popleft()
                return status, b"<html>no JSON</html>", "text/html"
        else:
            self.others.append(path)
        wanted = {name: value for name, value in headers.items() if name.lower() in ("authorization",)}
        reply = self._onward.get(path, headers=wanted)
        return reply.status_code, reply.content, reply.headers["content-type"]

    def close(self) -> None:
        self.passing.set()
        self._server.shutdown()
        self._server.server_close()
        self._onward.close()


@pytest.fixture(scope="package")
def market() -> MarketData:
    return synthetic_market(7, DAY, history_days=90)


@pytest.fixture
def broker_at(market: MarketData) -> Iterator[Callable[[str], Line]]:
    """Simulators whose market stands at HH:MM:SS of the day, each behind a line."""
    with ExitStack() as opened:

        def open_at(moment: str) -> Line:
            app = App(KEY, SECRET, "AB1234", "http://127.0.0.1:9/login")
            simulator = opened.enter_context(Simulator(_settings(market, app, moment)))
            line = Line(simulator.kite_root, _signed_in(simulator))
            opened.callback(line.close)
            return line

        yield open_at


@pytest.fixture
def line(broker_at: Callable[[str], Line]) -> Line:
    """A market that has not opened yet."""
    return broker_at("09:14:30")


def _settings(market: MarketData, app: App, moment: str) -> Settings:
    """Few ticks: nobody listens, and the candles are the same."""
    few = Density(index=4, share=1, near_option=1, far_option=1)
    return Settings(market=market, apps=(app,), start=moment, density=few)


def _signed_in(simulator: Simulator) -> dict[str, str]:
    """What a person has in the environment after a login."""
    with httpx.Client(base_url=simulator.kite_root, trust_env=False) as http:
        reply = http.post("/connect/login", data={"v": "3", "api_key": KEY})
        request_token = parse_qs(urlsplit(reply.headers["location"]).query)["request_token"][0]
        checksum = hashlib.sha256(f"{KEY}{request_token}{SECRET}".encode()).hexdigest()
        form = {"api_key": KEY, "request_token": request_token, "checksum": checksum}
        session = http.post("/session/token", data=form).json()["data"]
    return {"KITE_API_KEY": KEY, "KITE_ACCESS_TOKEN": session["access_token"]}
