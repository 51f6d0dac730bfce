"""`patang preflight` and `patang graduation` on a deployed desk that is pretended."""

import io
import json
from typing import Any

import pytest

from patang.accounts.account import Account
from patang.desk_view.service import DeskView
from patang.execution.graduation import Graduations
from patang.market.preflight import Check, Preflight
from patang.records import create
from patang_workbench.cli import graduation, main, preflight
from tests.unit.execution.samples import MORNING
from tests.unit.execution.trading_desk import TradingDesk

ARN = "arn:aws:iam::1:user/asha"
BAD = Check(name="egress_ip", passed=False, found="198.51.100.9", expected="203.0.113.7", to_do="register it")
GOOD = Check(name="session", account="main", passed=True, found="the session of AB1234", expected="one")
NOTE = Check(name="clock_skew", passed=False, found="9 s", expected="3 s", blocks=False)


class Wired:
    """A TradingDesk behind the names that patang.app.Desk has."""

    def __init__(self, desk: TradingDesk) -> None:
        self.desk, self.store = desk, desk.store

    def accounts(self) -> Any:
        return self

    def list(self) -> list[Account]:
        return [Account(account="main", label="main", kite_user_id="AB1234", api_key="k", principal="asha")]

    def desk_view(self) -> DeskView:
        settings = self.desk.get_settings
        return DeskView(self.store, self, None, self.desk.clock, settings, settings)

    def graduations(self) -> Graduations:
        return Graduations(self.store, self.desk.clock)


class Deployed:
    """The Lambda client of boto3: one function, which answers with a record."""

    def __init__(self, answer: Any, *, failed: bool = False) -> None:
        self.calls: list[dict[str, Any]] = []
        self._answer, self._failed = answer, failed

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.calls.append({"function": FunctionName} | json.loads(Payload))
        error = {"FunctionError": "Unhandled"} if self._failed else {}
        return {"Payload": io.BytesIO(json.dumps(self._answer).encode())} | error


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> TradingDesk:
    desk = TradingDesk()
    for module in (preflight, graduation):
        monkeypatch.setattr(module, "deployed_desk", lambda _stage: Wired(desk))
        monkeypatch.setattr(module, "caller", lambda: ARN)
    return desk


def result(*checks: Check) -> Preflight:
    passed = all(not check.stops for check in checks)
    return Preflight(
        day=MORNING.date(),
        mode="live",
        scheduled_time=MORNING,
        ran_at=MORNING,
        passed=passed,
        checks=checks,
    )


def deployed(monkeypatch: pytest.MonkeyPatch, answer: Any, *, failed: bool = False) -> Deployed:
    client = Deployed(answer, failed=failed)
    monkeypatch.setattr(preflight.boto3, "client", lambda _name, config: client)
    return client


def test_it_is_made_by_the_deployment_in_the_name_of_who_asks(
    desk: TradingDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = deployed(monkeypatch, result(GOOD, NOTE).model_dump(mode="json"))
    assert main(["preflight", "--stage", "live", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["passed"] is True
    assert {"name", "passed", "found", "expected", "to_do"} <= set(told["checks"][0])
    (call,) = client.calls
    assert (call["function"], call["by"]) == ("patang-live-preflight:live", ARN)


def test_what_fails_is_told_with_what_to_do_and_by_the_exit_code(
    desk: TradingDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deployed(monkeypatch, result(BAD, GOOD, NOTE).model_dump(mode="json"))
    assert main(["preflight", "--stage", "live"]) == 1
    out = capsys.readouterr().out
    for part in ("NOT passed", "FAIL egress_ip: 198.51.100.9", "expected: 203.0.113.7", "do: register it"):
        assert part in out
    assert "note clock_skew: 9 s" in out
    assert "ok   session (main)" in out


@pytest.mark.parametrize("answer", [{"ok": False, "reason": "stale"}, {"errorMessage": "it broke"}, None])
def test_a_deployment_that_could_not_check_is_no_pass(
    desk: TradingDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: Any
) -> None:
    deployed(monkeypatch, answer, failed=answer is None)
    assert main(["preflight", "--stage", "live"]) == 1
    assert "could not be made" in capsys.readouterr().err


def test_the_latest_result_is_shown_without_checking(
    desk: TradingDesk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    client = deployed(monkeypatch, None)
    assert main(["preflight", "--stage", "live", "--show"]) == 1
    assert "no preflight has run today" in capsys.readouterr().err
    desk.store.write(create(result(GOOD)))
    assert main(["preflight", "--stage", "live", "--show"]) == 0
    assert client.calls == []


def test_progress_tells_every_condition(desk: TradingDesk, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graduation", "--json"]) == 1
    (told,) = json.loads(capsys.readouterr().out)
    assert told["stage"] == "PAPER"
    assert told["unmet"] == ["paper_sessions", "paper_trades", "parity", "reconciliation"]
    assert main(["graduation"]) == 1
    assert "open paper_sessions: 0 (expected: at least 20)" in capsys.readouterr().out


def test_a_waiver_takes_an_account_and_a_reason(
    desk: TradingDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["graduation", "--waive", "paper", "--reason", "why"]) == 1
    assert "--account" in capsys.readouterr().err
    assert main(["graduation", "--account", "main", "--waive", "paper"]) == 1
    assert "needs a reason" in capsys.readouterr().err
    assert main(["graduation", "--account", "nobody", "--waive", "paper", "--reason", "why"]) == 1
    assert "there is no account 'nobody'" in capsys.readouterr().err
    assert main(["graduation", "--account", "main", "--waive", "paper", "--reason", "why"]) == 0
    assert "FIRST_SESSIONS, waived: paper" in capsys.readouterr().out
    assert "GRADUATION_WAIVED" in desk.events()
