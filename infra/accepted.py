"""Findings of cdk-nag that are accepted for the whole desk: a decision each, not one of a single resource.

What is accepted for one resource stands beside it, by `acknowledge`. `make security` lists both.
"""

from collections.abc import Mapping
from typing import Final

from aws_cdk import App
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns

from infra.constructs.permissions import acknowledge

__all__ = ["accept_for_the_desk"]

EVERYWHERE: Final[Mapping[str, str]] = {
    "Serverless-LambdaLatestVersion": "The layers are locked, built and compiled for Python 3.13",
    "Serverless-LambdaTracing": (
        "Traces would cost what logs already carry: one id from tick to order; X-Ray's SDK is in maintenance"
    ),
    "Serverless-StepFunctionStateMachineXray": (
        "A standard execution keeps the history of each step for 90 days; logs carry the order's id"
    ),
    "Serverless-LambdaDLQ": (
        "A function's own dead letters take asynchronous calls alone, whose on-failure destination tells the "
        "reason too; queues and streams have theirs"
    ),
}
_QUEUE_SOURCE: Final = {
    "Serverless-LambdaEventSourceMappingDestination": (
        "Lambda takes no destination for a queue: its redrive policy brings what fails to its dead letters"
    )
}
_NEVER_ASYNCHRONOUS: Final = {
    "Serverless-LambdaAsyncFailureDestination": (
        "Nobody calls it without waiting for the answer: no schedule names it, which test_checks reads"
    )
}
_MESSAGES: Final = {
    "Serverless-SNSRedrivePolicy": (
        "What did not arrive is counted and rings messages-undelivered; what it told of stays in the desk's "
        "table and on its page"
    )
}


def accept_for_the_desk(app: App) -> None:
    """Accepts them, once every stack of `app` is made: event sources, aliases and subscriptions come late."""
    for stack in app.node.children:
        acknowledge(stack, EVERYWHERE)
    for part in app.node.find_all():
        match part:
            case lambda_.CfnEventSourceMapping() if part.starting_position is None:
                acknowledge(part, _QUEUE_SOURCE)
            case lambda_.CfnEventInvokeConfig() if part.destination_config is None:
                acknowledge(part, _NEVER_ASYNCHRONOUS)
            case sns.CfnSubscription():
                acknowledge(part, _MESSAGES)
