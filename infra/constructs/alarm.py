"""How an alarm is made: one name, what it means, and the page of the runbook that says what to do."""

from dataclasses import dataclass
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

__all__ = ["RUNBOOKS", "AlarmMaker", "described"]

RUNBOOKS: Final = "docs/runbooks/alarms"

# CloudWatch's own limit.
_LONGEST: Final = 1024


def described(name: str, meaning: str) -> str:
    """The description of the alarm `name` (without the stage): what it means, and where to read on."""
    text = f"{meaning}. Runbook: {RUNBOOKS}/{name}.md"
    if len(text) > _LONGEST:
        raise ValueError(f"the description of {name} has {len(text)} characters, {_LONGEST} are allowed")
    return text


@dataclass(frozen=True, slots=True)
class AlarmMaker:
    """Makes the alarms of one stack. `action` is what calls the owner."""

    scope: Construct
    prefix: str
    action: cloudwatch.IAlarmAction

    def at_least(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        meaning: str,
        *,
        threshold: int = 1,
        periods: int = 1,
        calls: bool = True,
    ) -> cloudwatch.Alarm:
        """Rings when `metric` is `threshold` or more in `periods` periods running. Missing data is fine: at
        night nothing runs. `calls`: the owner hears of it; else it is a part of another alarm."""
        return self._made(
            name,
            metric,
            meaning,
            threshold,
            periods,
            cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            cloudwatch.TreatMissingData.NOT_BREACHING,
            calls=calls,
        )

    def silence(
        self, name: str, metric: cloudwatch.IMetric, meaning: str, *, periods: int, calls: bool
    ) -> cloudwatch.Alarm:
        """Rings when `metric` says nothing, or nothing above zero, for `periods` periods running."""
        return self._made(
            name,
            metric,
            meaning,
            1,
            periods,
            cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD,
            cloudwatch.TreatMissingData.BREACHING,
            calls=calls,
        )

    def _made(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        meaning: str,
        threshold: int,
        periods: int,
        comparison: cloudwatch.ComparisonOperator,
        missing: cloudwatch.TreatMissingData,
        *,
        calls: bool,
    ) -> cloudwatch.Alarm:
        alarm = cloudwatch.Alarm(
            self.scope,
            name.title().replace("-", ""),
            alarm_name=f"{self.prefix}-{name}",
            alarm_description=described(name, meaning),
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=comparison,
            treat_missing_data=missing,
        )
        if calls:
            alarm.add_alarm_action(self.action)
        return alarm
