from datetime import date

import pytest

from patang_workbench.exchange.candles import MarketData
from patang_workbench.exchange.synthetic import synthetic_market


@pytest.fixture(scope="session")
def market() -> MarketData:
    return synthetic_market(7, date(2026, 8, 18), history_days=3)
