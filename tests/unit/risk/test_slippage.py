"""What fills teach: between the prior and what was seen, by class and size, and by mode."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from patang.errors import BadInput
from patang.records import create
from patang.risk.slippage import (
    PRIOR_WEIGHT,
    Slippage,
    SlippageTally,
    instrument_class,
    load_slippage,
    order_size,
    prior_pct,
    slippage_pct,
)
from tests.fakes import MemoryStore

D = Decimal
SMALL = D(50_000)

classes = st.sampled_from(["options", "futures", "equity"])
sizes = st.sampled_from(["small", "medium", "large"])
percents = st.decimals(D(-5), D(5), places=6)


def seen(*percentages: str | Decimal, kind: tuple = ("options", "small")) -> Slippage:
    return Slippage({kind: (len(percentages), sum(map(D, percentages), D(0)))})


class TestAFill:
    @pytest.mark.parametrize(
        ("side", "filled", "percent"),
        [("BUY", "101", "1"), ("BUY", "99.5", "-0.5"), ("SELL", "99", "1"), ("SELL", "100.25", "-0.25")],
    )
    def test_costs_what_it_is_worse_than_expected(self, side, filled, percent):
        assert slippage_pct(side, D(100), D(filled)) == D(percent)

    @pytest.mark.parametrize(("filled", "percent"), [("150", 5), ("0.05", -5)])
    def test_counts_for_five_percent_at_most(self, filled, percent):
        assert slippage_pct("BUY", D(100), D(filled)) == percent

    @pytest.mark.parametrize("expected", ["0", "-1"])
    def test_needs_a_price_to_compare_with(self, expected):
        with pytest.raises(BadInput, match="above zero"):
            slippage_pct("BUY", D(expected), D(100))


class TestTheEstimate:
    def test_is_the_prior_while_nothing_was_seen(self):
        assert Slippage().pct("options", SMALL) == prior_pct("options", "small") == D("0.25")

    def test_leans_on_the_prior_as_on_thirty_fills(self):
        # (30 x 0.25 + 30 x 0.75) / 60, and a single fill of 5 % moves it by less than 0.16.
        assert PRIOR_WEIGHT == 30
        assert seen(*["0.75"] * 30).pct("options", SMALL) == D("0.5")
        assert D("0.25") < seen("5").pct("options", SMALL) < D("0.41")

    def test_comes_to_what_is_seen_with_many_fills(self):
        assert abs(seen(*["0.75"] * 3000).pct("options", SMALL) - D("0.75")) < D("0.006")

    def test_is_never_a_gain(self):
        assert seen(*["-1"] * 100).pct("options", SMALL) == 0

    def test_tells_classes_and_sizes_apart(self):
        learned = seen(*["2"] * 100)
        assert learned.pct("options", SMALL) > 1
        assert learned.pct("options", D(500_000)) == prior_pct("options", "large")
        assert learned.pct("equity-intraday", SMALL) == prior_pct("equity", "small")

    def test_a_larger_order_is_assumed_to_slip_more(self):
        for kind in ("options", "futures", "equity"):
            assert prior_pct(kind, "small") < prior_pct(kind, "medium") < prior_pct(kind, "large")

    def test_delivery_and_intraday_are_one_book(self):
        assert instrument_class("equity-delivery") == instrument_class("equity-intraday") == "equity"
        assert (instrument_class("options"), instrument_class("futures")) == ("options", "futures")

    def test_size_is_the_orders_value(self):
        values = [D(0), D(74_999), D(75_000), D(299_999), D(300_000)]
        assert [order_size(value) for value in values] == ["small", "small", "medium", "medium", "large"]

    @hypothesis_settings(deadline=None)
    @given(st.lists(percents, max_size=200))
    def test_lies_between_the_prior_and_what_was_seen(self, fills):
        prior = prior_pct("options", "small")
        mean = sum(fills, D(0)) / len(fills) if fills else prior
        found = seen(*fills).pct("options", SMALL)
        assert max(min(prior, mean), D(0)) <= found <= max(prior, mean)

    @hypothesis_settings(deadline=None)
    @given(st.lists(percents, min_size=1, max_size=50), percents)
    def test_grows_with_every_fill_that_is_worse_than_it(self, fills, another):
        before = seen(*fills).pct("options", SMALL)
        after = seen(*fills, another).pct("options", SMALL)
        assert after >= before if another >= before else after <= before


class TestTheStore:
    def tally(self, account: str, fills: int, total: str, mode: str = "paper") -> SlippageTally:
        return SlippageTally(
            mode=mode,
            account=account,
            instrument_class="options",
            size="small",
            fills=fills,
            total_pct=D(total),
        )

    def test_the_fills_of_all_accounts_are_taken_together(self):
        store = MemoryStore()
        store.write(create(self.tally("main", 20, "15")), create(self.tally("second", 10, "7.5")))
        assert load_slippage(store, "paper").pct("options", SMALL) == D("0.5")

    def test_what_was_filled_in_another_mode_teaches_nothing(self):
        store = MemoryStore()
        store.write(create(self.tally("main", 1000, "0")))
        assert load_slippage(store, "live").pct("options", SMALL) == prior_pct("options", "small")

    @hypothesis_settings(deadline=None)
    @given(classes, sizes, st.integers(1, 500), percents)
    def test_what_is_stored_is_read_again(self, kind, size, fills, mean):
        store = MemoryStore()
        tally = SlippageTally(
            mode="live",
            account="main",
            instrument_class=kind,
            size=size,
            fills=fills,
            total_pct=mean * fills,
        )
        store.write(create(tally))
        assert load_slippage(store, "live").seen == {(kind, size): (fills, mean * fills)}
