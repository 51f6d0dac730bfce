"""Calls at market times: Indian time zone, on time or not at all."""

from aws_cdk import Duration, TimeZone
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_scheduler_targets import LambdaInvoke
from constructs import Construct

from infra.constructs.permissions import expect_invocations

__all__ = ["MarketSchedule"]


class MarketSchedule(Construct):
    """Calls a function with {"scheduled_time"}.

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
        function: lambda_.IFunction,
        failures: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("scheduler.amazonaws.com"))
        expect_invocations(role, function)
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
                max_event_age=Duration.seconds(60),
                dead_letter_queue=failures,
                role=role,
            ),
        )
