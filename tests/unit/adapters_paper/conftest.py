import pytest

from patang.adapters.paper.broker import PaperBroker
from patang.adapters.paper.exchange import PaperExchange
from patang.execution.market_clock import MarketClock
from patang.records import create
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryStore
from tests.unit.adapters_paper.book import NOW, UNIVERSE


@pytest.fixture
def store():
    store = MemoryStore()
    store.write(create(MarketClock(market_time=NOW, seen_at=NOW)))
    return store


@pytest.fixture
def broker(store):
    return PaperBroker("main", store, FixedClock(NOW), Settings, {NOW.date(): UNIVERSE}.get)


@pytest.fixture
def exchange(store):
    return PaperExchange(store, FixedClock(NOW), Settings)
