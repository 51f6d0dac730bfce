"""In the template: one function sends, and few can ask it to."""

import json


def test_the_lanes_queue_has_one_reader(cloud):
    queue = cloud.event_source("order_lane")["EventSourceArn"]
    readers = [
        cloud.called(properties["FunctionName"])
        for properties in cloud.properties("AWS::Lambda::EventSourceMapping")
        if properties["EventSourceArn"] == queue
    ]
    assert readers == [{cloud.function_id("order_lane")}]
    takers = {
        name
        for name in cloud.functions()
        for statement in cloud.statements_of(name)
        if "sqs:ReceiveMessage" in json.dumps(statement["Action"])
        and queue["Fn::GetAtt"][0] in json.dumps(statement["Resource"])
    }
    assert takers == {"order_lane"}


def test_only_those_who_decide_or_a_person_asks_can_put_anything_on_the_lane(cloud):
    queue = cloud.event_source("order_lane")["EventSourceArn"]["Fn::GetAtt"][0]
    senders = {
        name
        for name in cloud.functions()
        for statement in cloud.statements_of(name)
        if "sqs:SendMessage" in json.dumps(statement["Action"]) and queue in json.dumps(statement["Resource"])
    }
    assert senders == {
        "api", "guard", "mcp", "order_lane", "order_updates", "order_workflow", "preflight", "reconciler",
    }  # fmt: skip


def test_the_preflight_sees_what_the_lane_would_send_with_and_nothing_more(cloud):
    preflight, signals = cloud.functions()["preflight"], cloud.functions()["signals"]
    assert (
        preflight["Environment"]["Variables"]["MODEL_PATH"]
        == signals["Environment"]["Variables"]["MODEL_PATH"]
    )
    actions = {
        action
        for statement in cloud.statements_of("preflight")
        for action in (
            statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        )
    }
    assert not {action for action in actions if action.startswith(("states:", "lambda:", "s3:Put"))}
