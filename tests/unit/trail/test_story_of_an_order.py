"""A signal goes through risk, workflow, lane and order updates: one id finds what each has written."""

import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

import functions.order_lane.handler as order_lane
import functions.order_updates.handler as order_updates
import functions.order_workflow.handler as order_workflow
import functions.risk.handler as risk
from patang.adapters.system import EmbeddedMetrics
from patang.market.cycle import Cycle, run_id_of
from patang.records import create
from patang.risk.proposing import order_id_of
from patang.risk.service import RiskService
from patang.trail.ids import ID_NAMES, on_trail
from tests.unit.execution.samples import MORNING, equity_signal, open_account
from tests.unit.execution.stages import entry_of, quote_at, the_proposal
from tests.unit.execution.trading_desk import TradingDesk
from tests.unit.risk.samples import halts

SIGNAL = equity_signal(signal_id=f"S{MORNING:%Y%m%d%H%M}-INFY-equity")
ORDER = order_id_of("main", SIGNAL)
RUN = run_id_of(MORNING)


class Instances:
    """One of each function, on the desk's store; each writes its lines under its own name."""

    def __init__(self, desk: TradingDesk, monkeypatch: pytest.MonkeyPatch) -> None:
        self.desk = desk
        stops = halts(desk.store, desk.settings, desk.clock)
        for module, services in (
            (risk, ("risk",)),
            (order_workflow, ("order_flow",)),
            (order_lane, ("order_lane",)),
            (order_updates, ("order_updates",)),
        ):
            name = module.__name__.split(".")[1]
            own = EmbeddedMetrics(name, "paper")
            made: dict[str, Callable[[], Any]] = {
                "risk": lambda own=own: RiskService(
                    desk.store, desk.objects, desk.clock, desk.get_settings, stops, own
                ),
                "order_flow": desk.flow,
                "order_lane": desk.lane,
                "order_updates": desk.order_updates,
            }
            wired = SimpleNamespace(store=desk.store, clock=desk.clock, pause=desk.clock.advance, metrics=own)
            for service in services:
                setattr(wired, service, made[service])
            monkeypatch.setattr(module, "desk", wired)

    def call(self, module: Any, event: dict[str, Any]) -> dict[str, Any]:
        # The desk's services are made anew at each use, with the metrics that it has then.
        self.desk.metrics = module.desk.metrics
        run = f"{module.__name__.split('.')[1]}-{len(event)}"
        answer: dict[str, Any] = module.handler(event, SimpleNamespace(aws_request_id=run))
        return answer

    def step(self, op: str, **more: str) -> dict[str, Any]:
        return self.call(order_workflow, {"op": op, "account": "main", "order_id": ORDER, **more})


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """All lines of a trade from its signal to its fill."""
    desk = TradingDesk()
    functions = Instances(desk, monkeypatch)
    open_account(desk.store)
    desk.store.write(create(SIGNAL), create(Cycle(run_id=RUN, as_of=MORNING, state="STARTED")))
    quote_at(desk, SIGNAL, SIGNAL.entry_price)

    event = {"op": "assess", "account": "main", "run_id": RUN, "as_of": MORNING.isoformat()}
    assert functions.call(risk, event)["proposals"] == [{"account": "main", "order_id": ORDER}]
    assert functions.step("construct")["ok"]
    assert functions.step("request_approval", task_token="a-token")["ok"]
    asked = the_proposal(desk, ORDER)
    desk.metrics = EmbeddedMetrics("api", "paper")
    with on_trail(request_id="api-1"):
        desk.approvals().decide("main", ORDER, "approve", asked.terms_digest or "", "owner", desk.clock.now())
    assert functions.step("recheck")["ok"]
    assert functions.step("submit", task_token="l-token")["ok"]
    intent = entry_of(desk)
    body = json.dumps({"account": "main", "intent_id": intent.intent_id})
    assert functions.call(order_lane, {"Records": [{"body": body}]}) == {"states": ["ACKED"]}
    desk.exchange.prices = {SIGNAL.symbol: float(SIGNAL.entry_price)}
    desk.exchange.match()
    for frame in desk.exchange.frames:
        update = {"account": "main", "source": "frame", "order": frame, "received_at": ""}
        record = {"messageId": "m", "body": json.dumps(update)}
        assert functions.call(order_updates, {"Records": [record]}) == {"batchItemFailures": []}
    assert functions.step("conclude", reason="SUBMITTED")
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def of(lines: list[dict[str, Any]], value: str) -> list[dict[str, Any]]:
    """As the saved query finds them: lines that carry it, under whichever name."""
    return [line for line in lines if value in [line.get(name) for name in ID_NAMES]]


def test_an_orders_id_finds_what_each_function_did_with_it(told: list[dict[str, Any]]) -> None:
    story = of(told, ORDER)
    assert list(dict.fromkeys(line["service"] for line in story if line["service"] != "desk")) == [
        "risk",
        "order_workflow",
        "api",
        "order_lane",
        "order_updates",
    ]
    names = [name for line in story for name in line]
    for happened in ("order_proposed", "order_steps", "approvals_asked", "lane_intents", "order_updates"):
        assert happened in names, happened
    assert [line["step"] for line in story if "order_steps" in line] == [
        "construct",
        "request_approval",
        "recheck",
        "submit",
        "conclude",
    ]


def test_no_line_that_was_written_for_the_order_lacks_its_id(told: list[dict[str, Any]]) -> None:
    """But what counts the cycle as a whole."""
    lacking = [line for line in told if line not in of(told, ORDER)]
    assert {line["service"] for line in lacking} <= {"risk"}, lacking
    assert all(line.get("run_id", RUN) == RUN for line in told)


def test_the_orders_lines_lead_to_its_minute_its_signal_and_its_order_at_the_broker(
    told: list[dict[str, Any]],
) -> None:
    story = of(told, ORDER)
    proposed = next(line for line in story if "order_proposed" in line)
    assert (proposed["signal_id"], proposed["run_id"]) == (SIGNAL.signal_id, RUN)
    steps = [line for line in story if "order_steps" in line]
    assert {(line["signal_id"], line["run_id"]) for line in steps[:-1]} == {(SIGNAL.signal_id, RUN)}
    (ended,) = [line for line in story if "orders_concluded" in line]
    assert (ended["signal_id"], ended["run_id"]) == (SIGNAL.signal_id, RUN)
    (sent,) = [line for line in story if "lane_intents" in line]
    heard = [line for line in story if line.get("service") == "order_updates" and "order_updates" in line]
    assert {line["intent_id"] for line in heard} == {sent["intent_id"]}
    assert {line["status"] for line in heard} >= {"COMPLETE"}
    assert all(line["broker_order_id"] for line in heard)


def test_every_line_has_its_head_and_what_is_a_metric_only_its_two_dimensions(
    told: list[dict[str, Any]],
) -> None:
    for line in told:
        assert {"timestamp", "level", "service", "stage", "request_id"} <= line.keys(), line
        for entry in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            assert entry["Dimensions"] == [["service", "stage"]]


def test_the_tokens_of_the_workflow_stay_in(told: list[dict[str, Any]]) -> None:
    assert not any("a-token" in json.dumps(line) or "l-token" in json.dumps(line) for line in told)
