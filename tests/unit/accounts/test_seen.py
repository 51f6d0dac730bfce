"""What the desk keeps of an account's shares and margins."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from patang.accounts.seen import HoldingsSeen, MarginsSeen, note_holdings, note_margins
from patang.keys import holdings_key, margins_key
from patang.ports import BrokerHolding
from patang.records import load
from tests.fakes import MemoryStore

NOW = datetime(2026, 8, 18, 5, 0, tzinfo=UTC)


def share(symbol: str, quantity: int = 10, average: str = "100", **raw) -> BrokerHolding:
    return BrokerHolding("NSE", symbol, "", quantity, 0, 0, average, raw)


@pytest.fixture
def store():
    return MemoryStore()


def holdings(store: MemoryStore) -> HoldingsSeen:
    return load(store, HoldingsSeen, holdings_key("main"))


def margins(store: MemoryStore) -> MarginsSeen:
    return load(store, MarginsSeen, margins_key("main"))


def test_shares_are_kept_the_most_valuable_first_with_what_they_are_worth(store):
    told = [
        share("ITC", last_price=400.5, close_price=398.0),
        share("TCS", quantity=5, last_price=3010, close_price=3000, collateral_quantity=2),
    ]
    note_holdings(store, "main", "live", told, NOW)
    first, second = holdings(store).rows
    assert (first.symbol, first.value, first.day_change, first.collateral_quantity) == ("TCS", 15050, 50, 2)
    assert (second.symbol, second.value, second.cost) == ("ITC", Decimal("4005.0"), Decimal(1000))


@pytest.mark.parametrize("told", [{}, {"last_price": 0}, {"last_price": None}, {"last_price": "x"}])
def test_a_price_that_is_not_told_is_unknown_and_not_nothing(store, told):
    note_holdings(store, "main", "paper", [share("ITC", **told)], NOW)
    [row] = holdings(store).rows
    assert (row.last_price, row.value, row.day_change, row.cost) == (None, None, None, 1000)


def test_shares_that_were_bought_yesterday_are_worth_something_today(store):
    told = BrokerHolding("NSE", "ITC", "", 10, 3, 0, "100", {"last_price": 110})
    note_holdings(store, "main", "live", [told], NOW)
    [row] = holdings(store).rows
    assert (row.held, row.value, row.cost) == (13, 1430, 1300)


def test_of_very_many_shares_the_most_valuable_are_kept_and_the_rest_is_counted(store):
    note_holdings(store, "main", "live", [share(f"S{n:04}", last_price=n + 1) for n in range(1003)], NOW)
    seen = holdings(store)
    assert (len(seen.rows), seen.left_out) == (1000, 3)
    assert (seen.rows[0].symbol, seen.rows[-1].symbol) == ("S1002", "S0003")


def test_the_same_is_written_down_again_only_after_a_while(store):
    told, funds = [share("ITC", last_price=400)], {"equity": {"net": 5}}
    for passed, writes in ((0, 2), (60, 2), (299, 2), (300, 4)):
        now = NOW + timedelta(seconds=passed)
        note_holdings(store, "main", "live", told, now)
        note_margins(store, "main", "live", funds, now)
        assert store.writes == writes
    assert holdings(store).told_at == margins(store).told_at == NOW + timedelta(minutes=5)


def test_what_has_changed_is_written_down_at_once(store):
    note_holdings(store, "main", "live", [share("ITC", last_price=400)], NOW)
    note_holdings(store, "main", "live", [share("ITC", last_price=401)], NOW + timedelta(seconds=1))
    assert holdings(store).rows[0].last_price == 401
    note_holdings(store, "main", "paper", [share("ITC", last_price=401)], NOW + timedelta(seconds=2))
    assert holdings(store).mode == "paper"
    note_holdings(store, "main", "paper", [], NOW + timedelta(seconds=3))
    assert holdings(store).rows == ()


def test_margins_are_kept_by_segment_with_what_they_are_blocked_for(store):
    told = {
        "equity": {
            "enabled": True,
            "net": 99725.05,
            "available": {
                "cash": 245431.6,
                "opening_balance": 245431.6,
                "intraday_payin": 100,
                "collateral": 0,
            },
            "utilised": {"debits": 145706.55, "span": 101989, "exposure": 38981.25, "m2m_unrealised": -761.7},
        },
        "commodity": {"enabled": False, "net": 0, "available": None},
    }
    note_margins(store, "main", "live", told, NOW)
    equity, commodity = margins(store).segments["equity"], margins(store).segments["commodity"]
    assert (equity.net, equity.cash, equity.paid_in) == (Decimal("99725.05"), Decimal("245431.6"), 100)
    assert (equity.used, equity.unrealised) == (Decimal("145706.55"), Decimal("-761.7"))
    assert equity.delivery is None, "what is not told is not nothing"
    assert (commodity.enabled, commodity.net, commodity.cash) == (False, 0, None)


@pytest.mark.parametrize("told", [{}, {"equity": None}, {"other": {"net": 1}}])
def test_a_reply_without_a_segment_leaves_what_was_known(store, told):
    note_margins(store, "main", "live", {"equity": {"net": 5}}, NOW)
    note_margins(store, "main", "live", told, NOW + timedelta(seconds=30))
    assert margins(store).segments["equity"].net == 5
