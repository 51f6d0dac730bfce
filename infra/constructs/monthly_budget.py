"""The month's bill, watched: the owner is told before it is as high as was settled, and when it is."""

from typing import Final

from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.config import StageSettings

__all__ = ["MonthlyBudget"]

# Percent of the amount, and of what: of what was spent, or of what the month will come to as it goes.
_TOLD_AT: Final = ((80, "ACTUAL"), (100, "ACTUAL"), (100, "FORECASTED"))


class MonthlyBudget(Construct):
    """What AWS may cost a month (`monthly_budget_usd`), before tax and before what credits take off.

    Of the whole account: metrics and data transfer bear no tag, and a budget of tagged costs says nothing
    until somebody has activated the tag for billing.
    """

    def __init__(
        self, scope: Construct, construct_id: str, settings: StageSettings, topic: sns.ITopic
    ) -> None:
        super().__init__(scope, construct_id)
        part = budgets.CfnBudget
        budgets.CfnBudget(
            self,
            "Budget",
            budget=part.BudgetDataProperty(
                budget_name=f"{settings.prefix}-month",
                budget_type="COST",
                time_unit="MONTHLY",
                budget_limit=part.SpendProperty(amount=settings.monthly_budget_usd, unit="USD"),
                cost_types=part.CostTypesProperty(
                    include_tax=False, include_credit=False, include_refund=False
                ),
            ),
            notifications_with_subscribers=[
                part.NotificationWithSubscribersProperty(
                    notification=part.NotificationProperty(
                        comparison_operator="GREATER_THAN",
                        notification_type=kind,
                        threshold=percent,
                        threshold_type="PERCENTAGE",
                    ),
                    subscribers=[part.SubscriberProperty(subscription_type="SNS", address=topic.topic_arn)],
                )
                for percent, kind in _TOLD_AT
            ],
        )
