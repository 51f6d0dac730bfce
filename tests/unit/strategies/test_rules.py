"""The rules of both strategies, gate by gate."""

import math
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from patang.model.inputs import EQUITY_INPUTS, OPTION_INPUTS
from patang.settings import Settings
from patang.strategies.frames import Setup
from patang.strategies.momentum import momentum
from patang.strategies.playbook.equity import Equity
from patang.strategies.playbook.long_options import LongOptions
from tests.unit.strategies.markets import (
    AS_OF,
    FALLING,
    RISING,
    VOLATILITY,
    candle,
    option_market,
    share_market,
)

D = Decimal
# One underlying is enough to look at one gate.
ONLY_NIFTY = Settings.model_validate({"options": {"underlyings": ("NIFTY",)}})


def propose(market, settings=ONLY_NIFTY):
    return LongOptions().generate_signals(market, settings)


class TestMomentum:
    def test_up_and_down_are_mirrors(self):
        up = momentum(RISING, min_adx=20, max_rsi=70)
        down = momentum(FALLING, min_adx=20, max_rsi=70)
        assert (up.direction, down.direction) == (1, -1)
        assert "RSI 62" in up.reason
        assert "below its signal" in down.reason

    @pytest.mark.parametrize(
        "change",
        [
            {"adx_14": 19.9},
            {"rsi_14": 70.0},
            {"rsi_14": 50.0},
            {"macd": 6.9},
            {"ema_12": 24_999.0},
        ],
    )
    def test_one_indicator_that_disagrees_is_enough(self, change):
        assert momentum(RISING | change, min_adx=20, max_rsi=70) == "NO_MOMENTUM"

    @pytest.mark.parametrize("change", [{"rsi_14": math.nan}, {"atr_14": 0.0}])
    def test_what_is_not_known_is_not_guessed(self, change):
        assert momentum(RISING | change, min_adx=20, max_rsi=70) == "FEATURES_MISSING"

    def test_an_empty_vector_is_missing(self):
        assert not isinstance(momentum({}, min_adx=20, max_rsi=70), Setup)


class TestLongOptions:
    def test_a_rising_index_buys_a_call_in_the_delta_band(self):
        (found,) = propose(option_market(RISING)).candidates
        assert (found.signal_type, found.instrument.instrument_type) == ("CALL", "CE")
        assert 0.20 <= found.inputs["abs_delta"] <= 0.40
        assert set(found.inputs) == set(OPTION_INPUTS)
        assert found.entry_price == found.ask
        assert found.stop_loss_price == pytest.approx(found.entry_price * D("0.6"), abs=D("0.03"))
        assert found.target_price == pytest.approx(found.entry_price * D("1.5"), abs=D("0.03"))
        assert found.stop_loss_price % D("0.05") == 0

    def test_a_falling_index_buys_a_put_with_the_same_mirrored_inputs(self):
        (call,) = propose(option_market(RISING)).candidates
        (put,) = propose(option_market(FALLING)).candidates
        assert (put.signal_type, put.instrument.instrument_type) == ("PUT", "PE")
        assert put.inputs["rsi"] == call.inputs["rsi"] == 62
        assert put.inputs["macd_atr"] == call.inputs["macd_atr"]

    def test_the_contract_nearest_to_the_middle_of_the_band_wins_among_equal_books(self):
        (found,) = propose(option_market(RISING)).candidates
        assert abs(found.inputs["abs_delta"] - 0.30) < 0.06

    @pytest.mark.parametrize(
        ("quote", "gate"),
        [
            ({"bid": 0.0, "ask": 0.0}, "NO_TWO_SIDED_QUOTE"),
            ({"bid": 1.0}, "SPREAD_TOO_WIDE"),
            ({"volume": 999}, "VOLUME_TOO_LOW"),
            ({"oi": 999}, "OPEN_INTEREST_TOO_LOW"),
            ({"exchange_time": AS_OF - timedelta(seconds=121)}, "STALE_DATA"),
        ],
    )
    def test_an_illiquid_or_stale_contract_is_left_alone(self, quote, gate):
        found = propose(option_market(RISING, **quote))
        assert (found.candidates, dict(found.refusals)) == ([], {gate: 1})

    def test_a_premium_below_the_least_is_left_alone(self):
        settings = Settings.model_validate({"options": {"underlyings": ("NIFTY",), "min_premium_inr": 1_000}})
        assert dict(propose(option_market(RISING), settings).refusals) == {"PREMIUM_TOO_LOW": 1}

    def test_a_band_without_a_strike_says_so(self):
        settings = Settings.model_validate(
            {"options": {"underlyings": ("NIFTY",), "min_delta": 0.301, "max_delta": 0.302}}
        )
        assert dict(propose(option_market(RISING), settings).refusals) == {"NO_STRIKE_IN_DELTA_BAND": 1}

    @pytest.mark.parametrize(
        ("expiry", "gate"),
        # Tuesday the 18th: expires today; leaves no, one and two sessions before that of the expiry exit.
        [(18, "EXPIRY_DAY"), (19, "NO_EXPIRY"), (20, "NO_EXPIRY"), (21, None)],
    )
    def test_an_expiry_too_near_is_not_entered(self, expiry, gate):
        refusals = propose(option_market(RISING, expiry=date(2026, 8, expiry))).refusals
        assert dict(refusals) == ({gate: 1} if gate else {})

    @pytest.mark.parametrize(
        ("hour", "minute", "gate"), [(9, 19, True), (9, 20, False), (14, 45, False), (14, 46, True)]
    )
    def test_entries_keep_their_hours(self, hour, minute, gate):
        found = propose(option_market(RISING, as_of=AS_OF.replace(hour=hour, minute=minute)))
        assert ("OUTSIDE_ENTRY_HOURS" in found.refusals) is gate

    def test_the_exit_comes_after_the_hold_or_at_the_days_end(self):
        (early,) = propose(option_market(RISING)).candidates
        (late,) = propose(option_market(RISING, as_of=AS_OF.replace(hour=14))).candidates
        assert early.exit_by == AS_OF + timedelta(minutes=240)
        assert late.exit_by == AS_OF.replace(hour=15, minute=5)

    def test_switched_off_it_is_silent(self):
        off = Settings.model_validate({"options": {"enabled": False}})
        assert not propose(option_market(RISING), off).refusals

    def test_an_index_that_is_not_watched_is_stale(self):
        market = option_market(RISING)
        found = propose(market, Settings.model_validate({"options": {"underlyings": ("BANKNIFTY",)}}))
        assert dict(found.refusals) == {"STALE_INDEX": 1}

    def test_an_index_without_a_bar_is_missing(self):
        assert dict(propose(replace(option_market(RISING), candles={})).refusals) == {"FEATURES_MISSING": 1}

    @pytest.mark.parametrize("rank", [{}, {"iv_rank": math.nan, "iv_skew": math.nan}])
    def test_a_volatility_without_history_refuses_nothing(self, rank):
        (found,) = propose(option_market(RISING | rank)).candidates
        assert math.isnan(found.told["iv_rank"])

    def test_the_contracts_own_features_are_told_beside_the_models_inputs(self):
        (found,) = propose(
            option_market(FALLING | {"iv_rank": 0.4, "iv_skew": 0.01}, oi_trend=2.5)
        ).candidates
        assert set(found.told) == {
            "iv_from_options", "iv_rank", "iv_skew", "delta", "theta", "vega", "time_value", "oi_trend",
        }  # fmt: skip
        assert found.told["iv_from_options"] == pytest.approx(VOLATILITY, abs=0.003)
        assert found.told["delta"] == -found.inputs["abs_delta"]
        assert found.told["theta"] < 0 < found.told["vega"]
        assert (found.told["iv_rank"], found.told["oi_trend"]) == (0.4, 2.5)

    def test_the_expiry_is_the_same_at_every_minute_of_a_day(self):
        """NIFTY expires tomorrow: a day before the close there is left at noon and not at the last entry."""
        settings = Settings.model_validate(
            {"options": {"underlyings": ("NIFTY",), "min_minutes_to_expiry": 1_600}}
        )
        for hour in (10, 14):
            as_of = AS_OF.replace(hour=hour)
            near, far = (option_market(RISING, expiry=date(2026, 8, day), as_of=as_of) for day in (19, 25))
            contracts = [
                i.model_copy(update={"instrument_token": i.instrument_token + 1_000})
                for i in far.universe.instruments[1:]
            ]
            both = replace(
                near,
                universe=near.universe.evolve(instruments=(*near.universe.instruments, *contracts)),
                quotes={**near.quotes, **far.quotes},
            )
            (found,) = propose(both, settings).candidates
            assert found.instrument.expiry == date(2026, 8, 25), hour

    def test_calls_and_puts_of_one_expiry_are_priced_together(self):
        """The index was last told before it rose: the chain knows better what the contracts are worth."""
        late = option_market(RISING)
        market = replace(late, candles={"NIFTY": candle("NIFTY", 24_960.0)})
        (found,), (expected,) = propose(market).candidates, propose(late).candidates
        assert found.instrument == expected.instrument
        assert found.inputs["abs_delta"] == pytest.approx(expected.inputs["abs_delta"], abs=1e-3)


class TestEquity:
    def test_a_rising_share_is_bought_with_stops_in_atr(self):
        (found,) = Equity().generate_signals(share_market(RISING | {"atr_14": 2.0}), Settings()).candidates
        assert (found.signal_type, found.entry_price) == ("BUY", D("1500.00"))
        assert found.stop_loss_price == D("1484.00")
        assert found.target_price == D("1528.00")
        assert set(found.inputs) == set(EQUITY_INPUTS)

    def test_a_share_that_is_watched_for_a_position_alone_is_not_bought(self):
        others = Settings.model_validate({"universe": {"equities": ("TCS",)}})
        found = Equity().generate_signals(share_market(RISING | {"atr_14": 2.0}), others)
        assert (found.candidates, dict(found.refusals)) == ([], {})

    def test_a_falling_share_is_not_sold_short(self):
        assert dict(Equity().generate_signals(share_market(FALLING), Settings()).refusals) == {"LONG_ONLY": 1}

    @pytest.mark.parametrize(
        ("quote", "gate"),
        [
            ({"bid": 0.0, "ask": 0.0}, "NO_TWO_SIDED_QUOTE"),
            ({"bid": 1_501.0}, "NO_TWO_SIDED_QUOTE"),
            ({"bid": 0.0}, "CIRCUIT_LOCKED"),
            ({"ask": 0.0}, "CIRCUIT_LOCKED"),
            ({"volume": 6_666}, "TURNOVER_TOO_LOW"),
            ({"bid": 1_495.0}, "SPREAD_TOO_WIDE"),
            ({"exchange_time": AS_OF - timedelta(seconds=121)}, "STALE_DATA"),
        ],
    )
    def test_a_bad_book_is_left_alone(self, quote, gate):
        assert dict(Equity().generate_signals(share_market(RISING, **quote), Settings()).refusals) == {
            gate: 1
        }

    @pytest.mark.parametrize(
        ("hour", "minute", "gate"), [(9, 29, True), (9, 30, False), (14, 30, False), (14, 31, True)]
    )
    def test_entries_keep_their_hours(self, hour, minute, gate):
        market = share_market(RISING, as_of=AS_OF.replace(hour=hour, minute=minute))
        assert ("OUTSIDE_ENTRY_HOURS" in Equity().generate_signals(market, Settings()).refusals) is gate
