"""What runs: functions, the ingester's task, workflows, schedules."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from patang_workbench.cost.deployed import CostError, Deployed, calls_a_month, json_of
from patang_workbench.cost.month import Month, Use

__all__ = ["PRICED", "function_calls", "task_hours", "uses"]

PRICED: Final = frozenset({
    "AWS::ECS::Service", "AWS::Lambda::Function", "AWS::Scheduler::Schedule",
    "AWS::StepFunctions::StateMachine",
})  # fmt: skip
_MILLION: Final = Decimal(1_000_000)
_THOUSAND: Final = Decimal(1_000)
_MIB_A_GB: Final = Decimal(1_024)


def uses(deployed: Deployed, month: Month) -> Iterator[Use]:
    """Raises CostError for a function of which nobody knows how often it is called."""
    yield from _functions(deployed, month)
    yield from _tasks(deployed, month)
    yield from _workflows(deployed, month)
    fired = sum(calls_a_month(each["ScheduleExpression"]) for each in deployed.of("AWS::Scheduler::Schedule"))
    yield Use("scheduler_million_calls", "schedules", fired / _MILLION)


def function_calls(deployed: Deployed, month: Month) -> dict[str, Decimal]:
    """Calls a month by the function's name, from its schedules, its stream and the table of volumes.

    Raises CostError naming a function that has none of these.
    """
    scheduled, streamed = deployed.scheduled_calls(), _read_streams(deployed)
    found: dict[str, Decimal] = {}
    for _, logical, function in deployed.named("AWS::Lambda::Function"):
        name = _name(function)
        told = month.known(f"calls_{name}")
        if told is None and logical not in scheduled and logical not in streamed:
            raise CostError(
                f"nobody says how often ({name}) is called: "
                f"add calls_{name} to workbench/patang_workbench/cost/volumes.csv"
            )
        batches = month.tick_seconds * month.value("stream_batches_second") * deployed.shards()
        found[name] = (
            scheduled.get(logical, Decimal(0))
            + (batches if logical in streamed else 0)
            + month.sessions * (told or 0)
        )
    return found


def task_hours(deployed: Deployed, service: Mapping[str, Any], month: Month) -> Decimal:
    """Hours a month in which a service's tasks run: all of them, unless something of the stage may count
    them and so starts and ends them with the sessions."""
    counted = any("ecs:UpdateService" in actions for actions in deployed.allowed_actions())
    if counted:
        return month.of_sessions("ingester_hours")
    return int(service["DesiredCount"]) * month.hours


def _functions(deployed: Deployed, month: Month) -> Iterator[Use]:
    calls = function_calls(deployed, month)
    for function in deployed.of("AWS::Lambda::Function"):
        name = _name(function)
        gb = Decimal(function["MemorySize"]) / _MIB_A_GB
        yield Use("lambda_million_requests", name, calls[name] / _MILLION)
        yield Use("lambda_gb_second", name, gb * _seconds(name, calls[name], month))


def _seconds(name: str, calls: Decimal, month: Month) -> Decimal:
    """Of all calls; those beyond the full ones of a session end as any other function's."""
    other = month.value("ms_other")
    each = month.known(f"ms_{name}") or other
    full = month.known(f"full_calls_{name}")
    long = calls if full is None else min(calls, full * month.sessions)
    return (long * each + (calls - long) * other) / _THOUSAND


def _tasks(deployed: Deployed, month: Month) -> Iterator[Use]:
    tasks = {name: task for _, name, task in deployed.named("AWS::ECS::TaskDefinition")}
    for service in deployed.of("AWS::ECS::Service"):
        task, hours = tasks[service["TaskDefinition"]["Ref"]], task_hours(deployed, service, month)
        yield Use("fargate_vcpu_hour", "ingester", hours * int(task["Cpu"]) / _MIB_A_GB)
        yield Use("fargate_gb_hour", "ingester", hours * int(task["Memory"]) / _MIB_A_GB)


def _workflows(deployed: Deployed, month: Month) -> Iterator[Use]:
    for machine in deployed.of("AWS::StepFunctions::StateMachine"):
        if machine.get("StateMachineType", "STANDARD") != "STANDARD":
            raise CostError("an express workflow has no price here: add it to unit_prices.csv")
        name = str(machine["StateMachineName"])
        entered = _entered(name, json_of(machine["DefinitionString"]), month)
        yield Use("state_thousand_transitions", name, entered / _THOUSAND)


def _entered(name: str, definition: Mapping[str, Any], month: Month) -> Decimal:
    """States a month of a workflow. Both go whole once a proposal; most cycles find nothing."""
    proposals = month.of_sessions("proposals_session") * _states(definition)
    if name.endswith("-order-workflow"):
        return proposals
    if name.endswith("-trading-cycle"):
        return proposals + month.of_minutes("cycle_transitions")
    if name.endswith("-research"):
        # A run tells its own cost, and between runs there is none.
        return Decimal(0)
    raise CostError(
        f"nobody says how often {name} runs: add it to workbench/patang_workbench/cost/compute.py"
    )


def _states(definition: Mapping[str, Any]) -> int:
    """All states, those of maps within too: no run without a loop enters more."""
    inside = (state.get("ItemProcessor") for state in definition["States"].values())
    return len(definition["States"]) + sum(_states(each) for each in inside if each)


def _read_streams(deployed: Deployed) -> frozenset[str]:
    """Logical ids of the functions that read the tick stream."""
    streams = {name for _, name, _ in deployed.named("AWS::Kinesis::Stream")}
    return frozenset(
        function
        for source in deployed.of("AWS::Lambda::EventSourceMapping")
        if source["EventSourceArn"].get("Fn::GetAtt", [None])[0] in streams
        for function in deployed.called(source["FunctionName"])
    )


def _name(function: Mapping[str, Any]) -> str:
    return str(function["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"])
