"""The book of open positions: what it keeps, that every fill keeps it, and who finds out when it is wrong."""

from datetime import timedelta
from decimal import Decimal

import pytest

from patang.execution.book_sweep import mend_book
from patang.keys import risk_key
from patang.portfolio.account_state import RiskState
from patang.portfolio.position_book import LONGEST_LOOK_BACK, PositionBook
from patang.records import create, load, replace
from patang.risk.account_view import view_account
from patang.settings import Settings
from patang.settings.limits import RiskSettings
from tests.fakes import MemoryStore
from tests.unit.execution.samples import equity_signal
from tests.unit.execution.stages import closing, submitted, tell
from tests.unit.execution.trading_desk import TradingDesk
from tests.unit.risk.samples import AS_OF, position


def sold(symbol="TCS", at=AS_OF, **changes):
    fields = {"state": "CLOSED", "exit_time": at, "exit_reason": "STOP", "realised_pnl": Decimal(-5)}
    return position(symbol, **(fields | changes))


def book_of(desk):
    state = load(desk.store, RiskState, risk_key("main"))
    return state.book


def look(desk):
    return view_account(desk.store, "main", desk.market_time, desk.clock.now(), desk.settings)


def keep_book(desk):
    """As the risk manager's next decision does."""
    state = look(desk).state
    desk.store.write(create(state) if state.revision == 0 else replace(state))


def test_a_position_is_open_until_it_is_closed_and_again_when_more_is_bought():
    book = PositionBook().with_position(position("INFY")).with_position(position("TCS"))
    assert book.open == ("P260818INFY", "P260818TCS")
    assert book.with_position(position("TCS")) == book
    left = book.with_position(sold("TCS"))
    assert left.open == ("P260818INFY",)
    assert [(trade.underlying, trade.exit_reason) for trade in left.closed] == [("TCS", "STOP")]
    assert left.with_position(position("TCS")) == book


def test_a_trade_is_kept_as_long_as_any_gate_may_look_back():
    first = PositionBook().with_position(sold("TCS"))
    just = first.with_position(sold("INFY", AS_OF + LONGEST_LOOK_BACK - timedelta(seconds=1)))
    assert {trade.underlying for trade in just.closed} == {"TCS", "INFY"}
    after = first.with_position(sold("INFY", AS_OF + LONGEST_LOOK_BACK))
    assert {trade.underlying for trade in after.closed} == {"INFY"}
    # A day that is played again begins before trades that are known already.
    again = after.with_position(sold("ITC", AS_OF))
    assert {trade.underlying for trade in again.closed} == {"INFY", "ITC"}


def test_no_setting_lets_a_gate_look_back_further():
    bounds = RiskSettings.model_json_schema()["properties"]
    most = {name: bounds[name]["maximum"] for name in bounds if name.endswith("_minutes")}
    guard = most["stop_loss_guard_window_minutes"] + most["stop_loss_guard_pause_minutes"]
    assert max(most["symbol_cooldown_minutes"], guard) * timedelta(minutes=1) <= LONGEST_LOOK_BACK


def test_the_fill_of_an_entry_and_of_an_exit_keep_the_book():
    desk = TradingDesk()
    intent = submitted(desk, equity_signal())
    keep_book(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.exchange.prices = {"INFY": 1500.0}
    desk.exchange.match()
    tell(desk)
    (held,) = look(desk).positions
    assert book_of(desk).open == (held.position_id,)


def test_what_is_sold_leaves_the_book_and_is_remembered():
    desk = TradingDesk()
    held, intent = closing(desk)
    keep_book(desk)
    assert book_of(desk).open == (held.position_id,)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.exchange.prices = {"INFY": 1489.0}
    desk.exchange.match()
    tell(desk)
    (trade,) = book_of(desk).closed
    assert book_of(desk).open == ()
    assert (trade.position_id, trade.underlying) == (held.position_id, "INFY")
    assert look(desk).closed == (trade,)


@pytest.mark.parametrize("kept", [False, True])
def test_with_and_without_a_book_the_account_looks_the_same(kept):
    store = MemoryStore()
    store.write(*map(create, (position("INFY"), sold("TCS"), position("ITC", mode="live"))))
    if kept:
        view = view_account(store, "main", AS_OF, AS_OF, Settings())
        store.write(create(view.state))
    view = view_account(store, "main", AS_OF, AS_OF, Settings())
    assert [held.symbol for held in view.positions] == ["INFY"]
    assert [trade.underlying for trade in view.closed] == ["TCS"]
    assert view.state.book.open == ("P260818INFY", "P260818ITC")


def test_a_book_that_is_wrong_is_mended_and_told():
    store = MemoryStore()
    store.write(*map(create, (position("INFY"), sold("TCS"))))
    wrong = PositionBook(open=("P260818TCS",))
    store.write(create(RiskState(account="main", book=wrong)))
    assert mend_book(store, "main", AS_OF, AS_OF)
    state = load(store, RiskState, risk_key("main"))
    assert state.book.open == ("P260818INFY",)
    (told,) = [item for item in store.items.values() if item.get("kind") == "POSITION_BOOK_MENDED"]
    assert told["details"] == {"missing": ["P260818INFY"], "not_open": ["P260818TCS"]}
    assert not mend_book(store, "main", AS_OF, AS_OF)


def test_an_account_without_a_book_is_left_alone():
    store = MemoryStore()
    assert not mend_book(store, "main", AS_OF, AS_OF)
    store.write(create(RiskState(account="main")), create(position("INFY")))
    assert not mend_book(store, "main", AS_OF, AS_OF)
