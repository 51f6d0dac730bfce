"""The simulator's control routes and its command."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest


def test_the_clock_starts_paused_and_keeps_its_limit(desk: Any) -> None:
    clock = desk.show("clock")
    assert clock == {
        "market_time": "2026-08-18T09:14:30+05:30",
        "speed": 1.0,
        "paused": True,
        "limit": None,
        "state": "pre",
        "held": True,
        "ended": False,
    }
    desk.run_until("09:15:10")
    time.sleep(0.2)
    clock = desk.show("clock")
    assert (clock["market_time"], clock["state"]) == ("2026-08-18T09:15:10+05:30", "open")
    assert desk.show("stats")["reached_speed"] > 1
    desk.control("clock", paused=True, limit=None)
    time.sleep(0.1)
    assert desk.show("clock")["market_time"] == "2026-08-18T09:15:10+05:30"


@pytest.mark.parametrize("body", [{"speed": 0.5}, {"speed": 1001}, {"limit": "noon"}, {"paused": "yes"}, []])
def test_a_bad_request_says_what_to_send(desk: Any, body: Any) -> None:
    reply = desk.http.post("/_simulator/clock", json=body)
    assert reply.status_code == 400
    assert reply.json()["error_type"] == "InputException"
    assert "use" in reply.json()["message"] or "must be" in reply.json()["message"]


def test_counts(desk: Any) -> None:
    desk.run_until("09:16:00")
    stats = desk.show("stats")
    assert stats["ticks_generated"] > 1000
    assert (stats["ticks_sent"], stats["orders"], stats["connections"]) == (0, 0, 0)


def test_source_candles_of_a_day(desk: Any) -> None:
    candles = desk.show("candles?date=2026-08-17")
    assert candles["INFY"][0][0] == "2026-08-17T09:15:00+0530"
    assert len(candles["NIFTY 50"]) == 360, "an index ends with its shares since the closing auction"
    reply = desk.http.get("/_simulator/candles?date=2020-01-01")
    assert (reply.status_code, "2026-08-18" in reply.json()["message"]) == (404, True)


def test_the_front_door_can_be_told_later(desk: Any) -> None:
    shown = desk.control("app", redirect_url="https://desk.example/login")
    assert shown["redirect_url"] == "https://desk.example/login"
    reply = desk.http.post("/connect/login", data={"api_key": desk.key})
    assert reply.headers["location"].startswith("https://desk.example/login?")
    assert desk.http.post("/_simulator/app", json={"redirect_url": "javascript:1"}).status_code == 400


@pytest.fixture
def command() -> Iterator[Any]:
    started = []

    def start(*words: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "patang_workbench.exchange", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PATANG_DATA": ""},
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_command_prints_its_addresses_and_ends_when_told(command: Any, number: signal.Signals) -> None:
    process = command("--json", "--speed", "60", "--start", "09:30:00", "--history-days", "2", "--run")
    facts = json.loads(process.stdout.readline())
    assert facts["ticker_root"].startswith("ws://127.0.0.1:")
    assert facts["login_url"] == f"{facts['kite_root']}/connect/login"
    clock = httpx.get(f"{facts['control']}/clock").json()
    assert (clock["state"], clock["paused"]) == ("open", False)
    assert clock["market_time"] >= "2026-08-18T09:30:00"
    process.send_signal(number)
    assert process.wait(10) == 0


def test_the_command_sets_the_rules(command: Any) -> None:
    words = ("--holding", "ITC=50", "--demat-consent", "none", "--registered-ip", "192.0.2.1")
    rules = ("--blocked", "http_400", "--square-off", "15:05,15:25", "--read-limits", "--echo", "as_limit")
    process = command("--json", "--history-days", "2", *words, *rules)
    facts = json.loads(process.stdout.readline())
    shown = httpx.get(f"{facts['control']}/rules").json()
    expected = {
        "registered_ips": ["192.0.2.1"],
        "blocked": "http_400",
        "square_off_cash": "15:05:00",
        "square_off_derivatives": "15:25:00",
        "history_a_second": 3,
        "echo": "as_limit",
    }
    assert {name: shown[name] for name in expected} == expected
    held = {"action": "demat_consent", "demat_consent": "consent"}
    assert httpx.post(f"{facts['control']}/owner", json=held).json() == {"done": "consent"}


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--date", "2026-08-15"], "closed on Saturday, 2026-08-15"),
        (["--replay", "2016-08-16"], "give --data or set PATANG_DATA"),
        (["--replay", "2016-08-16", "--data", "nowhere"], "does not exist"),
        (["--speed", "5000"], "outside 1 to 1000"),
        (["--start", "25:00"], "not a market time"),
        (["--account", "key:secret"], "KEY:SECRET:ID"),
        (["--holding", "ITC"], "SYMBOL=UNITS"),
        (["--holding", "NOSUCH=5"], "cannot be held"),
        (["--square-off", "noon"], "HH:MM,HH:MM"),
        (["--blocked", "never"], "invalid choice"),
    ],
)
def test_the_command_refuses_what_cannot_be_played(command: Any, words: list[str], message: str) -> None:
    process = command(*words)
    _, problem = process.communicate(timeout=20)
    assert process.returncode == 2
    assert message in problem
