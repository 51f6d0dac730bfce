"""What an account may still buy: its bounds, what the broker tells of its funds, and whose share it is."""

from decimal import Decimal
from typing import Any

import pytest

from patang.portfolio.account_state import AccountDay, Reservation, RiskState
from patang.portfolio.position import Position
from patang.risk.account_view import AccountView
from patang.risk.sizing import size
from patang.settings import Settings
from tests.unit.risk.samples import AS_OF, equity_signal, option_signal, position

D = Decimal


def view(*positions: Position, reserved: dict[str, str] | None = None, **more: Any) -> AccountView:
    """An account of 300,000; `reserved` is rupees of equity orders on their way, by underlying."""
    reservations = {
        f"o-{symbol}": Reservation(symbol=symbol, strategy="equity", exposure=D(rupees), as_of=AS_OF)
        for symbol, rupees in (reserved or {}).items()
    }
    state = RiskState(account="main", reservations=reservations)
    day = AccountDay(account="main", day=AS_OF.date())
    return AccountView(state, day, positions, D(0), **more)


def test_an_empty_account_may_use_its_percentages():
    found = view().headroom(equity_signal(), Settings())
    assert (found.symbol, found.strategy, found.portfolio) == (30_000, 60_000, 90_000)
    assert (found.cash, found.funds) == (270_000, None)


def test_the_share_is_that_of_what_is_bought():
    assert view().headroom(option_signal(), Settings()).strategy == 30_000


def test_a_strategy_that_buys_options_too_has_a_share_of_its_own():
    held = position("NIFTY26AUG25000CE", underlying="NIFTY", exchange="NFO", strategy="long_options")
    other = option_signal("BANKNIFTY26AUG50000CE", underlying="BANKNIFTY")
    assert view(held).headroom(other, Settings()).strategy == 20_000
    another = other.model_copy(update={"strategy": "a third"})
    assert view(held).headroom(another, Settings()).strategy == 30_000


def test_the_brokers_funds_count_less_what_is_on_its_way_and_the_buffer():
    found = view(reserved={"TCS": "14000"}, free_funds=D(25_000)).headroom(equity_signal(), Settings())
    assert found.funds == 10_000
    sizing = size(equity_signal(), Settings(), found)
    assert (sizing.quantity, sizing.binding) == (99, "MARGIN")


@pytest.mark.parametrize("net", ["0", "-5000", "13999"])
def test_nothing_is_bought_where_the_broker_has_nothing_left(net):
    found = view(reserved={"TCS": "14000"}, free_funds=D(net)).headroom(equity_signal(), Settings())
    assert found.funds == 0
    sizing = size(equity_signal(), Settings(), found)
    assert (sizing.quantity, sizing.binding) == (0, "MARGIN")


def test_a_size_within_the_brokers_funds_finds_its_margin_when_it_is_placed():
    """The buffer of the margin check is left out beforehand, so that the size is not refused for it."""
    net = D(25_000)
    sizing = size(equity_signal(), Settings(), view(free_funds=net).headroom(equity_signal(), Settings()))
    assert sizing.binding == "MARGIN"
    assert sizing.exposure * D("1.1") <= net < (sizing.exposure + 101) * D("1.1")
