"""Reminders in the morning, the logout in the evening: when, for whom, and how often."""

from datetime import datetime

import pytest

from patang.errors import SessionExpired, TryAgain
from patang.keys import settings_key
from patang.market.sessions import IST
from patang.ports import Put
from patang.settings import KiteSettings, Settings
from tests.unit.api.sample_desk import SampleDesk


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=IST)


class Morning(SampleDesk):
    """`broker_says` is what a look at the session at the broker raises."""

    broker_says: Exception | None = None

    def check_session(self, account):
        if self.broker_says is not None:
            if isinstance(self.broker_says, SessionExpired):
                self.accounts().mark_expired(account, self.accounts().session(account).version)
            raise self.broker_says


@pytest.fixture
def desk():
    desk = Morning(at("2026-08-18 08:15"), public_url="https://desk.example")
    desk._sample_accounts._desk_address = desk.public_url
    desk.register("main", "AB1234", "asha")
    desk.register("family", "AB9999", "asha", enabled=False)
    return desk


def run(desk, text):
    desk.clock.moment = at(text)
    return desk.daily_login().by_schedule(at(text))


def log_in(desk, token="r"):
    desk.kite.logins[token] = "AB1234"
    return desk.accounts().complete_login("main", token)


def test_it_reminds_at_each_time_until_the_login_is_done(desk):
    assert run(desk, "2026-08-18 08:15") == {"reminded": ["main"]}
    assert run(desk, "2026-08-18 08:45") == {"reminded": ["main"]}
    subject, text = desk.notifier.sent[0]
    assert "https://desk.example/login?account=main" in text
    assert len(f"{subject}: {text}") <= 160
    assert len(desk.notifier.sent) == 2


def test_the_same_time_again_tells_nobody_again(desk):
    run(desk, "2026-08-18 08:15")
    assert run(desk, "2026-08-18 08:15") == {"reminded": []}
    assert len(desk.notifier.sent) == 1


def test_who_is_logged_in_is_not_reminded(desk):
    log_in(desk)
    assert run(desk, "2026-08-18 08:45") == {"reminded": []}


def test_a_login_of_before_six_is_none_of_the_day(desk):
    desk.clock.moment = at("2026-08-18 05:30")
    log_in(desk)
    assert run(desk, "2026-08-18 08:15") == {"reminded": ["main"]}


@pytest.mark.parametrize(
    ("says", "reminded"), [(SessionExpired("killed"), ["main"]), (TryAgain("away"), [])], ids=str
)
def test_the_broker_is_asked_whether_the_session_lives(desk, says, reminded):
    log_in(desk)
    desk.broker_says = says
    assert run(desk, "2026-08-18 08:45") == {"reminded": reminded}


@pytest.mark.parametrize("day", ["2026-08-15", "2026-08-16", "2026-10-02"])
def test_on_days_without_trading_there_is_peace(desk, day):
    assert run(desk, f"{day} 08:15") == {"reason": "no session today"}
    assert desk.notifier.sent == []


def test_a_message_that_cannot_be_sent_is_an_alarm_and_the_next_is_told(desk, monkeypatch):
    desk.register("second", "CD5678", "asha")
    sent = []

    def send(subject, text, kind):
        if "second" not in subject:
            raise OSError("away")
        sent.append(subject)

    monkeypatch.setattr(desk.notifier, "send", send)
    assert run(desk, "2026-08-18 08:15") == {"reminded": ["main", "second"]}
    assert sent == ["Log in: second"]
    assert desk.metrics.counts["notification_failed"] == 1


def test_the_days_token_is_given_up_after_the_day(desk):
    log_in(desk)
    assert run(desk, "2026-08-18 16:00") == {"reason": "nothing is due"}
    assert run(desk, "2026-08-18 16:30") == {"logged_out": ["main"]}
    assert desk.kite.ended == ["access-r"]
    assert desk.accounts().session("main").state == "LOGGED_OUT"
    with pytest.raises(SessionExpired, match=r"log in at https://desk\.example/login\?account=main"):
        desk.accounts().credentials("main")
    assert run(desk, "2026-08-18 17:00") == {"logged_out": []}


def test_a_login_of_the_evening_is_left_alone(desk):
    log_in(desk)
    run(desk, "2026-08-18 16:30")
    desk.clock.moment = at("2026-08-18 18:10")
    log_in(desk, "evening")
    assert run(desk, "2026-08-18 18:30") == {"logged_out": []}
    assert desk.accounts().is_live("main")


def test_a_broker_that_is_away_is_asked_again(desk, monkeypatch):
    log_in(desk)
    monkeypatch.setattr(desk.kite, "end", lambda key, token: (_ for _ in ()).throw(TryAgain("away")))
    assert run(desk, "2026-08-18 16:30") == {"logged_out": []}
    assert desk.accounts().is_live("main")
    monkeypatch.undo()
    assert run(desk, "2026-08-18 17:00") == {"logged_out": ["main"]}


def test_a_token_that_was_dead_already_is_found_out(desk, monkeypatch):
    log_in(desk)
    monkeypatch.setattr(desk.kite, "end", lambda key, token: (_ for _ in ()).throw(SessionExpired("dead")))
    assert run(desk, "2026-08-18 16:30") == {"logged_out": []}
    assert desk.accounts().session("main").state == "EXPIRED"


@pytest.mark.parametrize(
    ("logout_at", "time", "out"),
    [(None, "22:30", None), ("15:00", "16:00", None), ("15:00", "16:30", ["main"]), ("20:00", "16:30", None)],
)
def test_when_it_logs_out_is_a_setting_but_never_into_the_days_work(desk, logout_at, time, out):
    settings = Settings(kite=KiteSettings(logout_at=logout_at))
    desk.store.write(Put(settings_key(), {"document": settings.model_dump_json()}))
    log_in(desk)
    done = run(desk, f"2026-08-18 {time}")
    assert done.get("logged_out") == out


def test_a_fault_with_one_account_leaves_the_others_their_reminder_and_their_logout(desk, monkeypatch):
    desk.register("second", "CD5678", "asha")
    desk.kite.logins |= {"s": "CD5678"}
    log_in(desk)
    desk.accounts().complete_login("second", "s")
    end = desk.kite.end

    def garbled(account):
        if account == "main":
            raise KeyError("user_id")
        desk.accounts().mark_expired(account, 1)
        raise SessionExpired("killed")

    def fails(key, token):
        if token == "access-r":
            raise KeyError("data")
        end(key, token)

    monkeypatch.setattr(desk, "check_session", garbled)
    assert run(desk, "2026-08-18 08:45") == {"reminded": ["second"]}
    desk.kite.logins["t"] = "CD5678"
    desk.accounts().complete_login("second", "t")
    monkeypatch.setattr(desk.kite, "end", fails)
    assert run(desk, "2026-08-18 16:30") == {"logged_out": ["second"]}
    assert desk.metrics.counts["session_not_checked"] == desk.metrics.counts["logout_failed"] == 1
