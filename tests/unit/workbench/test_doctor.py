"""`patang doctor`: the smallest capital, the bound that binds, and what else keeps a desk from trading."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from patang.accounts.account import Account
from patang.accounts.session import KiteSession
from patang.adapters.system import SystemClock
from patang.keys import settings_key
from patang.market.candles import Candle, ClosedMinute
from patang.market.chain_snapshot import ChainRow, ChainSnapshot
from patang.market.cycle import Cycle
from patang.market.instruments import Instrument, Universe
from patang.market.sessions import IST
from patang.market.universe import save_universe
from patang.portfolio.account_state import AccountDay
from patang.ports import Put
from patang.records import create
from patang.settings import Settings
from patang.settings.changes import SettingsChanges
from patang_workbench.cli import doctor, main
from tests.fakes import FixedClock, MemoryObjects, MemoryStore

NOW = datetime(2026, 8, 18, 11, 0, tzinfo=IST)
DAY = ["--date", "2026-08-18"]
TRAP = """
capital: {starting_capital_inr: 10000, daily_loss_limit_pct: 5}
risk:
  risk_per_trade_pct: 5
  max_symbol_exposure_pct: 100
  max_portfolio_exposure_pct: 100
  margin_buffer_pct: 1
options: {capital_share_pct: 100, min_premium_inr: 125}
equity: {enabled: false}
"""


def examine(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["doctor", "--json", *arguments])
    return code, json.loads(capsys.readouterr().out)


def check(told: dict[str, Any], name: str) -> dict[str, Any]:
    return next(entry for entry in told["checks"] if entry["name"] == name)


def written(folder: Path, text: str) -> list[str]:
    file = folder / "desk.yaml"
    file.write_text(text)
    return ["--settings", str(file)]


def test_the_known_trap(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One lot of 75 at a stop of 50 points risks 3,750: five percent of 10,000 buy none."""
    arguments = [*DAY, *written(tmp_path, TRAP), "--lot", "75", "--premium", "125"]
    code, told = examine(capsys, *arguments)
    assert code == 1
    nifty = told["purchases"][0]
    assert (nifty["lot_risk"], nifty["quantity"], nifty["binding"]) == (3750, 0, "RISK_PER_TRADE")
    assert 75_000 < told["smallest_capital"] < 80_000
    failed = check(told, "capital_long_options")
    assert failed["status"] == "fail"
    assert str(told["smallest_capital"]) in failed["what_to_do"]
    assert main(["doctor", *arguments]) == 1
    assert "RISK_PER_TRADE leaves no lot" in capsys.readouterr().out


def test_a_day_that_may_lose_less_than_a_trade_is_named_as_the_bound(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Five percent a trade are none where a day may lose three: the smallest capital is that of the day."""
    day_of_three = TRAP.replace("daily_loss_limit_pct: 5", "daily_loss_limit_pct: 3")
    arguments = [*DAY, *written(tmp_path, day_of_three), "--lot", "75", "--premium", "125"]
    _, told = examine(capsys, *arguments)
    assert told["purchases"][0]["binding"] == "DAILY_LOSS_LIMIT"
    assert 125_000 < told["smallest_capital"] < 134_000


def test_the_safe_defaults_can_trade(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = examine(capsys, *DAY)
    assert code == 0
    assert told["ok"]
    assert {entry["strategy"] for entry in told["purchases"]} == {"long_options", "equity"}
    assert all(entry["quantity"] for entry in told["purchases"])
    assert told["smallest_capital"] <= told["capital"]


def test_a_tenth_of_the_capital_buys_options_only_at_small_premiums(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = examine(capsys, *DAY, *written(tmp_path, "capital: {starting_capital_inr: 30000}"))
    bought = {(p["symbol"], p["price"]): p["quantity"] for p in told["purchases"]}
    assert bought["NIFTY", 10.0] > 0
    assert bought["NIFTY", 100.0] == 0
    assert check(told, "capital_equity")["status"] == "warn"
    assert code == 0


@pytest.mark.parametrize(
    ("text", "name", "status", "said"),
    [
        ("mode: live", "registered_ip", "fail", "no address is registered"),
        ("mode: live\nregistered_egress_ip: 203.0.113.7", "registered_ip", "ok", "203.0.113.7"),
        ("mode: live", "mode", "warn", "orders are real"),
        ("mode: live", "model_equity", "warn", "has not passed its gates, so nothing is proposed on it"),
        ("approval: {mode: automated}", "approval", "warn", "nobody is asked"),
        ("risk: {risk_per_trade_pct: 4}", "limits", "warn", "risk.risk_per_trade_pct"),
        ("blackouts: [{day: 2027-02-01, reason: Budget}]", "events", "ok", "2027-02-01"),
        ("{}", "events", "warn", "no event"),
        ("options: {enabled: false}\nequity: {enabled: false}", "capital", "fail", "nothing|no strategy"),
        ("options: {max_hold_minutes: 30}", "model_long_options", "ok", "whole"),
        ("options: {max_hold_minutes: 200}", "model_long_options", "warn", "max_hold_minutes 30"),
    ],
)
def test_what_settings_say_of_themselves(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, name: str, status: str, said: str
) -> None:
    code, told = examine(capsys, *DAY, *written(tmp_path, text))
    found = check(told, name)
    assert found["status"] == status
    assert any(word in found["found"] for word in said.split("|"))
    assert status == "ok" or found["what_to_do"]
    assert code == int(any(entry["status"] == "fail" for entry in told["checks"]))


def test_a_year_that_the_calendar_does_not_know_fails(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = examine(capsys, "--date", "2031-01-06")
    assert code == 1
    assert check(told, "calendar")["status"] == "fail"
    assert "2031" in check(told, "calendar")["found"]


def test_a_model_that_is_not_there_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told = examine(capsys, *DAY, "--models", str(tmp_path))
    assert code == 1
    assert check(told, "model_equity")["status"] == "fail"


def test_a_file_that_is_wrong_names_field_and_value(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["doctor", *written(tmp_path, "risk: {min_confidence: 2}")]) == 1
    assert "risk.min_confidence = 2" in capsys.readouterr().err


class DeployedDesk:
    """The parts of a desk that are looked at."""

    def __init__(self) -> None:
        self.store, self.objects, self.clock = MemoryStore(), MemoryObjects(), FixedClock(NOW)

    def settings_changes(self) -> SettingsChanges:
        return SettingsChanges(self.store, self.clock)

    def open(self) -> None:
        """One account, logged in this morning."""
        account = Account(account="main", label="Main", kite_user_id="AB1234", api_key="k", principal="owner")
        session = KiteSession(
            account="main",
            version=1,
            user_id="AB1234",
            logged_in_at=NOW,
            valid_until=NOW + timedelta(hours=19),
            login_digest="d",
        )
        self.store.write(create(account), create(session))


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> DeployedDesk:
    found = DeployedDesk()
    monkeypatch.setattr(doctor, "deployed_desk", lambda _stage: found)
    monkeypatch.setattr(SystemClock, "now", lambda _self: NOW)
    return found


def test_a_deployed_desk_is_examined_with_its_own_settings(
    desk: DeployedDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    code, told = examine(capsys, "--stage", "paper")
    assert code == 1
    assert check(told, "accounts")["status"] == "fail"
    desk.open()
    desk.settings_changes().put(Settings(profile="mine"), "asha")
    code, told = examine(capsys, "--stage", "paper")
    assert code == 0
    assert "version 1" in check(told, "settings")["found"]
    assert check(told, "session_main")["status"] == "ok"
    assert check(told, "universe")["status"] == "warn"
    assert "profile mine" in check(told, "mode")["found"]


def test_a_desk_that_never_trades_says_why(desk: DeployedDesk, capsys: pytest.CaptureFixture[str]) -> None:
    desk.open()
    _, told = examine(capsys, "--stage", "paper")
    assert "no cycle" in check(told, "refusals")["found"]
    for minute in (1, 2):
        moment = NOW - timedelta(days=1, minutes=minute)
        refusals = {"CONFIDENCE_TOO_LOW": 3, "SPREAD_TOO_WIDE": 1}
        desk.store.write(
            create(Cycle(run_id=f"r{minute}", as_of=moment, state="FINISHED", refusals=refusals))
        )
    yesterday = (NOW - timedelta(days=1)).date()
    desk.store.write(
        create(AccountDay(account="main", day=yesterday, refusals={"HALTED": 9, "SPREAD_TOO_WIDE": 2}))
    )
    _, told = examine(capsys, "--stage", "paper")
    found = check(told, "refusals")
    assert found["status"] == "warn"
    assert "2026-08-17: 2 cycles, 0 proposals" in found["found"]
    assert "HALTED 9, CONFIDENCE_TOO_LOW 6, SPREAD_TOO_WIDE 2" in found["found"]


def test_what_waits_for_the_end_of_the_session_is_told(
    desk: DeployedDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.open()
    for percent in (1, 2):
        desk.settings_changes().put(
            Settings.model_validate({"risk": {"risk_per_trade_pct": percent}}), "asha"
        )
    _, told = examine(capsys, "--stage", "paper")
    assert "risk.risk_per_trade_pct" in check(told, "settings")["found"]


def test_stored_settings_that_are_wrong_fail_by_name(
    desk: DeployedDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.store.write(Put(settings_key(), {"document": '{"mode": "dream"}'}))
    code, told = examine(capsys, "--stage", "paper")
    assert code == 1
    assert "mode = 'dream'" in check(told, "settings")["found"]


def test_the_capital_is_held_against_the_desks_own_quotes(
    desk: DeployedDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    desk.open()
    contract = Instrument(
        instrument_token=1,
        exchange="NFO",
        tradingsymbol="NIFTY2682524500CE",
        name="NIFTY",
        instrument_type="CE",
        segment="NFO-OPT",
        tick_size="0.05",
        lot_size=65,
        expiry="2026-08-25",
        strike="24500",
    )
    share = contract.model_copy(
        update={
            "exchange": "NSE",
            "tradingsymbol": "ITC",
            "name": "ITC",
            "instrument_type": "EQ",
            "lot_size": 1,
        }
    )
    save_universe(desk.store, desk.objects, Universe(day=NOW.date(), instruments=(contract, share)))
    row = ChainRow(
        identifier="NFO:NIFTY2682524500CE",
        expiry="2026-08-25",
        strike=24500,
        type="CE",
        last=88.0,
        bid=87.5,
        ask=88.0,
        spread_pct=0.5,
        volume=1,
        oi=1,
        oi_trend=None,
        iv=0.1,
        delta=0.3,
        theta=-5.0,
        vega=8.0,
        time_value=88.0,
        exchange_time=NOW,
    )
    far = row.model_copy(update={"ask": 20.0, "delta": 0.05})
    chain = ChainSnapshot(
        underlying="NIFTY",
        as_of=NOW,
        spot=24400.0,
        iv=0.1,
        iv_skew=None,
        iv_rank=None,
        iv_rank_own_days=0,
        iv_rank_vix_days=0,
        rows=(row, far),
    )
    desk.objects.put(ChainSnapshot.path("NIFTY", NOW), chain.model_dump_json().encode())
    candle = Candle(symbol="ITC", timestamp=NOW, open=400, high=401, low=399, close=400, volume=1)
    minute = ClosedMinute(
        minute=NOW,
        shard="0",
        candles=(candle,),
        feature_names=("atr_14",),
        features={"ITC": (0.5,)},
        quotes=(),
    )
    desk.objects.put(ClosedMinute.path(NOW, "0"), minute.model_dump_json().encode())
    _, told = examine(capsys, "--stage", "paper")
    bought = {purchase["symbol"]: purchase for purchase in told["purchases"]}
    assert set(bought) == {"NIFTY2682524500CE", "ITC"}
    assert (bought["NIFTY2682524500CE"]["price"], bought["ITC"]["stop"]) == (88.0, 396.0)
    assert bought["NIFTY2682524500CE"]["source"].startswith("quoted 2026-08-18 11:00")
