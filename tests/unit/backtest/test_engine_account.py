"""An account in a backtest: gates, shared capital, reservations, pauses, breaker, sessions, results."""

from datetime import timedelta

import numpy as np
import pytest

from patang.backtest.engine import backtest
from patang.backtest.fills import FillTerms
from patang.errors import BadInput
from patang.strategies.base import Findings
from patang.strategies.deciding import decide_minutes, find
from patang.strategies.market import Market
from patang.strategies.playbook.equity import Equity
from tests.unit.backtest.engine_cases import (
    CALL,
    DAY,
    FILLS,
    INFY,
    NEXT_DAY,
    PUT,
    SBIN,
    D,
    Sure,
    Wishes,
    at,
    bars,
    flat,
    joined,
    run,
    settings,
    wish,
)

QUIET = bars(*flat("09:50", "15:29"))
# Opens far below the stop of an entry at 10:00.
GAP = bars(*flat("09:50", "10:00"), *flat("10:01", "15:29", 95.0))
# Falls through that stop within the minute of 10:01, and stays there.
FALLS = bars(*flat("09:50", "10:00"), ("10:01", 100, 100, 97, 97), *flat("10:02", "15:29", 97.0))


def test_a_symbol_is_exposed_to_its_share_of_the_capital() -> None:
    (trade,) = run({"10:00": [wish()]}, {SBIN: QUIET}).trades
    # 10 % of 300,000 rupees, at 1 % above the price: what it may drift until the order is sent.
    assert trade.quantity == int(D(30_000) / D("101"))


def test_a_strategy_has_its_share_of_one_capital() -> None:
    """Two shares of 10 % each fill the 20 % of the strategy; a third finds nothing."""
    itc = SBIN.model_copy(update={"tradingsymbol": "ITC", "name": "ITC", "instrument_token": 9})
    chosen = settings(risk={"max_concurrent_positions": 5})
    wanted = {"10:00": [wish()], "10:05": [wish(INFY)], "10:10": [wish(itc)]}
    result = run(wanted, {SBIN: QUIET, INFY: QUIET, itc: QUIET}, chosen=chosen)
    assert sorted(trade.symbol for trade in result.trades) == ["INFY", "ITC", "SBIN"]
    quantities = {trade.symbol: trade.quantity for trade in result.trades}
    assert quantities["ITC"] < quantities["SBIN"] / 10


def test_what_is_held_or_on_its_way_is_not_bought_again() -> None:
    wanted = {"10:00": [wish()], "10:01": [wish()], "10:05": [wish()]}
    result = run(wanted, {SBIN: QUIET}, FillTerms(2, 1.0))
    assert len(result.trades) == 1
    assert result.refusals["ALREADY_HELD"] == 2


def test_the_number_of_positions_is_bound() -> None:
    chosen = settings(risk={"max_concurrent_positions": 1})
    result = run({"10:00": [wish(), wish(INFY)]}, {SBIN: QUIET, INFY: QUIET}, chosen=chosen)
    assert len(result.trades) == 1
    assert result.refusals["MAX_CONCURRENT_REACHED"] == 1


def test_options_and_shares_share_the_account() -> None:
    chosen = settings(capital={"starting_capital_inr": 1_000_000})
    wanted = {"10:00": [wish(), wish(CALL, stop="70", target="150")], "11:00": [wish(CALL, stop="70")]}
    result = run(wanted, {SBIN: QUIET, CALL: QUIET}, chosen=chosen)
    assert sorted(trade.signal_type for trade in result.trades) == ["BUY", "CALL"]
    assert {trade.product for trade in result.trades} == {"MIS"}
    (option,) = (trade for trade in result.trades if trade.signal_type == "CALL")
    assert option.quantity % CALL.lot_size == 0


def test_an_option_pauses_the_next_one_from_its_fill() -> None:
    path = bars(*flat("09:50", "10:00"), ("10:01", 100, 160, 100, 160), *flat("10:02", "15:29"))
    chosen = settings(capital={"starting_capital_inr": 1_000_000})
    wanted = {clock: [wish(CALL, stop="70", target="150")] for clock in ("10:00", "11:00")}
    result = run(wanted, {CALL: path}, chosen=chosen)
    assert [trade.exit_reason for trade in result.trades] == ["TARGET"]
    assert result.refusals["OPTION_COOLDOWN"] == 1


def test_a_symbol_pauses_after_its_sale() -> None:
    chosen = settings(risk={"symbol_cooldown_minutes": 15, "max_symbol_exposure_pct": 10})
    wanted = {
        "10:00": [wish()],
        "10:10": [wish(price="97", stop="90")],
        "10:20": [wish(price="97", stop="90")],
    }
    result = run(wanted, {SBIN: FALLS}, chosen=chosen)
    assert [trade.decided_at for trade in result.trades] == [at("10:00"), at("10:20")]
    assert result.refusals["SYMBOL_COOLDOWN"] == 1


def test_stops_in_a_row_pause_everything() -> None:
    chosen = settings(risk={"stop_loss_guard_stops": 1, "stop_loss_guard_pause_minutes": 60})
    wanted = {"10:00": [wish()], "10:30": [wish(INFY)], "11:10": [wish(INFY)]}
    result = run(wanted, {SBIN: FALLS, INFY: QUIET}, chosen=chosen)
    assert [trade.decided_at for trade in result.trades] == [at("10:00"), at("11:10")]
    assert result.refusals["STOP_LOSS_GUARD"] == 1


def test_the_loss_of_a_day_ends_its_entries_and_not_those_of_the_next() -> None:
    later = bars(*flat("09:15", "15:29"), day=NEXT_DAY)
    chosen = settings(capital={"daily_loss_limit_pct": D("0.25")})
    tape = Wishes(
        {at("10:00"): [wish()], at("11:00"): [wish(INFY)], at("10:00", NEXT_DAY): [wish(INFY)]},
        {SBIN: GAP, INFY: joined(QUIET, later)},
    )
    result = backtest(tape, lambda: {"equity": Sure()}, (), chosen, fills=FILLS)
    assert [trade.decided_at for trade in result.trades] == [at("10:00"), at("10:00", NEXT_DAY)]
    assert result.refusals["DAILY_LOSS_LIMIT"] == 1
    assert [day.day for day in result.days] == [DAY, NEXT_DAY]
    assert result.days[0].realised == sum(t.net_pnl for t in result.trades if t.symbol == "SBIN").quantize(
        D("0.01")
    )


def test_a_limit_that_was_passed_and_is_not_any_more_has_been_passed() -> None:
    """The open position falls by a limit's worth for some minutes, above its stop, and comes back."""
    dip = bars(*flat("09:50", "10:29"), *flat("10:30", "10:33", 96.0), *flat("10:34", "15:29"))
    chosen = settings(capital={"max_drawdown_pct": D("0.3")})
    wanted = {"10:00": [wish(stop="95.5", target="130")], "11:00": [wish(INFY)]}
    deep = run(wanted, {SBIN: dip, INFY: QUIET}, chosen=chosen)
    assert [(trade.symbol, trade.exit_reason) for trade in deep.trades] == [("SBIN", "TIME")]
    assert deep.refusals["MAX_DRAWDOWN"] == 1
    calm = run(wanted, {SBIN: QUIET, INFY: QUIET}, chosen=chosen)
    assert sorted(trade.symbol for trade in calm.trades) == ["INFY", "SBIN"]


def test_a_drawdown_halts_until_somebody_resumes_and_nobody_does() -> None:
    later = bars(*flat("09:15", "15:29"), day=NEXT_DAY)
    chosen = settings(capital={"max_drawdown_pct": D("0.2")})
    tape = Wishes(
        {at("10:00"): [wish()], at("10:00", NEXT_DAY): [wish(INFY)]},
        {SBIN: FALLS, INFY: joined(QUIET, later)},
    )
    result = backtest(tape, lambda: {"equity": Sure()}, (), chosen, fills=FILLS)
    assert [trade.symbol for trade in result.trades] == ["SBIN"]
    assert result.refusals["MAX_DRAWDOWN"] == 1


def test_what_contradicts_itself_is_wanted_by_nobody() -> None:
    put = wish(PUT, stop="70")._replace(signal_type="PUT")
    result = run({"10:00": [wish(CALL, stop="70"), put]}, {CALL: QUIET, PUT: QUIET})
    assert result.trades == ()
    assert result.refusals["CONTRADICTION"] == 2


def test_the_opposite_signal_sells_where_it_is_to() -> None:
    against = wish(PUT, stop="70")._replace(signal_type="PUT")
    chosen = settings(exits={"signal_reversal": True}, capital={"starting_capital_inr": 1_000_000})
    wanted = {"10:00": [wish(CALL, stop="70", target="150")], "11:00": [against]}
    result = run(wanted, {CALL: QUIET, PUT: QUIET}, chosen=chosen)
    (trade,) = result.trades
    assert trade.exit_reason == "SIGNAL_REVERSAL"
    assert at("11:00") <= trade.exited_at <= at("11:01")


def test_a_day_without_sourced_charges_is_not_traded_and_named() -> None:
    """No source tells what Zerodha took of an intraday trade in April and May 2020."""
    day = DAY.replace(year=2020, month=4, day=15)
    tape = Wishes({at("10:00", day): [wish()]}, {SBIN: bars(*flat("09:50", "15:29"), day=day)})
    result = backtest(tape, lambda: {"equity": Sure()}, (), settings(), fills=FILLS)
    assert result.trades == ()
    assert list(result.skipped) == [day]
    assert "brokerage" in result.skipped[day]


def test_what_may_be_carried_into_days_without_sourced_charges_is_not_bought() -> None:
    """No source tells what an option cost at the exchange from April 2019 on."""
    day, later = DAY.replace(year=2019, month=3, day=28), DAY.replace(year=2019, month=4, day=2)
    quiet = flat("09:50", "15:29")
    path = joined(bars(*quiet, day=day), bars(*quiet, day=later))
    call = CALL.model_copy(update={"expiry": DAY.replace(year=2019, month=4, day=25)})
    chosen = settings(capital={"starting_capital_inr": 10_000_000}, options={"holding_period": "swing"})
    kept = wish(call, stop="50", target="300", exit_by=at("15:00", later))._replace(holding_period="swing")
    tape = Wishes({at("10:00", day): [kept]}, {call: path})
    result = backtest(tape, lambda: {"long_options": Sure()}, (), chosen, fills=FILLS)
    assert result.trades == ()
    assert "exchange_transaction" in result.skipped[day]
    shorter = Wishes({at("10:00", day): [kept._replace(exit_by=at("15:00", day))]}, {call: path})
    (trade,) = backtest(shorter, lambda: {"long_options": Sure()}, (), chosen, fills=FILLS).trades
    assert trade.exited_at.date() == day


def test_the_last_day_ends_with_what_all_trades_have_made() -> None:
    wide = bars(*flat("09:50", "11:00"), half=0.1)
    result = run({"10:00": [wish()]}, {SBIN: wide})
    assert [trade.exit_reason for trade in result.trades] == ["END"]
    made = sum(trade.net_pnl for trade in result.trades)
    assert result.days[-1].open_positions == 0
    assert result.days[-1].equity == pytest.approx(result.capital + made, abs=D("0.01"))


def test_what_nobody_trades_any_more_is_not_sold_at_its_last_price() -> None:
    """A position whose bars end while those of others go on."""
    days = [bars(*flat("09:50", "15:29"), day=DAY.replace(month=7, day=d)) for d in (1, 2, 14)]
    last = {"stop": "60", "target": "300", "exit_by": at("15:00", DAY.replace(month=7, day=13))}
    chosen = settings(capital={"starting_capital_inr": 10_000_000}, options={"holding_period": "swing"})
    kept = wish(CALL, **last)._replace(holding_period="swing")

    def sold(*later: int) -> D:
        path = joined(QUIET, *(days[n] for n in later))
        (trade,) = run({"10:00": [kept]}, {CALL: QUIET, INFY: path}, chosen=chosen).trades
        assert trade.exit_reason == "END"
        return trade.exit_price

    # A stop may have been passed unseen, and who has let an option expire has nothing.
    assert D(99) < sold()
    assert D(59) < sold(0, 1) < D(61)
    assert sold(2) == CALL.tick_size


def test_no_entry_while_the_market_is_closed() -> None:
    result = run({"15:30": [wish()]}, {SBIN: QUIET})
    assert result.trades == ()
    assert result.refusals["MARKET_CLOSED"] == 1


def test_a_models_no_is_counted_and_it_is_asked_about_ever_more_minutes_together() -> None:
    doubtful = Sure()
    doubtful.p_win = 0.5
    wanted = {at("10:00") + timedelta(minutes=m): [wish()] for m in range(50)}
    tape = Wishes(wanted, {SBIN: QUIET})
    result = backtest(tape, lambda: {"equity": doubtful}, (), settings(), fills=FILLS)
    assert result.trades == ()
    assert result.refusals["CONFIDENCE_TOO_LOW"] == 50
    assert doubtful.asked == [1, 2, 4, 8, 16, 19]


def test_the_future_changes_no_trade_of_the_past() -> None:
    rng = np.random.default_rng(3)
    steps = 100 + rng.normal(0, 0.4, 330).cumsum()
    rows = [
        (f"{at('10:00') + timedelta(minutes=m):%H:%M}", p, p + 0.3, p - 0.3, p)
        for m, p in enumerate(np.round(steps * 20) / 20)
    ]
    whole, cut = bars(*rows), bars(*rows[:120])
    wanted = {
        f"{at(row[0]):%H:%M}": [wish(price=str(row[1]), stop=str(row[1] - 1), target=str(row[1] + 1.5))]
        for row in rows[5:115:5]
    }
    long, short = run(wanted, {SBIN: whole}), run(wanted, {SBIN: cut})
    ended = [trade for trade in short.trades if trade.exit_reason != "END"]
    assert len(ended) >= 3
    assert list(long.trades[: len(ended)]) == ended


def test_the_same_run_twice_is_the_same_to_the_byte() -> None:
    made = [run({"10:00": [wish(), wish(INFY)]}, {SBIN: FALLS, INFY: QUIET}) for _ in range(2)]
    assert made[0].model_dump_json() == made[1].model_dump_json()


def test_a_tape_without_bars_is_told() -> None:
    empty = Wishes({}, {SBIN: bars()})
    with pytest.raises(BadInput, match="no minutes"):
        backtest(empty, dict, (), settings())


def test_a_batch_of_minutes_decides_as_each_minute_alone() -> None:
    class Rising(Equity):
        def generate_signals(self, market, settings):
            return Findings([wish(), wish(INFY)])

    markets = [Market(at("10:00") + timedelta(minutes=m), None, {}, {}, {}) for m in range(3)]
    model = Sure()
    found = [find(market, [Rising()], settings()) for market in markets]
    together = decide_minutes(found, lambda: {"equity": model}, settings(), 90, explained=False)
    alone = [
        decide_minutes([one], lambda: {"equity": model}, settings(), 90, explained=False)[0] for one in found
    ]
    assert together == alone
    assert model.asked == [6, 2, 2, 2]
