"""The ingester's task by the exchange's calendar: started before the open, ended after the close."""

from typing import Final

from constructs import Construct

from infra.constructs.desk_function import DeskFunction
from infra.constructs.foundation import Foundation
from infra.constructs.ingester_service import IngesterService
from infra.constructs.permissions import allow, allow_table
from infra.constructs.schedules import MarketSchedule

__all__ = ["IngesterHours"]

# Around the clock: a session may be in an evening or on a Sunday, and what was deployed at night is to end.
# Written out, as the local stack reads it.
_EVERY_FIVE_MINUTES: Final = "cron(0,5,10,15,20,25,30,35,40,45,50,55 * ? * * *)"


class IngesterHours(Construct):
    """(ingester_hours), which asks the calendar and the owner's settings, and may count this one service."""

    def __init__(
        self, scope: Construct, construct_id: str, parts: Foundation, ingester: IngesterService
    ) -> None:
        super().__init__(scope, construct_id)
        self.function = DeskFunction(
            self,
            parts.source,
            "ingester_hours",
            memory_mb=256,
            timeout_seconds=60,
            failures=parts.queues.dead_letters,
            environment=parts.variables("DESK_TABLE")
            | {
                "INGESTER_CLUSTER": ingester.cluster.cluster_name,
                "INGESTER_SERVICE": ingester.service.service_name,
            },
        )
        allow_table(self.function, parts.data.desk)
        allow(self.function, ["ecs:DescribeServices", "ecs:UpdateService"], [ingester.service.service_arn])
        MarketSchedule(
            self,
            "Schedule",
            name=f"{parts.settings.prefix}-ingester-hours",
            cron=_EVERY_FIVE_MINUTES,
            function=self.function.live,
            failures=parts.queues.dead_letters,
        )
