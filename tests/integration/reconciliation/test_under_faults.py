"""Days of faults, with and without the owner's hand: no false alarm, and nothing that he sells is missed."""

from collections import Counter
from typing import Any

import pytest

from patang.execution.reconciliation.record import Reconciliation
from patang.keys import account_partition, reconciliation_key
from patang.portfolio.position import Position
from patang.records import load, load_all
from patang_workbench.chaos.campaign import DayPlan
from patang_workbench.chaos.day import ChaosDay
from tests.fakes import MemoryStore


class OwnersDay(ChaosDay):
    """A day on which the owner closes a position by hand now and then."""

    sold = 0

    def _person(self) -> None:
        account = self.chance.choice(self.accounts)
        mine = self.exchange.exchange.accounts[self.users[account]].positions.values()
        held = [position for position in mine if position.net > 0]
        if held and self.chance.random() < 0.1:
            position = self.chance.choice(held)
            row = position.line.instrument
            self.exchange.owner(
                action="close",
                user_id=self.users[account],
                exchange=row.exchange,
                tradingsymbol=row.tradingsymbol,
                product=position.product,
                market_protection=5,
            )
            self.sold += 1
        super()._person()


def played(kind: type[ChaosDay], seed: str) -> tuple[ChaosDay, MemoryStore]:
    store = MemoryStore()
    day = kind(DayPlan(seed, accounts=3, trades=4), store, MemoryStore())
    day.run()
    return day, store


def events(store: MemoryStore) -> Counter[str]:
    return Counter(
        str(item["kind"]) for key, item in store.items.items() if key.partition.startswith("OUTBOX#")
    )


@pytest.mark.parametrize("seed", ["quiet-1", "quiet-2", "quiet-3"])
def test_faults_of_the_broker_and_of_the_desk_alone_alarm_nobody(seed: str) -> None:
    day, store = played(ChaosDay, seed)
    assert events(store)["RECONCILIATION_MISMATCH"] == 0
    for account in day.accounts:
        found = load(store, Reconciliation, reconciliation_key(account))
        assert found is not None
        assert (found.clean, found.differences, found.foreign) == (True, (), ())


@pytest.mark.parametrize("seed", ["hand-1", "hand-2", "hand-3"])
def test_what_the_owner_sells_is_booked_or_alarms_and_never_stays_ours(seed: str) -> None:
    day, store = played(OwnersDay, seed)
    assert isinstance(day, OwnersDay)
    assert day.sold
    at_exchange: dict[tuple[str, str, str], int] = Counter()
    for (user_id, name, product), units in day.exchange.net_positions().items():
        at_exchange[user_id, name, product] += units
    for account in day.accounts:
        positions: list[Any] = load_all(store, Position, account_partition(account), "POSITION#")
        ours: Counter[tuple[str, str]] = Counter()
        for position in positions:
            ours[f"{position.exchange}:{position.symbol}", position.product] += position.open_quantity
        found = load(store, Reconciliation, reconciliation_key(account))
        assert found is not None
        for (user_id, name, product), units in at_exchange.items():
            if user_id == day.users[account] and units < ours[name, product]:
                # Both have sold the same units before either could know: a person has to buy them back.
                assert not found.clean
                assert "OVERSOLD" in {difference.kind for difference in found.unexplained}
        assert all(position.open_quantity >= 0 for position in positions)
