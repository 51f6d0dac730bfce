"""From all strategies' signals to the order in which an account looks at them."""

from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.strategies.aggregator import aggregate, family_of, rank
from patang.strategies.signal import Signal
from tests.unit.risk.samples import equity_signal, option_signal

D = Decimal


@dataclass(frozen=True)
class Assessed:
    signal: Signal
    merit: Decimal


def wish(signal: Signal, merit: str) -> Assessed:
    return Assessed(signal, D(merit))


def gates(left_out):
    return {signal_id: refusal.gate for signal_id, refusal in left_out.items()}


def told(left_out):
    return [str(refusal) for refusal in left_out.values()]


class TestAggregate:
    def test_the_same_contract_from_two_strategies_is_wanted_once_by_the_surer(self):
        signals = [
            option_signal(signal_id="S-1", confidence=0.85),
            option_signal(signal_id="S-2", confidence=0.90),
            equity_signal("INFY", confidence=0.80),
        ]
        kept, left_out = aggregate(signals)
        assert [signal.signal_id for signal in kept] == ["S-2", "S-INFY"]
        assert gates(left_out) == {"S-1": "DUPLICATE"}
        assert told(left_out) == ["NIFTY26AUG25000CE: DUPLICATE (confidence 0.85 not > 0.9)"]

    def test_a_call_and_a_put_at_once_contradict_each_other(self):
        signals = [
            option_signal("NIFTY26AUG25000CE"),
            option_signal("NIFTY26AUG24500PE", signal_type="PUT"),
            equity_signal(),
        ]
        kept, left_out = aggregate(signals)
        assert [signal.symbol for signal in kept] == ["INFY"]
        assert set(gates(left_out).values()) == {"CONTRADICTION"}
        assert len(left_out) == 2

    def test_two_strikes_of_one_index_both_go_on_to_the_gates(self):
        signals = [option_signal("NIFTY26AUG25000CE"), option_signal("NIFTY26AUG25100CE")]
        assert aggregate(signals)[1] == {}

    def test_the_order_of_signals_does_not_matter(self):
        signals = [equity_signal(symbol, confidence=0.5) for symbol in ("TCS", "INFY", "SBIN")]
        assert aggregate(signals) == aggregate(reversed(signals))


class TestRank:
    def test_expected_net_profit_for_each_rupee_at_risk_goes_first(self):
        sure = wish(equity_signal("TCS", confidence=0.95), "0.10")
        worth = wish(equity_signal("INFY", confidence=0.85), "0.20")
        ranked, left_out = rank([sure, worth])
        assert (ranked, left_out) == ([worth, sure], {})

    def test_of_two_contracts_on_one_underlying_the_better_is_left(self):
        near, far = option_signal("NIFTY26AUG25000CE"), option_signal("NIFTY26AUG25100CE")
        ranked, left_out = rank([wish(near, "0.1"), wish(far, "0.2")])
        assert [w.signal for w in ranked] == [far]
        assert told(left_out) == ["NIFTY26AUG25000CE: DUPLICATE (merit 0.1 not > 0.2)"]

    def test_two_indices_move_together_and_two_shares_do_not(self):
        nifty = wish(option_signal("NIFTY26AUG25000CE"), "0.1")
        bank = wish(option_signal("BANKNIFTY26AUG56000CE", underlying="BANKNIFTY"), "0.2")
        shares = [wish(equity_signal(symbol), "0.05") for symbol in ("INFY", "TCS")]
        ranked, left_out = rank([nifty, bank, *shares])
        assert [w.signal.symbol for w in ranked] == ["BANKNIFTY26AUG56000CE", "INFY", "TCS"]
        assert gates(left_out) == {"S-NIFTY26AUG25000CE": "CORRELATED"}

    @pytest.mark.parametrize(("held", "gate"), [("NIFTY", "DUPLICATE"), ("BANKNIFTY", "CORRELATED")])
    def test_what_is_held_is_in_the_way_too(self, held, gate):
        ranked, left_out = rank([wish(option_signal(), "9")], {held})
        assert (ranked, gates(left_out)) == ([], {"S-NIFTY26AUG25000CE": gate})
        assert "held_of_the_family 1 not <= 0" in told(left_out)[0]

    @given(
        st.lists(
            st.tuples(
                st.sampled_from(["NIFTY", "BANKNIFTY", "INFY", "TCS", "SBIN"]),
                st.decimals(-1, 1, places=2),
            ),
            max_size=12,
        ),
        st.sets(st.sampled_from(["NIFTY", "TCS"])),
        st.randoms(),
    )
    def test_whatever_is_wished_for_no_two_of_a_family_stand_and_nobody_is_forgotten(
        self, wanted, held, shuffle
    ):
        wishes = [
            wish(equity_signal(name, signal_id=f"S-{n}", underlying=name), str(merit))
            for n, (name, merit) in enumerate(wanted)
        ]
        ranked, left_out = rank(wishes, held)
        families = [family_of(w.signal.underlying) for w in ranked] + [family_of(name) for name in held]
        assert len(families) == len(set(families))
        assert [w.merit for w in ranked] == sorted((w.merit for w in ranked), reverse=True)
        assert {w.signal.signal_id for w in ranked} | left_out.keys() == {w.signal.signal_id for w in wishes}
        shuffle.shuffle(wishes)
        assert rank(wishes, held) == (ranked, left_out)
