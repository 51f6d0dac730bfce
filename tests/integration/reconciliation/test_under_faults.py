"""Days of faults, with and without the owner's hand: no false alarm, and nothing that he sells is missed."""

from collections import Counter
from typing import Any

import pytest

from patang.execution.reconciliation.record import Reconciliation
from patang.keys import account_partition, reconciliation_key
from patang.portfolio.position import Position
from patang.records import load, load_all
from patang_workbench.chaos.day import ChaosDay
from patang_workbench.chaos.people import People
from patang_workbench.chaos.plan import DayPlan
from tests.fakes import MemoryStore


class NobodyElse(People):
    """The desk's own entries and exits alone."""

    def _trade_by_hand(self) -> None:
        pass

    def _sell_ours_by_hand(self) -> None:
        pass


class RestlessOwner(People):
    """He sells a position of the desk's on the broker's pages now and then."""

    def second(self) -> None:
        if self._functions.held and self._room.chance.random() < 0.1:
            self._sell_ours_by_hand()
        super().second()


def played(people: type[People], seed: str) -> tuple[ChaosDay, MemoryStore]:
    store = MemoryStore()
    day = ChaosDay(DayPlan(seed, accounts=3, trades=4, asks=0.0), store, MemoryStore())
    day.people = people(day.room, day.functions, day.naked)
    day.run()
    return day, store


def events(store: MemoryStore) -> Counter[str]:
    return Counter(
        str(item["kind"]) for key, item in store.items.items() if key.partition.startswith("OUTBOX#")
    )


@pytest.mark.parametrize("seed", ["quiet-1", "quiet-2", "quiet-3"])
def test_faults_of_the_broker_and_of_the_desk_alone_alarm_nobody(seed: str) -> None:
    day, store = played(NobodyElse, seed)
    assert events(store)["RECONCILIATION_MISMATCH"] == 0
    for account in day.room.accounts:
        found = load(store, Reconciliation, reconciliation_key(account))
        assert found is not None
        assert (found.clean, found.differences, found.foreign) == (True, (), ())


@pytest.mark.parametrize("seed", ["hand-1", "hand-2", "hand-3"])
def test_what_the_owner_sells_is_booked_or_alarms_and_never_stays_ours(seed: str) -> None:
    day, store = played(RestlessOwner, seed)
    assert day.people.by_hand
    at_exchange: dict[tuple[str, str, str], int] = Counter()
    for (user_id, name, product), units in day.room.trading.net_positions().items():
        at_exchange[user_id, name, product] += units
    for account in day.room.accounts:
        positions: list[Any] = load_all(store, Position, account_partition(account), "POSITION#")
        ours: Counter[tuple[str, str]] = Counter()
        for position in positions:
            ours[f"{position.exchange}:{position.symbol}", position.product] += position.open_quantity
        found = load(store, Reconciliation, reconciliation_key(account))
        assert found is not None
        short = any(
            units < ours[name, product]
            for (user_id, name, product), units in at_exchange.items()
            if user_id == day.room.users[account] and (name, product) in ours
        )
        if short or any(position.open_quantity < 0 for position in positions):
            # Both have sold the same units before either could know: a person has to look.
            assert not found.clean
            assert "OVERSOLD" in {difference.kind for difference in found.unexplained}
