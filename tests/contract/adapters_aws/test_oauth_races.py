"""Two come at once with one secret of the authorization server: in memory and on the real adapter."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Lock, local
from typing import Any

import boto3
import pytest

from patang.adapters.aws.dynamodb import DynamoStore
from patang.errors import Refused
from patang.oauth.answers import TokenAnswer
from patang.oauth.errors import OAuthError
from patang.ports import Attributes, Key, StateStore, Write, WriteConflict
from tests.fakes import MemoryStore
from tests.unit.api.sample_desk import SampleDesk
from tests.unit.oauth.parties import (
    ASHA,
    RESOURCE,
    client_of,
    code_for,
    code_form,
    new_desk,
    refresh_form,
    request_of,
    tokens_for,
)

_AT_ONCE = 3


class Racing:
    """A store on which all read an item whose partition begins with `meeting` before any of them writes.

    Writes are one after the other, as transactions on one item are.
    """

    def __init__(self, store: StateStore) -> None:
        self._store = store
        self._lock = Lock()
        self._mine = local()
        self._barrier: Barrier | None = None
        self._meeting = ""
        self.busy = 0

    def meet_at(self, partition: str) -> None:
        self._meeting, self._barrier = partition, Barrier(_AT_ONCE)

    def part(self) -> None:
        self._barrier = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    def get(self, key: Key) -> Attributes | None:
        with self._lock:
            found = self._store.get(key)
        meets = self._barrier is not None and key.partition.startswith(self._meeting)
        if meets and not getattr(self._mine, "has_met", False):
            self._mine.has_met = True
            assert self._barrier is not None
            self._barrier.wait(timeout=20)
        return found

    def write(self, *writes: Write) -> None:
        with self._lock:
            if self.busy:
                self.busy -= 1
                raise WriteConflict(())
            self._store.write(*writes)


@pytest.fixture(params=["memory", "dynamodb"])
def desk(request: pytest.FixtureRequest, table: str) -> SampleDesk:
    desk = new_desk()
    in_memory = request.param == "memory"
    desk.auth_store = Racing(MemoryStore() if in_memory else DynamoStore(boto3.client("dynamodb"), table))
    # What is told of it is told by all of them.
    desk.store = Racing(desk.store)
    return desk


def together[T](desk: SampleDesk, partition: str, act: Callable[[], T]) -> list[T | Exception]:
    desk.auth_store.meet_at(partition)

    def attempt(_: int) -> T | Exception:
        try:
            return act()
        except (OAuthError, Refused) as refused:
            return refused

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        results = list(pool.map(attempt, range(_AT_ONCE)))
    desk.auth_store.part()
    return results


def won(results: list[Any], kind: type) -> list[Any]:
    return [result for result in results if isinstance(result, kind)]


def test_of_three_exchanges_of_one_code_one_is_made_and_then_undone(desk: SampleDesk) -> None:
    client = client_of(desk)
    form = code_form(code_for(desk, client))
    results = together(desk, "OAUTH_CODE#", lambda: desk.grants().exchange(client, form))
    (answer,) = won(results, TokenAnswer)
    assert [refused.error for refused in won(results, OAuthError)] == ["invalid_grant"] * (_AT_ONCE - 1)
    # Who of them was the client cannot be told: nobody keeps anything.
    assert desk.grants().principal(answer.access_token, RESOURCE) is None
    assert desk.grants().connected("asha") == ()


def test_of_three_refreshes_of_one_token_one_is_made_and_the_family_ends(desk: SampleDesk) -> None:
    client = client_of(desk)
    tokens = tokens_for(desk, client)
    form = refresh_form(tokens.refresh_token)
    results = together(desk, "OAUTH_REFRESH#", lambda: desk.grants().exchange(client, form))
    (answer,) = won(results, TokenAnswer)
    assert len(won(results, OAuthError)) == _AT_ONCE - 1
    assert desk.grants().principal(answer.access_token, RESOURCE) is None
    with pytest.raises(OAuthError, match="invalid_grant"):
        desk.grants().exchange(client, refresh_form(answer.refresh_token))


def test_of_three_answers_to_one_question_one_counts(desk: SampleDesk) -> None:
    client = client_of(desk)
    begun = desk.authorizations().begin(request_of(client))
    results = together(
        desk,
        "OAUTH_TRANSACTION#",
        lambda: desk.authorizations().decide(begun.transaction, begun.browser_secret, ASHA, True, ("read",)),
    )
    assert len(won(results, str)) == 1
    assert len(won(results, Refused)) == _AT_ONCE - 1


def test_a_pair_that_is_made_while_the_client_is_disconnected_is_worth_nothing(desk: SampleDesk) -> None:
    """The disconnection comes between the reading and the writing of a refresh."""
    client = client_of(desk)
    tokens = tokens_for(desk, client)
    (listing,) = desk.grants().connected("asha")
    write, to_do = desk.auth_store.write, ["disconnect"]

    def disconnecting(*writes: Write) -> None:
        if to_do:
            to_do.clear()
            assert desk.grants().disconnect("asha", listing.grant_id, "person:asha")
        write(*writes)

    desk.auth_store.write = disconnecting
    with pytest.raises(OAuthError, match="invalid_grant"):
        desk.grants().exchange(client, refresh_form(tokens.refresh_token))
    assert desk.grants().connected("asha") == ()
    assert desk.grants().principal(tokens.access_token, RESOURCE) is None
    # It was nobody's theft.
    assert desk.notifier.sent == []


def test_a_busy_table_takes_nothing_and_says_so(desk: SampleDesk) -> None:
    client = client_of(desk)
    tokens = tokens_for(desk, client)
    desk.auth_store.busy = 1
    with pytest.raises(OAuthError) as refused:
        desk.grants().exchange(client, refresh_form(tokens.refresh_token))
    assert (refused.value.error, refused.value.status) == ("temporarily_unavailable", 503)
    assert desk.grants().exchange(client, refresh_form(tokens.refresh_token))
    assert desk.notifier.sent == []


def test_whatever_is_kept_has_an_end_in_the_table(table: str) -> None:
    client, desk = boto3.client("dynamodb"), new_desk()
    desk.auth_store = DynamoStore(client, table)
    known = client_of(desk)
    tokens = tokens_for(desk, known)
    desk.grants().exchange(known, refresh_form(tokens.refresh_token))
    desk.authorizations().begin(request_of(known))
    items = client.scan(TableName=table)["Items"]
    assert {item["PK"]["S"].partition("#")[0] for item in items} == {
        "OAUTH_CLIENT",
        "OAUTH_TRANSACTION",
        "OAUTH_ACCESS",
        "OAUTH_REFRESH",
        "OAUTH_SPENT",
        "OAUTH_GRANTS",
        "OAUTH_CONSENTS",
        "OAUTH_QUOTA",
    }
    now = desk.clock.now().timestamp()
    assert all(now < float(item["ttl"]["N"]) < now + 401 * 86_400 for item in items)
