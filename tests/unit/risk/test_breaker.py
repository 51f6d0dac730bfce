"""The states of an account: what stops entries by itself, survives a restart, and what ends it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from patang.accounts.funds import CashMovements
from patang.accounts.health import note_failure
from patang.audit.event import AuditEvent
from patang.errors import BadInput
from patang.keys import outbox_partition, risk_key
from patang.portfolio.account_state import AccountDay, RiskState
from patang.ports import Put, WriteConflict
from patang.records import create, load, load_all, replace
from patang.risk.account_view import view_account
from patang.risk.breaker import BREAKER, drawdown
from patang.risk.manager import account_gate
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryStore, RecordedMetrics, RecordedNotifier
from tests.unit.risk.samples import AS_OF, halts, mark, position

D = Decimal
TOMORROW = AS_OF + timedelta(days=1)


class Account:
    """One account on a store; every question is asked by services made anew, as after a restart."""

    def __init__(self, store: MemoryStore | None = None) -> None:
        self.store, self.clock = store or MemoryStore(), FixedClock()
        self.settings = Settings()
        self.notifier, self.metrics = RecordedNotifier(), RecordedMetrics()

    def halts(self):
        return halts(self.store, self.settings, self.clock, self.notifier, self.metrics)

    def view(self, as_of=AS_OF):
        return view_account(self.store, "main", as_of, self.clock.now(), self.settings)

    def cycle(self, as_of=AS_OF):
        """What an assessment does before it proposes; the gate that then says no."""
        self.halts().work_breaker("main", as_of)
        refused = account_gate(self.view(as_of), self.settings)
        return None if refused is None else refused.gate

    def state(self):
        return load(self.store, RiskState, risk_key("main"))

    def lose(self, amount, day=AS_OF):
        self.store.write(create(AccountDay(account="main", day=day.date(), realised_pnl=-D(amount))))

    def stand(self, **fields):
        self.store.write(create(RiskState(account="main", **fields)))

    def events(self, day=AS_OF):
        return load_all(self.store, AuditEvent, outbox_partition("main", day.date()))


def test_an_item_from_before_there_were_states_is_read():
    old = {"account": "main", "halted": True, "halted_day": "2026-08-18", "halt_reason": "loss"}
    assert RiskState.model_validate(old).state == "REDUCING"
    assert RiskState.model_validate({"account": "main", "halted": True}).state == "HALTED"
    assert RiskState.model_validate({"account": "main", "halted": False}).halted is False


def test_every_change_is_told_to_the_audit_log_and_to_the_owner():
    account = Account()
    assert account.halts().halt("main", "news", "person:asha", AS_OF)
    assert not account.halts().halt("main", "other", "person:ravi", AS_OF)
    assert account.halts().resume("main", "person:ravi", AS_OF)
    told = {(e.kind, e.actor, e.details["state_before"], e.details["state"]) for e in account.events()}
    assert told == {
        ("HALTED", "person:asha", "ACTIVE", "HALTED"),
        ("RESUMED", "person:ravi", "HALTED", "ACTIVE"),
    }
    assert [subject for subject, _ in account.notifier.sent] == ["main: halted", "main: active"]
    assert "news" in account.notifier.sent[0][1]


def test_a_notice_that_cannot_be_sent_leaves_the_halt():
    account = Account()

    def broken(_subject, _text):
        raise ConnectionError("no way out")

    account.notifier.send = broken
    assert account.halts().halt("main", "news", "person:asha", AS_OF)
    assert account.state().state == "HALTED"
    assert account.metrics.counts["notification_failed"] == 1


def test_a_change_that_conflicts_is_neither_told_nor_lost():
    class Contended(MemoryStore):
        failures = 2

        def write(self, *writes):
            if self.failures:
                self.failures -= 1
                raise WriteConflict(())
            super().write(*writes)

    account = Account(Contended())
    assert account.halts().halt("main", "news", "person:asha", AS_OF)
    assert len(account.events()) == 1


def test_the_days_loss_cannot_be_resumed_and_ends_with_its_day():
    account = Account()
    account.lose(9_000)
    assert account.cycle() == "DAILY_LOSS_LIMIT"
    assert account.state().state == "REDUCING"
    assert account.halts().resume("main", "person:asha", AS_OF) is False
    assert account.cycle() == "DAILY_LOSS_LIMIT"
    assert account.cycle(TOMORROW) is None
    assert account.state().state == "ACTIVE"
    assert [e.actor for e in account.events(TOMORROW)] == [BREAKER]


def test_a_loosened_limit_never_reopens_by_itself():
    account = Account()
    account.lose(9_000)
    account.cycle()
    account.settings = Settings.model_validate({"capital": {"daily_loss_limit_pct": 50}})
    assert account.cycle(AS_OF + timedelta(minutes=1)) == "DAILY_LOSS_LIMIT"
    account = Account()
    account.stand(realised_total=D(-30_000))
    assert account.cycle() == "MAX_DRAWDOWN"
    account.settings = Settings.model_validate({"capital": {"max_drawdown_pct": 90}})
    assert account.cycle(AS_OF + timedelta(days=30)) == "MAX_DRAWDOWN"


def test_a_persons_halt_over_a_days_loss_falls_back_to_exits_only():
    account = Account()
    account.lose(9_000)
    account.cycle()
    account.halts().halt("main", "enough", "person:asha", AS_OF)
    assert account.state().state == "HALTED"
    assert account.halts().resume("main", "person:asha", AS_OF) is True
    assert (account.state().state, account.state().halted_by) == ("REDUCING", BREAKER)
    assert account.cycle(TOMORROW) is None


def test_a_loss_under_a_persons_halt_is_remembered_for_the_day():
    account = Account()
    account.halts().halt("main", "lunch", "person:asha", AS_OF)
    account.lose(9_000)
    account.cycle()
    assert account.state().halted_by == "person:asha"
    account.halts().resume("main", "person:asha", AS_OF)
    assert account.state().state == "REDUCING"


def test_a_drawdown_that_a_person_accepts_stays_accepted_and_says_who():
    account = Account()
    account.stand(realised_total=D(-20_000), peak_realised=D(10_000))
    held = position(entry_time=AS_OF - timedelta(days=3), product="CNC")
    seen = mark(held, "-1000", previous_close=D(91))
    account.store.write(create(held), create(seen))
    assert account.cycle() == "MAX_DRAWDOWN"
    assert account.halts().resume("main", "person:asha", AS_OF)
    assert drawdown(account.view()) == 0
    for minute in range(1, 4):
        assert account.cycle(AS_OF + timedelta(minutes=minute)) is None
    (resumed,) = [event for event in account.events() if event.kind == "RESUMED"]
    assert resumed.actor == "person:asha"
    assert float(resumed.details["accepted_drawdown"]) == pytest.approx(31_000, abs=60)


def test_another_drawdown_after_the_accepted_one_stops_again():
    account = Account()
    account.stand(realised_total=D(-30_000))
    account.cycle()
    account.halts().resume("main", "person:asha", AS_OF)
    account.store.write(replace(account.state().evolve(realised_total=D(-59_999))))
    assert account.cycle() is None
    account.store.write(replace(account.state().evolve(realised_total=D(-60_000))))
    assert account.cycle() == "MAX_DRAWDOWN"


def test_money_paid_in_or_out_is_no_result_and_moves_the_limits():
    account = Account()
    account.stand(realised_total=D(-20_000), peak_realised=D(5_000))
    before = drawdown(account.view())
    cash = CashMovements(account.store, account.clock)
    assert cash.by_owner("main", D(-100_000), "paper", "person:asha", AS_OF) == (-100_000, -100_000)
    assert drawdown(account.view()) == before == 25_000
    assert account.view().loss_limit(account.settings) == 6_000
    # 10 % of the 200,000 that are left are passed, 10 % of 300,000 were not.
    assert account.cycle() == "MAX_DRAWDOWN"
    (event,) = [e for e in account.events() if e.kind == "CASH_MOVED"]
    assert (event.actor, event.details["told_by"]) == ("person:asha", "person:asha")
    with pytest.raises(BadInput, match="above or below zero"):
        cash.by_owner("main", D(0), "paper", "person:asha", AS_OF)


def test_the_brokers_running_totals_of_the_day_are_booked_once():
    account = Account()
    cash = CashMovements(account.store, account.clock)
    told = {"equity": {"available": {"intraday_payin": 50_000}, "utilised": {"payout": 0}}}
    for _ in range(3):
        cash.by_broker("main", told, "paper", AS_OF)
    assert account.state().net_paid_in == 50_000
    told["equity"]["utilised"]["payout"] = 20_000
    cash.by_broker("main", told, "paper", AS_OF)
    assert account.state().net_paid_in == 30_000
    cash.by_broker("main", {"equity": {"net": 1}}, "paper", TOMORROW)
    assert account.state().net_paid_in == 30_000


def test_too_many_errors_in_a_minute_leave_only_exits_until_a_person_or_the_next_day():
    account = Account()
    for _ in range(4):
        note_failure(account.store, "main", KeyError("x"), account.clock.now())
    assert account.cycle() is None
    note_failure(account.store, "main", KeyError("x"), account.clock.now())
    assert account.cycle() == "TOO_MANY_EXCEPTIONS"
    account.clock.advance(600)
    assert account.cycle() == "TOO_MANY_EXCEPTIONS"
    assert account.halts().resume("main", "person:asha", AS_OF)
    assert account.cycle() is None


def test_results_of_another_mode_do_not_count():
    account = Account()
    account.stand(realised_total=D(-40_000), results_mode="live", net_paid_in=D(-100_000))
    account.store.write(
        create(
            AccountDay(
                account="main", day=AS_OF.date(), realised_pnl=D(-20_000), by_mode={"live": D(-20_000)}
            )
        )
    )
    held = position(mode="live")
    account.store.write(create(held), create(mark(held, "-9500")))
    view = account.view()
    assert (view.positions, view.unrealised, view.of_the_day, view.capital(account.settings)) == (
        (),
        0,
        0,
        300_000,
    )
    assert account.cycle() is None


def test_a_stale_price_counts_conservatively_and_is_named():
    account = Account()
    held = position(quantity=5_000, stop_loss_price=D(98))
    account.store.write(create(held), create(mark(held, "500")))
    assert account.cycle() is None
    assert account.cycle(AS_OF + timedelta(minutes=3)) == "DAILY_LOSS_LIMIT"
    assert "without a fresh price: INFY" in account.state().halt_reason


def test_a_new_day_forgets_the_loss_of_the_last_on_what_is_still_held():
    account = Account()
    held = position(quantity=5_000, product="CNC", entry_time=AS_OF - timedelta(minutes=5))
    account.store.write(create(held), create(mark(held, "-9500", last_price=D("98.1"), bid=D("98.1"))))
    assert account.cycle() == "DAILY_LOSS_LIMIT"
    fresh = mark(held, "0", TOMORROW, last_price=D("98.1"), bid=D("98.1"), previous_close=D("98.1"))
    account.store.write(Put(fresh.key(), fresh.model_dump(mode="json", exclude_none=True)))
    assert account.cycle(TOMORROW) is None
    # Only the exit to come costs something today.
    assert -1_000 < account.view(TOMORROW).of_the_day < 0


def test_a_drawdown_outlives_a_way_through_another_mode_and_is_accepted_in_its_own():
    """On the way somebody tells of cash in the other mode, so that the state is that one's."""
    account = Account()
    account.stand(realised_total=D(-40_000), results_mode="live")
    account.settings = Settings(mode="live")
    assert account.cycle() == "MAX_DRAWDOWN"
    account.settings = Settings()
    cash = CashMovements(account.store, account.clock)
    cash.by_owner("main", D(1), "paper", "person:asha", AS_OF)
    assert account.halts().resume("main", "person:asha", AS_OF)
    account.settings = Settings(mode="live")
    assert account.cycle() == "MAX_DRAWDOWN"
    cash.by_owner("main", D(1), "paper", "person:asha", AS_OF)
    assert account.halts().resume("main", "person:asha", AS_OF)
    assert account.view().state.peak_realised == -40_000
    account.halts().work_breaker("main", AS_OF)
    assert account.state().state == "ACTIVE"
    assert account.view().state.in_mode("paper").peak_realised == 0
