import os
from datetime import date
from pathlib import Path

import pytest

from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.synthetic import synthetic_market
from tests.unit.exchange.floor_desk import Desk


@pytest.fixture(scope="session")
def market() -> MarketData:
    return synthetic_market(7, date(2026, 8, 18), history_days=3)


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real market data: PATANG_DATA, or `shared/data` beside the repository."""
    beside = Path(__file__).parents[4] / "shared" / "data"
    folder = Path(os.environ.get("PATANG_DATA") or beside)
    if not folder.is_dir():
        pytest.skip("no market data here: set PATANG_DATA to its folder")
    return folder


@pytest.fixture
def desk(market: MarketData) -> Desk:
    return Desk(market)
