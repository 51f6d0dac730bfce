"""A feed's life: waiting for a login, opening, watching, losing and opening again."""

import pytest

from functions.ingester.feed import Feed
from patang.accounts.session import Credentials
from patang.errors import SessionExpired

MODES = {1: "full", 2: "full", 3: "full"}


class Link:
    """A connection that writes down what is asked of it."""

    account = "main"

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials
        self.asked: list[object] = []
        self.heard_at = 0.0
        self.is_closed = False

    def subscribe(self, tokens, mode):
        self.asked.append((mode, tokens))

    def unsubscribe(self, tokens):
        self.asked.append(("unsubscribe", tokens))

    def close(self):
        self.is_closed = True

    def pause(self):
        raise AssertionError

    def resume(self):
        raise AssertionError


class World:
    """Hands out credentials, makes links and keeps them."""

    def __init__(self) -> None:
        self.version: int | None = 1
        self.links: list[Link] = []
        self.checks = 0

    def credentials(self) -> Credentials:
        if self.version is None:
            raise SessionExpired("log in")
        return Credentials("key", f"token{self.version}", self.version)

    def connect(self, credentials: Credentials) -> Link:
        self.links.append(Link(credentials))
        return self.links[-1]

    def check(self) -> None:
        self.checks += 1


@pytest.fixture
def world():
    return World()


@pytest.fixture
def feed(world):
    feed = Feed("main", world.connect, world.credentials, world.check)
    feed.watch(MODES)
    return feed


@pytest.fixture
def open_feed(feed):
    feed.tend(0, paused=False)
    feed.on_opened(0)
    feed.on_ticks(0)
    return feed


def test_it_waits_for_a_login_and_opens_with_it(feed, world):
    world.version = None
    feed.tend(0, paused=False)
    assert world.links == []
    world.version = 4
    feed.tend(0.5, paused=False)
    feed.tend(1.1, paused=False)
    assert [link.credentials.version for link in world.links] == [4]


def test_a_store_that_is_away_is_waited_for(feed, world, monkeypatch):
    def away():
        raise ConnectionError("no store")

    monkeypatch.setattr(feed, "_credentials", away)
    feed.tend(0, paused=False)
    monkeypatch.undo()
    feed.tend(2, paused=False)
    assert len(world.links) == 1


def test_it_subscribes_everything_whenever_it_opens(open_feed, world):
    assert world.links[0].asked == [("full", [1, 2, 3])]
    open_feed.on_lost("gone", 10)
    open_feed.tend(11, paused=False)
    open_feed.on_opened(11)
    assert world.links[1].asked == [("full", [1, 2, 3])]


def test_it_follows_a_change_of_the_universe(open_feed, world):
    open_feed.watch({2: "full", 3: "full", 4: "full"})
    assert world.links[0].asked[1:] == [("unsubscribe", [1]), ("full", [4])]


def test_every_instrument_is_asked_for_in_its_own_mode_again_and_again(feed, world):
    feed.watch({1: "full", 2: "ltp", 3: "quote", 4: "full"})
    for opening in range(3):
        feed.tend(100 * opening, paused=False)
        feed.on_opened(100 * opening)
        assert world.links[-1].asked == [("full", [1, 4]), ("ltp", [2]), ("quote", [3])]
        feed.on_lost("gone", 100 * opening + 50)


def test_a_change_of_mode_is_asked_for(open_feed, world):
    open_feed.watch({1: "full", 2: "ltp", 3: "full"})
    assert world.links[0].asked[1:] == [("ltp", [2])]


def test_the_first_ticks_after_each_opening_tell_of_a_gap(feed):
    for opening in range(2):
        feed.tend(100 * opening, paused=False)
        feed.on_opened(100 * opening)
        assert [feed.on_ticks(n) for n in range(3)] == [True, False, False]
        feed.on_lost("gone", 100 * opening + 50)


def test_it_is_missing_from_its_loss_until_its_ticks_flow_again(open_feed, world):
    assert not open_feed.is_missing
    open_feed.on_lost("gone", 1)
    assert open_feed.is_missing
    open_feed.tend(2, paused=False)
    open_feed.on_opened(2)
    assert open_feed.is_missing
    open_feed.on_ticks(3)
    assert not open_feed.is_missing


def test_a_feed_of_orders_alone_misses_no_ticks(feed):
    feed.watch({})
    assert not feed.is_missing


def test_tries_come_later_and_later_until_ticks_flow_again(feed, world):
    now, waits = 0.0, []
    for _ in range(12):
        lost_at = now
        count = len(world.links)
        while len(world.links) == count:
            feed.tend(now, paused=False)
            now += 0.01
        waits.append(now - lost_at)
        feed.on_lost("refused", now)
    assert waits[1] < 0.3
    assert sorted(waits[:7]) == waits[:7]
    assert 20 < max(waits) < 40


def test_a_connection_without_ticks_that_lasted_is_answered_quickly_when_lost(feed, world):
    feed.watch({})
    now = 0.0
    for _ in range(8):
        feed.on_lost("refused", now)
        now += 40
        feed.tend(now, paused=False)
    feed.on_opened(now)
    for _ in range(70):
        now += 1
        world.links[-1].heard_at = now
        feed.tend(now, paused=False)
    count = len(world.links)
    feed.on_lost("gone", now)
    feed.tend(now + 0.3, paused=False)
    assert len(world.links) == count + 1


def test_silence_closes_a_dead_connection(open_feed, world):
    world.links[0].heard_at = 100
    open_feed.tend(109, paused=False)
    assert not world.links[0].is_closed
    open_feed.tend(111, paused=False)
    assert world.links[0].is_closed
    assert not open_feed.is_open


def test_silence_while_we_do_not_read_is_no_fault(open_feed, world):
    open_feed.tend(1_000, paused=True)
    assert not world.links[0].is_closed


def test_a_quiet_market_is_probed_and_left_in_peace_if_the_feed_answers(open_feed, world):
    link = world.links[0]
    for second in range(200):
        link.heard_at = second
        open_feed.tend(second, paused=False)
        if link.asked.count(("full", [1, 2, 3])) > 1:
            link.asked.pop()
            open_feed.on_ticks(second)
    assert not link.is_closed
    assert len(world.links) == 1


def test_a_feed_that_answers_no_probe_is_opened_anew(open_feed, world):
    for second in range(45):
        world.links[-1].heard_at = second
        open_feed.tend(second, paused=False)
    assert world.links[0].is_closed
    assert len(world.links) == 2


def test_a_connection_that_never_opens_is_given_up(feed, world):
    feed.tend(0, paused=False)
    feed.tend(21, paused=False)
    assert world.links[0].is_closed


def test_a_new_login_replaces_the_connection(open_feed, world):
    open_feed.renew(5)
    assert not world.links[0].is_closed
    world.version = 2
    open_feed.renew(5)
    assert world.links[0].is_closed
    open_feed.tend(6, paused=False)
    assert world.links[1].credentials.version == 2


def test_a_dead_session_does_not_close_what_still_flows(open_feed, world):
    world.version = None
    open_feed.renew(5)
    assert not world.links[0].is_closed


def test_a_refused_handshake_makes_it_ask_about_the_session(feed, world):
    feed.tend(0, paused=False)
    feed.on_lost("1006: connection upgrade failed (403 - Forbidden)", 1)
    assert world.checks == 1
    feed.on_lost("1006: connection was closed uncleanly", 2)
    assert world.checks == 1
