"""Expected profit by hand, and the bounds that no regressor may argue away."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.errors import StopTrading
from patang.risk.expected_profit import expected_profit
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
    assert found.break_even_pct == 100 * (found.gross - found.net) / 30_000


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
