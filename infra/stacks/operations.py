"""What the owner looks at, and what calls the owner."""

from aws_cdk import Environment, Stack
from aws_cdk.aws_cloudwatch_actions import SnsAction
from constructs import Construct

from infra.config import StageSettings
from infra.constructs.alarm import AlarmMaker
from infra.constructs.alarms import Alarms
from infra.constructs.dashboards import Dashboards
from infra.constructs.monthly_budget import MonthlyBudget
from infra.constructs.saved_queries import SavedQueries
from infra.stacks.data import DataStack
from infra.stacks.trading import TradingStack

__all__ = ["OperationsStack"]


class OperationsStack(Stack):
    """The dashboards, the alarms, the saved queries and the budget; they tell the owner's topic of alarms."""

    def __init__(
        self, scope: Construct, settings: StageSettings, data: DataStack, trading: TradingStack
    ) -> None:
        super().__init__(
            scope,
            f"{settings.prefix}-operations",
            env=Environment(region=settings.region),
            description="Patang: dashboards and alarms",
        )
        make = AlarmMaker(self, settings.prefix, SnsAction(data.alarms))
        self.alarms = Alarms(self, "Alarms", settings, data, trading, make)
        self.dashboards = Dashboards(self, "Dashboards", settings, data, trading)
        self.queries = SavedQueries(self, "Queries", settings)
        self.budget = MonthlyBudget(self, "Budget", settings, data.alarms)
