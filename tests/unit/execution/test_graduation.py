"""From paper to real money: what counts, what begins the count anew, and what a person may waive."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from patang.errors import BadInput
from patang.execution.graduation import (
    Condition,
    Graduation,
    Graduations,
    ParityReport,
    Waiver,
    trades_small,
)
from patang.execution.reconciliation.record import Reconciliation, ReconciliationChange
from patang.keys import graduation_key, outbox_partition, waiver_key
from patang.market.preflight import Preflight
from patang.market.sessions import IST
from patang.portfolio.account_state import AccountDay
from patang.records import create, load, replace
from patang.risk.account_view import view_account
from patang.risk.sizing import Headroom, size
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryStore
from tests.unit.execution.samples import equity_signal, option_signal
from tests.unit.risk.samples import position

START = date(2026, 6, 1)
TODAY = date(2026, 9, 1)


class Desk:
    """What an account has behind it, day by day from the first of June."""

    def __init__(
        self, sessions: int = 20, trades: int = 30, *, parity: bool = True, clean: bool = True
    ) -> None:
        self.store, self.clock = MemoryStore(), FixedClock(datetime(2026, 9, 1, 9, tzinfo=IST))
        self.days = [START + timedelta(days=n) for n in range(sessions)]
        for day in self.days:
            self.session(day)
        for n in range(trades):
            self.trade(n, self.days[n % sessions])
        if parity:
            self.parity(self.days[-1], 0)
        if clean:
            self.reconciled(self.days[0], clean=True)

    def session(self, day: date, mode: str = "paper", *, traded: bool = True, **changes: Any) -> None:
        at = datetime.combine(day, datetime.min.time(), IST)
        run = {"day": day, "mode": mode, "scheduled_time": at, "ran_at": at, "passed": True, "checks": ()}
        self.store.write(create(Preflight.model_validate(run | changes)))
        if traded:
            self.store.write(create(AccountDay(account="main", day=day)))

    def trade(self, n: int, day: date, **changes: Any) -> None:
        at = datetime.combine(day, datetime.min.time(), IST) + timedelta(hours=10)
        fields = {"position_id": f"P{n:04}", "mode": "paper", "state": "CLOSED", "entry_time": at}
        self.store.write(create(position().evolve(**(fields | changes))))

    def parity(self, day: date, unexplained: int) -> None:
        self.store.write(create(ParityReport(day=day, compared=3, unexplained=unexplained)))

    def reconciled(self, day: date, *, clean: bool, mode: str = "paper") -> None:
        at = datetime.combine(day, datetime.min.time(), IST) + timedelta(hours=9)
        found = {"account": "main", "mode": mode, "as_of": at, "looked_at": at, "clean": clean}
        self.store.write(create(ReconciliationChange.model_validate(found)))

    def progress(self) -> Graduation:
        return Graduations(self.store, self.clock).progress("main", TODAY)

    def condition(self, name: str) -> Condition:
        (found,) = [condition for condition in self.progress().conditions if condition.name == name]
        return found

    def waive(self, what: str, reason: str = "my own money, and I sit beside it") -> Waiver:
        at = datetime(2026, 9, 1, 9, 30, tzinfo=IST)
        return Graduations(self.store, self.clock).waive("main", what, reason, "person:asha", at)


def test_twenty_sessions_and_thirty_trades_lead_to_the_first_live_sessions() -> None:
    found = Desk().progress()
    assert found.unmet == ()
    assert found.stage == "FIRST_SESSIONS"


@pytest.mark.parametrize(
    ("desk", "unmet"),
    [
        (Desk(sessions=19), "paper_sessions"),
        (Desk(trades=29), "paper_trades"),
        (Desk(parity=False), "parity"),
        (Desk(clean=False), "reconciliation"),
    ],
    ids=["a session short", "a trade short", "never compared with the backtest", "never reconciled"],
)
def test_one_short_is_not_graduated(desk: Desk, unmet: str) -> None:
    found = desk.progress()
    assert [condition.name for condition in found.unmet] == [unmet]
    assert found.stage == "PAPER"


def test_a_day_that_was_not_clean_begins_the_count_anew() -> None:
    desk = Desk(sessions=25)
    desk.reconciled(desk.days[4], clean=False)
    assert desk.condition("paper_sessions").found == "20"
    assert "counted from the day after" in desk.condition("reconciliation").found
    later = Desk(sessions=25)
    later.reconciled(later.days[5], clean=False)
    assert later.progress().stage == "PAPER"
    assert later.condition("paper_sessions").found == "19"


def test_the_latest_comparison_counts_before_it_is_kept_as_a_change() -> None:
    desk = Desk()
    at = datetime.combine(desk.days[-1], datetime.min.time(), IST)
    found = {"account": "main", "mode": "paper", "as_of": at, "looked_at": at, "clean": False}
    desk.store.write(create(Reconciliation.model_validate(found)))
    assert desk.condition("paper_sessions").found == "0"


def test_an_unexplained_difference_from_the_backtest_is_not_met() -> None:
    desk = Desk()
    desk.parity(desk.days[3], 1)
    assert not desk.condition("parity").met
    other = Desk()
    other.parity(START - timedelta(days=9), 5)
    assert other.condition("parity").met, "of a day that does not count"


def test_only_sessions_of_paper_on_the_real_market_in_which_the_account_decided_count() -> None:
    desk = Desk(sessions=19)
    day = desk.days[-1]
    desk.session(day + timedelta(days=1), mode="simulator")
    desk.session(day + timedelta(days=2), simulated=True)
    desk.session(day + timedelta(days=3), traded=False)
    desk.session(TODAY)
    assert desk.condition("paper_sessions").found == "19"


def test_a_day_on_which_nobody_was_signed_in_is_no_session() -> None:
    desk = Desk(sessions=19)
    desk.session(desk.days[-1] + timedelta(days=1), traded=False)
    idle = AccountDay(
        account="main", day=desk.days[-1] + timedelta(days=1), refusals={"SESSION_EXPIRED": 75, "HALTED": 2}
    )
    desk.store.write(create(idle))
    assert desk.condition("paper_sessions").found == "19"
    desk.store.write(replace(idle.evolve(refusals=idle.refusals | {"LOW_CONFIDENCE": 1}, revision=1)))
    assert desk.condition("paper_sessions").found == "20"


def test_a_day_of_two_modes_or_in_part_on_a_simulated_market_is_no_session_of_either() -> None:
    desk = Desk()
    for n in range(5):
        desk.session(desk.days[-1] + timedelta(days=1 + n), mode="live", mixed=True)
    assert desk.progress().live_sessions == 0
    other = Desk(sessions=19)
    other.session(other.days[-1] + timedelta(days=1), mixed=True)
    assert other.condition("paper_sessions").found == "19"


def test_a_report_that_compared_no_trade_is_no_comparison() -> None:
    desk = Desk(parity=False)
    desk.store.write(create(ParityReport(day=desk.days[0], compared=0, unexplained=0)))
    assert not desk.condition("parity").met


def test_only_closed_trades_of_paper_count() -> None:
    desk = Desk(trades=29)
    desk.trade(100, desk.days[0], mode="live")
    desk.trade(101, desk.days[0], state="OPEN")
    desk.trade(102, START - timedelta(days=3))
    assert desk.condition("paper_trades").found == "29"


@pytest.mark.parametrize(("live", "stage"), [(4, "FIRST_SESSIONS"), (5, "LIVE")])
def test_after_five_live_sessions_it_trades_as_the_settings_say(live: int, stage: str) -> None:
    desk = Desk()
    for n in range(live):
        desk.session(desk.days[-1] + timedelta(days=1 + n), mode="live")
    desk.session(desk.days[-1] + timedelta(days=9), mode="live", passed=False)
    assert desk.progress().stage == stage
    assert desk.progress().live_sessions == live


def test_a_waiver_is_named_reasoned_and_audited() -> None:
    desk = Desk(sessions=3, trades=0)
    desk.waive("paper")
    assert desk.progress().stage == "FIRST_SESSIONS"
    desk.waive("first-sessions")
    found = desk.progress()
    assert found.stage == "LIVE"
    assert found.waived == ("paper", "first-sessions")
    assert found.unmet, "a waiver does not make it true"
    events = desk.store.query(outbox_partition("main", TODAY))
    assert [(e["kind"], e["actor"], e["details"]["waived"]) for e in events] == [
        ("GRADUATION_WAIVED", "person:asha", "first-sessions"),
        ("GRADUATION_WAIVED", "person:asha", "paper"),
    ]
    assert all("my own money" in e["details"]["reason"] for e in events)


def test_a_waiver_twice_keeps_the_later_reason_and_both_events() -> None:
    desk = Desk()
    desk.waive("paper")
    desk.waive("paper", "because of the holidays")
    kept = load(desk.store, Waiver, waiver_key("main", "paper"))
    assert kept is not None
    assert kept.reason == "because of the holidays"
    assert len(desk.store.query(outbox_partition("main", TODAY))) == 2


@pytest.mark.parametrize(("what", "reason"), [("paper", "  "), ("everything", "because")])
def test_a_waiver_without_a_reason_or_of_something_else_is_refused(what: str, reason: str) -> None:
    desk = Desk(sessions=1)
    with pytest.raises(BadInput):
        desk.waive(what, reason)
    assert desk.progress().stage == "PAPER"


@pytest.mark.parametrize(
    ("waived", "small"), [((), True), (("paper",), True), (("paper", "first-sessions"), False)]
)
def test_the_first_live_sessions_buy_one_lot(waived: tuple[str, ...], small: bool) -> None:
    desk, live = Desk(), Settings(mode="live")
    for what in waived:
        desk.waive(what)
    Graduations(desk.store, desk.clock).check("main", TODAY)
    as_of = datetime(2026, 9, 1, 10, 0, tzinfo=IST)
    view = view_account(desk.store, "main", as_of, as_of, live)
    assert view.one_lot is small
    assert view.headroom(equity_signal(), live).one_lot is small
    paper = view_account(desk.store, "main", as_of, as_of, Settings())
    assert not paper.one_lot


def test_one_lot_is_a_bound_like_the_others_and_is_named() -> None:
    much = Decimal(10**8)
    rooms = dict.fromkeys(("capital", "symbol", "strategy", "portfolio", "cash", "daily_loss"), much)
    for signal in (equity_signal(), option_signal()):
        found = size(signal, Settings(), Headroom(**rooms, one_lot=True))
        assert (found.quantity, found.binding) == (signal.lot_size, "GRADUATION")
        assert size(signal, Settings(), Headroom(**rooms)).quantity > signal.lot_size
    none = size(equity_signal(), Settings(), Headroom(**rooms | {"symbol": Decimal(0)}, one_lot=True))
    assert (none.quantity, none.binding) == (0, "SYMBOL_EXPOSURE")


def test_what_was_found_yesterday_is_not_known_today() -> None:
    desk, live = Desk(), Settings(mode="live")
    desk.waive("first-sessions")
    Graduations(desk.store, desk.clock).check("main", TODAY)
    assert load(desk.store, Graduation, graduation_key("main")) is not None
    assert not trades_small(desk.store, live, "main", TODAY)
    assert trades_small(desk.store, live, "main", TODAY + timedelta(days=1))
    assert not trades_small(desk.store, Settings(), "main", TODAY + timedelta(days=1))
