from collections.abc import Iterator

import pytest

from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.server import Simulator
from patang_workbench.exchange.synthetic import synthetic_market
from tests.contract.broker.venues import DAY, KiteVenue, PaperVenue, Venue, market_settings


@pytest.fixture(scope="session")
def market() -> MarketData:
    return synthetic_market(seed=7, session=DAY, history_days=2)


@pytest.fixture
def start() -> str:
    """When the session begins for a test; one that needs another time says so."""
    return "09:20:00"


@pytest.fixture
def kite(market: MarketData, start: str) -> Iterator[KiteVenue]:
    with Simulator(market_settings(market, start)) as simulator:
        yield KiteVenue(simulator)


@pytest.fixture
def paper(market: MarketData, start: str) -> PaperVenue:
    return PaperVenue(market_settings(market, start))


@pytest.fixture(params=["kite", "paper"])
def venue(request: pytest.FixtureRequest, start: str) -> Venue:
    """The one and the other, from `start`: a test that takes it is the contract of both."""
    found: Venue = request.getfixturevalue(request.param)
    return found
