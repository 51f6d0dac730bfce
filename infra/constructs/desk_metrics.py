"""The metrics of a stage by name: the desk's own (EMF, dimensions service and stage) and AWS's."""

from dataclasses import dataclass

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch

from infra.config import StageSettings
from patang.adapters.series import SERIES

__all__ = ["DeskMetrics"]

_MINUTE = Duration.minutes(1)


@dataclass(frozen=True, slots=True)
class DeskMetrics:
    """Metrics over one minute, without labels: a label makes metric math of an alarm."""

    settings: StageSettings

    def desk(
        self, service: str, name: str, statistic: str = "Sum", period: Duration = _MINUTE
    ) -> cloudwatch.Metric:
        """A metric that the function or task `service` writes. Raises ValueError for a count that makes none:
        it would be drawn empty, and an alarm on it would never ring."""
        if name not in SERIES.get(service, ()):
            raise ValueError(f"{name} of {service} is no series: see patang/adapters/series.py")
        return cloudwatch.Metric(
            namespace="Patang",
            metric_name=name,
            dimensions_map={"service": service, "stage": self.settings.stage},
            statistic=statistic,
            period=period,
        )

    def function(self, name: str, metric: str, statistic: str = "Sum") -> cloudwatch.Metric:
        """A metric of AWS/Lambda."""
        return cloudwatch.Metric(
            namespace="AWS/Lambda",
            metric_name=metric,
            dimensions_map={"FunctionName": f"{self.settings.prefix}-{name.replace('_', '-')}"},
            statistic=statistic,
            period=_MINUTE,
        )

    def named(
        self, namespace: str, metric: str, statistic: str = "Sum", **dimensions: str
    ) -> cloudwatch.Metric:
        """A metric of another of AWS's services; without dimensions, that of the account and region."""
        return cloudwatch.Metric(
            namespace=namespace,
            metric_name=metric,
            dimensions_map=dimensions or None,
            statistic=statistic,
            period=_MINUTE,
        )
