"""The ingesters' lease on a table: however many ask at once, one has it."""

import threading

import boto3
import pytest

from functions.ingester.lease import Lease
from patang.adapters.aws.dynamodb import DynamoStore
from tests.fakes import FixedClock

ASKING = 12


@pytest.fixture
def store(table: str) -> DynamoStore:
    return DynamoStore(boto3.client("dynamodb"), table)


def ask_at_once(leases: list[Lease], now: float) -> None:
    together = threading.Barrier(len(leases))

    def ask(lease: Lease) -> None:
        together.wait()
        lease.keep(now)

    threads = [threading.Thread(target=ask, args=(lease,)) for lease in leases]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_many_who_ask_at_once_one_has_it_at_first_and_at_each_hand_over(store: DynamoStore) -> None:
    clock, now = FixedClock(), 100.0
    leases = [Lease(store, clock, f"task-{n}") for n in range(ASKING)]
    for _ in range(4):
        ask_at_once(leases, now)
        (holder,) = [lease for lease in leases if lease.may_put(now)]
        ask_at_once(leases, now + 3.0)
        assert [lease for lease in leases if lease.may_put(now + 3.0)] == [holder]
        assert not any(lease.is_lost for lease in leases)
        holder.give_up()
        leases.remove(holder)
        now += 10.0


def test_of_many_who_wait_for_one_that_died_one_has_it(store: DynamoStore) -> None:
    clock = FixedClock()
    dead = Lease(store, clock, "dead")
    dead.keep(100.0)
    leases = [Lease(store, clock, f"task-{n}") for n in range(ASKING)]
    clock.advance(34)
    ask_at_once(leases, 134.0)
    assert not any(lease.is_ours for lease in leases)
    clock.advance(2)
    ask_at_once(leases, 136.0)
    assert sum(lease.may_put(136.0) for lease in leases) == 1
    dead.keep(136.0)
    dead.keep(137.0)
    assert dead.is_lost
