"""Roles in force on the emulator: what a policy does not allow is refused, and a function has its role."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from patang_workbench.local_stack.emulator import ACCOUNT, REGION, Emulator
from patang_workbench.local_stack.enforcement import ASKED_ELSEWHERE, as_enforced_here
from patang_workbench.local_stack.processes import Keeper
from patang_workbench.local_stack.stack import PROJECT_ROOT

PYTHON = PROJECT_ROOT / ".emulator" / "bin" / "python"
TRUST = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole",'
    f'"Principal": {{"AWS": "arn:aws:iam::{ACCOUNT}:root"}}}}]}}'
)
SENDS = (
    '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sqs:SendMessage",'
    f'"Resource": "arn:aws:sqs:{REGION}:{ACCOUNT}:allowed"}}]}}'
)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Keeper() as keeper:
        running = Emulator(PYTHON, tmp_path_factory.mktemp("emulator") / "run", keeper, enforce_roles=True)
        running.wait_ready()
        yield running
        running.stop()


def in_the_role(emulator: Emulator, role: str) -> Any:
    given = emulator.client("sts").assume_role(RoleArn=role, RoleSessionName="test")["Credentials"]
    return boto3.client(
        "sqs",
        endpoint_url=emulator.endpoint,
        region_name=REGION,
        verify=str(emulator.certificate),
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )


def test_a_role_may_what_its_policy_says_and_no_more_once_it_says_less(emulator: Emulator) -> None:
    iam, sqs = emulator.client("iam"), emulator.client("sqs")
    allowed, other = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("allowed", "other"))
    role = iam.create_role(RoleName="sender", AssumeRolePolicyDocument=TRUST)["Role"]["Arn"]
    iam.put_role_policy(RoleName="sender", PolicyName="sends", PolicyDocument=SENDS)
    sender = in_the_role(emulator, role)
    assert sender.send_message(QueueUrl=allowed, MessageBody="yes")["MessageId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        sender.send_message(QueueUrl=other, MessageBody="another queue")
    with pytest.raises(ClientError, match="AccessDenied"):
        sender.receive_message(QueueUrl=allowed)
    iam.delete_role_policy(RoleName="sender", PolicyName="sends")
    with pytest.raises(ClientError, match="AccessDenied"):
        sender.send_message(QueueUrl=allowed, MessageBody="no longer")


def test_what_is_loosened_here_gives_nobody_an_action_that_he_has_not_got() -> None:
    def policy(*actions: str) -> dict[str, Any]:
        statement = {"Effect": "Allow", "Action": list(actions), "Resource": "arn:of:one"}
        return {
            "Type": "AWS::IAM::Policy",
            "Properties": {"PolicyDocument": {"Statement": [statement]}},
        }

    body = {"Resources": {"A": policy("kinesis:GetRecords", "sqs:SendMessage"), "B": policy("s3:GetObject")}}
    done = as_enforced_here(body)["Resources"]
    first, added = done["A"]["Properties"]["PolicyDocument"]["Statement"]
    assert first["Resource"] == "arn:of:one"
    assert first["Action"] == ["kinesis:GetRecords", "sqs:SendMessage", "sqs:SendMessageBatch"]
    assert added == {"Effect": "Allow", "Action": ["kinesis:GetRecords"], "Resource": "*"}
    assert "kinesis:GetRecords" in ASKED_ELSEWHERE
    assert done["B"] == body["Resources"]["B"]
