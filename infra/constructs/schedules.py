"""Calls at market times: Indian time zone, on time or not at all."""

import json

from aws_cdk import Duration, Stack, TimeZone
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_scheduler_targets import LambdaInvoke, Universal
from constructs import Construct

__all__ = ["KeptWarm", "MarketSchedule"]

_ON_TIME = Duration.seconds(60)


class MarketSchedule(Construct):
    """Calls `function`, an alias, with {"scheduled_time"}.

    The default of the Scheduler, 185 tries over a day, would be a square-off in the evening: one try, within
    a minute, and the handler refuses a time that is not now.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        cron: str,
        function: lambda_.IAlias,
        failures: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        scheduler.Schedule(
            self,
            "Schedule",
            schedule_name=name,
            schedule=scheduler.ScheduleExpression.expression(cron, TimeZone.ASIA_KOLKATA),
            target=LambdaInvoke(
                function,
                input=scheduler.ScheduleTargetInput.from_object(
                    {"scheduled_time": scheduler.ContextAttribute.scheduled_time}
                ),
                retry_attempts=0,
                max_event_age=_ON_TIME,
                dead_letter_queue=failures,
                role=role,
            ),
        )


class KeptWarm(Construct):
    """Puts {"warm": true} on a FIFO queue, in a group of its own: its reader stays loaded, and nothing waits.

    By SendMessage itself, because the Scheduler's own target for queues gives no deduplication id, and the
    queue must not take two intents for one.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        cron: str,
        queue: sqs.IQueue,
        failures: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        message = {
            "QueueUrl": queue.queue_url,
            "MessageBody": json.dumps({"warm": True}),
            "MessageGroupId": "warm",
            "MessageDeduplicationId": "<aws.scheduler.execution-id>",
        }
        scheduler.Schedule(
            self,
            "Schedule",
            schedule_name=name,
            schedule=scheduler.ScheduleExpression.expression(cron, TimeZone.ASIA_KOLKATA),
            target=Universal(
                service="sqs",
                action="sendMessage",
                input=scheduler.ScheduleTargetInput.from_text(Stack.of(self).to_json_string(message)),
                policy_statements=[
                    iam.PolicyStatement(actions=["sqs:SendMessage"], resources=[queue.queue_arn])
                ],
                retry_attempts=0,
                max_event_age=_ON_TIME,
                dead_letter_queue=failures,
                role=role,
            ),
        )
