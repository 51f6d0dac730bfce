from collections.abc import Iterator
from pathlib import Path

import pytest

from patang_workbench.exchange.server import Simulator
from tests.integration.home_desk.home import Home, free_port, simulator_for


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def simulator(market, port: int) -> Iterator[Simulator]:
    with simulator_for(market, port) as running:
        yield running


@pytest.fixture
def home(tmp_path: Path, port: int, simulator: Simulator) -> Home:
    return Home(tmp_path, port, simulator)
