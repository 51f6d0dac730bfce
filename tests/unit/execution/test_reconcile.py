"""The reconciler: the second source of every order, and the sweeper of what crashes leave behind."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from patang.accounts.account import Account
from patang.accounts.seen import HoldingsSeen, MarginsSeen
from patang.alerts.seen import AlertsSeen
from patang.approvals.proposal import Proposal
from patang.errors import TryAgain
from patang.execution.market_clock import MarketClock
from patang.execution.reconciliation import reconciler
from patang.keys import account_key, alerts_key, holdings_key, margins_key, proposal_key
from patang.kite_replies.alerts import Alert
from patang.market.cycle import Cycle
from patang.market.session_override import SessionOverride
from patang.portfolio.day_curve import day_curve
from patang.ports import Delete, WriteConflict
from patang.records import create, load, replace
from tests.unit.execution.protected import entered, mark
from tests.unit.execution.samples import MORNING, open_account
from tests.unit.execution.stages import approved, closing, entry_of, ready, submitted, the_proposal
from tests.unit.execution.trading_desk import TradingDesk

ALERT = Alert(
    uuid="a-1",
    type="simple",
    name="INFY up",
    status="enabled",
    lhs_exchange="NSE",
    lhs_tradingsymbol="INFY",
    lhs_attribute="LastTradedPrice",
    operator=">=",
    rhs_type="constant",
    rhs_constant=Decimal(1600),
)


def run(desk: TradingDesk) -> dict[str, Any]:
    return desk.reconciler().run(desk.market_time)


def test_a_fill_that_no_frame_told_of_is_found_in_the_book() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.exchange.prices = {"INFY": 1500.0}
    desk.exchange.match()
    desk.exchange.frames.clear()
    assert run(desk)["accounts"] == {"main": "1 orders followed, books agree"}
    assert desk.positions()[0].quantity == 20
    assert run(desk)["accounts"] == {"main": "1 orders followed, books agree"}


@pytest.mark.parametrize(("mishap", "end"), [("unheard", "ACKED"), ("lost", "REJECTED")])
def test_an_unknown_outcome_is_settled_by_the_book_after_the_grace(mishap: str, end: str) -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.exchange.mishaps = [mishap]
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.pass_time(31)
    run(desk)
    assert entry_of(desk).state == end
    assert desk.exchange.sent == [intent.intent_id]
    assert desk.metrics.counts.get("order_never_arrived", 0) == (end == "REJECTED")


def test_within_the_grace_absence_proves_nothing() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.exchange.mishaps = ["lost"]
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.pass_time(29)
    run(desk)
    assert entry_of(desk).state == "UNKNOWN"


def test_an_order_being_sent_right_now_is_left_to_its_lane() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.store.write(replace(intent.evolve(state="SENDING", sending_at=desk.clock.now())))
    desk.pass_time(10)
    run(desk)
    assert entry_of(desk).state == "SENDING"


def test_an_intent_that_the_queue_never_got_is_told_again_by_its_id() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.queue.messages.clear()
    desk.pass_time(11)
    run(desk)
    assert desk.queue.messages == [
        ("main#entry", intent.intent_id, {"account": "main", "intent_id": intent.intent_id})
    ]


def test_a_lost_exit_lets_the_position_be_sold_again() -> None:
    desk = TradingDesk()
    _, intent = closing(desk)
    desk.exchange.mishaps = ["lost"]
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    assert desk.positions()[0].state == "CLOSING"
    desk.pass_time(31)
    run(desk)
    assert desk.positions()[0].state == "OPEN"


def test_an_order_of_yesterday_ended_with_its_day_and_one_of_today_that_is_missing_alarms() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.exchange.book.clear()
    run(desk)
    assert entry_of(desk).state == "ACKED"
    assert desk.metrics.counts["order_missing"] == 1
    desk.pass_time(23 * 3600)
    run(desk)
    assert entry_of(desk).state == "CANCELLED"
    assert desk.risk().reservations == {}


def test_a_dead_session_is_told_once_and_the_sweeps_run_on() -> None:
    desk = TradingDesk()
    approved(desk)
    desk.exchange.session_dead = True
    desk.pass_time(30)
    done = run(desk)
    assert done["accounts"] == {"main": "SESSION_EXPIRED"}
    assert done["swept"]["answered"] == 1
    run(desk)
    assert [subject for subject, _ in desk.notifier.sent].count("main: session expired") == 1


def test_one_account_that_fails_does_not_stop_the_others() -> None:
    desk = TradingDesk()
    open_account(desk.store, "first")
    open_account(desk.store, "second")
    broken, broker = TradingDesk().exchange, desk.broker
    broken.session_dead = True
    desk.broker = lambda account, mode: broken if account == "first" else broker(account, mode)
    assert run(desk)["accounts"] == {"first": "SESSION_EXPIRED", "second": "0 orders followed, books agree"}


def disable(desk: TradingDesk, account: str = "main") -> None:
    known = load(desk.store, Account, account_key(account))
    assert known is not None
    desk.store.write(replace(known.evolve(enabled=False)))


def test_a_disabled_account_holds_nothing_back_for_what_was_never_asked() -> None:
    desk = TradingDesk()
    proposal = ready(desk)
    disable(desk)
    desk.pass_time(16 * 60)
    done = run(desk)
    assert (done["accounts"], done["swept"]["released"]) == ({}, 1)
    assert desk.risk().reservations == {}
    assert the_proposal(desk).outcome == "WORKFLOW_LOST"
    assert proposal.order_id == the_proposal(desk).order_id


def test_a_disabled_account_holds_nothing_back_for_a_lost_proposal_or_intent() -> None:
    desk = TradingDesk()
    desk.store.write(Delete(submitted(desk).key()))
    disable(desk)
    desk.pass_time(16 * 60)
    run(desk)
    assert desk.risk().reservations == {}
    assert the_proposal(desk).outcome == "INTENT_LOST"


def test_an_approval_of_a_disabled_account_expires_and_one_decided_is_ended() -> None:
    desk = TradingDesk()
    proposal = ready(desk)
    desk.approvals().request("main", proposal.order_id, "token")
    disable(desk)
    desk.pass_time(121)
    assert run(desk)["swept"]["expired"] == 1
    other = TradingDesk()
    approved(other)
    disable(other)
    assert other.flow().recheck("main", "o-s-infy")["reason"] == "ACCOUNT_DISABLED: main does not trade"
    other.pass_time(301)
    run(other)
    assert other.risk().reservations == {}


def test_what_a_disabled_account_may_still_buy_stays_reserved_and_its_silence_is_nobodys() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    disable(desk)
    desk.pass_time(3600)
    done = run(desk)
    assert done["swept"]["released"] == 0
    assert list(desk.risk().reservations) == [intent.order_id]
    assert "STALE_DATA" not in desk.events()


def test_an_approval_whose_time_is_over_expires_without_anybody_clicking() -> None:
    desk = TradingDesk()
    proposal = ready(desk)
    desk.approvals().request("main", proposal.order_id, "token")
    desk.pass_time(119)
    assert run(desk)["swept"]["expired"] == 0
    desk.pass_time(2)
    assert run(desk)["swept"]["expired"] == 1
    assert desk.workflows.answers["token"]["decision"] == "expired"


def test_a_decision_whose_workflow_is_gone_is_concluded_and_frees_its_capital() -> None:
    desk = TradingDesk()
    approved(desk)
    desk.pass_time(301)
    run(desk)
    assert the_proposal(desk).outcome == "WORKFLOW_LOST"
    assert desk.risk().reservations == {}


def test_a_proposal_whose_workflow_never_ran_is_given_up() -> None:
    desk = TradingDesk()
    ready(desk)
    desk.pass_time(14 * 60)
    run(desk)
    assert "o-s-infy" in desk.risk().reservations
    desk.pass_time(61)
    assert run(desk)["swept"]["released"] == 1
    assert desk.risk().reservations == {}
    assert the_proposal(desk).outcome == "WORKFLOW_LOST"


def test_a_reservation_behind_a_concluded_proposal_is_released_unless_its_order_lives() -> None:
    desk = TradingDesk()
    proposal = ready(desk)
    desk.store.write(replace(proposal.evolve(state="CONCLUDED", outcome="X")))
    assert run(desk)["swept"]["released"] == 1
    assert desk.risk().reservations == {}

    other = TradingDesk()
    intent = submitted(other)
    other.lane().process({"account": "main", "intent_id": intent.intent_id})
    other.flow().conclude("main", "o-s-infy", "SUBMITTED")
    stored = load(other.store, Proposal, proposal_key("main", "o-s-infy"))
    assert stored is not None
    assert stored.state == "CONCLUDED"
    assert run(other)["swept"]["released"] == 0
    assert "o-s-infy" in other.risk().reservations


def test_a_cycle_written_down_and_not_started_is_started() -> None:
    desk = TradingDesk()
    open_account(desk.store)
    for minutes, state in ((0, "STARTED"), (1, "STARTED"), (2, "FINISHED"), (3, "STARTED")):
        as_of = MORNING - timedelta(minutes=minutes)
        desk.store.write(create(Cycle(run_id=f"r{minutes}", as_of=as_of, state=state)))
    assert run(desk)["swept"]["cycles"] == 1
    assert list(desk.workflows.started) == ["r1"]
    assert run(desk)["swept"]["cycles"] == 0


def test_silence_is_told_once_and_counted_every_time() -> None:
    desk = TradingDesk()
    open_account(desk.store)
    desk.store.write(create(MarketClock(market_time=MORNING, seen_at=desk.clock.now())))
    desk.pass_time(120)
    assert run(desk)["swept"]["stale_data"] == 0
    desk.pass_time(60)
    assert run(desk)["swept"]["stale_data"] == 1
    desk.pass_time(60)
    run(desk)
    assert desk.metrics.counts["stale_data"] == 2
    assert [subject for subject, _ in desk.notifier.sent] == ["Market data has stopped"]
    assert desk.events().count("STALE_DATA") == 1


def test_outside_market_hours_silence_is_natural() -> None:
    desk = TradingDesk()
    open_account(desk.store)
    desk.pass_time(8 * 3600)
    assert run(desk)["swept"]["stale_data"] == 0


def test_in_a_break_silence_is_natural_and_after_it_the_first_tick_has_its_time() -> None:
    desk = TradingDesk()
    open_account(desk.store)
    pause = tuple(f"{MORNING + timedelta(minutes=n):%H:%M}" for n in (-5, 10))
    outage = SessionOverride(
        day=MORNING.date(), open="09:15", close="15:30", breaks=(pause,), reason="the exchange stands still"
    )
    desk.settings = desk.settings.model_copy(update={"sessions": (outage,)})
    for minutes, told in ((0, 0), (11, 0), (1, 1)):
        desk.pass_time(minutes * 60)
        assert run(desk)["swept"]["stale_data"] == told


def test_a_quiet_desk_is_left_as_it_is() -> None:
    desk = TradingDesk()
    entered(desk)
    desk.store.write(create(MarketClock(market_time=desk.market_time, seen_at=desk.clock.now())))
    run(desk)
    before = desk.store.writes
    assert set(run(desk)["swept"].values()) == {0}
    # The comparison of now: whoever relies on it must know how old it is.
    assert desk.store.writes == before + 1


def test_what_the_broker_tells_is_kept_for_who_looks_and_the_minute_is_drawn() -> None:
    desk = TradingDesk()
    entered(desk)
    mark(desk, 1510.0)
    desk.exchange.kept_alerts = {"a-1": ALERT}
    run(desk)
    margins = load(desk.store, MarginsSeen, margins_key("main"))
    assert (margins.mode, margins.segments["equity"].net) == ("simulator", Decimal("300000.0"))
    assert load(desk.store, HoldingsSeen, holdings_key("main")).rows == ()
    assert [one.uuid for one in load(desk.store, AlertsSeen, alerts_key("main")).alerts] == ["a-1"]
    [point] = day_curve(desk.store, "main", desk.market_time.date())
    assert (point.minute, point.realised, point.unrealised) == ("10:00", 0, 0)


def test_without_a_session_the_minute_is_drawn_and_what_was_seen_stays() -> None:
    desk = TradingDesk()
    entered(desk)
    mark(desk, 1510.0)
    run(desk)
    seen = load(desk.store, MarginsSeen, margins_key("main"))
    desk.exchange.session_dead = True
    desk.exchange.net = 1.0
    desk.pass_time(60)
    assert run(desk)["accounts"] == {"main": "SESSION_EXPIRED"}
    assert load(desk.store, MarginsSeen, margins_key("main")) == seen
    points = day_curve(desk.store, "main", desk.market_time.date())
    assert [point.minute for point in points] == ["10:00", "10:01"]


def test_alerts_that_cannot_be_read_and_a_busy_curve_hold_no_comparison_up(monkeypatch: Any) -> None:
    desk = TradingDesk()
    entered(desk)

    def away() -> Any:
        raise TryAgain("too many calls")

    def busy(*_: Any) -> Any:
        raise WriteConflict(())

    monkeypatch.setattr(desk.exchange, "alerts", away)
    monkeypatch.setattr(reconciler, "note_curve", busy)
    assert run(desk)["accounts"] == {"main": "2 orders followed, books agree"}
    assert (desk.metrics.counts["alerts_not_seen"], desk.metrics.counts["curve_not_kept"]) == (1, 1)
