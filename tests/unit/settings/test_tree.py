"""The tree: its starting values, what every field says of itself, what is refused and in which words."""

import re
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, get_args

import annotated_types
import pytest
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from patang.settings import EventBlackout, Settings, explain
from patang.settings.effective import about, leaves, plain
from patang.settings.fields import About, Looser, Section
from patang.settings.table import table

PAGE = Path(__file__).parents[3] / "docs" / "concepts" / "settings.md"

STARTING_VALUES = {
    "capital.starting_capital_inr": 300_000,
    "risk.risk_per_trade_pct": 2,
    "capital.daily_loss_limit_pct": 3,
    "capital.max_drawdown_pct": 10,
    "risk.max_concurrent_positions": 2,
    "risk.max_concurrent_options": 1,
    "risk.max_symbol_exposure_pct": 10,
    "risk.max_portfolio_exposure_pct": 30,
    "risk.margin_buffer_pct": 10,
    "risk.min_confidence": 0.80,
    "risk.min_expected_net_profit_inr": 150,
    "options.cooldown_hours": 48,
    "options.premium_target_pct": 50,
    "options.premium_stop_pct": 40,
    "options.min_delta": 0.20,
    "options.max_delta": 0.40,
    "risk.max_api_latency_ms": 500,
    "risk.max_exceptions_per_minute": 5,
    "cycle_interval_seconds": 60,
    "approval.timeout_seconds": 120,
    "approval.max_price_drift_pct": 1,
    "options.last_entry": "14:45",
    "options.exit_by": "15:05",
    "mode": "paper",
    "approval.mode": "semi-automated",
}


# Which way each setting is looser. None: no limit, so that a change holds at once: where things are, what
# they are called, how much is watched, hours that the exchange or the broker sets, and the mode, which has a
# rule of its own (nothing open).
LOOSENED_BY: dict[Looser | None, str] = {
    "up": """
        capital.starting_capital_inr capital.daily_loss_limit_pct capital.max_drawdown_pct
        risk.risk_per_trade_pct risk.max_concurrent_positions risk.max_concurrent_options
        risk.max_symbol_exposure_pct risk.max_portfolio_exposure_pct risk.max_api_latency_ms
        risk.max_exceptions_per_minute risk.max_data_age_seconds risk.stop_loss_guard_stops
        options.max_rsi options.max_reversion_adx options.enabled options.capital_share_pct
        options.premium_target_pct options.premium_stop_pct options.max_delta options.max_spread_pct
        options.last_entry options.max_hold_minutes options.exit_by options.max_iv_rank
        options.enter_on_expiry_day
        equity.max_rsi equity.max_reversion_adx equity.enabled equity.capital_share_pct
        equity.max_spread_pct equity.target_atr equity.stop_atr equity.last_entry equity.exit_by
        equity.max_hold_minutes equity.max_hold_sessions equity.max_atr_pct
        exits.trailing_stop_options_pct exits.trailing_stop_shares_pct exits.square_off_shares
        exits.square_off_contracts approval.timeout_seconds approval.max_price_drift_pct entry_order_seconds
        requests.timeout_seconds requests.max_order_value_inr requests.max_day_value_inr
        requests.max_orders_a_day requests.assistant_alone_inr
        requests.assistant_alone_day_inr
    """,
    "down": """
        cycle_interval_seconds risk.margin_buffer_pct risk.intraday_margin_pct risk.min_confidence
        risk.min_expected_net_profit_inr risk.stop_loss_guard_window_minutes
        risk.stop_loss_guard_pause_minutes risk.symbol_cooldown_minutes
        options.min_adx options.min_frames options.min_stretch options.min_delta options.min_open_interest
        options.min_premium_inr options.cooldown_hours options.first_entry options.min_minutes_to_expiry
        options.min_volume options.min_sessions_to_expiry_exit
        equity.min_adx equity.min_frames equity.min_stretch equity.first_entry equity.min_turnover_inr
        equity.min_atr_pct exits.signal_reversal
    """,
    "more": "options.setups equity.setups options.underlyings universe.equities",
    "fewer": "blackouts equity.mis_barred",
    "any": "universe.indices",
    ("intraday", "swing"): "options.holding_period equity.holding_period",
    ("semi-automated", "automated"): "approval.mode",
    ("always", "programs"): "requests.approval",
    None: """
        mode profile data_account public_url kite.root kite.ticker_root kite.login_root kite.timeout_seconds
        kite.logout_at
        exits.broker_square_off_shares exits.broker_square_off_contracts universe.chain_band_pct
        universe.strikes_each_side sessions registered_egress_ip egress_echo_url
        notifications.email notifications.sms notifications.quiet_from notifications.quiet_until
        notifications.merge_minutes notifications.daily_report notifications.monthly_report
    """,
}


def sections(section: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield section
    for field in section.model_fields.values():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from sections(field.annotation)


def bounds(field: FieldInfo) -> tuple[bool, bool]:
    """Whether it is bounded below and above."""
    low = any(isinstance(m, (annotated_types.Ge, annotated_types.Gt)) for m in field.metadata)
    high = any(isinstance(m, (annotated_types.Le, annotated_types.Lt)) for m in field.metadata)
    return low, high


FIELDS = {path: field for path, field, _ in leaves(Settings())}


@pytest.mark.parametrize(("path", "value"), STARTING_VALUES.items())
def test_starting_values(path: str, value: object):
    found = {name: found for name, _, found in leaves(Settings())}[path]
    assert found == (Decimal(str(value)) if isinstance(found, Decimal) else value)


@pytest.mark.parametrize("path", FIELDS)
def test_every_field_says_what_it_is_in_which_unit_and_range(path: str):
    field = FIELDS[path]
    assert field.description, f"{path} has no description"
    assert field.description.endswith("."), path
    assert about(field).unit, f"{path} has no unit"
    if field.annotation in (int, float, Decimal):
        assert bounds(field) == (True, True), f"{path} is not bounded on both sides"


def test_no_section_takes_what_it_does_not_know():
    for section in sections(Settings):
        assert issubclass(section, Section)
        assert section.model_config["extra"] == "forbid", section
        assert section.model_config["frozen"], section


def test_every_event_says_what_it_is():
    for name, field in EventBlackout.model_fields.items():
        assert field.description, name
        assert about(field).unit, name


@pytest.mark.parametrize("path", FIELDS)
def test_every_field_is_classified(path: str):
    """A new setting fails here until somebody has thought about which way it is looser."""
    (found,) = [looser for looser, paths in LOOSENED_BY.items() if path in paths.split()]
    assert about(FIELDS[path]).looser == found, path


def test_nothing_is_classified_that_there_is_not():
    told = [path for paths in LOOSENED_BY.values() for path in paths.split()]
    assert sorted(told) == sorted(FIELDS)


def test_a_switch_a_number_and_a_list_are_each_looser_in_a_way_that_fits_them():
    for path, field, value in leaves(Settings()):
        looser = about(field).looser
        if isinstance(value, tuple):
            assert looser in ("more", "fewer", "any", None), path
        elif isinstance(looser, tuple):
            assert looser == get_args(field.annotation), path
        else:
            assert looser in ("up", "down", None), path


def test_a_setting_that_does_not_say_which_way_it_is_looser_cannot_be_made():
    with pytest.raises(TypeError, match="looser"):
        About("rupees")  # what is shown is that it cannot be called so


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            {"risk": {"min_confidence": 1.5}},
            "risk.min_confidence = 1.5: Input should be less than or equal to 1",
        ),
        ({"risk": {"min_confidenc": 0.9}}, "risk.min_confidenc = 0.9: there is no such setting"),
        ({"riks": {}}, "riks = {}: there is no such setting"),
        ({"options": {"min_delta": 0.5}}, "min_delta 0.5 is above max_delta 0.4"),
        ({"options": {"last_entry": "15:10"}}, "last_entry 15:10 and exit_by 15:05 must follow"),
        ({"equity": {"first_entry": "25:00"}}, "equity.first_entry = '25:00'"),
        ({"mode": "simulator"}, "kite.root, which is 'https://api.kite.trade'"),
        ({"registered_egress_ip": "desk"}, "registered_egress_ip is 'desk'"),
        ({"egress_echo_url": "http://echo.example/ip"}, "over http anybody on the way could answer"),
        ({"cycle_interval_seconds": 90}, "cycle_interval_seconds = 90"),
        (
            {"blackouts": [{"day": "2027-02-01", "from": "12:00", "until": "11:00", "reason": "Budget"}]},
            "runs from 12:00 until 11:00",
        ),
        ({"blackouts": [{"day": "2027-02-01"}]}, "blackouts.0.reason"),
    ],
)
def test_what_is_wrong_is_named_with_its_value(said: dict[str, Any], told: str):
    with pytest.raises(ValidationError) as wrong:
        Settings.model_validate(said)
    assert told in explain(wrong.value)


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(ValidationError) as wrong:
        Settings.model_validate({"mode": "dream", "risk": {"max_concurrent_positions": 0}})
    told = explain(wrong.value)
    assert "mode = 'dream'" in told
    assert "risk.max_concurrent_positions = 0" in told


def test_a_tree_survives_its_json():
    event = {"day": "2027-02-01", "from": "10:30", "until": "13:30", "reason": "Budget"}
    settings = Settings.model_validate({"blackouts": [event]})
    assert '"from":"10:30"' in settings.model_dump_json()
    assert Settings.model_validate_json(settings.model_dump_json()) == settings
    assert plain(settings)["blackouts"] == [event]


def test_the_page_has_every_setting_as_the_tree_has_it():
    cells = [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in PAGE.read_text().splitlines()
        if line.startswith("| `")
    ]
    wanted = [
        [f"`{row.path}`", row.default, row.unit, row.allowed, row.looser, row.description] for row in table()
    ]
    assert cells == wanted, "write the table anew: `patang settings table`"
