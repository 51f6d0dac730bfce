"""What the owner trades beside the desk counts in exposure, and what lies settled does not."""

from decimal import Decimal

import pytest

from patang.execution.reconciliation.record import ForeignPosition, Reconciliation
from patang.records import create
from patang.risk.account_view import view_account
from patang.settings import Settings
from tests.fakes import MemoryStore
from tests.unit.execution.samples import MORNING

D = Decimal
FOREIGN = (
    ForeignPosition(exchange="NSE/BSE", symbol="INFY", product="CNC", quantity=10, price=D(1500)),
    ForeignPosition(exchange="NFO", symbol="NIFTY26AUG25000CE", product="NRML", quantity=-65, price=D(100)),
    ForeignPosition(
        exchange="NSE/BSE", symbol="SBIN", product="CNC", quantity=1000, price=D(800), traded=False
    ),
)


def seen(mode: str = "paper"):
    store = MemoryStore()
    found = Reconciliation(
        account="main", mode="paper", as_of=MORNING, looked_at=MORNING, foreign=FOREIGN, clean=True
    )
    store.write(create(found))
    settings = Settings.model_construct(**(dict(Settings()) | {"mode": mode}))
    return view_account(store, "main", MORNING, MORNING, settings)


def test_foreign_positions_count_in_all_and_in_their_underlying():
    view = seen()
    assert view.exposure() == 15_000 + 6_500
    assert view.exposure("INFY") == 15_000
    assert view.exposure("NIFTY") == 6_500
    assert view.exposure("SBIN") == 0
    assert view.exposure(strategy="equity") == 0
    assert view.holdings == 0


def test_those_of_another_mode_are_not_there():
    assert seen("live").exposure() == 0


@pytest.mark.parametrize(
    ("symbol", "underlying", "same"),
    [
        ("INFY", "INFY", True),
        ("NIFTY26AUG25000CE", "NIFTY", True),
        ("NIFTY26AUGFUT", "NIFTY", True),
        ("NIFTYNXT5026AUG70000PE", "NIFTY", False),
        ("NIFTYNXT5026AUG70000PE", "NIFTYNXT50", True),
        ("BANKNIFTY26AUG55000CE", "NIFTY", False),
        ("M&M", "M&M", True),
        ("M&MFIN", "M&M", False),
    ],
)
def test_a_contract_is_of_the_underlying_whose_name_it_begins_with(symbol, underlying, same):
    foreign = ForeignPosition(exchange="NFO", symbol=symbol, product="NRML", quantity=1, price=D(1))
    assert foreign.is_of(underlying) is same
