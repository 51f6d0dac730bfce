"""Whatever invokes, delivers or calls on the way of an order: once, or not again without looking first."""

import json

import pytest
import requests

from infra.constructs.queues import LANE_TIMEOUT_SECONDS
from patang.adapters.kite.calls import READ_SECONDS, SEND_SECONDS, kite_client
from patang.settings import KiteSettings
from tests.infra.test_workflows import MACHINES, definition, states


def test_every_asynchronous_invocation_has_one_try_within_a_minute(cloud):
    """By the alias, and by the function's own name, of which nothing calls but a person may."""
    configured = cloud.properties("AWS::Lambda::EventInvokeConfig")
    by_alias = [function for each in configured for function in cloud.called(each["Qualifier"])]
    by_name = [each["FunctionName"]["Ref"] for each in configured if each["Qualifier"] == "$LATEST"]

    functions = sorted(cloud.function_id(name) for name in cloud.functions())
    assert (sorted(by_alias), sorted(by_name)) == (functions, functions)
    assert len(configured) == 2 * len(functions)
    for properties in configured:
        assert properties["MaximumRetryAttempts"] == 0, properties
        assert properties["MaximumEventAgeInSeconds"] == 60, properties


def test_every_schedule_has_one_try_within_a_minute(cloud):
    schedules = cloud.properties("AWS::Scheduler::Schedule")

    assert len(schedules) >= 4
    for schedule in schedules:
        policy = schedule["Target"]["RetryPolicy"]
        assert policy == {"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60}, schedule["Name"]


def test_the_lane_outlives_a_broker_that_answers_neither_a_look_nor_a_send():
    """A lane that is killed leaves its account's group waiting for the message to be seen again."""
    pacing_and_table = 4
    assert READ_SECONDS + SEND_SECONDS + pacing_and_table <= LANE_TIMEOUT_SECONDS


@pytest.mark.parametrize("name", MACHINES)
def test_no_state_of_a_workflow_is_retried(cloud, name):
    for state, properties in states(definition(cloud, name)):
        assert "Retry" not in properties, state


def test_nothing_but_its_queue_invokes_the_lane(cloud):
    lane, alias = cloud.function_id("order_lane"), cloud.alias_id("order_lane")
    invoked = [
        json.dumps(resource["Properties"])
        for kind in (
            "AWS::Lambda::Permission",
            "AWS::Scheduler::Schedule",
            "AWS::StepFunctions::StateMachine",
        )
        for resource in cloud.resources(kind).values()
    ]
    sources = [
        properties
        for properties in cloud.properties("AWS::Lambda::EventSourceMapping")
        if cloud.called(properties["FunctionName"]) == {lane}
    ]

    assert not [text for text in invoked if lane in text or alias in text]
    assert len(sources) == 1


def test_an_intent_comes_back_after_its_lane_is_gone_and_three_times_at_most(cloud):
    queue_id = cloud.event_source("order_lane")["EventSourceArn"]["Fn::GetAtt"][0]
    queue = cloud.resources("AWS::SQS::Queue")[queue_id]["Properties"]

    assert queue["VisibilityTimeout"] >= 2 * cloud.functions()["order_lane"]["Timeout"]
    assert queue["RedrivePolicy"]["maxReceiveCount"] == 3
    assert cloud.event_source("order_lane").get("FunctionResponseTypes") is None
    assert cloud.event_source("order_lane")["BatchSize"] == 1


def test_the_lane_is_kept_warm_through_its_own_queue_in_a_group_of_its_own(cloud):
    (schedule,) = (
        properties
        for properties in cloud.properties("AWS::Scheduler::Schedule")
        if properties["Name"] == "patang-paper-warm-order-lane"
    )
    queue_id = cloud.event_source("order_lane")["EventSourceArn"]["Fn::GetAtt"][0]
    text = json.dumps(schedule["Target"]["Input"])

    assert schedule["ScheduleExpression"] == "cron(0/4 9-15 ? * MON-FRI *)"
    assert schedule["ScheduleExpressionTimezone"] == "Asia/Kolkata"
    assert json.dumps(schedule["Target"]["Arn"]).endswith(':scheduler:::aws-sdk:sqs:sendMessage"]]}')
    assert queue_id in text
    assert "<aws.scheduler.execution-id>" in text
    assert '\\"MessageGroupId\\":\\"warm\\"' in text
    assert "warm" in text
    assert "intent" not in text


def test_the_client_of_the_broker_sends_once():
    client = kite_client("key", "token", KiteSettings())

    for scheme in ("https://", "http://"):
        retries = client.reqsession.get_adapter(f"{scheme}broker.example").max_retries
        assert (retries.total, retries.read, retries.status, retries.other) == (0, False, None, None)
        assert not retries.is_retry("POST", 503, has_retry_after=True)
    assert isinstance(client.reqsession, requests.Session)
