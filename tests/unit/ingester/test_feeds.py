"""Which connection carries what."""

import pytest

from functions.ingester.feeds import MOST_INSTRUMENTS, Feeds


class Feed:
    """A feed that remembers what it was told."""

    def __init__(self, account: str) -> None:
        self.account = account
        self.modes: dict[int, str] = {}
        self.changes = 0
        self.is_closed = False

    def watch(self, modes):
        self.changes += modes != self.modes
        self.modes = dict(modes)

    def close(self):
        self.is_closed = True


@pytest.fixture
def feeds():
    return Feeds(Feed)


def full(tokens):
    return dict.fromkeys(tokens, "full")


def test_nine_thousand_instruments_are_three_connections(feeds):
    feeds.watch("main", full(range(MOST_INSTRUMENTS)), [])
    assert [len(feed.modes) for feed in feeds] == [3_000] * 3
    assert set().union(*(feed.modes for feed in feeds)) == set(range(9_000))


def test_an_instrument_stays_on_its_connection_when_others_come_and_go(feeds):
    feeds.watch("main", full(range(3_500)), [])
    first, second = feeds
    changes = second.changes
    feeds.watch("main", full([*range(10, 3_500), *range(9_000, 9_005)]), [])
    assert set(second.modes) == set(range(3_000, 3_500))
    assert second.changes == changes
    assert set(first.modes) == {*range(10, 3_000), *range(9_000, 9_005)}


def test_the_data_account_has_a_connection_without_instruments_too(feeds):
    feeds.watch("main", {}, [])
    assert [(feed.account, feed.modes) for feed in feeds] == [("main", {})]


def test_other_accounts_bring_orders_only_and_go_when_they_are_disabled(feeds):
    feeds.watch("main", full([1]), ["main", "second"])
    by_account = {feed.account: feed for feed in feeds}
    assert (by_account["main"].modes, by_account["second"].modes) == ({1: "full"}, {})
    feeds.watch("main", full([1]), ["main"])
    assert by_account["second"].is_closed
    assert len(feeds) == 1


def test_an_empty_connection_is_closed(feeds):
    feeds.watch("main", full(range(3_001)), [])
    _, second = feeds
    feeds.watch("main", full(range(10)), [])
    assert second.is_closed
