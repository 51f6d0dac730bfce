"""How calls to the broker are paced, repeated and addressed."""

import socket
import subprocess
import sys

import pytest
import requests

from patang.accounts.session import Credentials
from patang.adapters.kite.calls import (
    CONNECT_SECONDS,
    READ_SECONDS,
    SEND_SECONDS,
    KiteCalls,
    kite_client,
)
from patang.adapters.kite.limits import RateLimiter
from patang.adapters.kite.loader import KiteConnect, exceptions
from patang.errors import OutcomeUnknown, SessionExpired, TryAgain
from patang.settings import KiteSettings
from tests.fakes import RecordedMetrics


class Time:
    """Monotonic seconds that pass only by sleeping."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def time() -> Time:
    return Time()


def calls(
    time: Time,
    expired=lambda used: None,
    credentials=lambda: Credentials("key", "token", 1),
    settings=KiteSettings,
):
    limiter = RateLimiter(monotonic=time.monotonic, sleep=time.sleep)
    return KiteCalls(
        credentials,
        expired,
        settings,
        RecordedMetrics(),
        limiter=limiter,
        sleep=time.sleep,
        monotonic=time.monotonic,
    )


def test_no_second_holds_more_calls_than_the_limit(time):
    limiter = RateLimiter(monotonic=time.monotonic, sleep=time.sleep)
    starts = []
    for _ in range(10):
        limiter.wait("historical")
        starts.append(time.now)
        time.now += 0.01
    for start in starts:
        assert sum(start <= other < start + 1 for other in starts) <= 3


def test_kinds_do_not_wait_for_each_other(time):
    limiter = RateLimiter(monotonic=time.monotonic, sleep=time.sleep)
    limiter.wait("quote")
    limiter.wait("order")
    assert time.slept == []
    limiter.wait("quote")
    assert time.slept == [pytest.approx(1.05)]


def test_a_read_is_tried_three_times(time):
    tries = []

    def fails_twice(client):
        tries.append(client)
        if len(tries) < 3:
            raise requests.ReadTimeout("slow")
        return "read"

    assert calls(time).read("other", fails_twice) == "read"
    assert time.slept == [0.3, 1.0]


def test_a_read_gives_up(time):
    with pytest.raises(TryAgain, match="slow"):
        calls(time).read("other", raising(requests.ReadTimeout("slow")))


def test_a_send_is_tried_once(time):
    tries = []

    def fails(client):
        tries.append(client)
        raise requests.ReadTimeout("slow")

    with pytest.raises(OutcomeUnknown):
        calls(time).send(fails)
    assert len(tries) == 1


@pytest.mark.parametrize("seconds", [1, 7, 15])
@pytest.mark.parametrize("connects", [True, False])
def test_a_broker_that_does_not_answer_is_waited_for_no_longer_than_the_lane_can(time, seconds, connects):
    """Half open, or not to be reached: each try takes all of the time that it is given."""

    def hangs(client):
        connecting, answering = client.timeout
        time.now += answering if connects else connecting
        raise requests.ReadTimeout("slow") if connects else requests.ConnectTimeout("slow")

    kite = calls(time, settings=lambda: KiteSettings(timeout_seconds=seconds))
    with pytest.raises(TryAgain):
        kite.read("other", hangs)
    assert time.now <= READ_SECONDS
    begun = time.now
    with pytest.raises(OutcomeUnknown if connects else TryAgain):
        kite.send(hangs)
    assert time.now - begun <= SEND_SECONDS
    assert time.now - begun == (min(seconds, 10) if connects else CONNECT_SECONDS)


def test_candles_are_waited_for_as_long_as_the_settings_say(time):
    waited = []

    def hangs(client):
        waited.append(client.timeout[1])
        time.now += client.timeout[1]
        raise requests.ReadTimeout("slow")

    with pytest.raises(TryAgain):
        calls(time, settings=lambda: KiteSettings(timeout_seconds=15)).read("historical", hangs)
    assert waited == [15, 15, 15]


def test_what_fails_before_a_send_leaves_says_that_nothing_was_sent(time):
    """An exit is then tried again at once, and not looked for at the broker first."""

    def throttled() -> Credentials:
        raise RuntimeError("ThrottlingException")

    with pytest.raises(TryAgain, match="nothing was sent"):
        calls(time, credentials=throttled).send(lambda client: "sent")


def test_each_call_is_signed_with_the_newest_login(time):
    versions = iter([1, 1, 2])
    seen = []
    kite = calls(time, credentials=lambda: Credentials("key", f"token{(n := next(versions))}", n))
    for _ in range(3):
        kite.read("other", lambda client: seen.append((id(client), client.access_token)))
    assert [token for _, token in seen] == ["token1", "token1", "token2"]


def test_each_call_is_measured_whatever_came_of_it(time):
    took: list[float] = []
    measured = KiteCalls(
        lambda: Credentials("key", "token", 1),
        lambda used: None,
        lambda: KiteSettings(root="http://127.0.0.1:1"),
        RecordedMetrics(),
        measured=took.append,
        sleep=time.sleep,
    )
    measured.read("other", lambda client: None)
    with pytest.raises(OutcomeUnknown):
        measured.send(raising(requests.ReadTimeout()))
    assert len(took) == 2
    assert all(milliseconds >= 0 for milliseconds in took)


def test_no_call_is_made_without_a_session(time):
    def nobody():
        raise SessionExpired("log in")

    with pytest.raises(SessionExpired):
        calls(time, credentials=nobody).send(lambda client: pytest.fail("was called"))


def test_a_path_of_the_base_address_is_kept():
    client = kite_client("key", None, KiteSettings(root="https://sandbox.kite.trade/oms"))
    assert client._routes["orders"] == "/oms/orders"
    assert client._routes["market.instruments"] == "/instruments/{exchange}"
    assert kite_client("key", None, KiteSettings())._routes["orders"] == "/orders"


def test_ipv6_is_not_spoken():
    try:
        server = socket.create_server(("::1", 0), family=socket.AF_INET6)
    except OSError:
        pytest.skip("this machine has no IPv6")
    with server:
        client = kite_client("key", "token", KiteSettings(root=f"http://[::1]:{server.getsockname()[1]}"))
        with pytest.raises(requests.ConnectionError):
            client.profile()


def test_the_client_comes_without_its_streaming_half_and_spoils_no_later_import():
    script = (
        "import sys, patang.adapters.kite.broker as broker\n"
        "assert not [m for m in sys.modules if m.split('.')[0] in ('twisted', 'autobahn')]\n"
        "from patang.adapters.kite.loader import KiteConnect\n"
        "import kiteconnect\n"
        "assert kiteconnect.KiteConnect is KiteConnect and kiteconnect.KiteTicker\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)


def raising(error: Exception):
    def call(client):
        raise error

    return call


def test_candles_are_read_as_the_client_reads_them() -> None:
    client = kite_client("key", "token", KiteSettings())
    rows = [
        ["2026-08-17T09:15:00+0530", 1.5, 2.0, 1.0, 1.75, 300],
        ["2026-08-17T09:16:00+0530", 2, 2, 2, 2, 0],
    ]
    for reply in ({"candles": rows}, {"candles": [[*row, 7] for row in rows]}, {"candles": []}):
        assert client._format_historical(reply) == KiteConnect._format_historical(client, reply)


def refused_token(client):
    """What the broker says to a token that it takes no more."""
    reply = requests.Response()
    reply.status_code = 403
    reply._content = b'{"status": "error", "error_type": "TokenException", "message": "dead"}'
    for hook in client.reqsession.hooks["response"]:
        hook(reply)
    raise exceptions.TokenException("dead", 403)


def test_a_dead_token_that_cannot_be_noted_is_still_known_as_not_sent(time):
    """Else the sender knew no more than that something failed, and would look for an order that is none."""

    def throttled(_used):
        raise OSError("no table")

    with pytest.raises(SessionExpired, match="dead"):
        calls(time, expired=throttled).send(refused_token)


def test_a_read_with_a_token_that_a_new_login_has_replaced_is_made_again_with_the_new(time):
    """Else the end of a session that nobody uses any more is told as the end of the new one."""
    known, tried = [Credentials("key", "old", 1)], []

    def logged_in_anew(used):
        known[0] = Credentials("key", "new", 2)

    def read(client):
        tried.append(client.access_token)
        return refused_token(client) if client.access_token == "old" else "read"

    made = calls(time, expired=logged_in_anew, credentials=lambda: known[0])
    assert made.read("other", read) == "read"
    assert tried == ["old", "new"]
    with pytest.raises(SessionExpired):
        made.read("other", refused_token)


def test_a_send_with_a_replaced_token_is_not_made_again(time):
    known = [Credentials("key", "old", 1)]

    def logged_in_anew(used):
        known[0] = Credentials("key", "new", 2)

    with pytest.raises(SessionExpired):
        calls(time, expired=logged_in_anew, credentials=lambda: known[0]).send(refused_token)
