"""The exchange simulator over HTTP with its rules in force, and a browser."""

from collections.abc import Iterator

import pytest

from patang_workbench.exchange.engine import Settings
from patang_workbench.exchange.server import Simulator
from patang_workbench.exchange.synthetic import synthetic_market
from tests.browser.chromium import CHROMIUM, Chromium, running_chromium
from tests.contract.kite.simulated_desk import APP, DAY, SECOND_APP


@pytest.fixture(scope="session")
def market():
    return synthetic_market(seed=7, session=DAY, history_days=2)


@pytest.fixture
def simulator(market) -> Iterator[Simulator]:
    settings = Settings(market=market, apps=(APP, SECOND_APP), start="09:20:00", heartbeat=0.2)
    with Simulator(settings) as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Chromium]:
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install the package chromium to see pages in a browser")
    with running_chromium() as running:
        yield running


@pytest.fixture
def browser(chromium: Chromium) -> Iterator[Chromium]:
    """The one browser of all tests, without the tabs of the test before."""
    yield chromium
    chromium.close_pages()
