"""The morning: what is watched, what is warmed up, whether the day may be traded."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from patang.accounts.account import Account
from patang.approvals.proposal import OrderTerms
from patang.errors import SessionExpired, TryAgain
from patang.execution.intent import OrderIntent
from patang.features.indicators import WARM_UP_BARS
from patang.features.morning import MorningService
from patang.features.pointer import load_seed
from patang.keys import preflight_key
from patang.market.candles import Candle, ClosedMinute
from patang.market.instrument_dumps import load_dump
from patang.market.isins import ISINS_PATH
from patang.market.minutes import MinuteClose
from patang.market.preflight import Preflight
from patang.market.sessions import previous_session
from patang.market.ticks import unpack
from patang.market.universe import load_universe
from patang.market.volatility import INDIA_VIX, VolatilityHistory, load_history, save_history
from patang.records import create, load, replace
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryObjects, MemoryStore, RecordedMetrics
from tests.unit.market.dump import cash_rows, derivative_rows
from tests.unit.market.market_day import DAY, at, tick, ticks_record
from tests.unit.risk.samples import position


class History:
    """A MarketData: the dump, quotes, and a candle of every so many minutes of the sessions asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[int, datetime, datetime]] = []
        self.without: set[int] = set()
        self.short: set[int] = set()
        self.every = 15
        self.quotes_fail = False
        self.rows = {"NSE": cash_rows(), "NFO": derivative_rows(), "BSE": [], "BFO": []}
        self.shares = {"NSE:INFY": (101.0, 100.0), "NSE:TCS": (101.0, 100.0)}
        self.vix_asked = 0
        self.at_each: Callable[[], None] = lambda: None

    def instruments(self, exchange: str) -> list[dict[str, Any]]:
        if self.rows[exchange] is None:
            raise TryAgain(f"no dump of {exchange}")
        return self.rows[exchange]

    def quotes(self, instruments: list[str]) -> dict[str, dict[str, Any]]:
        if self.quotes_fail:
            raise TryAgain("no quotes")
        told = {"NSE:NIFTY 50": (8612.3, 8600.0), "NSE:NIFTY BANK": (19_050.0, 19_000.0)} | self.shares
        return {
            name: {"last_price": told[name][0], "ohlc": {"close": told[name][1]}}
            for name in instruments
            if name in told
        }

    def candles(self, token: int, start: datetime, end: datetime, interval: str) -> list[dict[str, Any]]:
        if token in self.without:
            raise TryAgain("the broker did not answer")
        if interval == "day":
            self.vix_asked += 1
            days = (start + timedelta(days=n) for n in range((end - start).days + 1))
            return [{"date": day, "close": 12.0 + day.day / 10} for day in days if day.weekday() < 5]
        assert interval == "minute"
        self.at_each()
        self.asked.append((token, start, end))
        found, session = [], previous_session(end.date())
        while session.open >= start:
            minutes = 30 if token in self.short else 377
            found += [
                {
                    "date": session.open + timedelta(minutes=n),
                    "open": 100.0,
                    "high": 101.0 + n % 7,
                    "low": 99.0 - n % 5,
                    "close": 100.0 + n % 3,
                    "volume": 10,
                }
                for n in reversed(range(0, minutes, self.every))
            ]
            session = previous_session(session.day)
        at_the_open = {"date": end + timedelta(minutes=1)} | dict.fromkeys(
            ("open", "high", "low", "close"), 1.0
        )
        return [*found[::-1], at_the_open | {"volume": 1}]


class Morning:
    def __init__(self, settings: dict[str, Any] | None = None) -> None:
        self.store, self.objects, self.metrics = MemoryStore(), MemoryObjects(), RecordedMetrics()
        self.history = History()
        self.session_error: Exception | None = None
        wanted = {"equities": ["INFY", "TCS"], "chain_band_pct": 2}
        self.settings = Settings.model_validate({"universe": wanted} | (settings or {}))
        self.clock = FixedClock()
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
        return self.service().run(moment or at("08:30"))

    def service(self) -> MorningService:
        return MorningService(
            self.store,
            self.objects,
            self.clock,
            self.metrics,
            lambda: self.settings,
            lambda: self.history,
            self.check_session,
        )

    def preflight(self, day: date = DAY) -> Preflight | None:
        return load(self.store, Preflight, preflight_key(day))


def failed(preflight: Preflight) -> set[str]:
    return {check.name for check in preflight.checks if not check.passed}


def test_a_morning_that_is_made_again_forgets_nothing_of_the_day():
    """Neither what the broker has refused, which only a person takes back, nor that the mode was another."""
    morning = Morning()
    morning.run()
    refused = morning.preflight().evolve(address_refused="IP (198.51.100.9) is not allowed", mode="live")
    morning.store.write(replace(refused))
    morning.run(at("10:30"))
    kept = morning.preflight()
    assert (kept.address_refused, kept.mixed, kept.mode) == (refused.address_refused, True, "paper")


def test_a_login_that_comes_after_half_past_eight_still_gets_its_day():
    morning = Morning()
    morning.session_error = SessionExpired("log in")
    morning.history.rows["NSE"] = morning.history.rows["NFO"] = None
    assert not morning.service().catch_up(at("08:30"))["ok"]
    morning.session_error, morning.history.rows = None, History().rows
    late = morning.service().catch_up(at("09:00"))
    assert (late["ok"], late["warmed_up"]) == (True, 4)
    asked = len(morning.history.asked)
    assert morning.service().catch_up(at("09:15"))["reason"] == "prepared already"
    assert len(morning.history.asked) == asked


def test_an_ordinary_morning():
    morning = Morning()
    result = morning.run()
    assert result == {
        "ok": True,
        "day": "2016-08-16",
        "reason": None,
        # Two indices, two shares, two futures; seven and eight strikes of two expiries.
        "instruments": 6 + 2 * 2 * (7 + 8),
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
    morning.history.every = 1
    morning.run()
    seed = load_seed(morning.objects, DAY)
    seed.apply(unpack(ticks_record(at("09:15:01"), [tick(408065, at("09:15:01"), 100.0, 5)])))
    closed = seed.close(at("09:15"), "s")
    values = dict(zip(closed.feature_names, closed.features["INFY"], strict=True))
    assert values["adx_14"] is not None
    assert values["ema_26"] == pytest.approx(101, abs=0.5), "the bar at the open is not history"
    assert [c.volume for c in closed.candles] == [5]


def test_nine_sessions_are_asked_for_in_one_request_a_symbol():
    morning = Morning()
    morning.run()
    assert len(morning.history.asked) == 4
    for _, start, end in morning.history.asked:
        # Monday 2016-08-15 was a holiday.
        assert start == at("09:15", date(2016, 8, 2))
        assert end == at("09:14")
    assert {c.count("2016-08-16") for c in morning.objects.list("features/history/")} == {1}


def test_short_sessions_are_made_up_for():
    hour = {"day": "2016-08-11", "open": "09:15", "close": "10:15", "reason": "a test"}
    morning = Morning({"sessions": [hour | {"day": f"2016-08-{day:02d}"} for day in (9, 10, 11, 12)]})
    morning.run()
    [start] = {start for _, start, _ in morning.history.asked}
    assert start < at("09:15", date(2016, 8, 1)), "four hours of sixteen hundred minutes are missing"


def test_every_timeframe_is_warm_at_the_open():
    morning = Morning()
    morning.history.every = 1
    morning.run()
    seed = load_seed(morning.objects, DAY)
    for minutes, length in ((1, 100), (5, 100), (15, 100)):
        candles = seed.candles("INFY", minutes)
        assert len(candles) == length
        assert candles[-1].timestamp == at("15:30", date(2016, 8, 12)) - timedelta(minutes=minutes)
        assert candles[-1].close == 102.0, "the broker's bars of 15:30 and 15:31 are the auction's"


def test_a_second_morning_asks_for_no_history_again():
    morning = Morning()
    morning.history.without = {408065}
    morning.run()
    first = load_seed(morning.objects, DAY)
    assert len(morning.history.asked) == 3
    morning.history.without = set()
    morning.run()
    assert [token for token, _, _ in morning.history.asked[3:]] == [408065]
    assert load_seed(morning.objects, DAY).candles("TCS") == first.candles("TCS")
    assert morning.run()["warmed_up"] == 4
    assert len(morning.history.asked) == 4


def test_a_kept_history_that_does_not_parse_is_asked_for_again():
    morning = Morning()
    morning.run()
    path = "features/history/2016-08-16/TCS.bin"
    morning.objects.blobs[path] = b"torn"
    problems = morning.run()["problems"]
    assert len(morning.history.asked) == 5
    assert problems == [f"{path} is asked for again: not a feature state: it begins with b'torn'"]


def test_when_time_runs_out_the_rest_is_named_and_the_next_run_goes_on():
    morning = Morning()
    morning.history.at_each = lambda: morning.clock.advance(4 * 60)
    result = morning.run()
    assert result["ok"]
    assert result["warmed_up"] == 2
    assert result["problems"] == [
        "no time was left for the history of 2 symbols (INFY, TCS): run the morning again, it goes on there"
    ]
    assert morning.run()["warmed_up"] == 4
    assert len(morning.history.asked) == 4


def test_missing_and_short_history_is_named_and_does_not_stop_the_day():
    morning = Morning()
    morning.history.without = {408065}
    morning.history.short = {2953217}
    result = morning.run()
    assert result["ok"]
    assert result["warmed_up"] == 3
    assert result["problems"] == [
        "no history of INFY: the broker did not answer",
        f"TCS has 18 of the {WARM_UP_BARS} bars of fifteen minutes of its warm-up",
    ]
    assert morning.metrics.counts["morning_problem"] == 2


def test_a_symbol_without_history_goes_on_from_yesterdays_indicators():
    yesterday = Morning()
    yesterday.run(at("08:30", date(2016, 8, 12)))
    morning = Morning()
    morning.history.without = {408065}
    morning.run()
    seed = load_seed(morning.objects, DAY)
    assert seed.candles("INFY") == ()
    assert seed.inherit(load_seed(yesterday.objects, date(2016, 8, 12))) == 1
    assert len(seed.candles("INFY")) == 100


def test_the_days_dump_is_kept_with_its_isins():
    morning = Morning()
    morning.objects.put(
        ISINS_PATH, b"SYMBOL,NAME OF COMPANY,SERIES,ISIN NUMBER\nINFY,Infosys,EQ,INE009A01021\n"
    )
    morning.run()
    kept = load_dump(morning.objects, DAY)
    assert len(kept) == len(cash_rows()) + len(derivative_rows())
    assert kept.get("NSE", "INFY").isin == "INE009A01021"
    universe = load_universe(morning.store, morning.objects, DAY)
    assert {i.symbol: i.isin for i in universe.instruments if i.instrument_type == "EQ"} == {
        "INFY": "INE009A01021",
        "TCS": None,
    }
    morning.objects.put(ISINS_PATH, b"nonsense")
    result = morning.run()
    assert result["ok"]
    assert "shares are listed without their ISIN" in result["problems"][0]


def test_an_exchange_that_is_not_needed_may_fail():
    morning = Morning()
    morning.history.rows["BFO"] = None
    assert morning.run()["problems"] == ["no instruments of BFO: no dump of BFO"]
    morning.history.rows["NFO"] = None
    assert failed((morning.run(), morning.preflight())[1]) == {"instruments"}


def test_what_any_account_holds_or_has_ordered_is_watched():
    morning = Morning({"universe": {"indices": ["NIFTY"], "equities": []}})
    held = position("NIFTY1609018000PE", account="second", exchange="NFO")
    gone = position("GONE", account="second", state="CLOSED")
    terms = OrderTerms(
        account="third",
        mode="paper",
        exchange="NSE",
        tradingsymbol="TCS",
        transaction_type="BUY",
        quantity=1,
        order_type="MARKET",
        product="CNC",
    )
    ordered = OrderIntent(
        account="third", intent_id="I1", kind="ENTRY", terms=terms, as_of=at("15:00"), written_at=at("15:00")
    )
    morning.store.write(create(held), create(gone), create(ordered))
    assert morning.run()["problems"] == []
    listed = load_universe(morning.store, morning.objects, DAY).by_identifier()
    assert {"NFO:NIFTY1609018000PE", "NSE:TCS"} <= listed.keys()
    assert not {"NSE:GONE", "NSE:INFY"} & listed.keys()


class TestVolatility:
    def years(self, morning: Morning) -> dict[str, Any]:
        return load_seed(morning.objects, DAY)._volatility.to_json()

    def test_the_year_begins_with_india_vix(self):
        morning = Morning()
        assert morning.run()["problems"] == []
        year = self.years(morning)["NIFTY"]
        assert (year["own_days"], year["low"], year["high"]) == (
            0,
            pytest.approx(0.121),
            pytest.approx(0.151),
        )
        assert 240 <= year["vix_days"] <= 252
        kept = load_history(morning.objects, INDIA_VIX).days
        assert (min(kept) < date(2015, 9, 15), max(kept)) == (True, date(2016, 8, 15))

    def test_own_days_count_and_scale_what_india_vix_stands_in_for(self):
        morning = Morning()
        own = VolatilityHistory(name="BANKNIFTY").joined({date(2016, 8, 12): 2 * 0.132})
        save_history(morning.objects, own)
        morning.run()
        year = self.years(morning)["BANKNIFTY"]
        assert (year["own_days"], year["high"]) == (1, pytest.approx(2 * 0.151))

    def test_without_an_answer_the_days_that_were_kept_count(self):
        morning = Morning()
        morning.run()
        before = self.years(morning)
        morning.history.without = {264969}
        assert morning.run()["problems"] == ["no history of INDIA VIX: the broker did not answer"]
        assert self.years(morning) == before

    def test_without_any_history_the_day_begins_all_the_same(self):
        morning = Morning()
        morning.history.rows["NSE"] = [r for r in cash_rows() if r["tradingsymbol"] != "INDIA VIX"]
        result = morning.run()
        assert result["ok"]
        assert "INDIA VIX is not in the instruments" in result["problems"][0]
        assert self.years(morning) == {}


class TestRebasing:
    """INFY closed at 100 yesterday, as the archive of the minutes has it."""

    def morning(self, last: float, close: float) -> Morning:
        morning = Morning()
        minute = at("15:29", date(2016, 8, 12))
        bar = {"open": 99.0, "high": 101.0, "low": 98.0, "close": 100.0, "volume": 5}
        share = Candle(symbol="INFY", timestamp=at("09:15", date(2016, 8, 12)), **bar)
        index = share.model_copy(update={"symbol": "NIFTY", "close": 8600.0})
        closed = ClosedMinute(
            minute=minute,
            shard="s",
            candles=(),
            candles_day=(share, index),
            feature_names=(),
            features={},
            quotes=(),
        )
        path = ClosedMinute.path(minute, "s")
        morning.objects.put(path, closed.model_dump_json().encode())
        morning.store.write(create(MinuteClose(minute=minute, shard="s", path=path, candles=0)))
        morning.history.shares["NSE:INFY"] = (last, close)
        return morning

    @pytest.mark.parametrize(
        ("last", "close", "suspected"),
        [
            (100.1, 97.0, False),
            # The broker has begun its day: its close is yesterday's, its price may be the pre-open's.
            (120.0, 100.4, False),
            # One share became two.
            (50.0, 50.0, True),
            (50.2, 49.9, True),
            # Before the broker has begun its day both are of before the split.
            (100.0, 96.0, False),
        ],
    )
    def test_a_price_that_is_not_yesterdays_is_told(self, last, close, suspected):
        result = self.morning(last, close).run()
        assert result["ok"]
        assert [p for p in result["problems"] if "corporate action" in p] == (
            [
                f"NSE:INFY closed at 100 and is said to have closed at {close:g}: "
                "a corporate action is suspected, check its levels and positions"
            ]
            if suspected
            else []
        )

    def test_a_broken_archive_costs_the_note_alone(self):
        morning = self.morning(50.0, 50.0)
        [path] = morning.objects.list("minutes/")
        morning.objects.blobs[path] = b"torn"
        result = morning.run()
        assert result["ok"]
        assert "the closes of the session before are not known" in result["problems"][0]

    def test_quotes_that_do_not_come_cost_the_note_and_the_indices_stand_at_their_closes(self):
        morning = self.morning(50.0, 50.0)
        morning.history.quotes_fail = True
        result = morning.run()
        assert result["ok"]
        assert result["problems"] == [
            "prices of the indices are those of the session before: no quotes",
            "no last price of BANKNIFTY: its options are not watched",
            "whether shares were rebased overnight is not known: no quotes",
        ]
        options = [i for i in load_universe(morning.store, morning.objects, DAY).instruments if i.is_option]
        # 8600 less and more 2 %: 8428 to 8772.
        assert sorted({int(o.strike) for o in options}) == [*range(8450, 8800, 50)]


def test_an_override_of_the_hours_is_the_days():
    drill = {"day": "2016-08-20", "open": "10:00", "close": "11:00", "reason": "a drill on a Saturday"}
    morning = Morning({"sessions": [drill]})
    day = date(2016, 8, 20)
    assert morning.run(at("08:30", day))["ok"]
    calendar = next(c for c in morning.preflight(day).checks if c.name == "calendar")
    assert calendar.found == "10:00 to 11:00"
    assert load_seed(morning.objects, day).session.open == at("10:00", day)


def test_a_day_that_will_stop_trading_is_named_weeks_before():
    morning, day = Morning(), date(2026, 11, 6)
    assert morning.run(at("08:30", day))["problems"][0].startswith("in 2 days trading stops: the hours of")
    muhurat = {"day": "2026-11-08", "open": "18:00", "close": "19:00", "reason": "Muhurat"}
    told = Morning({"sessions": [muhurat]}).run(at("08:30", day))["problems"]
    assert not any("trading stops" in problem for problem in told)


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


def test_an_address_that_is_not_observed_yet_is_no_fault_of_the_morning():
    """The preflight observes it, at nine; whatever else fails rings the morning's alarm."""
    live, dead = Morning({"mode": "live"}), Morning({"mode": "live"})
    dead.session_error = SessionExpired("log in again")
    live.run()
    dead.run()
    assert "morning_failed" not in live.metrics.counts
    assert dead.metrics.counts["morning_failed"] == 1
