"""Wall time, and metrics as lines of CloudWatch's embedded format."""

from datetime import datetime
from typing import Any, Literal

from aws_lambda_powertools.metrics.base import SingleMetric

from patang.adapters.series import SERIES, WHOLE_DESK
from patang.market.sessions import IST
from patang.trail.lines import line_of, write_line

__all__ = ["EmbeddedMetrics", "SystemClock"]

type _Unit = Literal["Count", "Milliseconds"]


class SystemClock:
    """The host's clock in IST."""

    def now(self) -> datetime:
        return datetime.now(IST)


class EmbeddedMetrics:
    """Counts and times as lines of the log. Those of SERIES are metrics too, with the dimensions service and
    stage; details and the ids of the work in hand travel as metadata, which costs no series.

    The service of an alarm is `desk`. The format: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring,
    "Embedded metric format specification".
    """

    def __init__(self, service: str, stage: str) -> None:
        self._service = service
        self._stage = stage

    def count(self, name: str, value: float = 1, **details: str) -> None:
        self._emit(name, "Count", value, details, self._service)

    def duration_ms(self, name: str, value: float, **details: str) -> None:
        self._emit(name, "Milliseconds", value, details, self._service)

    def alarm(self, name: str, **details: str) -> None:
        self._emit(name, "Count", 1, {"met_by": self._service, **details}, WHOLE_DESK, "WARNING")

    def _emit(
        self, name: str, unit: _Unit, value: float, details: dict[str, str], service: str, level: str = "INFO"
    ) -> None:
        # A detail must not take the place of a dimension, nor of the value.
        told = {
            f"{key}_" if key in ("service", "stage", name) else key: part for key, part in details.items()
        }
        line: dict[str, Any] = line_of(level, service, self._stage, told)
        if name in SERIES.get(service, ()):
            line |= self._metric(name, unit, value, service)
        line[name] = float(value)
        write_line(line)

    def _metric(self, name: str, unit: _Unit, value: float, service: str) -> dict[str, Any]:
        """What makes a metric of a line."""
        metric = SingleMetric(namespace="Patang")
        metric.add_metric(name, unit, value)
        metric.add_dimension("service", service)
        metric.add_dimension("stage", self._stage)
        return dict(metric.serialize_metric_set())
