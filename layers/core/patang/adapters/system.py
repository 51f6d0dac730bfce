"""Wall time, and metrics as lines of CloudWatch's embedded format."""

import json
import sys
from datetime import datetime

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.metrics.base import SingleMetric

from patang.market.sessions import IST

__all__ = ["EmbeddedMetrics", "SystemClock"]

# The service of what any function may meet: an alarm watches one series.
_WHOLE_DESK = "desk"


class SystemClock:
    """The host's clock in IST."""

    def now(self) -> datetime:
        return datetime.now(IST)


class EmbeddedMetrics:
    """Metrics with the dimensions service and stage; details travel as metadata, which costs no series.

    The service of an alarm is `desk`.
    """

    def __init__(self, service: str, stage: str) -> None:
        self._service = service
        self._stage = stage

    def count(self, name: str, value: float = 1, **details: str) -> None:
        self._emit(name, MetricUnit.Count, value, details)

    def duration_ms(self, name: str, value: float, **details: str) -> None:
        self._emit(name, MetricUnit.Milliseconds, value, details)

    def alarm(self, name: str, **details: str) -> None:
        self._emit(name, MetricUnit.Count, 1, {"met_by": self._service, **details}, _WHOLE_DESK)

    def _emit(
        self, name: str, unit: MetricUnit, value: float, details: dict[str, str], service: str = ""
    ) -> None:
        metric = SingleMetric(namespace="Patang")
        metric.add_metric(name, unit, value)
        metric.add_dimension("service", service or self._service)
        metric.add_dimension("stage", self._stage)
        for key, detail in details.items():
            metric.add_metadata(key, detail)
        line = json.dumps(metric.serialize_metric_set(), separators=(",", ":"))
        # The line and its end in one write, which Powertools' own printing is not: between two, another
        # thread's line comes in, and CloudWatch reads no metric from what is then no JSON.
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()
