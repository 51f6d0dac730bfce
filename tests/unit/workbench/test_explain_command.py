"""`patang explain`: by the desk's API and with AWS credentials, in words and as JSON, and its exit codes."""

import json
from types import SimpleNamespace

import httpx
import pytest
from starlette.testclient import TestClient

from functions.api.app import build_app
from patang.market.cycle import run_id_of
from patang_workbench.cli import explain, main, running
from tests.unit.api.sample_desk import two_owners
from tests.unit.strategies.decided import assess, busy, decide_on


@pytest.fixture
def decided(monkeypatch):
    """A desk of two owners that has decided a cycle; asha's accounts and ravi's have answered it."""
    desk = two_owners()
    as_of, signals = decide_on(desk.store, desk.objects, busy())
    for account in ("main", "other"):
        assess(desk.store, desk.objects, as_of, account)
    api = TestClient(build_app(desk))
    token = desk.tokens().issue("asha", "test", ("read",), days=1).secret
    monkeypatch.setenv("PATANG_URL", "http://testserver")
    monkeypatch.setenv("PATANG_TOKEN", token)
    monkeypatch.setattr(running.httpx, "request", lambda *what, timeout, **more: api.request(*what, **more))
    monkeypatch.setattr(explain, "deployed_desk", lambda _stage: desk)
    (signal, *_) = (signal for signal in signals if not signal.refused)
    return SimpleNamespace(desk=desk, signal=signal.signal_id, run_id=run_id_of(as_of))


@pytest.mark.parametrize("where", [[], ["--stage", "paper"]])
def test_a_signal_is_told_in_words(decided, capsys, where):
    assert main(["explain", decided.signal, *where]) == 0
    out = capsys.readouterr().out
    assert out.startswith(decided.signal)
    assert "Rules" in out
    assert "Account main: " in out
    assert "expected profit" in out or "MAX_CONCURRENT_REACHED" in out


def test_as_json_it_has_every_number(decided, capsys):
    assert main(["explain", decided.signal, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["signal"]["signal_id"] == decided.signal
    assert {"name", "comparison", "threshold", "passed", "value"} <= set(told["rules"][0])
    assert told["contributions"]["p_win_log_odds"]["inputs"]
    (account,) = told["accounts"]
    assert account["account"] == "main"
    assert account["decision"]["outcome"]
    assert account["seal"]["intact"] is True
    assert isinstance(told["bid"], float)


def test_other_peoples_accounts_are_not_told(decided, capsys):
    assert main(["explain", decided.signal, "--account", "other"]) == 1
    assert "you have no account 'other'" in capsys.readouterr().err


def test_with_aws_credentials_every_account_is_the_owners(decided, capsys):
    assert main(["explain", decided.signal, "--stage", "paper", "--account", "other", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [account["account"] for account in told["accounts"]] == ["other"]
    assert main(["explain", decided.signal, "--stage", "paper", "--account", "nobody"]) == 1
    assert "no account 'nobody'" in capsys.readouterr().err


@pytest.mark.parametrize("where", [[], ["--stage", "paper"]])
def test_a_cycle_tells_what_was_left_alone(decided, capsys, where):
    assert main(["explain", decided.run_id, *where]) == 0
    out = capsys.readouterr().out
    assert decided.signal in out
    assert "FAILED" in out
    assert main(["explain", decided.run_id, "--json", *where]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["left_alone"][0]["gate"]


@pytest.mark.parametrize("where", [[], ["--stage", "paper"]])
@pytest.mark.parametrize("name", ["S209901010930-NIFTY", "2099-01-01-0930", "nonsense", "../../audit"])
def test_what_there_is_not_fails_with_a_reason(decided, capsys, where, name):
    assert main(["explain", name, *where]) == 1
    captured = capsys.readouterr()
    assert captured.out == ""
    assert (
        "no such signal" in captured.err
        or "nothing is kept" in captured.err
        or "is no signal" in captured.err
    )


def test_what_is_not_as_sealed_fails(decided, capsys):
    for path in list(decided.desk.objects.blobs):
        if "/main-" in path:
            decided.desk.objects.put(path, b"{}")
    assert main(["explain", decided.signal]) == 1
    assert "NOT AS SEALED" in capsys.readouterr().out


def test_without_a_signal_the_command_is_not_understood(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["explain"])
    assert stop.value.code == 2
    capsys.readouterr()


def test_a_desk_that_does_not_answer_is_named(monkeypatch, capsys):
    def fails(*_args, **_more):
        raise httpx.ConnectError("refused")

    monkeypatch.setenv("PATANG_TOKEN", "patang_x")
    monkeypatch.setattr(running.httpx, "request", fails)
    assert main(["explain", "S202608181000-X", "--url", "http://127.0.0.1:9"]) == 1
    assert "does not answer" in capsys.readouterr().err
