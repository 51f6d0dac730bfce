"""What is used of every limit: the same figures by which entries are sized and refused."""

from dataclasses import replace as changed
from datetime import timedelta
from decimal import Decimal

import pytest

from patang.approvals.requests.record import AskedOn
from patang.desk_view.budgets import budgets, fullest_underlying
from patang.execution.reconciliation.record import ForeignPosition
from patang.portfolio.account_state import AccountDay, Reservation, RiskState
from patang.portfolio.position_book import PositionBook
from patang.risk.account_view import AccountView
from patang.settings import Settings
from tests.unit.risk.samples import AS_OF, equity_signal, option_signal, position

D = Decimal
NOTHING = AskedOn(account="main", day=AS_OF.date())
CLEAN = AccountView(RiskState(account="main"), AccountDay(account="main", day=AS_OF.date()), (), D(0))
COMING = Reservation(
    symbol="NIFTY", strategy="long_options", option=True, exposure=D(6_500), risk_amount=D(2_700), as_of=AS_OF
)
HELD = changed(
    CLEAN,
    state=CLEAN.state.evolve(
        reservations={"o1": COMING}, realised_total=D(-1_000), peak_realised=D(400), net_paid_in=D(20_000)
    ),
    positions=(position("INFY"), position("TCS", quantity=50)),
    unrealised=D(-300),
    of_the_day=D(-1_300),
    to_stops=D(900),
    free_funds=D(90_000),
    latency_ms=212.5,
    failures=2,
)


def used(view, settings=None, asked=NOTHING, as_of=AS_OF):
    found = budgets(view, settings or Settings(), asked, as_of)
    return {(one.limit, one.of): (one.used, one.allowed) for one in found}


def stopped(minutes_ago, pnl="-100", reason="STOP"):
    return position(
        "TCS",
        position_id=f"P{minutes_ago}",
        state="CLOSED",
        exited_quantity=100,
        exit_reason=reason,
        exit_time=AS_OF - timedelta(minutes=minutes_ago),
        realised_pnl=D(pnl),
    )


def test_every_limit_is_told_with_what_is_used_of_it():
    assert used(HELD, asked=NOTHING.evolve(orders=3, value=D(41_000))) == {
        ("daily_loss", None): (1_300, 9_600),
        ("loss_at_stops", None): (4_900, 9_600),
        ("drawdown", None): (1_700, 32_000),
        ("exposure", None): (21_500, 95_700),
        ("positions", None): (3, 2),
        ("options", None): (1, 1),
        ("underlying", "INFY"): (10_000, 31_900),
        ("strategy", "equity"): (15_000, 63_800),
        ("strategy", "long_options"): (6_500, 31_900),
        ("cash", None): (21_800, 287_100),
        ("funds", None): (14_090.91, 90_000),
        ("losing_stops", None): (0, 3),
        ("broker_latency", None): (212.5, 500),
        ("errors", None): (2, 5),
        ("orders_asked", None): (3, 20),
        ("value_asked", None): (41_000, 300_000),
    }


@pytest.mark.parametrize("signal", [equity_signal("INFY"), option_signal()])
@pytest.mark.parametrize("view", [CLEAN, HELD, changed(HELD, free_funds=D(4_000), of_the_day=D(-9_000))])
def test_what_is_left_is_what_a_purchase_is_sized_by(view, signal):
    found, room = used(view), view.headroom(signal, Settings())

    def left(limit, of=None):
        spent, allowed = found[limit, of]
        return max(allowed - spent, 0)

    assert left("exposure") == room.portfolio
    assert left("strategy", signal.strategy) == room.strategy
    assert left("cash") == room.cash
    assert left("loss_at_stops") == room.daily_loss
    if room.funds is not None:
        assert left("funds") == pytest.approx(float(room.funds), abs=0.01)
    if ("underlying", signal.underlying) in found:
        assert left("underlying", signal.underlying) == room.symbol


def test_what_nobody_has_told_is_not_known_and_never_zero():
    found = used(CLEAN)
    assert found["funds", None] == (None, None)
    assert found["broker_latency", None] == (None, 500)


def test_a_gain_uses_nothing_of_a_limit_of_losses():
    found = used(changed(CLEAN, of_the_day=D(700), unrealised=D(700)))
    assert found["daily_loss", None] == (0, 9_000)
    assert found["loss_at_stops", None] == (0, 9_000)
    assert found["cash", None] == (0, 270_000)


def test_stops_count_while_the_guard_looks_back_and_if_they_lost():
    trades = [stopped(59), stopped(61), stopped(10, "50", "TRAILING_STOP"), stopped(20, reason="TARGET")]
    view = changed(CLEAN, closed=PositionBook.of(trades).closed)
    assert used(view)["losing_stops", None] == (1, 3)
    assert used(view, as_of=AS_OF - timedelta(minutes=5))["losing_stops", None] == (2, 3)


def test_what_the_owner_bought_beside_the_desk_is_no_strategys():
    foreign = ForeignPosition(exchange="NSE", symbol="SBIN", product="MIS", quantity=10, price=D(800))
    found = used(changed(CLEAN, foreign=(foreign,)))
    assert found["exposure", None][0] == 8_000
    assert found["strategy", "equity"][0] == 0


def test_of_many_underlyings_the_fullest_is_the_one_that_sizing_would_find_fullest():
    foreign = ForeignPosition(exchange="NSE", symbol="TCS", product="MIS", quantity=90, price=D(100))
    for view in (CLEAN, HELD, changed(HELD, foreign=(foreign,))):
        names = sorted(view.underlyings)
        expected = max(names, key=view.exposure, default=None)
        rupees = D(0) if expected is None else view.exposure(expected)
        assert fullest_underlying(view) == (expected, rupees)
    assert fullest_underlying(changed(HELD, foreign=(foreign,)))[0] == "TCS"


def test_a_strategy_of_somebody_elses_has_a_share_once_it_holds_something(monkeypatch):
    names = ("equity", "long_options", "mine")
    monkeypatch.setattr("patang.desk_view.budgets.strategy_names", lambda: names)
    assert ("strategy", "mine") not in used(CLEAN)
    bought = Reservation(symbol="NIFTY", strategy="mine", option=True, exposure=D(100), as_of=AS_OF)
    view = changed(CLEAN, state=CLEAN.state.evolve(reservations={"o1": bought}))
    assert used(view)["strategy", "mine"] == (100, 30_000)


def test_what_programs_may_do_alone_is_told_where_they_may():
    alone = Settings.model_validate({"requests": {"assistant_alone_inr": 5_000}})
    assert ("programs_alone", None) not in used(CLEAN)
    found = used(CLEAN, alone, NOTHING.evolve(alone=D(12_000)))
    assert found["programs_alone", None] == (12_000, 50_000)


def test_each_names_a_setting_that_there_is():
    from patang.settings.table import table

    known = {row.path for row in table()}
    assert {one.setting for one in budgets(HELD, Settings(), NOTHING, AS_OF)} <= known
