"""Rate tokens on the real adapter: instances that take at the same moment never get more than there are."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Lock
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from patang.adapters.aws.dynamodb import DynamoStore
from patang.execution.lane.rate_tokens import LIMITS, RateTokens, Wait
from patang.market.sessions import IST

NOW = datetime(2026, 8, 18, 10, 0, tzinfo=IST)
ORDER = LIMITS["order"]


class Conflicting:
    """A DynamoDB client whose every `nth` transaction meets another one, and is cancelled for it."""

    def __init__(self, client: Any, nth: int) -> None:
        self._client, self._nth = client, nth
        self._lock = Lock()
        self.tried = self.conflicts = 0

    def get_item(self, **request: Any) -> Any:
        with self._lock:
            return self._client.get_item(**request)

    def transact_write_items(self, **request: Any) -> Any:
        with self._lock:
            self.tried += 1
            if self._nth and self.tried % self._nth == 0:
                self.conflicts += 1
                raise ClientError(
                    {
                        "Error": {"Code": "TransactionCanceledException", "Message": "conflict"},
                        "CancellationReasons": [{"Code": "TransactionConflict"}],
                    },
                    "TransactWriteItems",
                )
            return self._client.transact_write_items(**request)


@pytest.fixture
def client(table: str) -> Callable[[int], Conflicting]:
    return lambda nth: Conflicting(boto3.client("dynamodb"), nth)


def race(client: Conflicting, lanes: list[str]) -> list[tuple[str, Wait | None]]:
    """What each of so many instances got that asked at one moment."""

    def ask(lane: Any) -> tuple[str, Wait | None]:
        return lane, RateTokens(DynamoStore(client, "desk")).take("main", "order", lane, NOW)

    with ThreadPoolExecutor(len(lanes)) as instances:
        return list(instances.map(ask, lanes))


@pytest.mark.parametrize("nth", [0, 3])
def test_instances_that_ask_at_once_share_the_tokens(client: Callable[[int], Conflicting], nth: int) -> None:
    dynamodb = client(nth)
    got = race(dynamodb, ["entry", "exit", "entry"] * 4)
    taken = [lane for lane, wait in got if wait is None]
    assert 1 <= len(taken) <= ORDER.second
    assert taken.count("entry") <= ORDER.second - ORDER.reserved_second
    assert taken.count("exit") == 4, "exits have tokens of their own, and more attempts"
    assert all(wait.until > NOW for _, wait in got if wait is not None)
    assert (dynamodb.conflicts > 0) == (nth > 0)


def test_conflicts_without_end_are_given_up(client: Callable[[int], Conflicting]) -> None:
    dynamodb = client(1)
    wait = RateTokens(DynamoStore(dynamodb, "desk")).take("main", "order", "entry", NOW)
    assert wait is not None
    assert wait.until == NOW + timedelta(milliseconds=200)
    assert dynamodb.tried == 16, "four attempts of the tokens, each with four of the store"


def test_what_is_stored_is_read_back_the_same(client: Callable[[int], Conflicting]) -> None:
    tokens = RateTokens(DynamoStore(client(0), "desk"))
    for number in range(10):
        assert tokens.take("main", "order", "exit", NOW, modifies=f"15{number % 2}") is None
    wait = tokens.take("main", "order", "exit", NOW)
    assert wait is not None
    assert wait.until == NOW + timedelta(milliseconds=1050)
    assert tokens.take("main", "order", "exit", wait.until) is None
    assert tokens.modifications("main", "150") == 5
