"""Which signals go on to the accounts."""

from decimal import Decimal

from patang.strategies.aggregator import aggregate
from tests.unit.risk.samples import equity_signal, option_signal

D = Decimal


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
