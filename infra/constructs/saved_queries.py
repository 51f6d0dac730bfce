"""Questions to the log that are asked again and again, saved where CloudWatch Logs Insights shows them."""

from typing import Final

from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.config import StageSettings
from infra.constructs.desk_function import FUNCTION_LAYERS
from patang.trail.ids import ID_NAMES

__all__ = ["STORY_OF_AN_ORDER", "SavedQueries"]

# What a line tells of itself, and what happened to the order.
_TOLD: Final = (
    "service", "level", "step", "result", "outcome", "state", "status", "reason", "gate", "message", "error",
)  # fmt: skip

# An order's id brings its own lines. They name its signal and its minute, which bring what led to it.
STORY_OF_AN_ORDER: Final = (
    f"fields {', '.join(('@timestamp', *_TOLD, *ID_NAMES))}\n"
    '| filter @message like "PUT-AN-ID-HERE"\n'
    "| sort @timestamp asc\n"
    "| limit 1000"
)


class SavedQueries(Construct):
    """The story of an order: each line of a function or of the ingester that carries an id, in the order
    of their time."""

    def __init__(self, scope: Construct, construct_id: str, settings: StageSettings) -> None:
        super().__init__(scope, construct_id)
        functions = (f"/aws/lambda/{settings.prefix}-{name.replace('_', '-')}" for name in FUNCTION_LAYERS)
        logs.CfnQueryDefinition(
            self,
            "StoryOfAnOrder",
            name=f"{settings.prefix}/story-of-an-order",
            query_string=STORY_OF_AN_ORDER,
            log_group_names=[*functions, f"/aws/ecs/{settings.prefix}-ingester"],
        )
