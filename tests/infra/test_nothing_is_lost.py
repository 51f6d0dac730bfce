"""Whatever is delivered, called or scheduled has a place where it goes when it fails; nobody keeps it up."""

import json

import pytest

DAY = 86_400


def attribute_of(value):
    """The logical id that a destination names."""
    return value["Fn::GetAtt"][0]


def dead_letters(cloud):
    """Queues that take what failed, by logical id: nobody reads them but a person."""
    read = {
        attribute_of(source["EventSourceArn"])
        for source in cloud.properties("AWS::Lambda::EventSourceMapping")
        if "StartingPosition" not in source
    }
    return {
        name: r["Properties"] for name, r in cloud.resources("AWS::SQS::Queue").items() if name not in read
    }


def test_there_are_two_places_for_what_failed_and_they_keep_it_for_two_weeks(cloud):
    kept = dead_letters(cloud)

    assert sorted(queue.get("FifoQueue", False) for queue in kept.values()) == [False, True]
    assert {queue["MessageRetentionPeriod"] for queue in kept.values()} == {14 * DAY}
    for queue in cloud.properties("AWS::SQS::Queue"):
        assert queue["MessageRetentionPeriod"] <= 14 * DAY


def test_every_queue_that_is_read_gives_up_into_one_of_them(cloud):
    kept = dead_letters(cloud)
    for name, resource in cloud.resources("AWS::SQS::Queue").items():
        if name not in kept:
            redrive = resource["Properties"]["RedrivePolicy"]
            assert attribute_of(redrive["deadLetterTargetArn"]) in kept, name
            assert 2 <= redrive["maxReceiveCount"] <= 5, name


@pytest.mark.parametrize("function", ["features", "guard", "audit_linker"])
def test_every_reader_of_a_stream_halves_a_bad_batch_gives_it_up_in_time_and_keeps_it(cloud, function):
    source = cloud.event_source(function)

    assert "StartingPosition" in source
    assert source["BisectBatchOnFunctionError"] is True
    # Lambda's own would be for as long as the record is in the stream, with everything behind it waiting.
    assert 0 < source["MaximumRecordAgeInSeconds"] <= 6 * 3600
    assert 0 < source["MaximumRetryAttempts"] <= 100
    assert attribute_of(source["DestinationConfig"]["OnFailure"]["Destination"]) in dead_letters(cloud)


def test_there_is_no_other_reader_of_a_stream(cloud):
    sources = cloud.properties("AWS::Lambda::EventSourceMapping")
    readers = [
        function for s in sources if "StartingPosition" in s for function in cloud.called(s["FunctionName"])
    ]

    assert sorted(readers) == sorted(map(cloud.function_id, ("features", "guard", "audit_linker")))


@pytest.mark.parametrize("function", ["features", "guard", "order_updates"])
def test_a_batch_whose_records_stand_alone_fails_in_part(cloud, function):
    assert cloud.event_source(function)["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_every_schedule_keeps_what_it_could_not_deliver(cloud):
    kept, schedules = dead_letters(cloud), cloud.properties("AWS::Scheduler::Schedule")

    assert len(schedules) >= 10
    for schedule in schedules:
        assert attribute_of(schedule["Target"]["DeadLetterConfig"]["Arn"]) in kept, schedule["Name"]


def test_every_function_that_a_schedule_calls_keeps_what_failed_under_both_its_names(cloud):
    called = {
        function
        for schedule in cloud.properties("AWS::Scheduler::Schedule")
        for function in cloud.called(schedule["Target"]["Arn"])
    }
    by_alias, by_name = set(), set()
    for configured in cloud.properties("AWS::Lambda::EventInvokeConfig"):
        destination = configured.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        if destination is not None:
            assert attribute_of(destination) in dead_letters(cloud)
            (by_name if configured["Qualifier"] == "$LATEST" else by_alias).add(
                configured["FunctionName"]["Ref"]
            )

    assert len(called) == 7
    assert by_alias == by_name == called


def test_whoever_puts_there_what_failed_may(cloud):
    """A destination without the permission to send there loses it in silence."""
    for configured in cloud.properties("AWS::Lambda::EventInvokeConfig"):
        if "OnFailure" not in configured.get("DestinationConfig", {}):
            continue
        queue = attribute_of(configured["DestinationConfig"]["OnFailure"]["Destination"])
        (function,) = (
            name for name in cloud.functions() if cloud.function_id(name) == configured["FunctionName"]["Ref"]
        )
        sends = [s for s in cloud.statements_of(function) if "sqs:SendMessage" in json.dumps(s["Action"])]
        assert any(queue in json.dumps(statement["Resource"]) for statement in sends), function


def test_no_function_has_concurrency_of_its_own(cloud, live, research):
    """A new account may have ten calls at once, of which Lambda lets nobody reserve one. Orders are kept in
    turn by their queue's groups, an account's entries and exits each."""
    for assembly in (cloud, live, research):
        for properties in assembly.properties("AWS::Lambda::Function"):
            assert "ReservedConcurrentExecutions" not in properties
        for properties in assembly.properties("AWS::Lambda::Alias"):
            assert "ProvisionedConcurrencyConfig" not in properties
    (orders,) = (
        resource["Properties"]
        for name, resource in cloud.resources("AWS::SQS::Queue").items()
        if name == attribute_of(cloud.event_source("order_lane")["EventSourceArn"])
    )
    assert orders["FifoQueue"] is True
    assert cloud.event_source("order_lane")["BatchSize"] == 1
    assert "ScalingConfig" not in cloud.event_source("order_lane")
