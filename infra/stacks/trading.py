"""From a tick to a closed trade: the stream, the queues, the functions and the workflows between them."""

from aws_cdk import CfnOutput, CfnParameter, Environment, RemovalPolicy, Stack
from aws_cdk import aws_kinesis as kinesis
from aws_cdk.aws_cloudwatch_actions import SnsAction
from constructs import Construct

from infra.bundles import Bundles
from infra.config import StageSettings
from infra.constructs.audit_trail import AuditTrail
from infra.constructs.decisions import Decisions
from infra.constructs.desk_function import FunctionSource
from infra.constructs.foundation import Foundation
from infra.constructs.ingester_hours import IngesterHours
from infra.constructs.ingester_service import DeskNetwork, IngesterService
from infra.constructs.nat_instance import NatInstance
from infra.constructs.order_path import OrderPath
from infra.constructs.permissions import allow_objects, allow_secrets, allow_send, allow_table
from infra.constructs.queues import Queues
from infra.constructs.tick_path import TickPath
from infra.constructs.timekeeping import Timekeeping
from infra.stacks.data import DataStack

__all__ = ["TradingStack"]


class TradingStack(Stack):
    """Everything that decides and acts; it may be replaced whole, for it keeps nothing of its own."""

    def __init__(self, scope: Construct, settings: StageSettings, bundles: Bundles, data: DataStack) -> None:
        super().__init__(
            scope,
            f"{settings.prefix}-trading",
            env=Environment(region=settings.region),
            description="Patang: from a tick to a closed trade",
        )
        self.ticks = kinesis.Stream(
            self,
            "Ticks",
            stream_mode=kinesis.StreamMode.PROVISIONED,
            shard_count=settings.tick_shards,
            encryption=kinesis.StreamEncryption.MANAGED,
            # The CDK would keep it, at 11 USD a month: a day's ticks, which the store has.
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.queues = Queues(self, "Queues")
        source = FunctionSource(self, settings, bundles)
        parts = Foundation(settings, source, data, self.queues, self.ticks)
        model_path = CfnParameter(
            self,
            "ModelPath",
            default="/opt/model_artifacts",
            description="Folder of the model artifacts as functions see it; the layer's, unless an emulator "
            "unpacks layers elsewhere",
        )

        if settings.egress == "nat-instance" and data.order_network is not None:
            NatInstance(self, "Nat", settings, data.order_network, SnsAction(data.alarms))
        self.tick_path = TickPath(self, "TickPath", parts)
        self.order_path = OrderPath(self, "OrderPath", parts)
        self.decisions = Decisions(
            self,
            "Decisions",
            parts,
            orders=self.order_path.workflow,
            model_path=model_path.value_as_string,
        )
        self.timekeeping = Timekeeping(self, "Timekeeping", parts, model_path=model_path.value_as_string)
        self.audit_trail = AuditTrail(self, "AuditTrail", parts)
        self.ingester = self._ingester(settings, bundles, parts)
        self.ingester_hours = IngesterHours(self, "IngesterHours", parts, self.ingester)
        for name, value in {
            "TickStream": self.ticks.stream_name,
            "OrderQueueUrl": self.queues.orders.queue_url,
            "OrderUpdatesQueueUrl": self.queues.order_updates.queue_url,
            "DeadLetterQueueUrl": self.queues.dead_letters.queue_url,
            "TradingCycleArn": self.decisions.cycle.machine.state_machine_arn,
            "OrderWorkflowArn": self.order_path.workflow.machine.state_machine_arn,
        }.items():
            CfnOutput(self, name, value=value)

    def _ingester(self, settings: StageSettings, bundles: Bundles, parts: Foundation) -> IngesterService:
        ingester = IngesterService(
            self,
            "Ingester",
            settings,
            bundles,
            DeskNetwork(self, "Network"),
            environment=parts.variables(
                "DESK_TABLE", "TICK_STREAM", "ORDER_UPDATES_QUEUE_URL", "STORE_BUCKET", "SECRET_PREFIX"
            ),
        )
        role = ingester.task.task_role
        self.ticks.grant(role, "kinesis:PutRecords", "kinesis:ListShards")
        # It notes a session that the broker calls dead.
        allow_table(role, parts.data.desk, write=True)
        allow_objects(role, parts.data.store, read=["universe/"], write=["ticks/"])
        allow_send(role, parts.queues.order_updates)
        allow_secrets(role, settings, parts.data.secrets_key)
        return ingester
