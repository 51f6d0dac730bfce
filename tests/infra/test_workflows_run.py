"""The state machines of the template, run by the emulator with stand-ins for the functions."""

import io
import json
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from infra.bundles import ROOT
from patang_workbench.local_stack.emulator import Emulator
from patang_workbench.local_stack.processes import Keeper

ROLE = "arn:aws:iam::000000000000:role/none"

# What the owner and the lane do is in the order's id; what came in is told by the last answer.
STEPS = """
import json, boto3

def handler(event, context):
    op, order = event["op"], event["order_id"]
    if order == f"{op}-raises":
        raise RuntimeError("a fault")
    answer = {"ok": order != f"{op}-refuses", "reason": f"said by {op}"}
    if op == "request_approval":
        if order == "silent":
            return {}
        word = {"declined": "decline", "late": "expired"}.get(order, "approve")
        answer = {"ok": word == "approve", "decision": word, "reason": f"owner: {word}"}
    if op in ("request_approval", "submit"):
        states = boto3.client("stepfunctions")
        states.send_task_success(taskToken=event["task_token"], output=json.dumps(answer))
    if op == "conclude":
        return {"ok": True, "reason": event["reason"]}
    return answer
"""

RISK = """
def handler(event, context):
    if event["op"] == "gate":
        accounts = ["a", "broken", "b"]
        return {"proceed": event["run_id"] != "closed", "reason": "the gate's", "accounts": accounts}
    if event["account"] == "broken":
        raise RuntimeError("a fault of one account")
    run, account = event["run_id"], event["account"]
    return {"proposals": [{"account": account, "order_id": f"{run}-{account}-{n}"} for n in (1, 2)]}
"""

SIGNALS = """
def handler(event, context):
    return {"signals": 0 if event["run_id"] == "quiet" else 2}
"""


@dataclass(frozen=True)
class Machines:
    """The machines in the emulator."""

    client: Any
    arns: dict[str, str]

    def run(self, machine: str, name: str, given: dict[str, str]) -> dict[str, Any]:
        """Starts an execution and waits for its end."""
        started = self.client.start_execution(
            stateMachineArn=self.arns[machine], name=name, input=json.dumps(given)
        )
        return self.end(started["executionArn"])

    def end(self, execution: str) -> dict[str, Any]:
        for _ in range(400):
            found: dict[str, Any] = self.client.describe_execution(executionArn=execution)
            if found["status"] != "RUNNING":
                return found
            time.sleep(0.05)
        raise AssertionError(f"{execution} did not end")

    def order(self, order_id: str) -> dict[str, Any]:
        found = self.run("patang-paper-order-workflow", order_id, {"account": "a", "order_id": order_id})
        assert found["status"] == "SUCCEEDED", found
        output: dict[str, Any] = json.loads(found["output"])
        return output

    def states(self, order_id: str) -> list[str]:
        """The states that an order's execution entered."""
        arn = self.arns["patang-paper-order-workflow"].replace(":stateMachine:", ":execution:")
        history = self.client.get_execution_history(executionArn=f"{arn}:{order_id}")["events"]
        return [
            event["stateEnteredEventDetails"]["name"]
            for event in history
            if "stateEnteredEventDetails" in event
        ]


@pytest.fixture(scope="module")
def machines(cloud, tmp_path_factory) -> Iterator[Machines]:
    python = ROOT / ".emulator/bin/python"
    with Keeper() as keeper:
        emulator = Emulator(python, tmp_path_factory.mktemp("emulator"), keeper)
        try:
            emulator.wait_ready()
            yield Machines(emulator.client("stepfunctions"), create(emulator, cloud))
        finally:
            emulator.stop()


def create(emulator: Emulator, cloud: Any) -> dict[str, str]:
    """Functions that stand in, and the template's two machines on top of them."""
    known: dict[str, str] = {"AWS::Partition": "aws"}
    for name, code in {"order_workflow": STEPS, "risk": RISK, "signals": SIGNALS}.items():
        made = emulator.client("lambda").create_function(
            FunctionName=name,
            Runtime="python3.13",
            Role=ROLE,
            Handler="stand_in.handler",
            Code={"ZipFile": zipped(code)},
            Timeout=30,
        )
        known[cloud.alias_id(name)] = made["FunctionArn"]
    arns = {}
    resources = cloud.resources("AWS::StepFunctions::StateMachine")
    for logical in sorted(resources, key=lambda logical: "OrderPath" not in logical):
        properties = resources[logical]["Properties"]
        parts = properties["DefinitionString"]["Fn::Join"][1]
        text = "".join(part if isinstance(part, str) else known[referred(part)] for part in parts)
        # The emulator keeps the time: nobody waits two minutes for the owner's silence here.
        text = text.replace('"TimeoutSeconds":915', '"TimeoutSeconds":2')
        made = emulator.client("stepfunctions").create_state_machine(
            name=properties["StateMachineName"], definition=text, roleArn=ROLE
        )
        known[logical] = arns[properties["StateMachineName"]] = made["stateMachineArn"]
    return arns


def referred(part: dict[str, Any]) -> str:
    return part["Ref"] if "Ref" in part else part["Fn::GetAtt"][0]


def zipped(code: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("stand_in.py", code)
    return content.getvalue()


def test_approved_order_goes_through_every_step_once(machines):
    output = machines.order("approved")

    assert output["reason"] == "said by submit"
    steps = [name for name in machines.states("approved") if "?" not in name]
    assert steps == [
        "Construct", "Validate", "RequestApproval", "Recheck", "Submit", "Outcome", "Conclude",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("order_id", "reason"),
    [
        ("construct-refuses", "said by construct"),
        ("validate-refuses", "said by validate"),
        ("declined", "owner: decline"),
        ("late", "owner: expired"),
        ("recheck-refuses", "said by recheck"),
        ("construct-raises", "FAILED"),
        ("recheck-raises", "FAILED"),
        ("silent", "APPROVAL_EXPIRED"),
    ],
)
def test_order_that_stops_on_the_way_is_never_submitted_and_concluded_with_its_reason(
    machines, order_id, reason
):
    output = machines.order(order_id)

    assert output["reason"] == reason
    assert "Submit" not in machines.states(order_id)


def test_refusal_of_the_lane_is_what_the_order_concludes_with(machines):
    assert machines.order("submit-refuses")["reason"] == "said by submit"


def test_cycle_stops_at_the_gate_and_without_signals(machines):
    closed = machines.run("patang-paper-trading-cycle", "c1", {"run_id": "closed", "as_of": "09:31"})
    quiet = machines.run("patang-paper-trading-cycle", "c2", {"run_id": "quiet", "as_of": "09:32"})

    assert json.loads(closed["output"])["gate"]["reason"] == "the gate's"
    assert "found" not in json.loads(closed["output"])
    assert json.loads(quiet["output"])["found"] == {"signals": 0}
    assert "accounts" not in json.loads(quiet["output"])


def test_cycle_starts_every_other_accounts_orders_when_one_fails_and_none_twice(machines):
    cycle = {"run_id": "busy", "as_of": "09:33"}
    first = machines.run("patang-paper-trading-cycle", "c3", cycle)
    again = machines.run("patang-paper-trading-cycle", "c4", cycle)

    accounts = {entry["account"]: entry for entry in json.loads(first["output"])["accounts"]}
    assert "failure" in accounts["broken"]
    started = [entry["ExecutionArn"] for name in "ab" for entry in accounts[name]["started"]]
    assert [arn.rpartition(":")[2] for arn in started] == ["busy-a-1", "busy-a-2", "busy-b-1", "busy-b-2"]
    assert {machines.end(arn)["status"] for arn in started} == {"SUCCEEDED"}
    repeated = {entry["account"]: entry for entry in json.loads(again["output"])["accounts"]}
    assert all("failure" in entry for name in "ab" for entry in repeated[name]["started"])
