"""The preflight through the official client, as the composition root wires it, and an address refused."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from patang.execution.intent import OrderIntent
from patang.execution.preflight.egress import EgressProbe
from patang.keys import egress_key, intent_key, preflight_key
from patang.market.preflight import Check, Preflight
from patang.records import create, load, replace
from tests.contract.kite.simulated_desk import DAY, request_token, tell
from tests.contract.kite.test_lane import desk, intent
from tests.fakes import RecordedIntentQueue

__all__ = ["desk", "intent"]

ARTIFACTS = Path(__file__).resolve().parents[3] / "model_artifacts"


class AnsweringQueue(RecordedIntentQueue):
    """Stands in for the lane: a probe is answered as soon as it is asked."""

    def __init__(self, desk) -> None:
        super().__init__()
        self._desk = desk

    def enqueue(self, group, intent_id, body) -> None:
        super().enqueue(group, intent_id, body)
        asked = load(self._desk.store, EgressProbe, egress_key())
        now = self._desk.clock.now()
        self._desk.store.write(replace(asked.evolve(answered_at=now, address="203.0.113.7")))


@pytest.fixture
def ready(desk):
    """With models, a public address and a clock that is right."""
    desk._environment = {
        **desk._environment,
        "MODEL_PATH": str(ARTIFACTS),
        "PUBLIC_URL": "https://desk.example",
    }
    desk.intent_queue = AnsweringQueue(desk)
    # The broker's date is the real one, and a session ends at six.
    desk.clock.advance((datetime.now(UTC) - desk.clock.now()).total_seconds())
    desk.accounts().complete_login("main", request_token(desk))
    return desk


@pytest.fixture
def nine(ready) -> datetime:
    return datetime.combine(DAY, datetime.min.time(), ready.clock.now().tzinfo) + timedelta(hours=9)


def found(preflight: Preflight, name: str) -> Check:
    (check,) = [check for check in preflight.checks if check.name == name]
    return check


def test_all_that_it_asks_of_the_broker_is_answered(ready, nine):
    done = ready.preflight().run(nine)
    assert done.passed, done.reason
    assert found(done, "session").found == "the session of AB1234"
    assert found(done, "clock_skew").passed, found(done, "clock_skew").found
    assert "rupees net" in found(done, "funds").found
    assert "equity" in found(done, "model").found
    assert found(done, "instruments").passed
    assert load(ready.store, Preflight, preflight_key(DAY)) is not None


def test_a_clock_that_is_a_minute_wrong_is_seen_by_the_brokers_date(ready, nine):
    ready.clock.advance(60)
    check = found(ready.preflight().run(nine), "clock_skew")
    assert not check.passed
    assert check.found.endswith("s ahead")


def test_the_lanes_address_is_held_against_the_registered_one(ready, nine):
    settings = ready.standing_settings()
    for registered, passed in (("203.0.113.7", True), ("203.0.113.8", False)):
        ready.use(settings.model_copy(update={"registered_egress_ip": registered}))
        check = found(ready.preflight().run(nine), "egress_ip")
        assert (check.found, check.passed) == ("203.0.113.7", passed)
    assert [group for group, _, _ in ready.intent_queue.messages] == ["probe", "probe"]


def test_a_session_that_is_over_says_where_to_sign_in(ready, nine):
    ready.accounts().mark_expired("main", ready.accounts().session("main").version)
    ready.clock.advance(5)
    check = found(ready.preflight().run(nine), "session")
    assert not check.passed
    assert "https://desk.example/login?account=main" in check.to_do


def test_an_address_that_the_broker_does_not_know_closes_the_day(desk, simulator, intent):
    day, now = intent.as_of.date(), intent.as_of
    passed = Preflight(day=day, mode="simulator", scheduled_time=now, ran_at=now, passed=True, checks=())
    desk.store.write(create(passed))
    tell(simulator, "rules", registered_ips=["192.0.2.1"])
    assert desk.order_lane().process({"account": "main", "intent_id": intent.intent_id}) == "REJECTED"
    sent = load(desk.store, OrderIntent, intent_key("main", intent.intent_id))
    assert "is not allowed to place orders" in sent.status_message
    closed = load(desk.store, Preflight, preflight_key(day))
    assert not closed.passed
    assert closed.address_refused is not None
    assert desk.metrics.counts["egress_ip_mismatch"] == 1
    assert desk.broker("main").orders() == []
