"""Whether a change that got no answer has reached its order, as far as the order book can be believed."""

from typing import Any

import pytest

from patang.execution.lane.amendment_match import has_taken
from patang.ports import BrokerOrder
from tests.unit.execution.lane_cases import new_intent
from tests.unit.execution.trading_desk import TradingDesk


def taken(changes: dict[str, str], **shown: Any) -> bool:
    intent = new_intent(TradingDesk(), "MODIFY").evolve(changes=changes)
    row = {"order_type": "LIMIT", "price": 1490.0, "market_protection": 0, "modified": True} | shown
    order = BrokerOrder("1", "", "OPEN", "NSE", "INFY", "BUY", 20, 0, "0", raw=row)
    return has_taken(intent, order)


@pytest.mark.parametrize("protection", [{}, {"market_protection": "-1"}])
@pytest.mark.parametrize("shown", [{"order_type": "MARKET", "price": 0}, {"price": 1497.5}])
def test_an_order_at_market_may_be_shown_as_a_limit_and_without_its_protection(
    protection: dict[str, str], shown: dict[str, Any]
) -> None:
    assert taken({"order_type": "MARKET"} | protection, **shown)


def test_an_order_that_was_never_changed_has_taken_nothing() -> None:
    assert not taken({"order_type": "MARKET", "market_protection": "-1"}, modified=False)
    assert not taken({"market_protection": "2"}, modified=False)
    assert not taken({"order_type": "MARKET"}, order_type="SL")


def test_what_the_book_does_tell_has_to_agree() -> None:
    assert taken({"price": "1490.00"})
    assert not taken({"price": "1495.00"})
    assert not taken({"order_type": "MARKET", "quantity": "10"}, quantity=20)
