"""Gates of an account and of a signal: their order, their numbers, and the protections."""

from dataclasses import replace as changed
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from patang.accounts.funds import note_funds
from patang.accounts.health import counting_failures, failures_now, median_latency_ms, note_call
from patang.errors import TryAgain
from patang.keys import preflight_key
from patang.portfolio.account_state import AccountDay, Reservation, RiskState
from patang.portfolio.position_book import PositionBook
from patang.ports import Put
from patang.records import create
from patang.risk.account_view import AccountView, view_account
from patang.risk.manager import account_gate, signal_gate
from patang.risk.refusals import GATES
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryStore
from tests.unit.risk.samples import AS_OF, equity_signal, option_signal, position

D = Decimal
NOW = FixedClock().now()
CLEAN = AccountView(
    RiskState(account="main"), AccountDay(account="main", day=AS_OF.date()), (), unrealised=D(0)
)
TWO = {name: Reservation(symbol=name, strategy="equity", exposure=D(1), as_of=AS_OF) for name in ("A", "B")}
# What makes each gate of the account say no, alone.
TROUBLES = {
    "DAILY_LOSS_LIMIT": lambda view: changed(view, of_the_day=D(-9_000)),
    "MAX_DRAWDOWN": lambda view: changed(view, state=view.state.evolve(realised_total=D(-30_000))),
    "MARGIN_INSUFFICIENT": lambda view: changed(view, free_funds=D(0)),
    "MAX_CONCURRENT_REACHED": lambda view: changed(view, state=view.state.evolve(reservations=TWO)),
    "HIGH_LATENCY": lambda view: changed(view, latency_ms=500.1),
    "TOO_MANY_EXCEPTIONS": lambda view: changed(view, failures=5),
    "EGRESS_IP_MISMATCH": lambda view: changed(view, egress="203.0.113.7 is not 203.0.113.9"),
    "HALTED": lambda view: changed(view, state=view.state.evolve(state="HALTED", gate="HALTED")),
}


def test_the_page_shows_the_table_of_the_code():
    page = (Path(__file__).parents[3] / "docs/concepts/risk.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1:3] for line in page.splitlines() if line.startswith("| `")]
    told = {name.strip(" `"): text.strip() for name, text in rows}
    assert [(gate, told.get(gate)) for gate in GATES] == list(GATES.items())
    assert [gate for gate in told if gate in GATES] == list(GATES)


def test_nothing_is_wrong_with_a_clean_account():
    assert account_gate(CLEAN, Settings()) is None
    assert signal_gate(CLEAN, equity_signal(), Settings(), AS_OF) is None


@pytest.mark.parametrize("gate", TROUBLES)
def test_each_gate_says_no_alone_and_with_its_numbers(gate):
    refused = account_gate(TROUBLES[gate](CLEAN), Settings())
    assert refused.gate == gate
    assert str(refused) == f"{gate}: {refused.text}"
    assert refused.numbers or gate == "EGRESS_IP_MISMATCH"


@given(st.sets(st.sampled_from(sorted(TROUBLES)), min_size=1))
def test_of_many_troubles_the_first_of_the_table_answers(troubles):
    view = CLEAN
    for gate in sorted(troubles):
        view = TROUBLES[gate](view)
    assert account_gate(view, Settings()).gate == next(gate for gate in GATES if gate in troubles)


@hypothesis_settings(max_examples=200)
@given(
    st.decimals(-20_000, 5_000, places=2),
    st.decimals(-40_000, 0, places=2),
    st.floats(0, 2_000),
    st.integers(0, 9),
    st.decimals(-100, 100, places=2),
)
def test_nobody_passes_beyond_a_limit(of_the_day, total, latency, failures, funds):
    view = changed(
        CLEAN,
        of_the_day=of_the_day,
        state=CLEAN.state.evolve(realised_total=total),
        latency_ms=latency,
        failures=failures,
        free_funds=funds,
    )
    within = of_the_day > -9_000 and total > -30_000 and latency <= 500 and failures < 5 and funds > 0
    assert (account_gate(view, Settings()) is None) == within


@hypothesis_settings(max_examples=100)
@given(st.decimals(-20_000, 5_000, places=2), st.decimals("0.5", 50, places=1), st.decimals(0, 50, places=1))
def test_a_tighter_limit_never_lets_more_pass(of_the_day, percent, tighter):
    view = changed(CLEAN, of_the_day=of_the_day)
    limits = [max(percent - tighter, D("0.1")), percent]
    strict, loose = (
        account_gate(view, Settings.model_validate({"capital": {"daily_loss_limit_pct": limit}}))
        for limit in limits
    )
    assert not (strict is None and loose is not None)


def test_the_model_is_asked_again_at_the_confidence_of_now():
    refused = signal_gate(CLEAN, equity_signal(confidence=0.79), Settings(), AS_OF)
    assert (refused.gate, refused.numbers) == ("MODEL_REFUSED", {"confidence": 0.79, "least": 0.8})
    assert signal_gate(CLEAN, equity_signal(refused=("X",)), Settings(), AS_OF).gate == "MODEL_REFUSED"


@pytest.mark.parametrize(
    ("mode", "promoted", "gate"),
    [
        ("live", False, "MODEL_NOT_PROMOTED"),
        ("live", True, None),
        ("paper", False, None),
        ("simulator", False, None),
    ],
)
def test_real_money_goes_on_the_word_of_a_promoted_model_only(mode, promoted, gate):
    wanted = Settings().model_copy(update={"mode": mode})
    refused = signal_gate(CLEAN, equity_signal(model_promoted=promoted), wanted, AS_OF)
    assert (None if refused is None else refused.gate) == gate
    assert refused is None or "equity-test has not passed its gates" in refused.text


@pytest.mark.parametrize(("hours", "refused"), [(48, "OPTION_COOLDOWN"), (1, "OPTION_COOLDOWN"), (0, None)])
def test_an_option_on_its_way_is_as_good_as_one_that_was_just_entered(hours, refused):
    coming = Reservation(symbol="BANKNIFTY", strategy="other", option=True, exposure=D(1), as_of=AS_OF)
    view = changed(CLEAN, state=CLEAN.state.evolve(reservations={"o1": coming}))
    wanted = Settings.model_validate(
        {"risk": {"max_concurrent_options": 2}, "options": {"cooldown_hours": hours}}
    )
    found = signal_gate(view, option_signal(), wanted, AS_OF)
    assert (None if found is None else found.gate) == refused
    assert signal_gate(view, equity_signal(), wanted, AS_OF) is None


def test_margin_that_foreign_positions_hold_is_not_there_for_a_lot():
    store = MemoryStore()
    # 65 units at 100 with the buffer of 10 % are 7,150.
    for net, gate in ((7_150, None), (7_149.99, "MARGIN_INSUFFICIENT")):
        note_funds(store, "main", {"equity": {"net": net}}, "paper", NOW)
        view = view_account(store, "main", AS_OF, NOW, Settings())
        refused = signal_gate(view, option_signal(), Settings(), AS_OF)
        assert (refused and refused.gate) == gate
    assert view_account(store, "main", AS_OF, NOW + timedelta(minutes=11), Settings()).free_funds is None
    note_funds(store, "main", {"equity": {}}, "paper", NOW)
    assert view_account(store, "main", AS_OF, NOW, Settings()).free_funds == D("7149.99")


def test_latency_is_the_median_of_the_last_five_recent_calls():
    store = MemoryStore()
    for took in (9_000, 100, 9_000, 200):
        note_call(store, "main", took, NOW)
    assert median_latency_ms(store, "main", NOW) is None
    note_call(store, "main", 501, NOW)
    assert median_latency_ms(store, "main", NOW) == 501
    note_call(store, "main", 50, NOW)
    assert median_latency_ms(store, "main", NOW) == 200
    assert median_latency_ms(store, "main", NOW + timedelta(minutes=11)) is None


def test_unexpected_errors_are_counted_and_expected_ones_are_not():
    store, clock = MemoryStore(), FixedClock()
    for error in (KeyError("x"), TryAgain("busy"), ZeroDivisionError()):
        with pytest.raises(type(error)), counting_failures(store, clock, "main"):
            raise error
    assert failures_now(store, "main", clock.now()) == 2
    assert failures_now(store, "other", clock.now()) == 0
    clock.advance(120)
    assert failures_now(store, "main", clock.now()) == 0


def test_an_address_that_the_preflight_found_wrong_stops_real_orders_only():
    store = MemoryStore()
    checks = [{"name": "egress_ip", "passed": False, "found": "not observed"}]
    store.write(Put(preflight_key(AS_OF.date()), {"mode": "live", "passed": False, "checks": checks}))
    live = view_account(store, "main", AS_OF, NOW, Settings(mode="live"))
    assert account_gate(live, Settings(mode="live")).gate == "EGRESS_IP_MISMATCH"
    assert account_gate(view_account(store, "main", AS_OF, NOW, Settings()), Settings()) is None


def closed(minutes_ago, symbol="TCS", reason="STOP", pnl="-100"):
    return position(
        symbol,
        position_id=f"P{symbol}{minutes_ago}",
        state="CLOSED",
        exited_quantity=100,
        exit_reason=reason,
        exit_time=AS_OF - timedelta(minutes=minutes_ago),
        realised_pnl=D(pnl),
    )


@pytest.mark.parametrize(
    ("trades", "gate"),
    [
        ([closed(50), closed(40), closed(30)], "STOP_LOSS_GUARD"),
        ([closed(50), closed(40)], None),
        # Too far apart.
        ([closed(100), closed(50), closed(30)], None),
        # The pause of an hour is over.
        ([closed(90), closed(80), closed(60)], None),
        ([closed(90), closed(80), closed(59)], "STOP_LOSS_GUARD"),
        ([closed(50), closed(40), closed(30, reason="TARGET", pnl="100")], None),
        ([closed(50), closed(40), closed(30, reason="TRAILING_STOP", pnl="50")], None),
        ([closed(50), closed(40), closed(30, reason="TRAILING_STOP")], "STOP_LOSS_GUARD"),
    ],
)
def test_several_stops_within_the_window_pause_entries(trades, gate):
    view = changed(CLEAN, closed=PositionBook.of(trades).closed)
    refused = signal_gate(view, equity_signal("INFY"), Settings(), AS_OF)
    assert (refused and refused.gate) == gate


@pytest.mark.parametrize(
    ("minutes", "symbol", "gate"), [(14, "INFY", "SYMBOL_COOLDOWN"), (15, "INFY", None), (14, "TCS", None)]
)
def test_a_symbol_cools_down_after_its_exit(minutes, symbol, gate):
    view = changed(CLEAN, closed=PositionBook.of([closed(minutes, symbol, "TARGET", "200")]).closed)
    refused = signal_gate(view, equity_signal("INFY"), Settings(), AS_OF)
    assert (refused and refused.gate) == gate


def test_protections_see_what_the_store_holds_of_the_mode_in_force():
    store = MemoryStore()
    trades = [closed(50), closed(40), closed(30)]
    store.write(*(create(trade) for trade in trades))
    view = view_account(store, "main", AS_OF, NOW, Settings())
    assert signal_gate(view, equity_signal(), Settings(), AS_OF).gate == "STOP_LOSS_GUARD"
    live, promoted = Settings(mode="live"), equity_signal(model_promoted=True)
    assert signal_gate(view_account(store, "main", AS_OF, NOW, live), promoted, live, AS_OF) is None
