"""A desk that is logged in to the exchange simulator."""

import pytest

from patang_workbench.exchange.server import Simulator
from tests.contract.kite.simulated_desk import give_universe, request_token
from tests.integration.reconciliation.trading import TradedDesk


@pytest.fixture
def desk(simulator: Simulator) -> TradedDesk:
    traded = TradedDesk(simulator)
    traded.accounts().complete_login("main", request_token(traded))
    give_universe(traded)
    return traded
