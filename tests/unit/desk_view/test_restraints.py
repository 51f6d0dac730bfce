"""What keeps entries away beside the limits, each with why and until when."""

from dataclasses import replace as changed
from datetime import timedelta
from decimal import Decimal

import pytest

from patang.approvals.requests.record import AskedOn
from patang.desk_view.restraints import restraints
from patang.desk_view.risk import account_risk, risk_view
from patang.market.preflight import Check, Preflight
from patang.portfolio.account_state import AccountDay, Reservation, RiskState
from patang.portfolio.position_book import PositionBook
from patang.records import create
from patang.risk.account_view import AccountView
from patang.settings import Settings
from tests.fakes import MemoryStore
from tests.unit.desk_view.test_budgets import stopped
from tests.unit.risk.samples import AS_OF

D = Decimal
CLEAN = AccountView(RiskState(account="main"), AccountDay(account="main", day=AS_OF.date()), (), D(0))
GUARDED = changed(CLEAN, closed=PositionBook.of([stopped(50), stopped(40), stopped(30)]).closed)


def found(view=CLEAN, as_of=AS_OF, preflight=None, **settings):
    known = Settings.model_validate(settings)
    return [
        (one.gate, one.of, one.until and f"{one.until:%d %H:%M}", one.told)
        for one in restraints(view, known, preflight, as_of)
    ]


def test_within_the_hours_nothing_keeps_a_clean_account_away():
    assert found() == []


@pytest.mark.parametrize(
    ("clock", "gates"),
    [
        ("09:00", {"MARKET_CLOSED", "OUTSIDE_ENTRY_HOURS"}),
        ("09:25", {"OUTSIDE_ENTRY_HOURS"}),
        ("14:40", {"OUTSIDE_ENTRY_HOURS"}),
        ("16:00", {"MARKET_CLOSED", "OUTSIDE_ENTRY_HOURS"}),
    ],
)
def test_hours_are_those_of_the_market_and_of_each_strategy(clock, gates):
    hour, minute = map(int, clock.split(":"))
    assert {gate for gate, *_ in found(as_of=AS_OF.replace(hour=hour, minute=minute))} == gates


def test_on_a_day_without_a_session_no_hours_are_told():
    assert [gate for gate, *_ in found(as_of=AS_OF.replace(day=16))] == ["MARKET_CLOSED"]


def test_a_strategy_that_opens_later_says_when():
    [one] = found(as_of=AS_OF.replace(hour=9, minute=25))
    assert one == ("OUTSIDE_ENTRY_HOURS", "equity", "18 09:30", "Shares are bought from 09:30 to 14:30")
    [late] = found(as_of=AS_OF.replace(hour=14, minute=40))
    assert late == ("OUTSIDE_ENTRY_HOURS", "equity", None, "Shares are bought from 09:30 to 14:30")


def test_a_year_without_a_calendar_is_told_and_breaks_no_page():
    [first, *_] = found(as_of=AS_OF.replace(year=2031))
    assert first[0] == "STOP_TRADING"


def test_an_event_the_checks_of_the_day_and_a_switch():
    event = {"day": AS_OF.date().isoformat(), "from": "09:30", "until": "10:30", "reason": "the budget"}
    assert [gate for gate, *_ in found(blackouts=[event])] == ["EVENT_BLACKOUT"]
    [(_, _, until, told)] = found(blackouts=[event])
    assert (until, "the budget" in told) == ("18 10:30", True)
    assert found(preflight="funds: none")[0] == ("PREFLIGHT_NOT_PASSED", None, None, "funds: none")
    assert found(options={"enabled": False}) == [
        ("STRATEGY_OFF", "long_options", None, "Options are switched off")
    ]


def test_pauses_say_until_when():
    [guard, *_] = found(GUARDED)
    assert guard[:3] == ("STOP_LOSS_GUARD", None, "18 10:30")
    sold = changed(CLEAN, closed=PositionBook.of([stopped(5)]).closed)
    assert found(sold) == [
        ("SYMBOL_COOLDOWN", "TCS", "18 10:10", "TCS was sold at 09:55: no entry before 10:10")
    ]
    entered = changed(CLEAN, state=CLEAN.state.evolve(last_option_entry=AS_OF - timedelta(hours=30)))
    told = "the last option was entered at 17 Aug 04:00: none before 19 Aug 04:00"
    assert found(entered) == [("OPTION_COOLDOWN", "long_options", "19 04:00", told)]
    coming = Reservation(symbol="NIFTY", strategy="x", option=True, exposure=D(1), as_of=AS_OF)
    on_its_way = changed(CLEAN, state=CLEAN.state.evolve(reservations={"o1": coming}))
    assert [(gate, until) for gate, _, until, _ in found(on_its_way)] == [("OPTION_COOLDOWN", None)]


def test_shares_to_keep_need_leave_to_sell_them():
    swing = {"equity": {"holding_period": "swing"}}
    assert [(gate, of) for gate, of, *_ in found(**swing)] == [("NO_DEMAT_CONSENT", "equity")]
    assert found(changed(CLEAN, demat_consent=True), **swing) == []


def shown(view=CLEAN, as_of=AS_OF, preflight=None):
    return risk_view(view, Settings(), as_of, AskedOn(account="main", day=AS_OF.date()), preflight)


def test_what_stops_every_entry_is_why_the_account_is_blocked():
    assert shown().blocked_by is None
    assert shown(GUARDED).blocked_by == "STOP_LOSS_GUARD"
    assert shown(preflight="funds: none").blocked_because == "funds: none"
    lost = changed(GUARDED, of_the_day=D(-9_000))
    assert shown(lost).blocked_by == "DAILY_LOSS_LIMIT"


def test_a_closed_market_is_no_trouble_of_the_account():
    closed = shown(as_of=AS_OF.replace(hour=18))
    assert closed.blocked_by is None
    assert closed.restraints[0].gate == "MARKET_CLOSED"


@pytest.mark.parametrize(
    ("clock", "gate"),
    [("18 08:30", None), ("18 10:00", "PREFLIGHT_NOT_PASSED"), ("18 18:00", None), ("16 10:00", None)],
    ids=["before the open", "in the session", "in the evening", "on a Sunday"],
)
def test_checks_that_have_not_run_are_missed_in_the_session_alone(clock, gate):
    day, hour = clock.split()
    at = AS_OF.replace(day=int(day), hour=int(hour[:2]), minute=int(hour[3:]))
    live = Settings.model_validate({"mode": "live"})
    assert account_risk(MemoryStore(), "main", live, at, at, at).blocked_by == gate


def test_checks_that_have_failed_are_told_before_the_open():
    at = AS_OF.replace(hour=9, minute=5)
    check = Check(name="funds", account="main", passed=False, found="none")
    failed = Preflight(
        day=at.date(), mode="live", scheduled_time=at, ran_at=at, passed=False, checks=(check,)
    )
    store = MemoryStore()
    store.write(create(failed))
    live = Settings.model_validate({"mode": "live"})
    found = account_risk(store, "main", live, at, at, at)
    assert found.blocked_by == "PREFLIGHT_NOT_PASSED"
    assert "funds: none" in (found.blocked_because or "")


def test_what_each_entry_must_keep_to_is_told():
    each = shown(changed(CLEAN, one_lot=True)).each_entry
    assert (each.may_lose, each.least_confidence, each.least_profit, each.one_lot) == (6_000, 0.8, 150, True)
