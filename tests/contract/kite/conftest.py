from collections.abc import Iterator

import pytest

from patang_workbench.exchange.engine import Settings
from patang_workbench.exchange.server import Simulator
from patang_workbench.exchange.synthetic import synthetic_market
from tests.contract.kite.simulated_desk import (
    APP,
    DAY,
    SECOND_APP,
    SimulatedDesk,
    give_universe,
    request_token,
)


@pytest.fixture(scope="session")
def market():
    return synthetic_market(seed=7, session=DAY, history_days=2)


@pytest.fixture
def simulator(market) -> Iterator[Simulator]:
    settings = Settings(market=market, apps=(APP, SECOND_APP), start="09:20:00", heartbeat=0.2)
    with Simulator(settings) as running:
        yield running


@pytest.fixture
def new_desk(simulator: Simulator) -> SimulatedDesk:
    """Nobody has logged in yet."""
    return SimulatedDesk(simulator)


@pytest.fixture
def desk(new_desk: SimulatedDesk) -> SimulatedDesk:
    """Logged in, with the day's universe."""
    new_desk.accounts().complete_login("main", request_token(new_desk))
    give_universe(new_desk)
    return new_desk
