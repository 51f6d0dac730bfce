"""One role a function, and in it no more than the function needs."""

import json
import re

import pytest

# Asked by Lambda when it stands the lane in its network; test_order_network shows that code may not.
EVERYTHING = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
    "ecr:GetAuthorizationToken",
    "dynamodb:ListStreams",
    "logs:CreateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:DescribeLogGroups",
    "logs:DescribeResourcePolicies",
    "logs:GetLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:UpdateLogDelivery",
}


def actions(statement):
    found = statement["Action"]
    return set(found if isinstance(found, list) else [found])


def resources(statement):
    found = statement["Resource"]
    return [json.dumps(entry) for entry in (found if isinstance(found, list) else [found])]


def who_may(assembly, action, resource=""):
    return {
        name
        for name in assembly.functions()
        for statement in assembly.statements_of(name)
        if action in actions(statement) and any(resource in entry for entry in resources(statement))
    }


def test_every_function_has_a_role_of_its_own(cloud):
    roles = [properties["Role"]["Fn::GetAtt"][0] for properties in cloud.functions().values()]

    assert len(set(roles)) == len(roles) == 17


def test_no_role_takes_a_policy_that_somebody_else_writes(cloud):
    for name, resource in cloud.resources("AWS::IAM::Role").items():
        assert "ManagedPolicyArns" not in resource["Properties"], name


def test_no_action_has_a_wildcard_and_few_reach_every_resource(cloud):
    for role, statements in cloud.statements().items():
        for statement in statements:
            assert not [action for action in actions(statement) if "*" in action], role
            if '"*"' in resources(statement):
                assert actions(statement) <= EVERYTHING, role


def test_nobody_removes_or_rewrites_audit_entries(cloud):
    assert who_may(cloud, "dynamodb:PutItem", "Audit") == {"audit_linker"}
    assert who_may(cloud, "dynamodb:DeleteItem", "Audit") == set()
    assert who_may(cloud, "dynamodb:UpdateItem", "Audit") == set()


@pytest.mark.parametrize("action", ["CreateSecret", "PutSecretValue", "DeleteSecret"])
def test_only_the_api_writes_secrets(cloud, action):
    assert who_may(cloud, f"secretsmanager:{action}") == {"api"}


def test_only_those_who_call_kite_read_secrets(cloud):
    assert who_may(cloud, "secretsmanager:GetSecretValue") == {
        "api",
        "mcp",
        "morning",
        "order_lane",
        "order_workflow",
        "preflight",
        "reconciler",
        "sessions",
    }
    for name in who_may(cloud, "secretsmanager:GetSecretValue"):
        for statement in cloud.statements_of(name):
            if "secretsmanager:GetSecretValue" in actions(statement):
                assert all(":secret:patang/paper/*" in entry for entry in resources(statement))


def test_cycle_and_features_cannot_put_an_order_on_the_lane(cloud):
    lane = cloud.event_source("order_lane")["EventSourceArn"]["Fn::GetAtt"][0]

    assert not who_may(cloud, "sqs:SendMessage", lane) & {"features", "signals", "risk", "archive"}


def test_an_assistant_asks_for_orders_as_the_api_does_and_changes_no_session(cloud):
    lane = cloud.event_source("order_lane")["EventSourceArn"]["Fn::GetAtt"][0]

    assert {"api", "mcp"} <= who_may(cloud, "sqs:SendMessage", lane)
    for action in ("CreateSecret", "PutSecretValue", "DeleteSecret"):
        assert "mcp" not in who_may(cloud, f"secretsmanager:{action}")


def test_every_instance_of_mcp_seals_with_one_key_that_nobody_has_chosen(cloud):
    [secret] = cloud.properties("AWS::SecretsManager::Secret")
    assert secret["Name"] == "patang/paper/mcp/request-state"
    assert secret["GenerateSecretString"] == {
        "ExcludePunctuation": True,
        "GenerateStringKey": "key",
        "PasswordLength": 64,
        "SecretStringTemplate": "{}",
    }
    assert "SecretString" not in secret
    assert secret["KmsKeyId"]


# Below which prefixes of the store each may read, and write.
STORE = {
    "archive": (
        {"minutes/", "chains/", "instruments/", "volatility/", "archive/", "audit_logs/"},
        {
            "historical_candles/", "daily_candles/", "option_chain/", "instruments/", "volatility/",
            "trade_logs/", "audit_logs/", "archive/",
        },
    ),
    "features": ({"features/", "universe/"}, {"features/state/", "minutes/", "chains/"}),
    "morning": (
        {"features/history/", "instruments/", "minutes/", "volatility/"},
        {"features/seed/", "features/history/", "universe/", "instruments/", "volatility/"},
    ),
    "order_lane": ({"universe/"}, set()),
    "order_workflow": ({"minutes/", "universe/"}, set()),
    "preflight": ({"universe/"}, set()),
    "reconciler": ({"instruments/", "universe/"}, set()),
    "risk": (set(), {"decisions/"}),
    "signals": ({"minutes/", "universe/"}, {"decisions/"}),
    **{
        name: (
            {
                "chains/", "decisions/", "instruments/", "minutes/", "parity/", "reports/", "research/runs/",
                "taxes/", "universe/",
            },
            {"research/runs/"} | told,
        )
        for name, told in (("api", {"taxes/"}), ("mcp", set()))
    },
    "ingester": ({"universe/"}, {"ticks/"}),
}  # fmt: skip


def prefixes(statements, action):
    return {
        prefix
        for statement in statements
        if action in actions(statement)
        for entry in resources(statement)
        if "AuditArchive" not in entry
        for prefix in re.findall(r"/([a-z_/]+/)\*", entry)
    }


def test_each_reads_and_writes_its_own_part_of_the_store(cloud):
    (task,) = cloud.properties("AWS::ECS::TaskDefinition")
    statements = {name: cloud.statements_of(name) for name in cloud.functions()}
    statements["ingester"] = cloud.statements()[task["TaskRoleArn"]["Fn::GetAtt"][0]]
    found = {
        name: (prefixes(some, "s3:GetObject"), prefixes(some, "s3:PutObject"))
        for name, some in statements.items()
    }

    assert {name: parts for name, parts in found.items() if any(parts)} == STORE


@pytest.mark.parametrize("name", ["api", "mcp"])
def test_who_asks_for_a_backtest_writes_its_manifest_and_starts_its_map_and_nothing_else(
    cloud, live, research, name
):
    statements = cloud.statements_of(name)
    puts = [each for s in statements if "s3:PutObject" in actions(s) for each in resources(s)]
    # What an owner tells for his taxes is told by (api)'s page.
    (written,) = (each for each in puts if "/taxes/*" not in each)
    assert written.endswith('/research/runs/*/jobs-asked.jsonl"]]}')
    started = [entry for s in statements if "states:StartExecution" in actions(s) for entry in resources(s)]
    (machine,) = started
    assert machine.endswith(':stateMachine:patang-paper-research"]]}')
    assert who_may(cloud, "states:DescribeExecution", ":execution:patang-paper-research:*") == {"api", "mcp"}

    variables = cloud.functions()[name]["Environment"]["Variables"]
    (worker,) = research.functions().values()
    assert variables["MODELS"] == worker["Environment"]["Variables"]["MODELS"]
    assert "RESEARCH_MACHINE_ARN" not in live.functions()[name]["Environment"]["Variables"]
    there = live.statements_of(name)
    assert not any("states:StartExecution" in actions(s) for s in there), "research is not deployed"
    assert "research/runs/" not in prefixes(there, "s3:PutObject")


def test_whoever_reads_an_item_may_read_many_at_once(cloud):
    for role, statements in cloud.statements().items():
        for statement in statements:
            reads = actions(statement) & {"dynamodb:GetItem", "dynamodb:BatchGetItem"}
            assert len(reads) != 1, role
    for name in ("order_workflow", "risk", "api"):
        assert name in who_may(cloud, "dynamodb:BatchGetItem", "Desk"), name


def test_nobody_scans_a_table_and_only_sessions_and_tokens_are_ever_removed(cloud):
    assert who_may(cloud, "dynamodb:Scan") == set()
    assert who_may(cloud, "dynamodb:DeleteItem") == {"api"}
    assert who_may(cloud, "dynamodb:DeleteItem", "Desk") == set()


def test_only_the_waiting_workflow_can_be_answered(cloud):
    for name in who_may(cloud, "states:SendTaskSuccess"):
        for statement in cloud.statements_of(name):
            if "states:SendTaskSuccess" in actions(statement):
                assert all("patang-paper-order-workflow" in entry for entry in resources(statement))
