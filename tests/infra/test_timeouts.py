"""Whoever calls waits longer than what it calls may take: the caller hears how it ended.

A caller that gives up first goes on while the called one still acts. The pairs are those of the template; the
calls that functions make themselves are bounded by the settings of their clients.
"""

import ast
import json
from datetime import timedelta
from itertools import pairwise

import pytest

from infra.bundles import ROOT
from infra.constructs.queues import LANE_TIMEOUT_SECONDS
from patang.app import surroundings
from patang.execution.preflight import egress
from patang_workbench.cli import preflight, reconcile
from patang_workbench.cost.deployed import calls_a_month
from patang_workbench.local_stack.assembly import named_in
from tests.infra.conftest import Assembly
from tests.infra.test_workflows import states

# The most that API Gateway waits for a function.
HTTP_SECONDS = 30
# How many instances of a function a queue may keep busy before it delivers a message again, by AWS's advice.
DELIVERIES = 6
DOUBLED = "order_lane"


@pytest.fixture(scope="module")
def whole(cloud, research):
    """All stacks of the stage, the one that is off by default too."""
    return Assembly(cloud.folder, {**cloud.templates, **research.templates})


def seconds(assembly):
    """Time-outs of functions by logical id."""
    return {
        name: resource["Properties"]["Timeout"]
        for name, resource in assembly.resources("AWS::Lambda::Function").items()
    }


def machines(assembly):
    """Definitions by name; a reference is written <logical id>."""
    for properties in assembly.properties("AWS::StepFunctions::StateMachine"):
        parts = properties["DefinitionString"]["Fn::Join"][1]
        text = "".join(p if isinstance(p, str) else f"<{''.join(named_in(p))}>" for p in parts)
        yield properties["StateMachineName"], json.loads(text)


def tasks(assembly):
    """(machine, state, the state's time-out, the called function's logical id)."""
    aliases = assembly.resources("AWS::Lambda::Alias")
    for machine, definition in machines(assembly):
        for name, state in states(definition):
            called = [alias for alias in aliases if f"<{alias}>" in json.dumps(state.get("Resource", ""))]
            called += [a for a in aliases if f"<{a}>" in json.dumps(state.get("Parameters", {}))]
            if state["Type"] == "Task" and called:
                (alias,) = set(called)
                function = aliases[alias]["Properties"]["FunctionName"]["Ref"]
                yield machine, name, state["TimeoutSeconds"], function


def test_a_task_of_a_workflow_waits_longer_than_its_function_may_take(whole):
    ends, found = seconds(whole), list(tasks(whole))

    assert {(machine, state) for machine, state, _, _ in found} == {
        ("patang-paper-trading-cycle", "Gate"),
        ("patang-paper-trading-cycle", "Signals"),
        ("patang-paper-trading-cycle", "Assess"),
        *(
            ("patang-paper-order-workflow", step)
            for step in ("Construct", "Validate", "RequestApproval", "Recheck", "Submit", "Conclude")
        ),
        ("patang-paper-research", "Run job"),
    }
    for machine, state, waits, function in found:
        assert waits > ends[function], f"{machine}: {state}"


def test_a_workflow_waits_longer_than_all_its_tasks_together(whole):
    for machine, definition in machines(whole):
        waits = [state["TimeoutSeconds"] for _, state in states(definition) if "TimeoutSeconds" in state]

        assert definition["TimeoutSeconds"] > sum(waits), machine


def test_a_queue_delivers_again_only_when_its_reader_has_ended(cloud):
    """The lane's come back after twice its time: a longer one would keep exits behind a lane that died."""
    ends, queues = seconds(cloud), cloud.resources("AWS::SQS::Queue")
    read = {
        function: queues[source["EventSourceArn"]["Fn::GetAtt"][0]]["Properties"]["VisibilityTimeout"]
        for source in cloud.properties("AWS::Lambda::EventSourceMapping")
        if "StartingPosition" not in source
        for function in cloud.called(source["FunctionName"])
    }
    lane = cloud.function_id(DOUBLED)

    assert len(read) == 3
    assert read[lane] == 2 * ends[lane] == 2 * LANE_TIMEOUT_SECONDS
    for function, visible in read.items():
        assert function == lane or visible >= DELIVERIES * ends[function], function


def test_a_stream_keeps_what_its_reader_may_still_try(cloud):
    """All tries of a batch may take their whole time before its records are too old to be tried."""
    ends = seconds(cloud)
    for source in cloud.properties("AWS::Lambda::EventSourceMapping"):
        if "StartingPosition" in source:
            (function,) = cloud.called(source["FunctionName"])
            once = source["MaximumRecordAgeInSeconds"] / (1 + source["MaximumRetryAttempts"])
            assert once >= ends[function], function


def test_a_page_is_answered_before_the_gateway_gives_up(cloud):
    ends = seconds(cloud)
    for integration in cloud.properties("AWS::ApiGatewayV2::Integration"):
        waits = integration.get("TimeoutInMillis", 1000 * HTTP_SECONDS) / 1000
        for function in cloud.called(integration["IntegrationUri"]):
            assert ends[function] < waits - 1, function


# It may take two minutes where the broker of several accounts hangs, and is called each minute. What two runs
# share is the day's record, which the later one replaces: they decide nothing twice.
MAY_OVERLAP = "preflight"


def test_a_scheduled_function_has_ended_when_it_is_called_again(cloud):
    names = {cloud.function_id(name): name for name in cloud.functions()}
    ends = seconds(cloud)
    checked = set()
    for schedule in cloud.properties("AWS::Scheduler::Schedule"):
        for function in cloud.called(schedule["Target"]["Arn"]):
            if names[function] != MAY_OVERLAP:
                assert ends[function] <= shortest_gap(schedule["ScheduleExpression"]), names[function]
                checked.add(names[function])

    assert checked == {"archive", "heartbeat", "ingester_hours", "morning", "reconciler", "sessions"}


def shortest_gap(expression: str) -> float:
    """Seconds between two calls of a cron expression, by its minutes."""
    assert calls_a_month(expression) > 0
    minutes, hours, *_ = expression.removeprefix("cron(").split()
    if minutes == "*":
        return 60
    at = sorted(map(int, minutes.split(",")))
    if hours.isdigit():
        return 60 * min((b - a for a, b in pairwise(at)), default=1440)
    return 60 * min((b - a) % 60 or 60 for a, b in zip(at, [*at[1:], at[0]], strict=True))


def test_a_call_to_aws_ends_before_the_function_that_makes_it(cloud):
    """With all its tries and the pauses between them: the function can still write down that it failed."""
    config = surroundings._AWS_CALLS
    tries = config.retries["total_max_attempts"]
    # Standard mode pauses for a random part of 1, 2, 4 ... seconds.
    pauses = sum(2**number for number in range(tries - 1))
    longest = tries * (config.connect_timeout + config.read_timeout) + pauses

    for name, properties in cloud.functions().items():
        assert properties["Timeout"] > longest, name


@pytest.mark.parametrize(("command", "function"), [(preflight, "preflight"), (reconcile, "reconciler")])
def test_a_command_waits_longer_than_the_function_it_calls(cloud, command, function):
    assert command._CALL.read_timeout > cloud.functions()[function]["Timeout"]
    assert command._CALL.retries == {"total_max_attempts": 1}


def test_who_asks_the_lane_for_its_address_is_done_before_its_own_end(cloud):
    """A lane that does not answer in time counts as a wrong address: that is to be found out in time."""
    ends = {name: timedelta(seconds=p["Timeout"]) for name, p in cloud.functions().items()}

    assert ends["order_lane"] > egress._WAIT
    assert ends["preflight"] > 2 * egress._WAIT


def test_every_function_says_its_own_time_out():
    """CloudFormation's default of three seconds would kill a cold start."""
    for path in sorted((ROOT / "infra").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) == "DeskFunction":
                given = {keyword.arg for keyword in node.keywords}
                assert {"memory_mb", "timeout_seconds"} <= given, path.name
