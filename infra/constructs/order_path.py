"""From an order workflow to the broker and back: the workflow's steps, the lane, and what the broker says."""

from aws_cdk.aws_lambda_event_sources import SqsEventSource
from constructs import Construct

from infra.constructs.desk_function import DeskFunction
from infra.constructs.foundation import Foundation
from infra.constructs.order_workflow import OrderWorkflow
from infra.constructs.permissions import allow_objects, allow_secrets, allow_send, allow_table
from infra.constructs.queues import LANE_TIMEOUT_SECONDS, UPDATES_TIMEOUT_SECONDS
from infra.constructs.schedules import KeptWarm

__all__ = ["OrderPath"]


class OrderPath(Construct):
    """(order_workflow) and its state machine, (order_lane), (order_updates).

    The lane is the only sender, and alone stands in the network with the fixed address. It reaches DynamoDB
    and S3 by their gateways, and the broker and the rest of AWS through the address. With egress `none` there
    is no such network: a paper lane sends nothing to the broker.
    """

    def __init__(self, scope: Construct, construct_id: str, parts: Foundation) -> None:
        super().__init__(scope, construct_id)
        self.steps = self._steps(parts)
        self.workflow = OrderWorkflow(self, "Workflow", parts.settings, steps=self.steps.live)
        self.lane = self._lane(parts)
        self.updates = self._updates(parts)

    def _steps(self, parts: Foundation) -> DeskFunction:
        function = DeskFunction(
            self,
            parts.source,
            "order_workflow",
            memory_mb=512,
            timeout_seconds=25,
            environment=parts.variables(
                "DESK_TABLE",
                "AUTH_TABLE",
                "STORE_BUCKET",
                "ORDER_QUEUE_URL",
                "NOTIFY_TOPIC_ARN",
                "SECRET_PREFIX",
                "PUBLIC_URL",
            ),
        )
        allow_table(function, parts.data.desk, write=True)
        allow_table(function, parts.data.auth, write=True)
        allow_objects(function, parts.data.store, read=["minutes/", "universe/"])
        allow_send(function, parts.queues.orders)
        allow_secrets(function, parts.settings, parts.data.secrets_key)
        parts.allow_notify(function)
        parts.allow_answer(function)
        return function

    def _lane(self, parts: Foundation) -> DeskFunction:
        function = DeskFunction(
            self,
            parts.source,
            "order_lane",
            memory_mb=512,
            timeout_seconds=LANE_TIMEOUT_SECONDS,
            environment=parts.variables(
                "DESK_TABLE",
                "STORE_BUCKET",
                "ORDER_QUEUE_URL",
                "POLL_QUEUE_URL",
                "NOTIFY_TOPIC_ARN",
                "SECRET_PREFIX",
                "PUBLIC_URL",
            ),
            network=parts.data.order_network,
        )
        allow_table(function, parts.data.desk, write=True)
        allow_objects(function, parts.data.store, read=["universe/"])
        # A lost answer that turns out to be a fill calls for amendments, which are intents too.
        allow_send(function, parts.queues.orders, parts.queues.polls)
        allow_secrets(function, parts.settings, parts.data.secrets_key)
        parts.allow_notify(function)
        parts.allow_answer(function)
        function.live.add_event_source(SqsEventSource(parts.queues.orders, batch_size=1))
        # A cold lane would be the longest wait of an order, and of an exit above all.
        KeptWarm(
            self,
            "KeptWarm",
            name=f"{parts.settings.prefix}-warm-order-lane",
            cron=parts.settings.warm_schedule,
            queue=parts.queues.orders,
            failures=parts.queues.dead_letters,
        )
        return function

    def _updates(self, parts: Foundation) -> DeskFunction:
        function = DeskFunction(
            self,
            parts.source,
            "order_updates",
            memory_mb=512,
            timeout_seconds=UPDATES_TIMEOUT_SECONDS,
            environment=parts.variables(
                "DESK_TABLE", "ORDER_QUEUE_URL", "POLL_QUEUE_URL", "DEAD_LETTER_QUEUE_URL", "NOTIFY_TOPIC_ARN"
            ),
        )
        allow_table(function, parts.data.desk, write=True)
        allow_send(function, parts.queues.orders, parts.queues.polls, parts.queues.dead_letters)
        parts.allow_notify(function)
        function.live.add_event_source(
            # More at once would only contend for the same few orders.
            SqsEventSource(
                parts.queues.order_updates, batch_size=10, max_concurrency=2, report_batch_item_failures=True
            )
        )
        return function
