"""What becomes of an entry, on bars that are written by hand."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pytest

from patang.backtest.fills import FillTerms
from patang.backtest.price_bars import PriceBars
from patang.market.instruments import Instrument
from patang.market.sessions import IST
from patang.risk.charges import round_trip_charges
from patang.settings import CapitalSettings, Settings
from patang.strategies.base import Candidate
from patang.strategies.registry import strategy_named
from patang.training.outcomes import Follower, Outcome, Unknown

DAY = date(2026, 6, 29)
AS_OF = datetime(2026, 6, 29, 11, 0, tzinfo=IST)
HALF = 0.05
EQUITY = strategy_named("equity")
SHARE = Instrument(
    instrument_token=7,
    exchange="NSE",
    tradingsymbol="INFY",
    name="INFY",
    instrument_type="EQ",
    segment="NSE",
    tick_size=Decimal("0.05"),
    lot_size=1,
)
WISH = Candidate(
    strategy="equity",
    signal_type="BUY",
    instrument=SHARE,
    entry_price=Decimal("1000.05"),
    stop_loss_price=Decimal("990.05"),
    target_price=Decimal("1020.05"),
    bid=Decimal("999.95"),
    ask=Decimal("1000.05"),
    exit_by=AS_OF + timedelta(minutes=20),
    holding_period="intraday",
    reason="a test",
    inputs={},
)


@dataclass(frozen=True)
class Tape:
    """One share's bars of one day: by the minute after AS_OF in which they start."""

    bars_by_minute: dict[int, tuple[float, float, float, float]]
    source: str = "by hand"
    symbol_bars: int = 0
    prices: str = "recorded"

    @property
    def starts(self):
        return int(AS_OF.timestamp()) + 60 * np.array(sorted(self.bars_by_minute), np.int64)

    @property
    def closes(self):
        return self.starts + 60

    @property
    def skipped(self):
        return {}

    def looks(self, strategies, settings):
        raise AssertionError("what became of an entry asks no rule")

    def bars(self, instrument, after, until):
        assert instrument == SHARE
        kept = (self.starts >= after.timestamp()) & (self.starts < until.timestamp())
        rows = np.array([self.bars_by_minute[m] for m in sorted(self.bars_by_minute)])[kept]
        known = np.full(len(rows), 1e6), np.full(len(rows), HALF)
        return PriceBars(self.starts[kept], *rows.T, *known, self.prices)


def flat(minutes, price=1000.0):
    return dict.fromkeys(minutes, (price, price, price, price))


def follow(bars, settings=None, **terms):
    return Follower(Tape(bars), settings or Settings(), FillTerms(**terms)).follow(EQUITY, WISH, AS_OF)


class TestOutcome:
    def test_a_row_by_hand(self):
        """Bought at 11:01 at the open: half the spread and 0.02 % above it, on the tick."""
        found = follow(flat(range(30)) | {5: (1000, 1001, 980, 985)})
        # 1000.05 and 0.02 % of it; the levels move with it by 0.25.
        paid, stop = Decimal("1000.30"), Decimal("990.30")
        # 990.25 less 0.02 %.
        sold = Decimal("990.05")
        charges = round_trip_charges("equity-intraday", "NSE", paid, sold, found.quantity, DAY).total
        pnl = found.quantity * (sold - paid) - charges
        assert isinstance(found, Outcome)
        assert (found.reason, found.bought, found.left) == (
            "STOP",
            int(AS_OF.timestamp()) + 60,
            int(AS_OF.timestamp()) + 6 * 60,
        )
        assert found.net_pnl == pytest.approx(float(pnl), abs=0.01)
        assert found.net_pct == pytest.approx(float(100 * pnl / (paid * found.quantity)), abs=1e-4)
        assert found.gross_pct == pytest.approx(float(100 * (stop - 1000) / paid))
        assert found.slippage_pct == pytest.approx(float(100 * Decimal("0.45") / paid))

    def test_what_separates_gross_and_net_is_what_it_cost(self):
        found = follow(flat(range(30)))
        paid = 1000.30
        spread = 100 * 2 * HALF / paid
        charges_pct = found.gross_pct - found.net_pct - spread - found.slippage_pct
        assert found.gross_pct == 0
        charges = round_trip_charges(
            "equity-intraday", "NSE", Decimal(str(paid)), Decimal("999.75"), found.quantity, DAY
        )
        assert charges_pct == pytest.approx(100 * float(charges.total) / found.quantity / paid, rel=0.01)

    @pytest.mark.parametrize(
        ("bar", "reason", "gross"),
        [
            ((1000, 1030, 1000, 1025), "TARGET", 2.025),
            ((1000, 1030, 980, 1025), "STOP", -0.975),
            ((985, 1030, 980, 1025), "STOP", -1.5),
            ((1030, 1031, 1029, 1030), "TARGET", 3.0),
        ],
    )
    def test_the_worst_is_assumed_within_a_bar_and_gaps_fill_at_the_open(self, bar, reason, gross):
        found = follow(flat(range(30)) | {5: bar})
        assert found.reason == reason
        assert found.gross_pct == pytest.approx(gross, abs=0.01)

    def test_time_ends_it_at_the_close_of_its_minute(self):
        found = follow(flat(range(30)))
        assert (found.reason, found.left) == ("TIME", int(AS_OF.timestamp()) + 20 * 60)

    def test_an_order_later_is_a_fill_later(self):
        found = follow(flat(range(30)), latency_bars=3)
        assert found.bought == int(AS_OF.timestamp()) + 3 * 60

    def test_what_the_capital_does_not_buy_is_told_of_one_lot(self):
        poor = Settings(capital=CapitalSettings(starting_capital_inr=Decimal(1_000)))
        found = follow(flat(range(30)), settings=poor)
        assert (found.quantity, found.one_lot) == (1, True)
        assert not follow(flat(range(30))).one_lot


class TestOverNight:
    """Bought on Monday for delivery, to go at the latest on Tuesday at 15:00; the market closes at 15:30."""

    WISH = WISH._replace(holding_period="swing", exit_by=AS_OF.replace(day=30, hour=15))
    MONDAY, TUESDAY = range(270), range(22 * 60 + 15, 22 * 60 + 15 + 375)

    def follow(self, bars):
        return Follower(Tape(bars), Settings(), FillTerms()).follow(EQUITY, self.WISH, AS_OF)

    def test_a_gap_through_the_stop_is_sold_at_the_open(self):
        found = self.follow(flat(self.MONDAY) | flat(self.TUESDAY, 970))
        assert (found.reason, found.left) == (
            "STOP",
            int(AS_OF.replace(day=30, hour=9, minute=16).timestamp()),
        )
        assert found.gross_pct == pytest.approx(-3, abs=0.01)

    def test_delivery_is_charged(self):
        found = self.follow(flat(self.MONDAY) | flat(self.TUESDAY))
        assert (found.reason, found.left) == ("TIME", int(AS_OF.replace(day=30, hour=15).timestamp()))
        paid, sold = Decimal("1000.30"), Decimal("999.75")
        charges = round_trip_charges("equity-delivery", "NSE", paid, sold, found.quantity, DAY).total
        assert found.net_pnl == pytest.approx(float(found.quantity * (sold - paid) - charges), abs=0.05)

    def test_a_night_is_no_hole_and_a_lost_morning_is(self):
        late = flat(minute for minute in self.TUESDAY if minute >= self.TUESDAY[0] + 6)
        assert self.follow(flat(self.MONDAY) | late).reason == "HOLE_IN_THE_DATA"
        early = flat(minute for minute in self.MONDAY if minute < 264)
        assert self.follow(early | flat(self.TUESDAY)).reason == "HOLE_IN_THE_DATA"

    def test_no_next_day_has_no_label(self):
        assert self.follow(flat(self.MONDAY)).reason == "HELD_PAST_THE_DATA"


class TestUnknown:
    def test_what_ran_away_was_not_bought(self):
        found = follow({0: (1000, 1000, 1000, 1000)} | flat(range(1, 30), 1010))
        assert found == Unknown("NOT_FILLED")

    def test_a_limit_that_waits_slips_nothing_and_has_not_seen_the_high_before(self):
        """1002.05 and 0.05 to the other side of the book are asked, the limit is 1002.10."""
        dips = {0: (1010, 1010, 1010, 1010), 1: (1010, 1030, 1001, 1002)}
        found = follow(dips | flat(range(2, 30), 1002.05))
        assert (found.reason, found.gross_pct) == ("TIME", 0)
        assert found.slippage_pct == pytest.approx(100 * 0.20 / 1002.10, abs=0.006)

    def test_a_bar_gives_a_tenth_of_its_volume(self):
        class Thin(Tape):
            def bars(self, instrument, after, until):
                some = super().bars(instrument, after, until)
                return replace(some, volume=np.full(len(some), 70.0))

        follower = Follower(Thin(flat(range(30))), Settings(), FillTerms())
        assert follower.follow(EQUITY, WISH, AS_OF).quantity == 7

    def test_it_is_bought_when_the_price_comes_back_in_time(self):
        found = follow(flat(range(2), 1010) | flat(range(2, 30)))
        assert found.bought == int(AS_OF.timestamp()) + 2 * 60

    def test_a_holding_period_that_is_not_all_there_has_no_label(self):
        found = follow(flat(range(15)))
        assert found == Unknown(
            "HELD_PAST_THE_DATA", int(AS_OF.timestamp()) + 60, int(AS_OF.timestamp()) + 15 * 60
        )

    @pytest.mark.parametrize(("missing", "known"), [(5, True), (6, False)])
    def test_a_hole_within_has_no_label(self, missing, known):
        bars = flat(minute for minute in range(30) if not 8 <= minute < 8 + missing)
        found = follow(bars)
        assert isinstance(found, Outcome) is known
        if not known:
            assert (found.reason, found.bought) == ("HOLE_IN_THE_DATA", int(AS_OF.timestamp()) + 60)

    def test_a_day_without_sourced_charges_has_no_label(self):
        long_ago = datetime(2009, 6, 29, 11, 0, tzinfo=IST)
        shifted = int(long_ago.timestamp() - AS_OF.timestamp()) // 60
        wish = WISH._replace(exit_by=long_ago + timedelta(minutes=20))
        tape = Tape({minute + shifted: bar for minute, bar in flat(range(30)).items()})
        found = Follower(tape, Settings(), FillTerms()).follow(EQUITY, wish, long_ago)
        assert found == Unknown("NO_SOURCED_CHARGES")


def test_the_future_of_an_end_changes_nothing():
    bars = flat(range(30)) | {5: (1000, 1001, 980, 985)}
    whole = follow(bars)
    for last in range(6, 30):
        assert follow({minute: bar for minute, bar in bars.items() if minute < last}) == whole
    assert follow({minute: bar for minute, bar in bars.items() if minute < 5}).reason == "HELD_PAST_THE_DATA"


def test_a_model_made_the_prices():
    tape = replace(Tape(flat(range(30))), prices="modelled")
    assert Follower(tape, Settings(), FillTerms()).follow(EQUITY, WISH, AS_OF).modelled
