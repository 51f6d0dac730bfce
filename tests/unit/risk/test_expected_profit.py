"""Expected profit by hand, and the bounds that no regressor may argue away."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from patang.errors import StopTrading
from patang.risk.charges import round_trip_charges
from patang.risk.expected_profit import expected_profit
from patang.risk.sizing import segment_of_signal
from patang.risk.slippage import Slippage
from patang.strategies.signal import Signal
from tests.unit.risk.samples import AS_OF, equity_signal, option_signal

D = Decimal


def test_an_equity_worked_out_by_hand():
    found = expected_profit(equity_signal(), 300)
    # Buy 30,000, sell 30,450 on 2026-08-18: brokerage 0.03 % = 9 + 9.135; STT 0.025 % of 30,450 = 7.6, so 8;
    # transaction 0.00307 % of 60,450 = 1.855815; SEBI 0.06045; stamp 0.003 % of 30,000 = 0.9, so 1;
    # GST 18 % of (18.135 + 1.855815 + 0.06045) = 3.6092277.
    assert found.gross == D(450)
    assert found.charges.total == D("18.135") + 8 + D("1.855815") + D("0.06045") + 1 + D("3.6092277")
    assert found.spread == D("0.05") * 300
    assert found.slippage == 2 * D("0.0002") * 30_000
    assert found.net == found.gross - found.charges.total - found.spread - found.slippage
    # Sold at 100.20 for 30,060: brokerage 9 + 9.018, STT and stamp duty 8 + 1, transaction 1.8438, SEBI 0.06,
    # GST 3.586: 32.508. With 15 of spread and 12 of slippage, 300 shares must each earn 0.1984: four ticks.
    assert found.break_even_price == D("100.20")
    assert found.break_even_pct == D("0.2")


def test_an_option_pays_flat_brokerage_whatever_its_size():
    small, large = expected_profit(option_signal(), 65), expected_profit(option_signal(), 650)
    assert small.charges.brokerage == large.charges.brokerage == 40
    assert large.break_even_pct < small.break_even_pct


def test_a_gain_is_at_most_the_target_as_often_as_it_wins():
    boastful = expected_profit(equity_signal(expected_return_pct=50.0, confidence=0.5), 300)
    assert boastful.gross == D("0.5") * 3 * 300


def test_a_loss_is_at_most_the_stop_as_often_as_it_loses():
    gloomy = expected_profit(equity_signal(expected_return_pct=-50.0, confidence=0.75), 300)
    assert gloomy.gross == -D("0.25") * 1 * 300


def test_a_day_without_sourced_charges_is_refused():
    with pytest.raises(StopTrading, match=r"rates\.csv"):
        expected_profit(equity_signal(as_of=AS_OF.replace(year=2015)), 300)


@hypothesis_settings(deadline=None)
@given(
    st.floats(0, 1),
    st.floats(-100, 100),
    st.integers(1, 500),
    st.decimals(D(90), D("99.95"), places=2),
)
def test_net_is_gross_less_costs_and_gross_stays_between_stop_and_target(p_win, expected, quantity, bid):
    signal = equity_signal(confidence=round(p_win, 4), expected_return_pct=expected, bid=bid)
    found = expected_profit(signal, quantity)
    assert -1 * quantity <= found.gross <= 3 * quantity
    assert found.net < found.gross
    assert found.spread == (100 - bid) * quantity


class TestCosts:
    """Each cost takes from the profit what it is, and nothing else does."""

    def test_a_wider_spread_costs_its_width(self):
        narrow, wide = expected_profit(option_signal(), 65), expected_profit(option_signal(bid=D(99)), 65)
        assert narrow.net - wide.net == 65 * D("0.80")
        assert wide.break_even_price > narrow.break_even_price

    def test_slippage_that_was_seen_costs_twice_its_percentage(self):
        learned = Slippage({("options", "small"): (30, 30 * D("1.25"))})
        before, after = expected_profit(option_signal(), 65), expected_profit(option_signal(), 65, learned)
        # 0.25 % were assumed, 1.25 % seen as often as the assumption weighs: 0.75 % a side.
        assert after.slippage == 2 * D("0.0075") * 6_500
        assert before.net - after.net == 2 * D("0.0050") * 6_500
        assert after.break_even_price > before.break_even_price

    def test_dearer_charges_cost_their_difference(self):
        """STT on the sale of options rose from 0.1 % to 0.15 % on 2026-04-01."""
        before = expected_profit(option_signal(as_of=AS_OF.replace(month=3, day=30)), 650)
        after = expected_profit(option_signal(as_of=AS_OF.replace(month=4, day=1)), 650)
        assert after.charges.stt > before.charges.stt
        assert before.net - after.net == after.charges.total - before.charges.total
        assert after.break_even_price > before.break_even_price

    def test_a_larger_order_is_assumed_to_slip_further(self):
        small, large = expected_profit(option_signal(), 65), expected_profit(option_signal(), 65 * 50)
        assert large.slippage > 50 * small.slippage

    def test_delivery_pays_the_depository_and_no_brokerage(self):
        found = expected_profit(equity_signal(holding_period="swing"), 300)
        assert (found.charges.brokerage, found.charges.dp) == (0, D("15.34"))
        assert found.charges.stt > expected_profit(equity_signal(), 300).charges.stt


def profit_at(signal: Signal, quantity: int, exit_price: Decimal, slippage: Decimal) -> Decimal:
    """What is left of a sale at this price, with the charges of this price."""
    charges = round_trip_charges(
        segment_of_signal(signal), signal.exchange, signal.entry_price, exit_price, quantity, AS_OF.date()
    )
    spread = (signal.ask - signal.bid) * quantity
    return (exit_price - signal.entry_price) * quantity - charges.total - spread - slippage


@hypothesis_settings(deadline=None)
@given(
    st.booleans(),
    st.integers(20, 40_000),
    st.integers(1, 60),
    st.integers(1, 20),
    st.sampled_from([D("0.05"), D("0.01"), D("0.10")]),
)
def test_at_the_break_even_price_nothing_is_lost_and_a_tick_below_something_is(
    option, steps, lots, spread, tick
):
    prices = {
        "tick_size": tick,
        "entry_price": steps * tick,
        "ask": steps * tick,
        "bid": max(steps - spread, 1) * tick,
        "stop_loss_price": steps * tick / 2,
        "target_price": 2 * steps * tick,
    }
    signal = option_signal(**prices) if option else equity_signal(**prices)
    quantity = 65 * lots if option else lots
    found = expected_profit(signal, quantity)
    even = found.break_even_price
    assert even % tick == 0
    assert profit_at(signal, quantity, even, found.slippage) >= 0
    assert profit_at(signal, quantity, even - tick, found.slippage) < 0
    assert found.break_even_pct == 100 * (even - signal.entry_price) / signal.entry_price


@hypothesis_settings(deadline=None)
@given(st.decimals(D(90), D("99.95"), places=2), st.decimals(D(90), D("99.95"), places=2))
def test_profit_falls_and_break_even_rises_with_the_spread(bid, other):
    lower, higher = sorted((bid, other))
    wide, narrow = (expected_profit(equity_signal(bid=b), 300) for b in (lower, higher))
    assert wide.net <= narrow.net
    assert wide.break_even_price >= narrow.break_even_price


percents = st.decimals(D(-5), D(5), places=6)


@hypothesis_settings(deadline=None)
@given(st.integers(1, 300), percents, percents)
def test_profit_falls_with_what_fills_have_slipped(fills, mean, other):
    less, more = (
        expected_profit(equity_signal(), 300, Slippage({("equity", "small"): (fills, fills * pct)}))
        for pct in sorted((mean, other))
    )
    assert more.net <= less.net
    assert more.slippage >= less.slippage >= 0


@hypothesis_settings(deadline=None)
@given(st.floats(0, 1), st.floats(0, 1), st.floats(-100, 100))
def test_profit_grows_with_the_chance_to_win(p_win, other, expected):
    less, more = (
        expected_profit(equity_signal(confidence=round(p, 4), expected_return_pct=expected), 300)
        for p in sorted((p_win, other))
    )
    assert more.gross >= less.gross
