"""What keeps an entry out, each with the numbers that decided, and what no entry ever is."""

from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from patang.market.sessions import IST
from patang.settings import Settings
from patang.strategies.market import market_at
from patang.strategies.playbook.equity import Equity
from patang.strategies.playbook.long_options import LongOptions
from patang.strategies.registry import strategies
from tests.unit.risk.samples import equity_signal, option_signal
from tests.unit.strategies.markets import AS_OF, FALLING, RISING, index_quote, option_market, share_market

D = Decimal
RISING_SHARE = RISING | {"atr_14": 2.0}


def options_of(market, **options):
    settings = Settings.model_validate({"options": {"underlyings": ("NIFTY",)} | options})
    return LongOptions().generate_signals(market, settings)


def shares_of(market, symbol="INFY", **equity):
    settings = Settings.model_validate({"equity": equity, "universe": {"equities": (symbol,)}})
    return Equity().generate_signals(market, settings)


def silent(seconds, market):
    """The market with an index that the exchange has not spoken about for so long."""
    last = index_quote("NIFTY 50", 25_000.0, AS_OF, exchange_time=AS_OF - timedelta(seconds=seconds))
    return replace(market, quotes={**market.quotes, last.identifier: last})


def only(findings):
    (refusal,) = findings.refused
    return str(refusal)


class TestOptions:
    @pytest.mark.parametrize(
        ("market", "told"),
        [
            (silent(121, option_market(RISING)), "STALE_INDEX (index_age_seconds 121 not <= 120)"),
            (option_market(RISING | {"iv_rank": 0.71}), "IV_RANK_TOO_HIGH (iv_rank 0.71 not <= 0.7)"),
            (option_market(RISING, expiry=date(2026, 8, 18)), "EXPIRY_DAY (expiring_today 1 not <= 0)"),
            (option_market(RISING, expiry=date(2026, 8, 20)), "NO_EXPIRY (expiries_far_enough 0 not >= 1)"),
            (option_market(RISING, oi=999), "OPEN_INTEREST_TOO_LOW (open_interest_most 999 not >= 1000)"),
            (option_market(RISING, volume=7), "VOLUME_TOO_LOW (volume_most 7 not >= 1000)"),
            (option_market(RISING, bid=0.0), "NO_TWO_SIDED_QUOTE (two_sided_quotes 0 not > 0)"),
            (option_market(RISING | {"adx_14": 19}), "NO_SETUP (adx_14 19 not >= 20; stretch 1.2 not >= 2)"),
        ],
    )  # fmt: skip
    def test_a_refusal_tells_its_numbers(self, market, told):
        assert only(options_of(market)) == f"NIFTY: {told}"

    def test_the_spread_and_the_premium_tell_the_best_that_there_was(self):
        assert "spread_pct_narrowest" in only(options_of(option_market(RISING, bid=1.0)))
        dear = options_of(option_market(RISING), min_premium_inr=5_000)
        assert "premium_highest" in only(dear)

    def test_the_nearest_delta_is_told_where_none_fits(self):
        none = options_of(
            option_market(RISING),
            min_delta=0.301,
            max_delta=0.302,
        )
        assert "NO_STRIKE_IN_DELTA_BAND (delta_nearest" in only(none)

    def test_on_an_expiry_day_a_later_contract_is_bought_only_if_the_owner_allows(self):
        today, later = (option_market(RISING, expiry=date(2026, 8, day)) for day in (18, 25))
        both = replace(
            later,
            universe=later.universe.evolve(
                instruments=(*later.universe.instruments, *today.universe.instruments[1:])
            ),
        )
        assert "EXPIRY_DAY" in options_of(both).refusals
        allowed = options_of(both, enter_on_expiry_day=True)
        (found,) = allowed.candidates
        assert found.instrument.expiry == date(2026, 8, 25)

    def test_what_is_carried_leaves_in_the_session_of_its_expiry_exit(self):
        (found,) = options_of(option_market(RISING), holding_period="swing").candidates
        assert found.holding_period == "swing"
        # It expires on Tuesday the 25th.
        assert found.exit_by == datetime(2026, 8, 24, 15, 5, tzinfo=IST)

    def test_every_rule_that_let_it_through_is_kept(self):
        (found,) = options_of(option_market(RISING)).candidates
        assert all(rule.passed for rule in found.rules)
        assert {"macd", "rsi_14", "iv_rank", "volume_most", "delta_nearest"} <= {r.name for r in found.rules}


class TestShares:
    @pytest.mark.parametrize(
        ("market", "told"),
        [
            (silent(200, share_market(RISING_SHARE)), "STALE_INDEX (index_age_seconds 200 not <= 120)"),
            (share_market(RISING_SHARE, volume=100), "TURNOVER_TOO_LOW (turnover_inr 150000 not >= 1e+07)"),
            (share_market(RISING | {"atr_14": 0.15}), "TOO_QUIET (atr_pct 0.01 not >= 0.02)"),
            (share_market(RISING | {"atr_14": 30.0}), "TOO_VOLATILE (atr_pct 2 not <= 1)"),
            (share_market(RISING_SHARE, ask=0.0), "CIRCUIT_LOCKED (sides_of_the_book 1 not >= 2)"),
            (share_market(FALLING | {"atr_14": 2.0}), "LONG_ONLY (direction -1 not > 0)"),
        ],
    )  # fmt: skip
    def test_a_refusal_tells_its_numbers(self, market, told):
        assert only(shares_of(market)).endswith(told)

    @pytest.mark.parametrize("symbol", ["SUZLON-BE", "SOME-BZ", "SMALL-ST", "SMALL-SZ"])
    @pytest.mark.parametrize("holding", ["intraday", "swing"])
    def test_trade_to_trade_is_never_bought(self, symbol, holding):
        market = share_market(RISING_SHARE, symbol=symbol)
        assert "TRADE_TO_TRADE" in shares_of(market, symbol, holding_period=holding).refusals

    def test_a_name_with_a_hyphen_is_no_series(self):
        assert shares_of(share_market(RISING_SHARE, symbol="BAJAJ-AUTO"), "BAJAJ-AUTO").candidates

    def test_what_the_broker_bars_from_mis_may_still_be_kept(self):
        market = share_market(RISING_SHARE)
        assert "MIS_BARRED" in shares_of(market, mis_barred=("INFY",)).refusals
        assert shares_of(market, mis_barred=("INFY",), holding_period="swing").candidates

    def test_a_swing_rises_over_fifteen_minutes_and_stands_on_their_range(self):
        longer = RISING_SHARE | {"atr_14": 6.0}
        (found,) = shares_of(share_market(RISING_SHARE, longer=longer), holding_period="swing").candidates
        assert (found.stop_loss_price, found.target_price) == (D("1452.00"), D("1584.00"))
        # Ten sessions after Tuesday the 18th.
        assert found.exit_by == datetime(2026, 9, 1, 15, 0, tzinfo=IST)

    def test_a_swing_does_not_begin_in_a_fall(self):
        longer = RISING_SHARE | {"ema_12": 24_990.0}
        found = shares_of(share_market(RISING_SHARE, longer=longer), holding_period="swing")
        assert "ema_12_15m 24990 not > 25000" in only(found)


class TestForAllStrategies:
    @pytest.mark.parametrize("strategy", strategies(), ids=lambda s: s.name)
    def test_an_event_and_an_unsure_model_keep_a_signal_out(self, strategy):
        settings = Settings.model_validate(
            {"blackouts": [{"day": "2026-08-18", "from": "09:45", "until": "10:15", "reason": "RBI policy"}]}
        )
        assert (
            str(strategy.apply_entry_filters(equity_signal(), settings)) == "INFY: RBI policy: EVENT_BLACKOUT"
        )
        later = equity_signal(as_of=AS_OF.replace(hour=10, minute=15))
        assert strategy.apply_entry_filters(later, settings) is None
        unsure = strategy.apply_entry_filters(equity_signal(confidence=0.79), Settings())
        assert str(unsure) == "INFY: CONFIDENCE_TOO_LOW (p_win 0.79 not >= 0.8)"

    @given(
        st.fixed_dictionaries(
            {
                "ema_12": st.floats(24_000, 26_000),
                "macd": st.floats(-50, 50),
                "rsi_14": st.floats(0, 100),
                "adx_14": st.floats(0, 100),
                "z_score_20": st.floats(-4, 4),
            }
        ),
        st.floats(0, 500),
        st.floats(0, 500),
    )
    def test_whatever_the_market_nothing_is_sold_to_open(self, features, bid, ask):
        vector = RISING_SHARE | features
        settings = Settings.model_validate({"options": {"underlyings": ("NIFTY",)}})
        found = [
            candidate
            for market in (option_market(vector, bid=bid, ask=ask), share_market(vector, bid=bid, ask=ask))
            for strategy in strategies()
            for candidate in strategy.generate_signals(market, settings).candidates
        ]
        for candidate in found:
            assert candidate.signal_type in ("CALL", "PUT", "BUY")
            assert candidate.stop_loss_price < candidate.entry_price < candidate.target_price

    def test_a_signal_that_sells_cannot_be_made(self):
        with pytest.raises(ValidationError, match="signal_type"):
            equity_signal(signal_type="SELL")


class TestSignal:
    def test_it_has_every_field_of_the_specification(self):
        signal = option_signal(confidence=0.85)
        asked = ("signal_id", "symbol", "exchange", "signal_type", "entry_price", "stop_loss_price",
                 "target_profit_pct", "expected_return_pct", "confidence", "reason", "timestamp",
                 "holding_period", "strategy_source", "model_features", "audit_trail")  # fmt: skip
        assert all(getattr(signal, name) is not None for name in asked)
        assert (signal.target_profit_pct, signal.strategy_source) == (50, "F&O")
        assert signal.timestamp == signal.as_of
        assert signal.audit_trail == "P(win)=0.85"

    @pytest.mark.parametrize(
        ("signal", "product"),
        [
            (option_signal(), "MIS"),
            (option_signal(holding_period="swing"), "NRML"),
            (equity_signal(), "MIS"),
            (equity_signal(holding_period="swing"), "CNC"),
        ],
    )
    def test_the_product_follows_from_how_long_it_is_held(self, signal, product):
        assert signal.product == product

    def test_a_strategy_that_the_playbook_does_not_have_is_named(self):
        with pytest.raises(ValidationError, match="no strategy 'astrology': the playbook has equity"):
            equity_signal(strategy="astrology")


def test_a_market_without_shards_is_empty():
    empty = market_at((), option_market(RISING).universe, AS_OF)
    assert (len(empty.features), list(empty.features_5m), empty.frames("NIFTY")) == (0, [], None)
