"""The exchange simulator over HTTP with its rules in force, and a desk that is logged in to it."""

from collections.abc import Iterator

import pytest

from patang_workbench.exchange.engine import Settings
from patang_workbench.exchange.server import Simulator
from patang_workbench.exchange.synthetic import synthetic_market
from tests.contract.kite.simulated_desk import APP, DAY, SECOND_APP, give_universe, request_token
from tests.integration.protection.watched import WatchedDesk


@pytest.fixture(scope="session")
def market():
    return synthetic_market(seed=7, session=DAY, history_days=2)


@pytest.fixture
def simulator(market) -> Iterator[Simulator]:
    settings = Settings(market=market, apps=(APP, SECOND_APP), start="09:20:00", heartbeat=0.2)
    with Simulator(settings) as running:
        yield running


@pytest.fixture
def desk(simulator: Simulator) -> WatchedDesk:
    traded = WatchedDesk(simulator)
    traded.accounts().complete_login("main", request_token(traded))
    give_universe(traded)
    return traded


@pytest.fixture
def call(desk: WatchedDesk) -> str:
    """A call on NIFTY near the money."""
    floor = desk.simulator.exchange.floor
    spot = floor.by_key["NSE:NIFTY 50"].last
    calls = [
        line.instrument
        for key, line in floor.by_key.items()
        if key.startswith("NFO:NIFTY2") and key.endswith("CE") and line.last > 0
    ]
    first = min(row.expiry for row in calls)
    later = [row for row in calls if row.expiry > first] or calls
    return min(later, key=lambda row: abs(row.strike - spot)).tradingsymbol
