"""The gate of a cycle: hours, freshness in market time, sessions in wall time."""

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from patang.accounts.session import KiteSession
from patang.audit.decisions import Sealed, opened
from patang.audit.event import AuditEvent
from patang.execution.market_clock import MarketClock
from patang.keys import cycle_key, day_key, outbox_partition, preflight_key, risk_key, session_key
from patang.market.cycle import Cycle, run_id_of
from patang.market.session_override import SessionOverride
from patang.portfolio.account_state import AccountDay, RiskState
from patang.ports import Key, Put
from patang.records import create, load, replace
from patang.risk.gate import RiskGate
from patang.settings import Settings
from patang.settings.changes import DESK_CHAIN
from tests.fakes import FixedClock, MemoryObjects, MemoryStore, RecordedMetrics
from tests.unit.risk.samples import AS_OF, add_account, halts, mark, open_cycle, position


@pytest.fixture
def store():
    return MemoryStore()


@pytest.fixture
def clock():
    # Wall time is years away from the market time of a replay, and must not matter.
    return FixedClock(AS_OF.replace(year=2031))


def gate(store, clock, settings=None, objects=None):
    settings = settings or Settings()
    stops = halts(store, settings, clock)
    return RiskGate(store, objects or MemoryObjects(), clock, lambda: settings, stops, RecordedMetrics())


def test_a_fresh_minute_with_a_live_session_may_proceed(store, clock):
    open_cycle(store)
    add_account(store, clock)
    add_account(store, clock, "second")
    add_account(store, clock, "resting", enabled=False)
    found = gate(store, clock).check(AS_OF)
    assert found == {"proceed": True, "reason": "", "accounts": ["main", "second"]}


def test_only_accounts_with_a_live_session_go_on(store, clock):
    open_cycle(store)
    add_account(store, clock)
    add_account(store, clock, "second")
    session = load(store, KiteSession, session_key("second"))
    store.write(replace(session.evolve(state="EXPIRED")))
    assert gate(store, clock).check(AS_OF)["accounts"] == ["main"]
    refused = load(store, AccountDay, day_key("second", AS_OF.date()))
    assert refused.refusals == {"SESSION_EXPIRED": 1}
    assert load(store, AccountDay, day_key("main", AS_OF.date())) is None


def test_an_expired_session_ends_the_cycle_and_is_counted(store, clock):
    open_cycle(store)
    add_account(store, clock)
    clock.advance(24 * 3600)
    assert gate(store, clock).check(AS_OF) == {"proceed": False, "reason": "SESSION_EXPIRED", "accounts": []}
    cycle = load(store, Cycle, cycle_key(AS_OF))
    assert (cycle.state, cycle.reason, cycle.refusals) == (
        "FINISHED",
        "SESSION_EXPIRED",
        {"SESSION_EXPIRED": 1},
    )


@pytest.mark.parametrize(
    "as_of", [AS_OF.replace(hour=9, minute=15), AS_OF.replace(hour=15, minute=40), AS_OF + timedelta(days=4)]
)
def test_outside_the_session_nothing_is_entered(store, clock, as_of):
    add_account(store, clock)
    assert gate(store, clock).check(as_of)["reason"] == "MARKET_CLOSED"


def test_an_owner_closes_the_day_or_says_a_break_of_it(store, clock):
    open_cycle(store)
    add_account(store, clock)
    day = AS_OF.date()
    closed = SessionOverride(day=day, closed=True, reason="declared a holiday")
    assert gate(store, clock, Settings(sessions=(closed,))).check(AS_OF)["reason"] == "MARKET_CLOSED"
    around = tuple(f"{AS_OF + timedelta(minutes=n):%H:%M}" for n in (-10, 10))
    outage = SessionOverride(day=day, open="09:15", close="17:00", breaks=(around,), reason="outage")
    assert gate(store, clock, Settings(sessions=(outage,))).check(AS_OF)["reason"] == "MARKET_CLOSED"
    other = SessionOverride(day=day - timedelta(days=1), closed=True, reason="yesterday")
    assert gate(store, clock, Settings(sessions=(other,))).check(AS_OF)["proceed"]


def test_a_minute_that_no_shard_has_closed_is_stale(store, clock):
    add_account(store, clock)
    assert gate(store, clock).check(AS_OF)["reason"] == "STALE_DATA"


def test_a_minute_closed_late_is_stale(store, clock):
    open_cycle(store, late=True)
    add_account(store, clock)
    assert gate(store, clock).check(AS_OF)["reason"] == "STALE_DATA"


@pytest.mark.parametrize(("minutes", "reason"), [(2, ""), (3, "STALE_DATA")])
def test_a_cycle_that_the_market_has_left_behind_is_stale(store, clock, minutes, reason):
    open_cycle(store)
    add_account(store, clock)
    later = AS_OF + timedelta(minutes=minutes)
    store.write(create(Cycle(run_id=run_id_of(later), as_of=later, state="STARTED")))
    assert gate(store, clock).check(AS_OF)["reason"] == reason


@pytest.mark.parametrize(
    ("ahead", "reason"),
    [
        (timedelta(minutes=2), ""),
        (timedelta(minutes=2, seconds=1), "STALE_DATA"),
        # A replay of the day before this clock was told.
        (timedelta(days=1), ""),
        (timedelta(days=-1), ""),
    ],
)
def test_a_minute_of_a_backlog_is_stale_though_no_newer_one_is_closed(store, clock, ahead, reason):
    """The guard reads ahead of (features), which closes what it had missed one minute after the other."""
    open_cycle(store)
    add_account(store, clock)
    store.write(create(MarketClock(market_time=AS_OF + ahead, seen_at=clock.now())))
    assert gate(store, clock).check(AS_OF)["reason"] == reason


def test_real_orders_need_the_days_preflight(store, clock):
    open_cycle(store)
    add_account(store, clock)
    found = gate(store, clock, Settings(mode="live")).check(AS_OF)
    assert found["reason"].startswith("PREFLIGHT_NOT_PASSED: ")


def test_an_address_that_the_broker_does_not_know_stops_real_orders(store, clock):
    open_cycle(store)
    add_account(store, clock)
    checks = [{"name": "egress_ip", "passed": False, "found": "203.0.113.7 is not registered"}]
    store.write(Put(preflight_key(AS_OF.date()), {"mode": "live", "passed": False, "checks": checks}))
    found = gate(store, clock, Settings(mode="live")).check(AS_OF)
    assert found == {
        "proceed": False,
        "reason": "EGRESS_IP_MISMATCH: 203.0.113.7 is not registered",
        "accounts": [],
    }
    assert gate(store, clock, Settings(mode="paper")).check(AS_OF)["proceed"] is True


def test_a_year_without_a_calendar_stops_and_says_so(store, clock):
    found = gate(store, clock).check(AS_OF.replace(year=2090))
    assert found["proceed"] is False
    assert found["reason"].startswith("STOP_TRADING: ")


def test_without_accounts_there_is_nobody_to_trade_for(store, clock):
    open_cycle(store)
    assert gate(store, clock).check(AS_OF)["reason"] == "NO_ACCOUNT"


def test_a_loss_that_was_there_and_has_gone_between_two_signals_has_opened_the_breaker(store, clock):
    add_account(store, clock)
    held = position(quantity=5_000)
    deep = mark(held, "-9500", last_price=Decimal("98.1"), bid=Decimal("98.1"))
    store.write(create(held), create(deep))
    # No minute was closed: the cycle ends at the gate, and nobody is ever assessed.
    assert gate(store, clock).check(AS_OF)["reason"] == "STALE_DATA"
    later = AS_OF + timedelta(minutes=1)
    back = mark(held, "500", later, last_price=Decimal(100), bid=Decimal(100))
    store.write(Put(back.key(), back.model_dump(mode="json", exclude_none=True)))
    gate(store, clock).check(later)
    state = load(store, RiskState, risk_key("main"))
    assert (state.state, state.gate, state.loss_day) == ("REDUCING", "DAILY_LOSS_LIMIT", AS_OF.date())


@pytest.mark.parametrize(("minutes", "reason"), [(0, ""), (3, "BETWEEN_CYCLES"), (5, "STALE_DATA")])
def test_a_desk_that_decides_less_often_says_so_in_between(store, clock, minutes, reason):
    open_cycle(store)
    add_account(store, clock)
    every_five = gate(store, clock, Settings(cycle_interval_seconds=300))
    assert every_five.check(AS_OF + timedelta(minutes=minutes))["reason"] == reason


def test_a_refusal_for_everybody_is_sealed_once_with_what_was_seen(store, clock):
    open_cycle(store, late=True)
    add_account(store, clock)
    objects = MemoryObjects()
    asked = gate(store, clock, objects=objects)
    for _ in range(2):
        assert asked.check(AS_OF)["reason"] == "STALE_DATA"
    (path,) = objects.blobs
    assert path.startswith(f"decisions/{AS_OF:%Y-%m-%d}/{AS_OF:%H%M}/gate-")
    kept = json.loads(objects.blobs[path])
    assert (kept["gate"], kept["shards"]) == ("STALE_DATA", {"shard-0": True})
    assert (kept["numbers"]["shards_late"], kept["numbers"]["max_data_age_seconds"]) == (1, 120)
    key = Key(outbox_partition(DESK_CHAIN, AS_OF.date()), f"gated#{run_id_of(AS_OF)}")
    event = load(store, AuditEvent, key)
    assert opened(objects, Sealed.model_validate(event.details["decisions"])) == objects.blobs[path]


def test_a_minute_between_two_cycles_leaves_no_object(store, clock):
    later = AS_OF + timedelta(minutes=3)
    store.write(create(Cycle(run_id=run_id_of(later), as_of=later, state="STARTED")))
    objects = MemoryObjects()
    found = gate(store, clock, Settings(cycle_interval_seconds=300), objects).check(later)
    assert found["reason"] == "BETWEEN_CYCLES"
    assert load(store, Cycle, cycle_key(later)).state == "FINISHED"
    assert objects.blobs == {}


def test_a_cycle_that_passes_is_not_sealed_here(store, clock):
    open_cycle(store)
    add_account(store, clock)
    objects = MemoryObjects()
    assert gate(store, clock, objects=objects).check(AS_OF)["proceed"]
    assert objects.blobs == {}
