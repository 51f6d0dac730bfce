"""Settings in words: each has a name of its own, and its values their unit."""

import pytest

from patang.desk_view.settings_said import SaidChange, changes_said, in_section, said
from patang.settings.effective import plain
from patang.settings.names import NAMES, name_of
from patang.settings.table import table
from patang.settings.tree import Settings


def test_each_setting_has_a_name_that_no_other_has():
    assert sorted(NAMES) == sorted(row.path for row in table())
    assert len(set(NAMES.values())) == len(NAMES)
    for name in NAMES.values():
        assert "_" not in name
        assert name[0].isupper()
    assert name_of("risk.gone_since") == "risk.gone_since"


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    [
        ("capital.starting_capital_inr", "1234567.5", "₹12,34,567.50"),
        ("options.min_premium_inr", "20", "₹20.00 a unit"),
        ("capital.daily_loss_limit_pct", "3", "3 % of the capital"),
        ("risk.margin_buffer_pct", "10", "10 %"),
        ("risk.max_concurrent_positions", 1, "1 position"),
        ("risk.max_concurrent_positions", 2, "2 positions"),
        ("risk.max_exceptions_per_minute", 5, "5 errors a minute"),
        ("equity.target_atr", 14.0, "14.0 × ATR(14)"),
        ("options.min_open_interest", 50000, "50,000 units"),
        ("risk.min_confidence", 0.6, "0.6"),
        ("options.exit_by", "15:05", "15:05 IST"),
        ("options.enabled", False, "no"),
        ("options.setups", ["mean_reversion", "momentum"], "mean reversion, momentum"),
        ("universe.equities", ["M&M", "NIFTY_X"], "M&M, NIFTY_X"),
        ("profile", "my_own", "my_own"),
        ("exits.trailing_stop_options_pct", None, "none"),
        ("sessions", [], "none"),
        ("gone.since", 5, "5"),
        ("capital.starting_capital_inr", "much", "much"),
        ("capital.starting_capital_inr", "Infinity", "Infinity"),
        ("risk.max_concurrent_positions", {"many": 1}, "{'many': 1}"),
        ("blackouts", [{"day": "2026-08-20"}, 5], "{'day': '2026-08-20'}, 5"),
        ("gone.since", [5, "a"], "5, a"),
        (
            "blackouts",
            [{"day": "2026-08-20", "from": "09:15", "until": "11:00", "reason": "Budget"}] * 2,
            "; ".join(["day 2026-08-20, from 09:15, until 11:00, reason Budget"] * 2),
        ),
        (
            "sessions",
            [{"day": "2026-08-20", "closed": True, "auction_close": None, "breaks": [["09:00", "09:15"]]}],
            "day 2026-08-20, closed yes, breaks 09:00-09:15",
        ),
    ],
)
def test_a_value_has_its_unit(path, value, expected):
    assert said(path, value) == expected


def test_every_default_can_be_said():
    assert all(said(path, value) for path, value in plain(Settings()).items())


def test_beneath_a_heading_its_words_are_not_said_again():
    assert in_section("options.min_delta") == "Least delta"
    assert in_section("kite.logout_at") == "Log out at"
    assert in_section("risk.stop_loss_guard_pause_minutes") == "Stop-loss guard: pause"


def test_what_the_log_holds_of_a_change_is_read_as_values():
    details = {
        "version": 2,
        "changes": {
            "capital.starting_capital_inr": ["300000", "1234567.5"],
            "options.enabled": ["True", "False"],
            "exits.trailing_stop_shares_pct": ["2", "None"],
            "options.setups": ["['momentum', 'mean_reversion']", "['mean_reversion']"],
            "blackouts": ["[]", "[{'day': '2026-08-20', 'reason': \"the Bank's\"}]"],
            "profile": ["[half a list", "[__import__('os').getcwd()]"],
        },
    }
    assert changes_said("SETTINGS_CHANGED", details) == (
        SaidChange("capital.starting_capital_inr", "Starting capital", "₹3,00,000.00", "₹12,34,567.50"),
        SaidChange("options.enabled", "Options: switched on", "yes", "no"),
        SaidChange(
            "exits.trailing_stop_shares_pct", "Trailing stop of shares", "2 % of the highest price", "none"
        ),
        SaidChange(
            "options.setups", "Options: setups that may enter", "momentum, mean reversion", "mean reversion"
        ),
        SaidChange("blackouts", "Events without entries", "none", "day 2026-08-20, reason the Bank's"),
        SaidChange("profile", "Profile label", "[half a list", "[__import__('os').getcwd()]"),
    )
    assert changes_said("HALTED", details) == ()
    for other in ({}, {"changes": "many"}, {"changes": {"mode": "live"}}):
        assert changes_said("SETTINGS_CHANGED", other) == ()
