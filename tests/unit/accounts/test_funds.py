"""What an account has at the broker, kept with its age."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from patang.accounts.funds import Funds, note_funds
from patang.keys import funds_key
from patang.records import load
from tests.fakes import MemoryStore
from tests.unit.execution.samples import MORNING


def told(net: float, cash: float = 300000, debits: float = 0) -> dict[str, Any]:
    return {"equity": {"net": net, "available": {"cash": cash}, "utilised": {"debits": debits}}}


def kept(store: MemoryStore) -> Funds:
    found = load(store, Funds, funds_key("main"))
    assert found is not None
    return found


def test_cash_what_is_blocked_and_what_the_shares_are_worth_are_kept_with_the_time() -> None:
    store = MemoryStore()
    note_funds(store, "main", told(270000, debits=30000), "live", MORNING, Decimal("1545000.50"))
    funds = kept(store)
    assert (funds.net, funds.cash, funds.used) == (Decimal(270000), Decimal(300000), Decimal(30000))
    assert (funds.holdings_value, funds.told_at) == (Decimal("1545000.50"), MORNING)


def test_who_does_not_know_the_holdings_leaves_their_worth() -> None:
    store = MemoryStore()
    note_funds(store, "main", told(300000), "live", MORNING, Decimal(5000))
    note_funds(store, "main", told(299000), "live", MORNING + timedelta(seconds=5))
    assert (kept(store).net, kept(store).holdings_value) == (Decimal(299000), Decimal(5000))


def test_the_holdings_of_another_mode_are_not_this_ones() -> None:
    store = MemoryStore()
    note_funds(store, "main", told(300000), "live", MORNING, Decimal(5000))
    note_funds(store, "main", told(300000), "paper", MORNING)
    assert kept(store).holdings_value is None


def test_a_reply_without_funds_leaves_what_was_known() -> None:
    store = MemoryStore()
    note_funds(store, "main", told(300000), "live", MORNING)
    note_funds(store, "main", {"equity": {}}, "live", MORNING + timedelta(minutes=1))
    assert (kept(store).net, kept(store).told_at) == (Decimal(300000), MORNING)


def test_the_same_again_is_written_once_in_a_while() -> None:
    store = MemoryStore()
    note_funds(store, "main", told(300000), "live", MORNING)
    note_funds(store, "main", told(300000), "live", MORNING + timedelta(minutes=1))
    assert kept(store).told_at == MORNING
    later = MORNING + timedelta(minutes=6)
    note_funds(store, "main", told(300000), "live", later)
    assert kept(store).told_at == later
