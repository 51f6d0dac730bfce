"""Counting what an account's gates refused, by day."""

from collections import Counter
from collections.abc import Mapping
from datetime import date

from patang.keys import day_key
from patang.portfolio.account_state import AccountDay
from patang.ports import StateStore, Write
from patang.records import create, load, replace

__all__ = ["count_refusals"]


def count_refusals(store: StateStore, account: str, day: date, refusals: Mapping[str, int]) -> Write:
    """The write that adds these refusals, by gate, to the account's day."""
    known = load(store, AccountDay, day_key(account, day))
    result = known or AccountDay(account=account, day=day)
    counted = result.evolve(refusals=dict(Counter(result.refusals) + Counter(refusals)))
    return create(counted) if known is None else replace(counted)
