"""Wall time, and metrics as lines of CloudWatch's embedded format."""

from datetime import datetime

from aws_lambda_powertools.metrics import MetricUnit, single_metric

from patang.market.sessions import IST

__all__ = ["EmbeddedMetrics", "SystemClock"]


class SystemClock:
    """The host's clock in IST."""

    def now(self) -> datetime:
        return datetime.now(IST)


class EmbeddedMetrics:
    """Metrics with the dimensions service and stage; details travel as metadata, which costs no series."""

    def __init__(self, service: str, stage: str) -> None:
        self._service = service
        self._stage = stage

    def count(self, name: str, value: float = 1, **details: str) -> None:
        self._emit(name, MetricUnit.Count, value, details)

    def duration_ms(self, name: str, value: float, **details: str) -> None:
        self._emit(name, MetricUnit.Milliseconds, value, details)

    def _emit(self, name: str, unit: MetricUnit, value: float, details: dict[str, str]) -> None:
        dimensions = {"service": self._service, "stage": self._stage}
        with single_metric(name, unit, value, namespace="Patang", default_dimensions=dimensions) as metric:
            for key, detail in details.items():
                metric.add_metadata(key, detail)
