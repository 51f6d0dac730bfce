"""The home desk's clockwork, stream and keeper."""

import inspect
import os
import threading
from datetime import datetime, time, timedelta
from pathlib import Path
from time import monotonic, sleep
from types import SimpleNamespace

import pytest

from infra.config import StageSettings
from patang.errors import BadInput
from patang.market.sessions import IST
from patang.reports.day_mail import DayMail
from patang_workbench.home_desk.clockwork import SCHEDULES, HomeClockwork
from patang_workbench.home_desk.desk import HomeDesk
from patang_workbench.home_desk.environment import HomeEnvironment
from patang_workbench.home_desk.keeper import Keeper
from patang_workbench.home_desk.tick_stream import HOME_SHARD, HomeStream
from tests.fakes import FixedClock

ONE = {"KITE_API_KEY": "key", "KITE_API_SECRET": "secret", "KITE_USER_ID": "AB1234"}
TUESDAY = datetime(2026, 8, 18, 9, 0, tzinfo=IST)


@pytest.fixture
def clockwork(tmp_path: Path) -> HomeClockwork:
    given = HomeEnvironment.read(ONE | {"PATANG_HOME": str(tmp_path)})
    return HomeClockwork(HomeDesk(given, lambda: ""))


def test_the_schedules_are_the_deployed_desks() -> None:
    deployed = {
        name.removesuffix("_schedule"): field.default
        for name, field in StageSettings.model_fields.items()
        if name.endswith("_schedule")
    }
    # The lane is a thread here: nothing keeps it warm.
    assert dict(SCHEDULES) == {name: cron for name, cron in deployed.items() if name != "warm"}


def test_each_minute_is_due_once_and_none_is_lost(clockwork: HomeClockwork) -> None:
    at_nine = ("late_morning", "preflight", "reconcile")
    assert dict(clockwork.due(TUESDAY)) == dict.fromkeys(at_nine, TUESDAY)
    assert dict(clockwork.due(TUESDAY + timedelta(seconds=59))) == {}
    late = TUESDAY + timedelta(minutes=2, seconds=1)
    minute = late.replace(second=0)
    assert dict(clockwork.due(late)) == {"preflight": minute, "reconcile": minute}


def test_who_was_away_begins_with_now(clockwork: HomeClockwork) -> None:
    list(clockwork.due(TUESDAY))
    evening = TUESDAY.replace(hour=18)
    assert dict(clockwork.due(evening)) == {"logout": evening}


@pytest.mark.parametrize("at", ["15:50", "18:00"])
def test_after_the_close_word_of_the_report_is_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, at: str
) -> None:
    """By the minute's reconciliation, and where that did not run, by the schedule of the evening."""
    desk = HomeDesk(HomeEnvironment.read(ONE | {"PATANG_HOME": str(tmp_path)}), lambda: "http://127.0.0.1:1")
    desk.clock = FixedClock(datetime.combine(TUESDAY, time.fromisoformat(at), IST))
    clockwork = HomeClockwork(desk)
    clockwork.start()
    until = monotonic() + 10
    while "Report of 18 Aug 2026" not in caplog.text and monotonic() < until:
        sleep(0.05)
    clockwork.end()
    assert "http://127.0.0.1:1/reports/daily/2026-08-18" in caplog.text


def test_a_mail_that_fails_keeps_nobody_logged_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    desk = HomeDesk(HomeEnvironment.read(ONE | {"PATANG_HOME": str(tmp_path)}), lambda: "")
    desk.clock = FixedClock(TUESDAY.replace(hour=18))
    logged_out, mailed = threading.Event(), threading.Event()
    log_out = SimpleNamespace(by_schedule=lambda _minute: logged_out.set() or {})

    def mail() -> DayMail:
        mailed.set()
        raise RuntimeError("the mail fails")

    monkeypatch.setattr(desk, "daily_login", lambda: log_out)
    monkeypatch.setattr(desk, "day_mail", mail)
    clockwork = HomeClockwork(desk)
    clockwork.start()
    assert mailed.wait(10)
    clockwork.end()
    assert logged_out.is_set()
    assert "the mail fails" in caplog.text


def test_what_is_put_is_read_in_order_and_again_from_any_place() -> None:
    stream = HomeStream()
    stream.put([("NIFTY", b"a"), ("INFY", b"b")])
    stream.mark(b"m")
    records = stream.behind(None)
    assert [data for _, data in records] == [b"a", b"b", b"m"]
    (first, _), (second, _), (third, _) = records
    assert list(stream.read(HOME_SHARD, str(first), str(third))) == [(str(second), b"b")]
    assert stream.behind(third) == []
    with pytest.raises(BadInput, match="no sequence number of this stream"):
        list(stream.read(HOME_SHARD, "17", str(third)))
    with pytest.raises(BadInput, match="shard"):
        list(stream.read("shard-1", None, str(third)))


def test_a_reader_is_woken_by_what_comes() -> None:
    stream = HomeStream()
    assert stream.wait(None, 0.01) == []
    putting = threading.Timer(0.05, stream.put, [[("NIFTY", b"a")]])
    putting.start()
    [(number, data)] = stream.wait(None, 10)
    assert data == b"a"
    assert stream.wait(number, 0.01) == []


def test_a_folder_has_one_keeper_and_the_next_follows_it(tmp_path: Path) -> None:
    first, second = Keeper(tmp_path), Keeper(tmp_path)
    assert second.address() == ""
    assert first.take()
    assert not second.take()
    first.serve_at("http://127.0.0.1:1")
    assert second.address() == "http://127.0.0.1:1"
    assert second.holder() is not None
    first.let_go()
    assert second.address() == ""
    assert second.take()
    assert not first.take()
    with pytest.raises(RuntimeError):
        first.serve_at("http://127.0.0.1:1")


def test_what_is_of_use_for_a_while_goes_and_what_is_kept_for_good_stays(tmp_path: Path) -> None:
    given = HomeEnvironment.read(ONE | {"PATANG_HOME": str(tmp_path)})
    desk, now = HomeDesk(given, lambda: ""), TUESDAY.timestamp()
    desk.clock = FixedClock(TUESDAY)
    day = 24 * 3600
    written = {
        "ticks/date=2026-07-01/a.parquet": 40,
        "ticks/date=2026-08-17/b.parquet": 1,
        "minutes/2026-05-01/0930/home.json": 100,
        "historical_candles/symbol=INFY/c.parquet": 900,
        "decisions/2020/d.json": 2000,
    }
    for path, age in written.items():
        desk.objects.put(path, b"x")
        os.utime(tmp_path / "store" / path, (now - age * day, now - age * day))
    desk.tidy()
    assert desk.objects.list("") == [
        "decisions/2020/d.json",
        "historical_candles/symbol=INFY/c.parquet",
        "ticks/date=2026-08-17/b.parquet",
    ]
    assert not (tmp_path / "store" / "minutes" / "2026-05-01").exists()


def test_nothing_of_the_desk_needs_aws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every service and port that needs no argument is made, and whatever a later version adds."""

    def refused(service: str, **_: object) -> object:
        raise AssertionError(f"a home desk asks AWS for {service}")

    monkeypatch.setattr("boto3.client", refused)
    desk = HomeDesk(HomeEnvironment.read(ONE | {"PATANG_HOME": str(tmp_path)}), lambda: "")
    made = []
    # Research runs in an image of its own, with packages that a home has no need of. A home's ingester is a
    # thread of its process: it has no task in a cluster that somebody would count. It has no locked archive,
    # so that nobody asks who signs for one.
    assert desk.audit_archive is None
    not_at_home = {"research_worker", "feed_task", "ingester_tasks", "signer"}
    for name in sorted(set(dir(HomeDesk)) - not_at_home):
        if name.startswith("_"):
            continue
        part = getattr(desk, name)
        if inspect.ismethod(part) and not inspect.signature(part).parameters:
            part()
        made.append(name)
    assert {"store", "secrets", "intent_queue", "order_lane", "reconciler", "grants", "workflows"} <= set(
        made
    )
