"""The morning: what is watched, what is warmed up, whether the day may be traded."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest

from patang.accounts.account import Account
from patang.errors import SessionExpired, TryAgain
from patang.features.indicators import WARM_UP_BARS
from patang.features.morning import MorningService
from patang.features.pointer import load_seed
from patang.keys import preflight_key
from patang.market.preflight import Preflight
from patang.market.sessions import previous_session
from patang.market.ticks import unpack
from patang.market.universe import load_universe
from patang.records import create, load
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryObjects, MemoryStore, RecordedMetrics
from tests.unit.market.dump import cash_rows, derivative_rows
from tests.unit.market.market_day import DAY, at, tick, ticks_record


class History:
    """A MarketData: the dump, two index quotes, and candles of every minute of earlier sessions."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, datetime, datetime]] = []
        self.without: set[int] = set()
        self.short: set[int] = set()

    def instruments(self, exchange: str) -> list[dict[str, Any]]:
        return cash_rows() if exchange == "NSE" else derivative_rows()

    def quotes(self, instruments: list[str]) -> dict[str, dict[str, Any]]:
        prices = {"NSE:NIFTY 50": 8612.3, "NSE:NIFTY BANK": 19_050.0}
        return {name: {"last_price": prices[name]} for name in instruments}

    def candles(self, token: int, start: datetime, end: datetime, interval: str) -> list[dict[str, Any]]:
        assert interval == "minute"
        self.asked.append((token, start, end))
        if token in self.without:
            raise TryAgain("the broker did not answer")
        minutes = 30 if token in self.short else 375
        session = previous_session(end.date())
        return [
            {
                "date": session.open + timedelta(minutes=n),
                "open": 100.0,
                "high": 101.0 + n % 7,
                "low": 99.0 - n % 5,
                "close": 100.0 + n % 3,
                "volume": 10,
            }
            for n in range(minutes)
        ] + [{"date": end, "open": 1.0, "high": 1.0, "low": 1.0, "close": 1.0, "volume": 1}]


class Morning:
    def __init__(self, settings: dict[str, Any] | None = None) -> None:
        self.store, self.objects, self.metrics = MemoryStore(), MemoryObjects(), RecordedMetrics()
        self.history = History()
        self.session_error: Exception | None = None
        wanted = {"equities": ["INFY", "TCS"], "strikes_each_side": 2}
        self.settings = Settings.model_validate({"universe": wanted} | (settings or {}))
        self.store.write(
            create(
                Account(account="main", label="Main", kite_user_id="AB1234", api_key="key", principal="owner")
            )
        )

    def check_session(self, account: str) -> None:
        assert account == "main"
        if self.session_error is not None:
            raise self.session_error

    def run(self, moment: datetime | None = None) -> dict[str, Any]:
        service = MorningService(
            self.store,
            self.objects,
            FixedClock(),
            self.metrics,
            lambda: self.settings,
            lambda: self.history,
            self.check_session,
        )
        return service.run(moment or at("08:30"))

    def preflight(self, day: date = DAY) -> Preflight | None:
        return load(self.store, Preflight, preflight_key(day))


def failed(preflight: Preflight) -> set[str]:
    return {check.name for check in preflight.checks if not check.passed}


def test_an_ordinary_morning():
    morning = Morning()
    result = morning.run()
    assert result == {
        "ok": True,
        "day": "2016-08-16",
        "reason": None,
        "instruments": 24,
        "problems": [],
        "warmed_up": 4,
    }
    universe = load_universe(morning.store, morning.objects, DAY)
    assert universe.candle_symbols() == ("NIFTY", "BANKNIFTY", "INFY", "TCS")
    assert morning.preflight().passed
    assert {check.name for check in morning.preflight().checks} == {
        "calendar",
        "data_account",
        "session",
        "instruments",
    }


def test_the_seed_is_warm_and_knows_nothing_of_the_day():
    morning = Morning()
    morning.run()
    seed = load_seed(morning.objects, DAY)
    seed.apply(unpack(ticks_record(at("09:15:01"), [tick(408065, at("09:15:01"), 100.0, 5)])))
    closed = seed.close(at("09:15"), "s")
    values = dict(zip(closed.feature_names, closed.features["INFY"], strict=True))
    assert values["adx_14"] is not None
    assert values["ema_26"] == pytest.approx(101, abs=0.5), "the bar at the open is not history"
    assert [c.volume for c in closed.candles] == [5]


def test_history_is_asked_for_over_a_long_weekend():
    morning = Morning()
    morning.run()
    assert len(morning.history.asked) == 4
    for _, start, end in morning.history.asked:
        # Monday 2016-08-15 was a holiday.
        assert start == at("09:15", date(2016, 8, 10))
        assert end == at("09:15")


def test_missing_and_short_history_is_named_and_does_not_stop_the_day():
    morning = Morning()
    morning.history.without = {408065}
    morning.history.short = {2953217}
    result = morning.run()
    assert result["ok"]
    assert result["warmed_up"] == 3
    assert result["problems"] == [
        "no history of INFY: the broker did not answer",
        f"TCS has 30 of the {WARM_UP_BARS} bars of its warm-up",
    ]
    assert morning.metrics.counts["morning_problem"] == 2


def test_an_unknown_share_is_named_and_left_out():
    morning = Morning({"universe": {"equities": ["INFY", "NOSUCH"], "indices": []}})
    result = morning.run()
    assert result["ok"]
    assert result["instruments"] == 1
    assert "NOSUCH" in result["problems"][0]


def test_with_nothing_to_watch_the_preflight_fails():
    morning = Morning({"universe": {"equities": ["NOSUCH"], "indices": []}})
    assert not morning.run()["ok"]
    assert failed(morning.preflight()) == {"instruments"}


def test_a_dead_session_fails_the_preflight_with_the_reason():
    morning = Morning()
    morning.session_error = SessionExpired("log in again")
    result = morning.run()
    assert not result["ok"]
    assert result["reason"] == "session: log in again"
    assert failed(morning.preflight()) == {"session"}


def test_an_unregistered_account_fails_the_preflight():
    morning = Morning({"data_account": "main"})
    morning.store.items.clear()
    assert "'main', which supplies data, is not registered" in morning.run()["reason"]


@pytest.mark.parametrize(("address", "why"), [(None, "not set"), ("203.0.113.7", "not observed")])
def test_live_does_not_pass_before_the_egress_address_is_observed(address, why):
    morning = Morning({"mode": "live", "registered_egress_ip": address})
    assert not morning.run()["ok"]
    assert failed(morning.preflight()) == {"egress_ip"}
    assert why in morning.preflight().reason


def test_a_holiday_needs_no_morning():
    morning = Morning()
    assert morning.run(at("08:30", date(2016, 8, 15))) == {
        "ok": True,
        "day": "2016-08-15",
        "reason": "no session today",
    }
    assert morning.preflight(date(2016, 8, 15)) is None
    assert morning.history.asked == []


def test_an_unknown_year_fails_the_preflight():
    morning = Morning()
    day = date(2014, 8, 14)
    assert not morning.run(at("08:30", day))["ok"]
    assert "calendar" in failed(morning.preflight(day))


def test_a_second_run_replaces_the_first():
    morning = Morning()
    morning.session_error = SessionExpired("log in again")
    assert not morning.run()["ok"]
    morning.session_error = None
    assert morning.run()["ok"]
    assert morning.preflight().passed
    assert morning.preflight().revision == 2
