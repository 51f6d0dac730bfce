"""The outbox into the hash chain."""

from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk.aws_lambda_event_sources import DynamoEventSource, SqsDlq
from constructs import Construct

from infra.constructs.desk_function import DeskFunction
from infra.constructs.foundation import Foundation
from infra.constructs.permissions import acknowledge, allow_send, allow_table

__all__ = ["AuditTrail"]

_OUTBOX_PREFIX: Final = "OUTBOX#"


class AuditTrail(Construct):
    """(audit_linker) on the desk table's stream, outbox items only.

    One batch of a shard at a time: the order of a chain is the order of the stream. Nothing in this account
    may remove an entry.
    """

    def __init__(self, scope: Construct, construct_id: str, parts: Foundation) -> None:
        super().__init__(scope, construct_id)
        self.linker = DeskFunction(
            self,
            parts.source,
            "audit_linker",
            memory_mb=512,
            timeout_seconds=30,
            environment=parts.variables("AUDIT_TABLE", "DEAD_LETTER_QUEUE_URL"),
        )
        allow_table(self.linker, parts.data.audit, write=True)
        allow_send(self.linker, parts.queues.dead_letters)
        self.linker.live.add_event_source(
            DynamoEventSource(
                parts.data.desk,
                starting_position=lambda_.StartingPosition.TRIM_HORIZON,
                batch_size=25,
                max_batching_window=Duration.seconds(0),
                parallelization_factor=1,
                # Nothing sweeps up what stays unlinked, though the outbox still holds it: so try for long.
                retry_attempts=100,
                max_record_age=Duration.hours(6),
                bisect_batch_on_error=True,
                on_failure=SqsDlq(parts.queues.dead_letters),
                filters=[
                    lambda_.FilterCriteria.filter(
                        {"dynamodb": {"Keys": {"PK": {"S": lambda_.FilterRule.begins_with(_OUTBOX_PREFIX)}}}}
                    )
                ],
            )
        )
        acknowledge(
            self.linker.role,
            {"AwsSolutions-IAM5[Resource::*]": "dynamodb:ListStreams has no resource to be bound to"},
        )
