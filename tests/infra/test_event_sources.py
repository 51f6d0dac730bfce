"""How streams, queues and schedules reach the functions."""

import json

import pytest


@pytest.mark.parametrize(("function", "max_age_seconds"), [("features", 900), ("guard", 120)])
def test_tick_readers_bound_their_retries_and_lose_nothing(cloud, function, max_age_seconds):
    source = cloud.event_source(function)

    assert source["EventSourceArn"]["Fn::GetAtt"][0] in cloud.resources("AWS::Kinesis::Stream")
    assert source["MaximumRetryAttempts"] == 3
    assert source["MaximumRecordAgeInSeconds"] == max_age_seconds
    assert source["BisectBatchOnFunctionError"] is True
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert source["StartingPosition"] == "TRIM_HORIZON"
    assert source["ParallelizationFactor"] == 1
    assert source["MaximumBatchingWindowInSeconds"] <= 1
    destination = source["DestinationConfig"]["OnFailure"]["Destination"]["Fn::GetAtt"][0]
    assert destination in cloud.resources("AWS::SQS::Queue")


def test_stream_is_encrypted_and_has_the_shards_that_were_asked_for(cloud):
    (stream,) = cloud.properties("AWS::Kinesis::Stream")

    assert stream["ShardCount"] == 1
    assert stream["StreamEncryption"]["EncryptionType"] == "KMS"


def queue_of(assembly, function):
    return assembly.resources("AWS::SQS::Queue")[
        assembly.event_source(function)["EventSourceArn"]["Fn::GetAtt"][0]
    ]["Properties"]


def test_lane_takes_one_message_of_a_first_in_first_out_queue(cloud):
    queue, lane = queue_of(cloud, "order_lane"), cloud.functions()["order_lane"]

    assert cloud.event_source("order_lane")["BatchSize"] == 1
    assert queue["FifoQueue"] is True
    assert queue["ContentBasedDeduplication"] is False
    assert not {"FifoThroughputLimit", "DeduplicationScope"} & set(queue)
    assert queue["VisibilityTimeout"] > lane["Timeout"]
    dead = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    assert cloud.resources("AWS::SQS::Queue")[dead]["Properties"]["FifoQueue"] is True


def test_order_updates_come_in_tens_and_fail_one_by_one(cloud):
    source, queue = cloud.event_source("order_updates"), queue_of(cloud, "order_updates")

    assert source["BatchSize"] == 10
    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert queue["VisibilityTimeout"] >= 6 * cloud.functions()["order_updates"]["Timeout"]
    assert "RedrivePolicy" in queue


def test_a_poll_is_looked_at_once_and_not_for_long(cloud):
    source, queue = cloud.event_source("reconciler"), queue_of(cloud, "reconciler")

    assert source["BatchSize"] == 1
    assert source["ScalingConfig"]["MaximumConcurrency"] == 2
    assert queue["VisibilityTimeout"] >= 6 * cloud.functions()["reconciler"]["Timeout"]
    assert queue["MessageRetentionPeriod"] <= 1200
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 2


def test_linker_sees_outbox_items_alone_and_one_batch_of_a_shard_at_a_time(cloud):
    source = cloud.event_source("audit_linker")
    (criterion,) = source["FilterCriteria"]["Filters"]

    assert json.loads(criterion["Pattern"]) == {"dynamodb": {"Keys": {"PK": {"S": [{"prefix": "OUTBOX#"}]}}}}
    assert source["BatchSize"] == 25
    assert source["ParallelizationFactor"] == 1


SCHEDULES = (
    ("reconcile", "reconciler", "cron(* 9-15 ? * MON-FRI *)"),
    ("morning", "morning", "cron(30,45 8 ? * MON-FRI *)"),
    ("late-morning", "morning", "cron(0,15,30,45 9-14 ? * MON-FRI *)"),
    ("preflight", "preflight", "cron(* 9-15 ? * MON-FRI *)"),
    ("archive", "archive", "cron(50 15 ? * MON-FRI *)"),
    ("login-reminder", "sessions", "cron(15,45 8 ? * * *)"),
    ("logout", "sessions", "cron(0,30 12-22 ? * * *)"),
    ("ingester-hours", "ingester_hours", "cron(0,5,10,15,20,25,30,35,40,45,50,55 * ? * * *)"),
    ("heartbeat", "heartbeat", "cron(0,5,10,15,20,25,30,35,40,45,50,55 * ? * * *)"),
)


@pytest.mark.parametrize(("name", "function", "expression"), SCHEDULES)
def test_schedules_are_on_time_in_india_or_not_at_all(cloud, name, function, expression):
    (schedule,) = (
        properties
        for properties in cloud.properties("AWS::Scheduler::Schedule")
        if properties["Name"] == f"patang-paper-{name}"
    )

    assert schedule["Target"]["Arn"] == {"Ref": cloud.alias_id(function)}
    assert schedule["ScheduleExpression"] == expression
    assert schedule["ScheduleExpressionTimezone"] == "Asia/Kolkata"
    assert schedule["FlexibleTimeWindow"] == {"Mode": "OFF"}
    target = schedule["Target"]
    assert target["RetryPolicy"] == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}
    assert json.loads(target["Input"]) == {"scheduled_time": "<aws.scheduler.scheduled-time>"}
    assert "DeadLetterConfig" in target


def test_a_scheduled_call_that_failed_is_kept(cloud):
    kept = {
        properties["FunctionName"]["Ref"]
        for properties in cloud.properties("AWS::Lambda::EventInvokeConfig")
        if "OnFailure" in properties.get("DestinationConfig", {})
    }

    assert kept == {cloud.function_id(function) for _, function, _ in SCHEDULES}


def test_api_has_throttled_routes_to_two_functions(cloud):
    routes = {properties["RouteKey"] for properties in cloud.properties("AWS::ApiGatewayV2::Route")}
    (stage,) = cloud.properties("AWS::ApiGatewayV2::Stage")

    assert routes == {
        "ANY /", "ANY /{proxy+}", "ANY /mcp", "GET /authorize", "POST /register", "POST /token",
    }  # fmt: skip
    assert stage["StageName"] == "$default"
    assert stage["DefaultRouteSettings"] == {"ThrottlingRateLimit": 20, "ThrottlingBurstLimit": 40}
    assert "requestId" in stage["AccessLogSettings"]["Format"]
    assert "queryString" not in stage["AccessLogSettings"]["Format"]


def test_what_anybody_may_call_has_a_limit_of_its_own(cloud):
    (name, stage) = next(iter(cloud.resources("AWS::ApiGatewayV2::Stage").items()))
    limits = stage["Properties"]["RouteSettings"]

    assert limits == {
        "GET /authorize": {"ThrottlingRateLimit": 2, "ThrottlingBurstLimit": 10},
        "POST /register": {"ThrottlingRateLimit": 1, "ThrottlingBurstLimit": 5},
        "POST /token": {"ThrottlingRateLimit": 5, "ThrottlingBurstLimit": 20},
    }
    routes = cloud.resources("AWS::ApiGatewayV2::Route")
    limited = {key for key, route in routes.items() if route["Properties"]["RouteKey"] in limits}
    assert limited <= set(stage["DependsOn"]), f"{name} is refused before its routes are there"


def test_network_has_no_gateway_that_costs_and_lets_nobody_in(cloud):
    assert not cloud.resources("AWS::EC2::NatGateway")
    (group,) = (
        resource["Properties"]
        for resource in cloud.templates["trading"]["Resources"].values()
        if resource["Type"] == "AWS::EC2::SecurityGroup"
    )
    assert "SecurityGroupIngress" not in group
    assert [rule["ToPort"] for rule in group["SecurityGroupEgress"]] == [443]
