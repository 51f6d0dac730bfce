"""What is watched: metrics, alarms, dashboards, logs."""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any, Final

from patang_workbench.cost.compute import function_calls
from patang_workbench.cost.deployed import Deployed, json_of
from patang_workbench.cost.month import Month, Use

__all__ = ["PRICED", "drawn_metrics", "uses"]

PRICED: Final = frozenset({
    "AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm", "AWS::CloudWatch::Dashboard",
})  # fmt: skip
_OWN: Final = "Patang"
_BYTES_A_GB: Final = Decimal(10**9)
_MB_A_GB: Final = Decimal(1_000)
_MINUTE: Final = 60

type Series = tuple[str, ...]


def uses(deployed: Deployed, month: Month) -> Iterator[Use]:
    """A metric of the desk's own costs for each hour in which it is written; AWS's own cost nothing."""
    drawn = {series for body in _boards(deployed) for series in drawn_metrics(body) if series[0] == _OWN}
    watched = {series for alarm in deployed.of("AWS::CloudWatch::Alarm") for series in _watched(alarm)}
    yield Use(
        "cloudwatch_metric", "on a dashboard, in each hour of the market", len(drawn) * month.session_share
    )
    rare = len({series for series in watched if series[0] == _OWN} - drawn)
    share = month.of_sessions("alarm_metric_hours_session") / month.hours
    yield Use("cloudwatch_metric", "watched alone", rare * share)
    alarms = sum(
        max(1, len(list(_watched(alarm)))) * (3 if alarm.get("Period", _MINUTE) < _MINUTE else 1)
        for alarm in deployed.of("AWS::CloudWatch::Alarm")
    )
    yield Use("cloudwatch_alarm", "alarms", Decimal(alarms))
    composite = len(deployed.of("AWS::CloudWatch::CompositeAlarm"))
    yield Use("cloudwatch_composite_alarm", "composite alarms", Decimal(composite))
    yield Use("cloudwatch_dashboard", "dashboards", Decimal(len(list(_boards(deployed)))))
    yield from _logs(deployed, month)


def drawn_metrics(body: Mapping[str, Any]) -> frozenset[Series]:
    """The series on a dashboard: namespace, name, then names and values of dimensions."""
    rows = (row for widget in body["widgets"] for row in widget["properties"].get("metrics", ()))
    return frozenset(
        tuple(str(part) for part in row if not isinstance(part, Mapping))
        for row in rows
        if isinstance(row[0], str)
    )


def _boards(deployed: Deployed) -> Iterator[Mapping[str, Any]]:
    return (json_of(board["DashboardBody"]) for board in deployed.of("AWS::CloudWatch::Dashboard"))


def _watched(alarm: Mapping[str, Any]) -> Iterator[Series]:
    if "MetricName" in alarm:
        yield _series(alarm)
    for entry in alarm.get("Metrics", ()):
        if "MetricStat" in entry:
            yield _series(entry["MetricStat"]["Metric"])


def _series(metric: Mapping[str, Any]) -> Series:
    dimensions = sorted((each["Name"], str(each["Value"])) for each in metric.get("Dimensions", ()))
    return (metric["Namespace"], metric["MetricName"], *(part for pair in dimensions for part in pair))


def _logs(deployed: Deployed, month: Month) -> Iterator[Use]:
    calls = sum(function_calls(deployed, month).values())
    written = {
        "functions": calls * month.value("log_bytes_call") / _BYTES_A_GB,
        "the ingester": month.of_sessions("ingester_log_mb_session") / _MB_A_GB,
    }
    days = max(
        (int(group.get("RetentionInDays", 365)) for group in deployed.of("AWS::Logs::LogGroup")), default=0
    )
    for who, gb in written.items():
        yield Use("log_gb", who, gb)
        yield Use("log_kept_gb", who, gb * days / 30)
