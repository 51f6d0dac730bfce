"""A desk deployed in the owner's AWS account, reached with the owner's own AWS credentials."""

import argparse

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from patang.app import Desk
from patang_workbench.cli.running import CommandError

__all__ = ["add_stage_arguments", "caller", "deployed_desk", "stack_outputs"]

_VARIABLES = {
    "data": {
        "DESK_TABLE": "DeskTable",
        "AUTH_TABLE": "AuthTable",
        "AUDIT_TABLE": "AuditTable",
        "STORE_BUCKET": "StoreBucket",
        "NOTIFY_TOPIC_ARN": "NotifyTopicArn",
        "ALARM_TOPIC_ARN": "AlarmTopicArn",
        "SECRET_PREFIX": "SecretPrefix",
        "SECRET_KEY_ID": "SecretKeyArn",
    },
    "trading": {"ORDER_QUEUE_URL": "OrderQueueUrl"},
}


def add_stage_arguments(parser: argparse.ArgumentParser) -> None:
    """Which stage a command is about."""
    parser.add_argument(
        "--stage", default="paper", choices=("paper", "live"), help="the deployed stage (paper)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def deployed_desk(stage: str) -> Desk:
    """The desk of a stage, by the outputs of its stacks. Raises CommandError if it cannot be reached."""
    environment = {"STAGE": stage, "POWERTOOLS_SERVICE_NAME": "workbench"}
    for part, variables in _VARIABLES.items():
        outputs = stack_outputs(f"patang-{stage}-{part}")
        environment |= {variable: outputs[output] for variable, output in variables.items()}
    return Desk(environment)


def stack_outputs(stack_name: str) -> dict[str, str]:
    """The outputs of a deployed stack by name. Raises CommandError if it cannot be read."""
    try:
        (stack,) = boto3.client("cloudformation").describe_stacks(StackName=stack_name)["Stacks"]
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"the stack {stack_name} cannot be read: {error}") from error
    return {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}


def caller() -> str:
    """Who asks, as AWS knows them. Raises CommandError if it does not."""
    try:
        return str(boto3.client("sts").get_caller_identity()["Arn"])
    except (BotoCoreError, ClientError) as error:
        raise CommandError(f"AWS does not say who you are: {error}") from error
