"""Metrics by market time, and what an alarm of CloudWatch makes of them. Pure.

The emulator's own evaluation looks at no dimension, at one stretch instead of periods, at missing data never
and at the wall's clock; so an alarm of the template is judged here, by the rules that CloudWatch documents
(Using Amazon CloudWatch alarms: evaluating an alarm, configuring how alarms treat missing data).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Self

__all__ = ["Judgement", "MetricAlarm", "MetricName", "Metrics", "State"]

type State = Literal["OK", "ALARM", "INSUFFICIENT_DATA"]
type _Verdict = bool | None

_COMPARED = {
    "GreaterThanOrEqualToThreshold": lambda value, bound: value >= bound,
    "GreaterThanThreshold": lambda value, bound: value > bound,
    "LessThanThreshold": lambda value, bound: value < bound,
    "LessThanOrEqualToThreshold": lambda value, bound: value <= bound,
}
_STATISTICS = {
    "Sum": sum,
    "Maximum": max,
    "Minimum": min,
    "SampleCount": len,
    "Average": lambda values: sum(values) / len(values),
}


@dataclass(frozen=True, slots=True)
class MetricName:
    """One series: its dimensions are a part of its name."""

    namespace: str
    name: str
    dimensions: frozenset[tuple[str, str]] = frozenset()

    @classmethod
    def of(cls, namespace: str, name: str, dimensions: Mapping[str, str] | None = None) -> Self:
        return cls(namespace, name, frozenset((dimensions or {}).items()))


class Metrics:
    """What was counted since market time `began`."""

    def __init__(self, began: datetime) -> None:
        self.began = began
        self._points: dict[MetricName, list[tuple[datetime, float]]] = {}

    def put(self, metric: MetricName, moment: datetime, value: float) -> None:
        self._points.setdefault(metric, []).append((moment, value))

    def values(self, metric: MetricName, start: datetime, end: datetime) -> list[float]:
        """Those at or after `start` and before `end`."""
        return [value for moment, value in self._points.get(metric, ()) if start <= moment < end]

    def total(self, metric: MetricName) -> float:
        """The sum of all that was put."""
        return sum(value for _, value in self._points.get(metric, ()))


@dataclass(frozen=True, slots=True)
class Judgement:
    """What an alarm says, and why in words."""

    state: State
    reason: str


@dataclass(frozen=True, slots=True)
class MetricAlarm:
    """An alarm on one metric with one of the plain statistics; every period of its window has to breach."""

    name: str
    metric: MetricName
    statistic: str
    period: timedelta
    periods: int
    threshold: float
    comparison: str
    missing: Literal["breaching", "notBreaching", "ignore", "missing"]

    @classmethod
    def described(cls, alarm: Mapping[str, Any]) -> Self:
        """As DescribeAlarms tells it. Raises ValueError for what is not understood here."""
        periods = alarm["EvaluationPeriods"]
        if alarm.get("Metrics") or alarm.get("DatapointsToAlarm", periods) != periods:
            raise ValueError(
                f"{alarm['AlarmName']}: metric math, or some periods of a window, are not judged"
            )
        if alarm.get("Statistic") not in _STATISTICS or alarm["ComparisonOperator"] not in _COMPARED:
            raise ValueError(f"{alarm['AlarmName']}: its statistic or comparison is not judged")
        dimensions = {entry["Name"]: entry["Value"] for entry in alarm.get("Dimensions", ())}
        return cls(
            name=alarm["AlarmName"],
            metric=MetricName.of(alarm["Namespace"], alarm["MetricName"], dimensions),
            statistic=alarm["Statistic"],
            period=timedelta(seconds=alarm["Period"]),
            periods=periods,
            threshold=alarm["Threshold"],
            comparison=alarm["ComparisonOperator"],
            missing=alarm.get("TreatMissingData", "missing"),
        )

    def judge(self, metrics: Metrics, end: datetime, before: State) -> Judgement:
        """What it says at the end of a minute, in which it said `before`.

        The window slides: an alarm on periods of five minutes is judged every minute, on the last five. Of
        one that begins before anything was counted nothing is known.
        """
        starts = [end - n * self.period for n in range(self.periods, 0, -1)]
        if starts[0] < metrics.began:
            return Judgement("INSUFFICIENT_DATA", "the window begins before anything was counted")
        found = [metrics.values(self.metric, start, start + self.period) for start in starts]
        verdicts = [self._breaches(values) for values in found]
        told = ", ".join("nothing" if not v else f"{_STATISTICS[self.statistic](v):g}" for v in found)
        reason = f"{self.statistic} of {self.metric.name} by {self.period}: {told}; {self.threshold:g} counts"
        return Judgement(self._state(verdicts, before), reason)

    def _breaches(self, values: list[float]) -> _Verdict:
        if values:
            return bool(_COMPARED[self.comparison](_STATISTICS[self.statistic](values), self.threshold))
        return {"breaching": True, "notBreaching": False}.get(self.missing)

    def _state(self, verdicts: list[_Verdict], before: State) -> State:
        known = [verdict for verdict in verdicts if verdict is not None]
        if not known:
            return before if self.missing == "ignore" else "INSUFFICIENT_DATA"
        return "ALARM" if all(known) else "OK"
