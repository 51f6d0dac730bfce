"""What every function may be handed: the stage's resources, and the environment variables that name them."""

from dataclasses import dataclass

from aws_cdk import ArnFormat, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kinesis as kinesis

from infra.config import StageSettings
from infra.constructs.desk_function import FunctionSource
from infra.constructs.permissions import allow
from infra.constructs.queues import Queues
from infra.stacks.data import DataStack

__all__ = ["Foundation"]


@dataclass(frozen=True, slots=True)
class Foundation:
    """The parts that functions of one stack share. `source` belongs to that stack."""

    settings: StageSettings
    source: FunctionSource
    data: DataStack
    queues: Queues
    ticks: kinesis.IStream

    @property
    def trading_cycle_arn(self) -> str:
        return self._workflow("trading-cycle")

    @property
    def order_workflow_arn(self) -> str:
        """By its name: its own task function needs it, and a reference there would be a circle."""
        return self._workflow("order-workflow")

    def variables(self, *names: str) -> dict[str, str]:
        """The environment variables of these names."""
        known = {
            "DESK_TABLE": self.data.desk.table_name,
            "AUTH_TABLE": self.data.auth.table_name,
            "AUDIT_TABLE": self.data.audit.table_name,
            "STORE_BUCKET": self.data.store.name,
            "TICK_STREAM": self.ticks.stream_name,
            "ORDER_QUEUE_URL": self.queues.orders.queue_url,
            "ORDER_UPDATES_QUEUE_URL": self.queues.order_updates.queue_url,
            "POLL_QUEUE_URL": self.queues.polls.queue_url,
            "DEAD_LETTER_QUEUE_URL": self.queues.dead_letters.queue_url,
            "NOTIFY_TOPIC_ARN": self.data.notify.topic_arn,
            "ALARM_TOPIC_ARN": self.data.alarms.topic_arn,
            "NOTIFY_CHANNELS": self.settings.channels,
            "TRADING_CYCLE_ARN": self.trading_cycle_arn,
            "SECRET_PREFIX": self.settings.secret_prefix,
            "SECRET_KEY_ID": self.data.secrets_key.key_arn,
            "AUDIT_ARCHIVE_BUCKET": self.data.audit_archive.name,
            "AUDIT_KEY_ID": self.data.signing_key.key_arn,
            "PUBLIC_URL": self.data.api.api_endpoint,
        }
        return {name: known[name] for name in names}

    def allow_notify(self, grantee: iam.IGrantable) -> None:
        """Messages to the owner."""
        allow(grantee, ["sns:Publish"], [self.data.notify.topic_arn])
        allow(grantee, ["kms:GenerateDataKey", "kms:Decrypt"], [self.data.key.key_arn])

    def allow_look_at_subscriptions(self, grantee: iam.IGrantable) -> None:
        """Who gets those messages."""
        topics = [self.data.notify.topic_arn, self.data.alarms.topic_arn]
        allow(grantee, ["sns:ListSubscriptionsByTopic", "sns:GetSubscriptionAttributes"], topics)

    def allow_answer(self, grantee: iam.IGrantable) -> None:
        """Completing a waiting task of the order workflow."""
        allow(grantee, ["states:SendTaskSuccess"], [self.order_workflow_arn])

    def _workflow(self, name: str) -> str:
        return Stack.of(self.queues).format_arn(
            service="states",
            resource="stateMachine",
            resource_name=f"{self.settings.prefix}-{name}",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
