"""A desk whose owners log in at a simulated broker."""

from collections.abc import Iterator

import pytest

from patang.accounts.service import AccountService
from patang.adapters.kite.login import KiteLogin
from patang.settings import KiteSettings
from patang_workbench.exchange.engine import Settings
from patang_workbench.exchange.login import App
from patang_workbench.exchange.server import Simulator
from patang_workbench.exchange.synthetic import synthetic_market
from tests.browser.serving import ServedDesk, served_desk
from tests.unit.api.sample_desk import DAY, SampleDesk, busy, two_owners


@pytest.fixture
def served() -> Iterator[ServedDesk]:
    """A desk whose owners log in at a simulated broker, with its login page."""
    simulators: list[Simulator] = []

    def make(address: str) -> SampleDesk:
        desk = busy(two_owners(public_url=address))
        app = App("key-main", "secret-main", "AB1234", redirect_url=f"{address}/kite/callback")
        market = synthetic_market(7, DAY, history_days=1)
        simulator = Simulator(Settings(market=market, apps=(app,))).start()
        simulators.append(simulator)
        settings = KiteSettings(root=simulator.kite_root, login_root=simulator.kite_root)
        desk._sample_accounts = AccountService(
            desk.store,
            desk.secrets,
            desk.clock,
            KiteLogin(lambda: settings),
            secret_prefix="patang/test",
            login_root=lambda: simulator.kite_root,
        )
        return desk

    with served_desk(make) as desk:
        yield desk
    for simulator in simulators:
        simulator.stop()
