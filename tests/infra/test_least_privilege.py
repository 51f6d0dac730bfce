"""What each role allows beside what the adapters call that the function's own variables let it make."""

import ast

import pytest

from tests.infra.adapter_actions import ADAPTERS, SURROUNDINGS, actions_of, methods_of

# What AWS does with the function's role on its behalf.
FOR_THE_FUNCTION = {
    "logs:CreateLogStream",
    "logs:PutLogEvents",
    "kms:Decrypt",
    "kms:GenerateDataKey",
}
# An event source is read by Lambda, and what failed is put where the function's failures go.
FOR_ITS_EVENTS = {
    "kinesis": {
        "kinesis:DescribeStream", "kinesis:DescribeStreamConsumer", "kinesis:DescribeStreamSummary",
        "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards", "kinesis:ListStreams",
        "kinesis:SubscribeToShard",
    },
    "dynamodb": {
        "dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator", "dynamodb:ListStreams",
    },
    "sqs": {
        "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility", "sqs:GetQueueAttributes",
        "sqs:GetQueueUrl",
    },
}  # fmt: skip
FOR_FAILURES = {"sqs:GetQueueAttributes", "sqs:GetQueueUrl", "sqs:SendMessage"}

# Made without a variable; what is asked of it has a name that begins with one.
NAMES_BEGIN_WITH = {"SecretsManager": {"SECRET_PREFIX"}}


def adapters_by_variable():
    """From the composition root: the variables without which an adapter cannot be made."""
    found = {}
    for method in ast.walk(ast.parse(SURROUNDINGS.read_text())):
        if not isinstance(method, ast.FunctionDef):
            continue
        calls = [node for node in ast.walk(method) if isinstance(node, ast.Call)]
        made = {call.func.id for call in calls if isinstance(call.func, ast.Name)} & ADAPTERS.keys()
        needed = {
            call.args[0].value
            for call in calls
            if isinstance(call.func, ast.Attribute)
            and call.func.attr == "variable"
            and call.args
            and isinstance(call.args[0], ast.Constant)
        }
        for adapter in made:
            found.setdefault(adapter, []).append(needed | NAMES_BEGIN_WITH.get(adapter, set()))
    return found


def granted(statements):
    for statement in statements:
        action = statement["Action"]
        yield from [action] if isinstance(action, str) else action


def callable_by(variables):
    return {
        action
        for adapter, ways in adapters_by_variable().items()
        if any(needed <= variables.keys() for needed in ways)
        for method in methods_of(adapter)
        for action in actions_of(adapter, method)
    }


def test_every_adapter_of_aws_is_made_in_the_composition_root():
    assert adapters_by_variable().keys() == ADAPTERS.keys()


def test_a_transaction_a_batch_and_a_page_are_asked_for_by_the_names_of_their_permissions():
    assert actions_of("DynamoStore", "write") == {"dynamodb:PutItem", "dynamodb:DeleteItem"}
    assert actions_of("SqsUpdateQueue", "send") == {"sqs:SendMessage"}
    assert actions_of("S3Objects", "list") == {"s3:ListBucket"}
    assert actions_of("KinesisReader", "shards") == {"kinesis:ListShards"}


def kind_of(source):
    if source.get("StartingPosition") is None:
        return "sqs"
    return "dynamodb" if "Desk" in str(source["EventSourceArn"]) else "kinesis"


def has_a_place_for_failures(assembly, name):
    """Whether Lambda puts what failed somewhere with this function's role."""
    told = [
        *assembly.properties("AWS::Lambda::EventInvokeConfig"),
        *assembly.properties("AWS::Lambda::EventSourceMapping"),
    ]
    function = assembly.function_id(name)
    return any(
        "DestinationConfig" in each
        and (each["FunctionName"] == {"Ref": function} or assembly.called(each["FunctionName"]) == {function})
        for each in told
    )


def test_only_some_have_a_place_for_failures(cloud):
    found = {name for name in cloud.functions() if has_a_place_for_failures(cloud, name)}
    assert {"features", "guard", "audit_linker", "reconciler"} <= found
    assert not found & {"api", "mcp", "risk", "signals", "order_lane"}


@pytest.mark.parametrize("stage", ["cloud", "live"])
def test_no_function_may_do_what_no_adapter_of_its_own_calls(stage, request):
    assembly = request.getfixturevalue(stage)
    for name, properties in assembly.functions().items():
        asked = callable_by(properties["Environment"]["Variables"]) | FOR_THE_FUNCTION
        asked |= FOR_FAILURES if has_a_place_for_failures(assembly, name) else set()
        for source in assembly.properties("AWS::Lambda::EventSourceMapping"):
            if assembly.called(source["FunctionName"]) == {assembly.function_id(name)}:
                asked |= FOR_ITS_EVENTS[kind_of(source)]
        found = {action for action in granted(assembly.statements_of(name)) if not action.startswith("ec2:")}
        assert found <= asked, f"({name}) may {sorted(found - asked)}, which its code cannot call"


def test_without_its_variable_an_adapter_allows_nothing(cloud):
    variables = dict(cloud.functions()["guard"]["Environment"]["Variables"])
    assert "sqs:SendMessage" in callable_by({"ORDER_QUEUE_URL": "any"})
    assert "sqs:SendMessage" not in callable_by({"DESK_TABLE": "any"})
    assert "kinesis:GetRecords" not in callable_by(variables)
    assert "secretsmanager:GetSecretValue" not in callable_by(variables)
