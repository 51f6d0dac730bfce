"""The state machines as they are defined: nothing is sent twice."""

import json

import pytest

from patang.settings import LONGEST_APPROVAL_SECONDS

MACHINES = ("patang-paper-order-workflow", "patang-paper-trading-cycle")


def machine(assembly, name):
    (found,) = (
        properties
        for properties in assembly.properties("AWS::StepFunctions::StateMachine")
        if properties["StateMachineName"] == name
    )
    return found


def definition(assembly, name):
    parts = machine(assembly, name)["DefinitionString"]["Fn::Join"][1]
    return json.loads("".join(part if isinstance(part, str) else "arn" for part in parts))


def states(tree):
    for name, state in tree["States"].items():
        yield name, state
        if "ItemProcessor" in state:
            yield from states(state["ItemProcessor"])


@pytest.mark.parametrize("name", MACHINES)
def test_no_task_is_retried_and_every_task_ends(cloud, name):
    tasks = {name: state for name, state in states(definition(cloud, name)) if state["Type"] == "Task"}

    assert tasks
    for task, state in tasks.items():
        assert "Retry" not in state, task
        if "startExecution" not in json.dumps(state["Resource"]):
            assert state["TimeoutSeconds"] > 0, task


@pytest.mark.parametrize("name", MACHINES)
def test_machines_are_standard_bounded_and_log_errors_without_data(cloud, name):
    properties = machine(cloud, name)

    assert properties.get("StateMachineType", "STANDARD") == "STANDARD"
    assert properties["LoggingConfiguration"]["Level"] == "ERROR"
    assert properties["LoggingConfiguration"]["IncludeExecutionData"] is False
    assert definition(cloud, name)["TimeoutSeconds"] > 0


def test_approval_and_submission_wait_for_their_tokens(cloud):
    found = dict(states(definition(cloud, "patang-paper-order-workflow")))

    waiting = {name for name, state in found.items() if "waitForTaskToken" in str(state.get("Resource"))}
    assert waiting == {"RequestApproval", "Submit"}
    assert found["RequestApproval"]["TimeoutSeconds"] == LONGEST_APPROVAL_SECONDS + 15
    assert found["RequestApproval"]["Catch"][0] == {
        "ErrorEquals": ["States.Timeout"],
        "ResultPath": "$.failure",
        "Next": "Expired",
    }


def test_machine_outlives_its_longest_wait(cloud):
    tree = definition(cloud, "patang-paper-order-workflow")
    tasks = [state["TimeoutSeconds"] for _, state in states(tree) if state["Type"] == "Task"]

    assert tree["TimeoutSeconds"] > sum(tasks)


def test_orders_are_started_by_their_id_and_not_waited_for(cloud):
    start = dict(states(definition(cloud, "patang-paper-trading-cycle")))["Start order workflow"]

    assert start["Resource"].endswith(":states:startExecution")
    assert start["Parameters"]["Name.$"] == "$.order_id"
    assert start["Parameters"]["Input"] == {"account.$": "$.account", "order_id.$": "$.order_id"}
