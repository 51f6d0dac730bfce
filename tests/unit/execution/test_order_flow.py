"""The steps of the order workflow: what they write, what they refuse, and that they may be repeated."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from decimal import Decimal

import pytest

from patang.accounts.session import KiteSession
from patang.errors import SessionExpired, TryAgain
from patang.execution.checks import check_allowed
from patang.execution.graduation import Waiver
from patang.execution.market_clock import MarketClock
from patang.keys import day_key, preflight_key, session_key
from patang.market.sessions import IST
from patang.portfolio.account_state import AccountDay
from patang.ports import Put
from patang.records import create, load, replace
from patang.settings import KiteSettings, Settings
from patang.strategies.signal import Signal
from tests.unit.execution.samples import MORNING, equity_signal, option_signal, proposal_of
from tests.unit.execution.stages import approved, quote_at, ready, submitted, the_proposal
from tests.unit.execution.trading_desk import TradingDesk

ORDER = ("main", "o-s-infy")


@pytest.mark.parametrize(
    ("signal", "quantity", "product", "price"),
    [
        (equity_signal(), 20, "MIS", "1503.00"),
        (equity_signal(holding_period="swing", exit_by=None), 20, "CNC", "1503.00"),
        (option_signal(), 65, "MIS", "100.20"),
        (option_signal(holding_period="swing"), 65, "NRML", "100.20"),
        (equity_signal(ask=Decimal("1514.00")), 20, "MIS", "1515.00"),
    ],
    ids=["intraday", "swing", "option", "carried option", "capped"],
)
def test_terms_are_a_marketable_limit_within_the_drift(
    signal: Signal, quantity: int, product: str, price: str
) -> None:
    desk = TradingDesk()
    terms = ready(desk, signal, quantity).terms
    assert terms is not None
    assert (terms.product, terms.price) == (product, Decimal(price))
    assert (terms.transaction_type, terms.order_type, terms.quantity) == ("BUY", "LIMIT", quantity)


def test_constructing_again_changes_nothing() -> None:
    desk = TradingDesk()
    first = ready(desk)
    assert desk.flow().construct(*ORDER)["terms_digest"] == first.terms_digest
    assert the_proposal(desk) == first
    assert desk.flow().construct("main", "o-none") == {"ok": False, "reason": "UNKNOWN_PROPOSAL"}


def test_a_sound_order_is_valid() -> None:
    desk = TradingDesk()
    ready(desk)
    assert desk.flow().validate(*ORDER) == {"ok": True, "reason": "VALID"}


def poor(desk: TradingDesk) -> None:
    desk.exchange.net = 32_000.0


def signed_out(desk: TradingDesk) -> None:
    session = load(desk.store, KiteSession, session_key("main"))
    assert session is not None
    desk.store.write(replace(session.evolve(state="EXPIRED")))


def dead_session(desk: TradingDesk) -> None:
    def margins() -> None:
        raise SessionExpired("log in again")

    desk.exchange.margins = margins


def unquoted(desk: TradingDesk) -> None:
    desk.objects.blobs.clear()
    desk.store.items = {k: v for k, v in desk.store.items.items() if not k.partition.startswith("CLOSES")}


def far_away(desk: TradingDesk) -> None:
    quote_at(desk, equity_signal(), Decimal("1400.00"))


def at_its_circuit(desk: TradingDesk) -> None:
    desk.exchange.circuit = (Decimal(1200), Decimal("1502.95"))


def without_circuits(desk: TradingDesk) -> None:
    desk.exchange.circuit = (None, None)


def unasked_market(desk: TradingDesk) -> None:
    def quote(identifier: str) -> None:
        raise TryAgain("too many calls")

    desk.exchange.quote = quote


def dear_at_the_broker(desk: TradingDesk) -> None:
    desk.exchange.margin_rate = 10.0


def margin_not_told(desk: TradingDesk) -> None:
    desk.exchange.order_margins = lambda requests: [{"total": None}]


def after_hours(desk: TradingDesk) -> None:
    late = MORNING.replace(hour=16)
    desk.store.write(create(MarketClock(market_time=late, seen_at=desk.clock.now())))


def in_the_closing_auction(desk: TradingDesk) -> None:
    late = MORNING.replace(hour=15, minute=20)
    desk.store.write(create(MarketClock(market_time=late, seen_at=desk.clock.now())))


def odd_quantity(desk: TradingDesk) -> None:
    proposal = the_proposal(desk)
    terms = proposal.terms.model_copy(update={"quantity": 0})
    desk.store.write(replace(proposal.evolve(terms=terms)))


def off_tick(desk: TradingDesk) -> None:
    proposal = the_proposal(desk)
    terms = proposal.terms.model_copy(update={"price": Decimal("1503.02")})
    desk.store.write(replace(proposal.evolve(terms=terms)))


def test_more_than_the_exchange_takes_at_once_is_refused_by_name() -> None:
    desk = TradingDesk()
    signal = option_signal()
    ready(desk, signal, signal.lot_size * 100)
    assert (
        desk.flow()
        .validate("main", proposal_of(signal, 1).order_id)["reason"]
        .startswith("FREEZE_QUANTITY: 6500 is more than the 1800")
    )


@pytest.mark.parametrize(
    ("spoil", "gate"),
    [
        (poor, "MARGIN_INSUFFICIENT"),
        (dear_at_the_broker, "MARGIN_INSUFFICIENT"),
        (margin_not_told, "MARGIN_UNKNOWN"),
        (at_its_circuit, "CIRCUIT_LIMIT"),
        (without_circuits, "CIRCUIT_UNKNOWN"),
        (unasked_market, "CANNOT_CHECK"),
        (signed_out, "SESSION_EXPIRED"),
        (dead_session, "SESSION_EXPIRED"),
        (unquoted, "NO_QUOTE"),
        (far_away, "PRICE_SANITY"),
        (after_hours, "MARKET_CLOSED"),
        (in_the_closing_auction, "MARKET_CLOSED"),
        (odd_quantity, "LOT_SIZE"),
        (off_tick, "TICK_SIZE"),
    ],
)
def test_what_is_not_sound_is_refused_by_name(spoil: Callable[[TradingDesk], None], gate: str) -> None:
    desk = TradingDesk()
    ready(desk)
    spoil(desk)
    done = desk.flow().validate(*ORDER)
    assert not done["ok"]
    assert done["reason"].partition(":")[0] == gate


@pytest.mark.parametrize(
    ("clock", "share", "option"),
    [
        ("15:14", None, None),
        ("15:15", "MARKET_CLOSED", None),
        ("15:39", "MARKET_CLOSED", None),
        ("15:40", "MARKET_CLOSED", "MARKET_CLOSED"),
    ],
)
def test_options_trade_on_while_shares_are_in_their_auction(
    clock: str, share: str | None, option: str | None
) -> None:
    desk = TradingDesk()
    ready(desk)
    hours = {"last_entry": "15:58", "exit_by": "15:59"}
    desk.settings = Settings.model_validate({"options": hours, "equity": hours})
    as_of = datetime.combine(MORNING.date(), time.fromisoformat(clock), IST)
    found = [
        check_allowed(desk.store, proposal_of(signal, 65), as_of, desk.settings, desk.clock)
        for signal in (equity_signal(), option_signal())
    ]
    assert found == [share, option]


@pytest.mark.parametrize(
    ("clock", "share", "option"),
    [
        ("14:30:59", None, None),
        ("14:31:00", "OUTSIDE_ENTRY_HOURS", None),
        ("14:45:59", "OUTSIDE_ENTRY_HOURS", None),
        ("14:46:00", "OUTSIDE_ENTRY_HOURS", "OUTSIDE_ENTRY_HOURS"),
    ],
)
def test_a_yes_that_comes_after_the_last_entry_buys_nothing(
    clock: str, share: str | None, option: str | None
) -> None:
    desk = TradingDesk()
    ready(desk)
    as_of = datetime.combine(MORNING.date(), time.fromisoformat(clock), IST)
    for signal, gate in ((equity_signal(), share), (option_signal(), option)):
        found = check_allowed(desk.store, proposal_of(signal, 65), as_of, desk.settings, desk.clock)
        assert (None if found is None else found.partition(":")[0]) == gate


def test_real_orders_need_the_days_preflight() -> None:
    desk = TradingDesk()
    ready(desk)
    desk.settings = desk.settings.model_copy(update={"mode": "live"})
    assert desk.flow().validate(*ORDER)["reason"].startswith("PREFLIGHT_NOT_PASSED")
    desk.store.write(Put(preflight_key(MORNING.date()), {"mode": "paper", "passed": True}))
    assert "not for real orders" in desk.flow().validate(*ORDER)["reason"]
    desk.store.write(
        Put(preflight_key(MORNING.date()), {"mode": "live", "passed": False, "reason": "clock skew"})
    )
    assert "clock skew" in desk.flow().validate(*ORDER)["reason"]
    desk.store.write(Put(preflight_key(MORNING.date()), {"mode": "live", "passed": True}))
    assert "has not checked account main" in desk.flow().validate(*ORDER)["reason"]
    checks = [{"name": "session", "passed": True, "found": "AB1234", "account": "main"}]
    desk.store.write(Put(preflight_key(MORNING.date()), {"mode": "live", "passed": True, "checks": checks}))
    assert desk.flow().validate(*ORDER)["ok"]


@pytest.mark.parametrize(("price", "ok"), [("1514.90", True), ("1515.10", False), ("1484.00", False)])
def test_the_price_is_checked_again_after_the_yes(price: str, ok: bool) -> None:
    desk = TradingDesk()
    approved(desk)
    quote_at(desk, equity_signal(), Decimal(price))
    done = desk.flow().recheck(*ORDER)
    assert done["ok"] is ok
    assert ok or done["reason"].startswith("PRICE_DRIFT")


def test_an_old_quote_is_no_price() -> None:
    desk = TradingDesk()
    approved(desk)
    seen = MORNING + timedelta(minutes=2, seconds=5)
    desk.store.write(create(MarketClock(market_time=seen, seen_at=desk.clock.now())))
    assert desk.flow().recheck(*ORDER)["reason"].startswith("STALE_QUOTE")


def test_a_market_gone_silent_stops_an_entry_unless_it_is_simulated() -> None:
    desk = TradingDesk()
    approved(desk)
    silent = desk.clock.now() - timedelta(seconds=121)
    desk.store.write(create(MarketClock(market_time=MORNING, seen_at=silent)))
    assert desk.flow().recheck(*ORDER)["ok"]
    real = desk.settings.model_copy(update={"mode": "paper", "kite": KiteSettings()})
    desk.settings = real
    assert desk.flow().recheck(*ORDER)["reason"].startswith("STALE_DATA")


def test_risk_is_checked_again_without_counting_the_order_itself() -> None:
    desk = TradingDesk()
    approved(desk)
    assert desk.flow().recheck(*ORDER) == {"ok": True, "reason": "VALID"}
    risk = desk.risk()
    desk.store.write(replace(risk.evolve(state="HALTED", halt_reason="asked to")))
    assert desk.flow().recheck(*ORDER)["reason"].startswith("HALTED: «asked to»")


@pytest.mark.parametrize("promoted", [False, True])
def test_in_mode_live_the_word_of_a_demonstration_model_is_refused_even_after_a_yes(promoted: bool) -> None:
    desk = TradingDesk()
    approved(desk, equity_signal(model_promoted=promoted))
    live = desk.settings.model_copy(update={"mode": "live", "registered_egress_ip": "203.0.113.7"})
    graduated = Waiver(account="main", what="paper", reason="a test", by="me", at=MORNING)
    checks = [{"name": "session", "passed": True, "found": "AB1234", "account": "main"}]
    passed = {"mode": "live", "passed": True, "checks": checks}
    desk.store.write(create(graduated), Put(preflight_key(MORNING.date()), passed))
    assert desk.flow().recheck(*ORDER)["ok"]
    desk.settings = live
    reason = desk.flow().recheck(*ORDER)["reason"]
    assert reason.startswith("MODEL_NOT_PROMOTED") is not promoted


def test_a_day_that_has_got_worse_meanwhile_refuses_what_it_has_no_room_for_any_more() -> None:
    desk = TradingDesk()
    proposal = approved(desk)
    limit = Decimal(9_000)
    room = limit - proposal.risk_amount
    desk.store.write(create(AccountDay(account="main", day=MORNING.date(), realised_pnl=-room)))
    assert desk.flow().recheck(*ORDER)["ok"]
    day = load(desk.store, AccountDay, day_key("main", MORNING.date()))
    assert day is not None
    desk.store.write(replace(day.evolve(realised_pnl=-room - Decimal("0.01"))))
    reason = desk.flow().recheck(*ORDER)["reason"]
    assert reason.startswith(f"DAILY_LOSS_LIMIT: it may lose {proposal.risk_amount:.2f} rupees")


def test_an_option_inside_the_cooldown_is_refused_after_the_yes() -> None:
    desk = TradingDesk()
    approved(desk, option_signal(), 65)
    desk.store.write(replace(desk.risk().evolve(last_option_entry=MORNING - timedelta(hours=1))))
    assert desk.flow().recheck("main", "o-s-nifty")["reason"].startswith("OPTION_COOLDOWN: ")


def test_terms_that_were_tampered_with_are_neither_rechecked_nor_submitted() -> None:
    desk = TradingDesk()
    proposal = approved(desk)
    terms = proposal.terms.model_copy(update={"quantity": 2000})
    desk.store.write(replace(proposal.evolve(terms=terms)))
    assert desk.flow().recheck(*ORDER)["reason"] == "TERMS_CHANGED"
    assert desk.flow().submit(*ORDER, "token")["reason"] == "NOT_APPROVED"
    assert desk.intents() == []


@pytest.mark.parametrize("state", ["CONSTRUCTED", "PENDING", "DECLINED", "EXPIRED", "CONCLUDED"])
def test_nothing_is_submitted_without_a_yes(state: str) -> None:
    desk = TradingDesk()
    proposal = ready(desk)
    desk.store.write(replace(proposal.evolve(state=state)))
    assert not desk.flow().recheck(*ORDER)["ok"]
    assert not desk.flow().submit(*ORDER, "token")["ok"]
    assert desk.intents() == []
    assert desk.queue.messages == []
    assert desk.workflows.answers["token"]["ok"] is False


def test_submitting_writes_one_intent_with_the_approved_terms() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    proposal = the_proposal(desk)
    assert intent.terms == proposal.terms
    assert intent.task_token == "lane-token"
    assert proposal.state == "SUBMITTED"
    assert desk.queue.messages == [
        ("main#entry", intent.intent_id, {"account": "main", "intent_id": intent.intent_id})
    ]
    assert desk.flow().submit(*ORDER, "lane-token")["intent_id"] == intent.intent_id
    assert len(desk.intents()) == 1


def test_a_workflow_driven_again_behind_a_sent_order_hears_of_it_and_sends_nothing() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    done = desk.flow().submit(*ORDER, "second-token")
    assert done["reason"] == "ACKED"
    assert desk.workflows.answers["second-token"]["ok"] is True
    assert len(desk.exchange.sent) == 1


def test_an_end_without_an_order_frees_the_capital_and_tells_an_owner_who_had_agreed() -> None:
    desk = TradingDesk()
    approved(desk)
    assert desk.flow().conclude(*ORDER, "PRICE_DRIFT: too far") == {
        "ok": False,
        "reason": "PRICE_DRIFT: too far",
    }
    assert desk.risk().reservations == {}
    assert the_proposal(desk).outcome == "PRICE_DRIFT: too far"
    assert "PRICE_DRIFT" in desk.notifier.sent[-1][1]
    assert desk.flow().conclude(*ORDER, "FAILED")["reason"] == "PRICE_DRIFT: too far"


def test_an_order_on_its_way_keeps_its_capital() -> None:
    desk = TradingDesk()
    intent = submitted(desk)
    assert desk.flow().conclude(*ORDER, "FAILED")["reason"] == "IN_FLIGHT"
    assert "o-s-infy" in desk.risk().reservations
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    assert desk.flow().conclude(*ORDER, "SUBMITTED") == {"ok": True, "reason": "PLACED"}
    assert "o-s-infy" in desk.risk().reservations


def test_a_submit_that_was_not_approved_is_not_concluded_as_submitted() -> None:
    desk = TradingDesk()
    approved(desk)
    assert desk.flow().conclude(*ORDER, "SUBMITTED")["reason"] == "NOT_SUBMITTED"
