"""What every StateStore promises, shown on the table, on the home desk's file and on the stand-in that other
tests use."""

from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from patang.adapters.aws.dynamodb import DynamoStore
from patang.errors import BadInput, TryAgain
from patang.ports import Absent, Delete, Key, Matches, Put, StateStore, WriteConflict
from patang_workbench.home_desk.database import Database
from patang_workbench.home_desk.state_store import HomeStore
from tests.fakes import MemoryStore

KEY = Key("ACCOUNT#main", "POSITION#p1")


@pytest.fixture(params=["dynamodb", "home", "memory"])
def store(request: pytest.FixtureRequest, table: str, tmp_path: Path) -> StateStore:
    match request.param:
        case "memory":
            return MemoryStore()
        case "home":
            return HomeStore(Database(tmp_path / "desk.sqlite"), "desk")
        case _:
            return DynamoStore(boto3.client("dynamodb"), table)


def test_an_item_comes_back_as_it_went_in(store: StateStore) -> None:
    attributes = {
        "price": "101.05",
        "quantity": 75,
        "p_win": 0.4375,
        "halted": False,
        "reasons": ["a", "b"],
        "nested": {"x": [1.5, None]},
        "empty": "",
    }
    store.write(Put(KEY, attributes))
    assert store.get(KEY) == attributes


def test_a_missing_item_is_none(store: StateStore) -> None:
    assert store.get(KEY) is None


def test_many_are_told_in_the_order_asked_and_what_is_missing_is_none(store: StateStore) -> None:
    written = [Key(f"P#{n % 3}", f"A#{n}") for n in range(250)]
    for n, key in enumerate(written):
        store.write(Put(key, {"n": n, "share": n / 8}))
    absent = Key("P#0", "B#0")
    asked = [*reversed(written), absent, written[7], written[7]]
    expected = [{"n": n, "share": n / 8} for n in reversed(range(250))]
    assert store.get_many(asked) == [*expected, None, *[{"n": 7, "share": 7 / 8}] * 2]
    assert store.get_many([absent]) == [None]
    assert store.get_many([]) == []


def test_absence_is_expected_once(store: StateStore) -> None:
    store.write(Put(KEY, {"n": 1}, expect=Absent()))
    with pytest.raises(WriteConflict) as conflict:
        store.write(Put(KEY, {"n": 2}, expect=Absent()))
    assert conflict.value.failed == (KEY,)
    assert store.get(KEY) == {"n": 1}
    store.write(Put(KEY, {"n": 3}, expect=Matches({"n": 1})))
    assert store.get(KEY) == {"n": 3}


def test_a_revision_is_replaced_once(store: StateStore) -> None:
    store.write(Put(KEY, {"revision": 1}))
    store.write(Put(KEY, {"revision": 2}, expect=Matches({"revision": 1})))
    with pytest.raises(WriteConflict):
        store.write(Put(KEY, {"revision": 2}, expect=Matches({"revision": 1})))


def test_a_transaction_is_all_or_nothing_and_names_what_failed(store: StateStore) -> None:
    other = Key("ACCOUNT#main", "RISK")
    store.write(Put(other, {"revision": 3}))
    with pytest.raises(WriteConflict) as conflict:
        store.write(
            Put(KEY, {"n": 1}, expect=Absent()),
            Put(other, {"revision": 5}, expect=Matches({"revision": 4})),
        )
    assert conflict.value.failed == (other,)
    assert store.get(KEY) is None
    assert store.get(other) == {"revision": 3}


def test_a_partition_is_read_in_order_by_prefix_and_behind_a_key(store: StateStore) -> None:
    for n in range(5):
        store.write(Put(Key("P", f"A#{n}"), {"n": n}))
    store.write(Put(Key("P", "B#0"), {"n": 99}), Put(Key("Q", "A#0"), {"n": 98}))
    assert [item["n"] for item in store.query("P", prefix="A#")] == [0, 1, 2, 3, 4]
    assert [item["n"] for item in store.query("P", prefix="A#", newest_first=True, limit=2)] == [4, 3]
    assert [item["n"] for item in store.query("P", prefix="A#", after="A#2")] == [3, 4]
    assert len(store.query("P")) == 6


def test_the_index_is_sparse(store: StateStore) -> None:
    store.write(Put(KEY, {"state": "OPEN"}, index=Key("OPEN_POSITIONS", "main#p1")))
    assert store.query_index("OPEN_POSITIONS") == [{"state": "OPEN"}]
    assert store.query_index("OPEN_POSITIONS", prefix="other#") == []
    store.write(Put(KEY, {"state": "CLOSED"}))
    assert store.query_index("OPEN_POSITIONS") == []


def test_a_deletion_may_be_conditional(store: StateStore) -> None:
    store.write(Put(KEY, {"code": "x"}))
    store.write(Delete(KEY, Matches({"code": "x"})))
    with pytest.raises(WriteConflict):
        store.write(Delete(KEY, Matches({"code": "x"})))


class ContendedClient:
    """A client whose first transactions meet another one, which no emulator here raises."""

    def __init__(self, conflicts: int) -> None:
        self.conflicts = conflicts
        self.calls = 0

    def transact_write_items(self, **request: Any) -> None:
        self.calls += 1
        if self.calls <= self.conflicts:
            reasons = [{"Code": "TransactionConflict"}]
            raise ClientError(
                {"Error": {"Code": "TransactionCanceledException"}, "CancellationReasons": reasons},
                "TransactWriteItems",
            )


def test_contention_is_waited_out_a_bounded_number_of_times() -> None:
    client = ContendedClient(conflicts=2)
    DynamoStore(client, "desk").write(Put(KEY, {"n": 1}))
    assert client.calls == 3


def test_lasting_contention_is_a_conflict_that_blames_no_key() -> None:
    client = ContendedClient(conflicts=99)
    with pytest.raises(WriteConflict) as conflict:
        DynamoStore(client, "desk").write(Put(KEY, {"n": 1}))
    assert conflict.value.failed == ()
    assert client.calls == 4


class ThrottledClient:
    """A client that tells at most so many items of a batch, the first `times` times: no emulator here leaves
    one out. Each item is {"n": its sort key}."""

    def __init__(self, times: int, most: int = 1) -> None:
        self.times, self.most = times, most
        self.asked: list[list[str]] = []

    def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803, boto3's name
        ((table, batch),) = RequestItems.items()
        assert batch["ConsistentRead"] is True
        keys = batch["Keys"]
        self.asked.append([key["SK"]["S"] for key in keys])
        told = keys[: self.most] if len(self.asked) <= self.times else keys
        left = keys[len(told) :]
        return {
            "Responses": {table: [key | {"n": key["SK"]} for key in reversed(told)]},
            "UnprocessedKeys": {table: {"Keys": left, "ConsistentRead": True}} if left else {},
        }


def test_what_a_batch_leaves_out_is_asked_for_again_and_never_taken_for_missing() -> None:
    client = ThrottledClient(times=2)
    keys = [Key("P", sort) for sort in "abcd"]
    found = DynamoStore(client, "desk").get_many(keys)
    assert found == [{"n": sort} for sort in "abcd"]
    assert client.asked == [["a", "b", "c", "d"], ["b", "c", "d"], ["c", "d"]]


def test_a_batch_that_is_never_whole_is_told_after_a_bounded_number_of_tries() -> None:
    client = ThrottledClient(times=99, most=0)
    with pytest.raises(TryAgain, match="left out 2 of 2 items in each of 4 tries"):
        DynamoStore(client, "desk").get_many([Key("P", "a"), Key("P", "b")])
    assert len(client.asked) == 4


def test_a_batch_asks_for_a_hundred_keys_at_most_each_once() -> None:
    client = ThrottledClient(times=0)
    keys = [Key("P", f"{n:03d}") for n in range(201)]
    assert DynamoStore(client, "desk").get_many([*keys, *keys]) == [{"n": key.sort} for key in (*keys, *keys)]
    assert [len(batch) for batch in client.asked] == [100, 100, 1]


@pytest.mark.parametrize("store", ["dynamodb", "home"], indirect=True)
def test_too_many_writes_are_refused_before_anything_is_written(store: StateStore) -> None:
    with pytest.raises(BadInput, match="101 writes"):
        store.write(*(Put(Key("P", str(n)), {}) for n in range(101)))
