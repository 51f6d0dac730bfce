"""What is in force: loosened limits wait, tightened ones and everything else hold at once."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from patang.settings import EventBlackout, Settings
from patang.settings.effective import effective, held_back, plain, with_values

BUDGET = {"day": "2027-02-01", "from": "10:30", "until": "13:30", "reason": "Budget"}


def tree(path: str, value: Any) -> Settings:
    return with_values(Settings(), {path: value})


@pytest.mark.parametrize(
    ("path", "tighter", "looser"),
    [
        ("capital.daily_loss_limit_pct", "2", "4"),
        ("risk.risk_per_trade_pct", "1", "3"),
        ("risk.max_concurrent_positions", 1, 3),
        ("risk.margin_buffer_pct", "20", "5"),
        ("risk.min_confidence", 0.9, 0.5),
        ("options.cooldown_hours", 72, 0),
        ("options.enabled", False, True),
        ("options.first_entry", "09:40", "09:16"),
        ("options.last_entry", "14:00", "15:00"),
        ("options.min_delta", 0.30, 0.10),
        ("options.max_delta", 0.30, 0.60),
        ("options.capital_share_pct", "5", "30"),
        ("approval.mode", "semi-automated", "automated"),
        ("equity.holding_period", "intraday", "swing"),
        ("universe.equities", ["ITC"], ["ITC", "TCS"]),
        ("blackouts", [BUDGET], []),
        ("cycle_interval_seconds", 120, 60),
        ("options.premium_target_pct", "50", "80"),
        ("equity.target_atr", 10.0, 14.0),
        ("exits.trailing_stop_options_pct", "10", "20"),
        ("exits.trailing_stop_options_pct", "10", None),
        ("exits.trailing_stop_shares_pct", "2", None),
        ("exits.signal_reversal", True, False),
        ("equity.mis_barred", ["TCS"], []),
    ],
)
def test_looser_waits_and_tighter_does_not(path: str, tighter: Any, looser: Any):
    tight, loose = tree(path, tighter), tree(path, looser)
    assert plain(effective(loose, tight))[path] == tighter
    assert plain(effective(tight, loose))[path] == tighter
    assert [held.path for held in held_back(loose, tight)] == [path]
    assert held_back(tight, loose) == ()


def test_what_is_no_limit_holds_at_once():
    changed = Settings.model_validate(
        {"public_url": "https://desk.example", "universe": {"strikes_each_side": 12}}
    )
    assert effective(changed, Settings()) == changed


@pytest.mark.parametrize("indices", [[], ["NIFTY"], ["NIFTY", "BANKNIFTY", "FINNIFTY"]])
def test_no_index_comes_or_goes_during_the_day(indices: list[str]):
    """One that goes takes its STALE_INDEX with it; one that comes brings options."""
    wanted = tree("universe.indices", indices)
    assert effective(wanted, Settings()).universe.indices == ("NIFTY", "BANKNIFTY")


def test_of_a_set_only_what_is_new_waits():
    wanted, now = (
        tree("universe.equities", ["TCS", "ITC", "LT"]),
        tree("universe.equities", ["LT", "TCS", "SBIN"]),
    )
    assert effective(wanted, now).universe.equities == ("TCS", "LT")


def test_an_event_that_was_taken_away_still_keeps_entries_away():
    rbi = BUDGET | {"day": "2027-02-05", "reason": "Reserve Bank"}
    found = effective(tree("blackouts", [rbi]), tree("blackouts", [BUDGET])).blackouts
    assert found == tuple(EventBlackout.model_validate(event) for event in (rbi, BUDGET))


def test_of_a_band_that_was_moved_nothing_fits():
    wanted = Settings.model_validate({"options": {"min_delta": 0.5, "max_delta": 0.7}})
    found = effective(wanted, Settings()).options
    assert (found.min_delta, found.max_delta) == (0.5, 0.4)


percents = st.decimals(min_value="0.01", max_value="100", places=2)


@given(percents, percents, st.integers(1, 20), st.integers(1, 20), st.floats(0, 1), st.floats(0, 1))
def test_never_looser_than_either(a: Decimal, b: Decimal, m: int, n: int, p: float, q: float):
    wanted = Settings.model_validate(
        {"risk": {"risk_per_trade_pct": a, "max_concurrent_positions": m, "min_confidence": p}}
    )
    now = Settings.model_validate(
        {"risk": {"risk_per_trade_pct": b, "max_concurrent_positions": n, "min_confidence": q}}
    )
    found = effective(wanted, now).risk
    assert (found.risk_per_trade_pct, found.max_concurrent_positions) == (min(a, b), min(m, n))
    assert found.min_confidence == max(p, q)
    assert held_back(effective(wanted, now), now) == ()
    assert effective(wanted, wanted) == wanted
