"""Exits, and which signals go on to the accounts."""

from datetime import timedelta
from decimal import Decimal

import pytest

from patang.strategies.aggregator import aggregate
from patang.strategies.exits import exit_reason
from tests.unit.risk.samples import AS_OF, equity_signal, option_signal, position

D = Decimal


@pytest.mark.parametrize(
    ("price", "minutes", "reason"),
    [
        ("99.05", 0, None),
        ("99.00", 0, "STOP"),
        ("80.00", 0, "STOP"),
        ("102.95", 0, None),
        ("103.00", 0, "TARGET"),
        ("100.00", 299, None),
        ("100.00", 300, "TIME"),
        # Out of time and through a level: the level is the reason.
        ("99.00", 300, "STOP"),
        ("103.00", 300, "TARGET"),
    ],
)
def test_stop_then_target_then_time(price, minutes, reason):
    assert exit_reason(position(), D(price), AS_OF + timedelta(minutes=minutes)) == reason


def test_a_position_without_a_time_never_runs_out_of_it():
    held = position(exit_by=None)
    assert exit_reason(held, D(100), AS_OF + timedelta(days=30)) is None


def test_the_most_confident_signal_of_an_underlying_stays():
    signals = [
        option_signal("NIFTY26AUG25000CE", confidence=0.5),
        option_signal("NIFTY26AUG25100CE", confidence=0.6),
        equity_signal("INFY", confidence=0.4),
    ]
    kept, left_out = aggregate(signals)
    assert [signal.symbol for signal in kept] == ["NIFTY26AUG25100CE", "INFY"]
    assert left_out == {"S-NIFTY26AUG25000CE": "DUPLICATE"}


def test_a_call_and_a_put_at_once_contradict_each_other():
    signals = [
        option_signal("NIFTY26AUG25000CE"),
        option_signal("NIFTY26AUG24500PE", signal_type="PUT"),
        equity_signal(),
    ]
    kept, left_out = aggregate(signals)
    assert [signal.symbol for signal in kept] == ["INFY"]
    assert set(left_out.values()) == {"CONTRADICTION"}
    assert len(left_out) == 2


def test_the_order_of_signals_does_not_matter():
    signals = [equity_signal(symbol, confidence=0.5) for symbol in ("TCS", "INFY", "SBIN")]
    assert aggregate(signals)[0] == aggregate(reversed(signals))[0]
