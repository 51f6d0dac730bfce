"""The tick stream's two readers: one makes candles and features, the other watches open positions."""

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_lambda_event_sources import KinesisEventSource, SqsDlq
from constructs import Construct

from infra.constructs.desk_function import DeskFunction
from infra.constructs.foundation import Foundation
from infra.constructs.permissions import allow, allow_objects, allow_send, allow_table

__all__ = ["TickPath"]

# A minute that closes this late is of no use to a cycle; the state itself is rebuilt from the stream.
_FEATURES_MAX_AGE: Final = Duration.minutes(15)
# An exit is decided on the price of now: older ticks must not stand in the way of newer ones.
_GUARD_MAX_AGE: Final = Duration.minutes(2)


class TickPath(Construct):
    """(features) and (guard), each with an event source of its own on the tick stream.

    Both start at the oldest record, so that no tick is lost while they are being deployed; the stream is as
    new as they are, and both keep what they have seen, so a second reading changes nothing.
    """

    def __init__(self, scope: Construct, construct_id: str, parts: Foundation) -> None:
        super().__init__(scope, construct_id)
        self.features = self._features(parts)
        self.guard = self._guard(parts)

    def _features(self, parts: Foundation) -> DeskFunction:
        function = DeskFunction(
            self,
            parts.source,
            "features",
            # 270 MB are used with 500 symbols; this much brings a whole core, and a minute closes on it.
            memory_mb=1769,
            timeout_seconds=60,
            environment=parts.variables(
                "DESK_TABLE", "STORE_BUCKET", "TICK_STREAM", "DEAD_LETTER_QUEUE_URL", "TRADING_CYCLE_ARN"
            ),
        )
        allow_table(function, parts.data.desk, write=True)
        allow_objects(
            function,
            parts.data.store,
            read=["features/", "universe/"],
            write=["features/state/", "minutes/", "chains/"],
        )
        allow_send(function, parts.queues.dead_letters)
        allow(function, ["states:StartExecution"], [parts.trading_cycle_arn])
        function.live.add_event_source(self._reading(parts, _FEATURES_MAX_AGE))
        return function

    def _guard(self, parts: Foundation) -> DeskFunction:
        function = DeskFunction(
            self,
            parts.source,
            "guard",
            memory_mb=512,
            timeout_seconds=30,
            environment=parts.variables(
                "DESK_TABLE",
                "ORDER_QUEUE_URL",
                "ORDER_UPDATES_QUEUE_URL",
                "DEAD_LETTER_QUEUE_URL",
                "NOTIFY_TOPIC_ARN",
            ),
        )
        allow_table(function, parts.data.desk, write=True)
        parts.allow_notify(function)
        allow_send(function, parts.queues.orders, parts.queues.order_updates, parts.queues.dead_letters)
        function.live.add_event_source(self._reading(parts, _GUARD_MAX_AGE))
        return function

    def _reading(self, parts: Foundation, max_age: Duration) -> KinesisEventSource:
        return KinesisEventSource(
            parts.ticks,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=200,
            max_batching_window=Duration.seconds(0),
            parallelization_factor=1,
            retry_attempts=3,
            max_record_age=max_age,
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            on_failure=SqsDlq(parts.queues.dead_letters),
        )
