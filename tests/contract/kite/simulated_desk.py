"""A desk on stand-ins for AWS whose broker is the exchange simulator."""

from datetime import date
from decimal import Decimal
from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlsplit

import requests

from patang.app import Desk
from patang.keys import settings_key
from patang.market.instrument_table import InstrumentTable
from patang.market.universe import save_universe
from patang.market.universe_choice import choose_universe
from patang.ports import OrderRequest, Put
from patang.settings import KiteSettings, Settings
from patang_workbench.exchange.login import App
from patang_workbench.exchange.server import Simulator
from tests.fakes import (
    FixedClock,
    MemoryObjects,
    MemorySecrets,
    MemoryStore,
    RecordedMetrics,
    RecordedStream,
    RecordedUpdateQueue,
)

__all__ = [
    "APP",
    "DAY",
    "SECOND_APP",
    "SimulatedDesk",
    "give_universe",
    "request_token",
    "resting_order",
    "tell",
]

DAY = date(2026, 8, 18)
CALLBACK = "http://127.0.0.1:9/kite/callback"
APP = App("testkey", "testsecret", "AB1234", redirect_url=CALLBACK)
SECOND_APP = App("otherkey", "othersecret", "CD5678", redirect_url=CALLBACK)


class SimulatedDesk(Desk):
    """A desk in mode simulator with one account, `main`, not yet logged in."""

    def __init__(self, simulator: Simulator) -> None:
        super().__init__({"SECRET_PREFIX": "patang/test"})
        self.store = MemoryStore()
        self.objects = MemoryObjects()
        self.secrets = MemorySecrets()
        self.clock = FixedClock()
        self.metrics = RecordedMetrics()
        self.update_queue = RecordedUpdateQueue()
        self.tick_stream = RecordedStream()
        self.use(
            Settings(
                mode="simulator",
                kite=KiteSettings(
                    root=simulator.kite_root,
                    ticker_root=simulator.ticker_root,
                    login_root=simulator.kite_root,
                    timeout_seconds=1,
                ),
            )
        )
        self.accounts().register.add("main", "Main", APP.api_key, APP.api_secret, APP.user_id, "owner")

    def use(self, settings: Settings) -> None:
        self.store.write(Put(settings_key(), {"document": settings.model_dump_json()}))
        # The desk would read them again in five seconds of its clock, which stands still here.
        vars(self).pop("_reader", None)


def request_token(desk: Desk, account: str = "main", state: str = "from-our-page") -> str:
    """Signs in on the broker's page as a browser would, and reads the callback it is sent back to."""
    page = requests.get(desk.accounts().login_url(account, state), timeout=5)
    form = _Fields()
    form.feed(page.text)
    reply = requests.post(page.url.partition("?")[0], data=form.values, timeout=5, allow_redirects=False)
    query = parse_qs(urlsplit(reply.headers["location"]).query)
    assert query["state"] == [state]
    return query["request_token"][0]


def give_universe(desk: Desk) -> None:
    """Chooses and stores the day's universe from the simulator's dump, as the morning does."""
    data = desk.market_data()
    quotes = data.quotes(["NSE:NIFTY 50", "NSE:NIFTY BANK"])
    prices = {
        name: Decimal(str(quotes[f"NSE:{listed}"]["last_price"]))
        for name, listed in (("NIFTY", "NIFTY 50"), ("BANKNIFTY", "NIFTY BANK"))
    }
    table = InstrumentTable.from_rows([*data.instruments("NSE"), *data.instruments("NFO")])
    choice = choose_universe(DAY, table, prices, desk.settings())
    save_universe(desk.store, desk.objects, choice.universe)


def resting_order(simulator: Simulator, tag: str = "tag0001") -> OrderRequest:
    """A buy a little below the market, which the exchange takes and does not fill."""
    last = simulator.exchange.floor.by_key["NSE:INFY"].last
    price = f"{last * 0.97 / 100:.1f}0"
    return OrderRequest("regular", "NSE", "INFY", "BUY", 5, "LIMIT", "MIS", "DAY", tag, price=price)


def tell(simulator: Simulator, what: str, **body: Any) -> None:
    """Sets the simulator's clock or a fault."""
    requests.post(f"{simulator.kite_root}/_simulator/{what}", json=body, timeout=5).raise_for_status()


class _Fields(HTMLParser):
    """The hidden fields of a form."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "input" and found.get("name"):
            self.values[str(found["name"])] = found.get("value") or ""
