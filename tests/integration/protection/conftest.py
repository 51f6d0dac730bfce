"""A desk that is logged in to the exchange simulator."""

import pytest

from patang_workbench.exchange.server import Simulator
from tests.contract.kite.simulated_desk import give_universe, request_token
from tests.integration.protection.watched import WatchedDesk


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
