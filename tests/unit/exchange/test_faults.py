from collections.abc import Callable
from typing import Any

import pytest

from patang_workbench.exchange.agenda import HandAgenda
from patang_workbench.exchange.deliveries import Deliveries, Outlet
from patang_workbench.exchange.errors import InputError, KiteError, TooManyError
from patang_workbench.exchange.faults import Fault, Faults
from patang_workbench.exchange.limits import RequestLimits, check_address
from patang_workbench.exchange.rules import Limits, Rules, changed_rules, describe_rules


def struck(faults: Faults, times: int, method: str = "POST", path: str = "/orders/regular") -> list[str]:
    found = (faults.answer(method, path) for _ in range(times))
    return [fault.kind if fault else "" for fault in found]


def test_a_fault_strikes_as_often_as_it_was_told() -> None:
    faults = Faults(1)
    faults.add(Fault("http_502", count=2))
    faults.add(Fault("http_503"))
    assert struck(faults, 5) == ["http_502", "http_502", "http_503", "", ""]
    assert faults.fired == {"http_502": 2, "http_503": 1}
    assert faults.armed == []


def test_a_fault_strikes_only_the_calls_it_is_for() -> None:
    faults = Faults(1)
    faults.add(Fault.of({"kind": "http_504", "method": "DELETE", "path": "/orders/regular/.*"}))
    faults.add(Fault.of({"kind": "stale_book"}))
    assert struck(faults, 1) == [""]
    assert struck(faults, 1, "DELETE", "/orders/amo/1") == [""]
    assert struck(faults, 1, "DELETE", "/orders/regular/1") == ["http_504"]
    assert struck(faults, 1, "GET", "/quote") == [""]
    assert struck(faults, 1, "GET", "/orders") == ["stale_book"]


def test_chances_are_drawn_from_the_seed() -> None:
    def run(seed: int) -> list[str]:
        faults = Faults(seed)
        faults.add(Fault.of({"kind": "timeout", "probability": 0.3}))
        faults.add(Fault.of({"kind": "http_429", "probability": 0.1, "count": 5}))
        return struck(faults, 400)

    first = run(5)
    assert first == run(5)
    assert first != run(6)
    assert 90 < first.count("timeout") < 150
    assert first.count("http_429") == 5, "a chance with a count ends with it"


def test_faults_are_disarmed() -> None:
    faults = Faults(1)
    faults.add(Fault.of({"kind": "timeout", "probability": 1.0}))
    assert struck(faults, 2) == ["timeout", "timeout"]
    faults.clear()
    assert struck(faults, 2) == ["", ""]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"kind": "flood"}, "use one of"),
        ({"kind": "timeout", "colour": 1}, "has no"),
        ({"kind": "timeout", "count": 0}, "use 1 to 1000000"),
        ({"kind": "timeout", "probability": 2}, "above 0 up to 1"),
        ({"kind": "timeout", "delay": -1}, "0 to 86400"),
        ({"kind": "timeout", "path": "("}, "no pattern"),
        ({"kind": "late_accept", "clock": "sun"}, "use one of wall, market"),
        ({"kind": "late_accept", "reply": "ok"}, "use one of timed_out_400"),
        ({"kind": "fill_race", "race": "won"}, "use one of filled"),
        ({"kind": "missing_update", "channel": "radio"}, "use one of both"),
        ({"kind": "reject", "reason": "mood"}, "use one of"),
        ({"kind": "partial_fills", "pieces": 0}, "above 0"),
    ],
)
def test_a_fault_that_cannot_be_says_what_can(body: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        Fault.of(body)


class Post:
    """Frames and postbacks that arrived, on a wall that moves by hand."""

    def __init__(self, *armed: Fault) -> None:
        self.arrived: list[tuple[str, int]] = []
        self.wall = HandAgenda()
        faults = Faults(3)
        for fault in armed:
            faults.add(fault)
        outlet = Outlet(
            lambda _, data: self.arrived.append(("frame", data["n"])),
            lambda _, data: self.arrived.append(("postback", data["n"])),
        )

        def after(seconds: float, clock: str, work: Callable[[], None]) -> None:
            assert clock == "wall"
            self.wall.after(seconds, work)

        self.way = Deliveries(faults, after, outlet)

    def frames(self, *numbers: int) -> list[int]:
        for number in numbers:
            self.way.frame("AB1234", {"n": number})
        return [number for kind, number in self.arrived if kind == "frame"]


def test_updates_come_twice() -> None:
    post = Post(Fault("duplicate_update", delay=2))
    assert post.frames(1, 2) == [1, 2]
    post.wall.move(2)
    assert post.frames() == [1, 2, 1]


def test_updates_come_late_or_never() -> None:
    post = Post(Fault("delayed_update", delay=3), Fault("missing_update"))
    assert post.frames(1, 2, 3) == [3]
    post.wall.move(2)
    assert post.frames() == [3]
    post.wall.move(1)
    assert post.frames() == [3, 1]


def test_updates_change_places() -> None:
    post = Post(Fault("reordered_update", delay=5))
    assert post.frames(1) == []
    assert post.frames(2, 3) == [2, 1, 3]
    post.wall.move(9)
    assert post.frames() == [2, 1, 3]
    alone = Post(Fault("reordered_update", delay=5))
    alone.frames(1)
    alone.wall.move(5)
    assert alone.frames() == [1], "with nothing behind it, it is only late"


def test_a_fault_of_one_channel_leaves_the_other_alone() -> None:
    post = Post(Fault("missing_update", channel="postbacks", count=10))
    post.way.frame("AB1234", {"n": 1})
    post.way.postback("https://desk.example", {"n": 1})
    assert post.arrived == [("frame", 1)]


class Requests:
    """Order requests of one account, by a wall that moves by hand."""

    def __init__(self, limits: Limits) -> None:
        self.now = 0.0
        self.limits = RequestLimits(lambda: Rules(limits=limits), lambda: self.now)

    def placed(self, times: int, apart: float = 0.0, placing: int = 1) -> int:
        taken = 0
        for _ in range(times):
            try:
                self.limits.order("AB1234", placing)
                taken += 1
            except TooManyError:
                pass
            self.now += apart
        return taken


def test_ten_orders_a_second() -> None:
    requests = Requests(Limits())
    assert requests.placed(30) == 10
    with pytest.raises(TooManyError) as refusal:
        requests.limits.order("AB1234", 1)
    assert (refusal.value.http, refusal.value.error_type) == (429, "NetworkException")
    requests.now += 0.99
    assert requests.placed(5) == 0
    requests.now += 0.02
    assert requests.placed(30) == 10


def test_four_hundred_a_minute() -> None:
    requests = Requests(Limits())
    assert requests.placed(590, apart=0.1) == 400
    requests.now = 60.0
    assert requests.placed(3, apart=0.2) == 3


def test_five_thousand_a_day_of_which_changes_and_cancels_are_none() -> None:
    requests = Requests(Limits(None, None, 5000))
    assert requests.placed(4999) == 4999
    assert requests.placed(100, placing=0) == 100
    assert requests.placed(2) == 1
    with pytest.raises(TooManyError, match="Maximum allowed order requests exceeded"):
        requests.limits.order("AB1234", 1)
    requests.limits.order("CD5678", 1)


def test_slices_count_one_by_one() -> None:
    requests = Requests(Limits())
    assert requests.placed(1, placing=8) == 1
    assert requests.placed(1, placing=3) == 0
    assert requests.placed(2, placing=1) == 2


def test_reads_are_limited_by_key_and_kind() -> None:
    now = 0.0
    limits = RequestLimits(lambda: Rules(limits=Limits().with_reads()), lambda: now)
    for path, most in (("/quote/ltp", 1), ("/instruments/historical/1/day", 3), ("/portfolio/positions", 10)):
        for _ in range(most):
            limits.read("key", path)
        with pytest.raises(TooManyError):
            limits.read("key", path)
        limits.read("otherkey", path)
    now = 1.01
    limits.read("key", "/quote")


def test_orders_come_from_registered_addresses() -> None:
    check_address(Rules(), "192.0.2.1")
    check_address(Rules(registered_ips=("192.0.2.1", "192.0.2.2")), "192.0.2.2")
    for registered, words in (
        (("192.0.2.1",), r"IP \(2001:db8::1\) is not allowed to place orders for this app"),
        ((), "No IPs configured for this app"),
    ):
        with pytest.raises(KiteError, match=words) as refusal:
            check_address(Rules(registered_ips=registered), "2001:db8::1")
        assert (refusal.value.http, refusal.value.error_type) == (403, "PermissionException")


def test_rules_are_switched_field_by_field() -> None:
    body = {
        "registered_ips": ["192.0.2.1"],
        "blocked": "http_400",
        "square_off_cash": "15:05",
        "orders_a_minute": 200,
        "quotes_a_second": 1,
    }
    rules = changed_rules(Rules(), body)
    shown = describe_rules(rules)
    assert {name: shown[name] for name in body} == {
        **body,
        "registered_ips": ("192.0.2.1",),
        "square_off_cash": "15:05:00",
    }
    assert (shown["autoslice"], shown["orders_a_second"]) == ("children", 10)
    assert changed_rules(rules, {"registered_ips": None}).registered_ips is None


@pytest.mark.parametrize(
    "body",
    [
        {"mood": 1},
        {"blocked": "never"},
        {"registered_ips": "192.0.2.1"},
        {"square_off_cash": "noon"},
        {"orders_a_day": 0},
        {"most_gtts": None},
    ],
)
def test_a_rule_that_cannot_be_says_what_can(body: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="use"):
        changed_rules(Rules(), body)
