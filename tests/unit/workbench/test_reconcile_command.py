"""`patang reconcile` and `patang positions sold`: by the deployment or the running desk, never from here."""

import io
import json
from typing import Any

import pytest

from patang.execution.market_clock import MarketClock
from patang.records import create
from patang_workbench.cli import main, positions, reconcile
from tests.unit.execution.protected import entered
from tests.unit.execution.trading_desk import TradingDesk

CLEAN = {
    "account": "main", "mode": "paper", "as_of": "2026-08-18T10:00:00+05:30", "clean": True, "looks": 1,
    "looked_at": "2026-08-18T10:00:01+05:30", "checked": {"orders": 2, "trades": 1}, "differences": [],
    "foreign": [{"symbol": "TCS", "product": "CNC", "quantity": 4}],
}  # fmt: skip
SHORT = {"kind": "HOLDING_SHORT", "symbol": "NSE:INFY:MIS", "ours": "20", "brokers": "15"}
DIFFERS = CLEAN | {"account": "second", "clean": False, "differences": [SHORT]}


class Deployed:
    """The Lambda service as far as it is asked."""

    def __init__(self, answer: Any, *, failed: bool = False) -> None:
        self.asked: list[tuple[str, Any]] = []
        self._answer = answer
        self._failed = failed

    def client(self, service: str, config: Any) -> "Deployed":
        assert (service, config.retries) == ("lambda", {"total_max_attempts": 1})
        return self

    def invoke(self, FunctionName: str, Payload: bytes) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.asked.append((FunctionName, json.loads(Payload)))
        failed = {"FunctionError": "Unhandled"} if self._failed else {}
        return {"Payload": io.BytesIO(json.dumps(self._answer).encode())} | failed


def deployed(monkeypatch: pytest.MonkeyPatch, answer: Any, **how: Any) -> Deployed:
    made = Deployed(answer, **how)
    monkeypatch.setattr(reconcile, "boto3", made)
    return made


def test_the_deployment_compares_and_the_exit_code_tells(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = deployed(monkeypatch, {"results": [CLEAN]})
    assert main(["reconcile", "--stage", "live", "--account", "main", "--json"]) == 0
    assert asked.asked == [("patang-live-reconciler:live", {"reconcile": ["main"]})]
    assert json.loads(capsys.readouterr().out) == [CLEAN]


def test_a_difference_that_nobody_can_explain_is_an_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = deployed(monkeypatch, {"results": [CLEAN, DIFFERS]})
    assert main(["reconcile", "--stage", "paper"]) == 1
    assert asked.asked == [("patang-paper-reconciler:live", {"reconcile": []})]
    shown = capsys.readouterr().out
    assert "FAIL HOLDING_SHORT NSE:INFY:MIS: ours 20, the broker's 15" in shown
    assert "not ours: 4 TCS (CNC)" in shown


@pytest.mark.parametrize(
    "results", [[], [{"account": "main", "clean": False, "error": "SessionExpired: log in"}]]
)
def test_what_could_not_be_compared_is_not_clean(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], results: list[dict[str, Any]]
) -> None:
    deployed(monkeypatch, {"results": results})
    assert main(["reconcile", "--stage", "paper"]) == 1
    assert ("not compared" in capsys.readouterr().out) == bool(results)


@pytest.mark.parametrize(
    ("answer", "failed"),
    [({"refused": "no account 'x'"}, False), ({"errorMessage": "boom"}, True), (None, False)],
)
def test_a_function_that_fails_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], answer: Any, failed: bool
) -> None:
    deployed(monkeypatch, answer, failed=failed)
    assert main(["reconcile", "--stage", "paper"]) == 1
    assert "could not be compared" in capsys.readouterr().err


class Running:
    """A running desk that has compared after the second look."""

    def __init__(self, later: dict[str, Any]) -> None:
        self.answers = [[CLEAN], [CLEAN], [later]]
        self.posted: list[Any] = []

    def found(self, _options: Any) -> "Running":
        return self

    def get(self, path: str) -> Any:
        assert path == "/api/reconciliation"
        return self.answers.pop(0)

    def post(self, path: str, body: Any) -> Any:
        self.posted.append((path, body))
        return {"accounts": ["main"]}


@pytest.mark.parametrize(("clean", "code"), [(True, 0), (False, 1)])
def test_a_running_desk_is_asked_and_waited_for(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], clean: bool, code: int
) -> None:
    later = CLEAN | {"clean": clean, "looked_at": "2026-08-18T10:00:09+05:30"}
    running = Running(later)
    monkeypatch.setattr(reconcile, "RunningDesk", running)
    monkeypatch.setattr(reconcile.time, "sleep", lambda seconds: None)
    assert main(["reconcile", "--account", "main", "--json"]) == code
    assert running.posted == [("/api/reconciliation", {"account": "main"})]
    assert json.loads(capsys.readouterr().out) == [later]


@pytest.fixture
def desk(monkeypatch: pytest.MonkeyPatch) -> TradingDesk:
    desk = TradingDesk()
    desk.store.write(create(MarketClock(market_time=desk.market_time, seen_at=desk.clock.now())))
    monkeypatch.setattr(positions, "deployed_desk", lambda _stage: desk)
    monkeypatch.setattr(positions, "caller", lambda: "arn:aws:iam::1:user/asha")
    return desk


def test_the_owners_word_on_a_sale_is_taken_with_his_name(
    desk: TradingDesk, capsys: pytest.CaptureFixture[str]
) -> None:
    position = entered(desk)
    words = [
        "positions",
        "sold",
        "main",
        position.position_id,
        "--quantity",
        "8",
        "--price",
        "1490",
        "--json",
    ]
    assert main(words) == 0
    assert json.loads(capsys.readouterr().out)["left"] == 12
    (changed,) = desk.positions()
    assert (changed.open_quantity, changed.exited_quantity) == (12, 0)
    events = desk.store.query("OUTBOX#main#2026-08-18", prefix="sold_outside")
    assert [event["actor"] for event in events] == ["arn:aws:iam::1:user/asha"]


@pytest.mark.parametrize(("quantity", "price"), [("21", "1490"), ("0", "1490"), ("5", "0"), ("5", "NaN")])
def test_what_is_not_held_cannot_have_been_sold(
    desk: TradingDesk, capsys: pytest.CaptureFixture[str], quantity: str, price: str
) -> None:
    position = entered(desk)
    words = ["positions", "sold", "main", position.position_id, "--quantity", quantity, "--price", price]
    assert main(words) == 1
    assert capsys.readouterr().err.startswith("patang: ")
