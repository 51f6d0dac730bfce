"""Every function, queue, stream and state machine has an alarm, and every log an end."""

import json

import pytest

from tests.infra.conftest import Assembly

# The resource, the dimension that names it, and the metrics of which one at least must ring.
WATCHED = {
    "AWS::Lambda::Function": ("FunctionName", {"Errors"}),
    "AWS::SQS::Queue": (
        "QueueName",
        {"ApproximateAgeOfOldestMessage", "ApproximateNumberOfMessagesVisible"},
    ),
    "AWS::Kinesis::Stream": ("StreamName", {"WriteProvisionedThroughputExceeded"}),
    "AWS::StepFunctions::StateMachine": ("StateMachineArn", {"ExecutionsFailed"}),
    "AWS::ApiGatewayV2::Api": ("ApiId", {"5xx"}),
}
KINDS = sorted(WATCHED)


@pytest.fixture(scope="session")
def whole(cloud, research):
    """All stacks of the stage, the one that is off by default too."""
    return Assembly(cloud.folder, {**cloud.templates, **research.templates})


def exports(assembly):
    """Which resource an export of a stack is of."""
    found = {}
    for template in assembly.templates.values():
        for output in template.get("Outputs", {}).values():
            if isinstance(output.get("Export", {}).get("Name"), str):
                found[output["Export"]["Name"]] = output["Value"]
    return found


def logical_id(value, assembly, exported):
    """The resource that a value of a template names: by reference, by import, or by its name."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return name
        case {"Fn::ImportValue": str(name)}:
            return logical_id(exported[name], assembly, exported)
        case str():
            names = ("FunctionName", "QueueName", "Name", "StateMachineName")
            for template in assembly.templates.values():
                for name, resource in template["Resources"].items():
                    if value in [resource.get("Properties", {}).get(key) for key in names]:
                        return name
    return None


def watched_ids(assembly, kind):
    dimension, metrics = WATCHED[kind]
    exported = exports(assembly)
    return {
        logical_id(entry["Value"], assembly, exported)
        for alarm in assembly.properties("AWS::CloudWatch::Alarm")
        if alarm["MetricName"] in metrics and alarm.get("AlarmActions")
        for entry in alarm.get("Dimensions", [])
        if entry["Name"] == dimension
    }


@pytest.mark.parametrize("kind", KINDS)
def test_everything_that_may_fail_rings(whole, kind):
    there = set(whole.resources(kind))

    assert there
    assert there - watched_ids(whole, kind) == set()


def test_every_reader_of_a_stream_rings_when_it_is_late(whole):
    exported = exports(whole)
    late = {
        logical_id(entry["Value"], whole, exported)
        for alarm in whole.properties("AWS::CloudWatch::Alarm")
        if alarm["MetricName"] == "IteratorAge" and alarm["AlarmActions"]
        for entry in alarm["Dimensions"]
    }
    readers = {
        function
        for mapping in whole.properties("AWS::Lambda::EventSourceMapping")
        if "StartingPosition" in mapping
        for function in whole.called(mapping["FunctionName"])
    }

    assert len(readers) == 3
    assert readers - late == set()


def test_every_queue_that_somebody_reads_rings_when_it_waits(whole):
    exported = exports(whole)
    waiting = {
        logical_id(entry["Value"], whole, exported)
        for alarm in whole.properties("AWS::CloudWatch::Alarm")
        if alarm["MetricName"] == "ApproximateAgeOfOldestMessage"
        for entry in alarm["Dimensions"]
    }
    read = {
        mapping["EventSourceArn"]["Fn::GetAtt"][0]
        for mapping in whole.properties("AWS::Lambda::EventSourceMapping")
        if "StartingPosition" not in mapping
    }

    assert read
    assert read - waiting == set()


def test_every_workflow_rings_also_when_it_hangs(whole):
    exported = exports(whole)
    hung = {
        logical_id(entry["Value"], whole, exported)
        for alarm in whole.properties("AWS::CloudWatch::Alarm")
        if alarm["MetricName"] == "ExecutionsTimedOut"
        for entry in alarm["Dimensions"]
    }

    assert set(whole.resources("AWS::StepFunctions::StateMachine")) - hung == set()


def test_every_log_has_an_end_and_every_writer_a_log_of_the_template(whole):
    groups = whole.resources("AWS::Logs::LogGroup")
    for name, group in groups.items():
        assert group["Properties"]["RetentionInDays"] in (7, 30, 90, 365), name
    for name, function in whole.resources("AWS::Lambda::Function").items():
        # Without it Lambda would make one itself, which never ends.
        assert function["Properties"]["LoggingConfig"]["LogGroup"]["Ref"] in groups, name
    for name, machine in whole.resources("AWS::StepFunctions::StateMachine").items():
        (destination,) = machine["Properties"]["LoggingConfiguration"]["Destinations"]
        text = json.dumps(destination)
        assert any(f'"{group}"' in text for group in groups), name
    for name, task in whole.resources("AWS::ECS::TaskDefinition").items():
        for container in task["Properties"]["ContainerDefinitions"]:
            assert container["LogConfiguration"]["Options"]["awslogs-group"]["Ref"] in groups, name
    for name, stage in whole.resources("AWS::ApiGatewayV2::Stage").items():
        text = json.dumps(stage["Properties"]["AccessLogSettings"])
        assert any(f'"{group}"' in text for group in groups), name


def test_an_alarm_that_watches_nothing_is_found(whole):
    """The tests above would be blind if a resource were taken for watched by the name of another."""
    exported = exports(whole)
    for alarm in whole.properties("AWS::CloudWatch::Alarm"):
        if alarm["Namespace"] in ("AWS/Lambda", "AWS/SQS", "AWS/Kinesis", "AWS/States", "AWS/ApiGateway"):
            for entry in alarm.get("Dimensions", []):
                assert logical_id(entry["Value"], whole, exported) is not None, alarm["AlarmName"]
