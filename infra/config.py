"""The settings of a stage, as the CDK needs them."""

from typing import Final, Self

from aws_cdk.aws_logs import RetentionDays
from constructs import Node

from patang_workbench.deployment.stage import Flavour, Stage, given_in

__all__ = ["Flavour", "StageSettings"]

_RETENTION: Final = {
    7: RetentionDays.ONE_WEEK,
    30: RetentionDays.ONE_MONTH,
    90: RetentionDays.THREE_MONTHS,
    365: RetentionDays.ONE_YEAR,
}


class StageSettings(Stage):
    """A stage whose fields come from the CDK context: cdk.json, or `-c name=value` on the command line."""

    @classmethod
    def from_context(cls, node: Node) -> Self:
        """The settings that the CDK context of `node` gives.

        Raises pydantic.ValidationError on a wrong value, SettingsError on a context that is no table.
        """
        return cls.model_validate(given_in(node.get_all_context()))

    @property
    def log_retention(self) -> RetentionDays:
        return _RETENTION[self.log_retention_days]
