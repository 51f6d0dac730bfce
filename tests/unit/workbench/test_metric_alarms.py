"""An alarm is judged here as CloudWatch documents it: by whole periods, dimensions and missing data."""

from datetime import datetime, timedelta

import pytest

from patang.market.sessions import IST
from patang_workbench.local_stack.metric_alarms import MetricAlarm, MetricName, Metrics

OPEN = datetime(2026, 8, 18, 9, 15, tzinfo=IST)
FAILED = MetricName.of("AWS/Lambda", "Errors", {"FunctionName": "patang-paper-risk"})


def at(minute: float) -> datetime:
    return OPEN + timedelta(minutes=minute)


def alarm(**changes):
    described = {
        "AlarmName": "patang-paper-risk-errors",
        "Namespace": "AWS/Lambda",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "FunctionName", "Value": "patang-paper-risk"}],
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "notBreaching",
    }
    return MetricAlarm.described(described | changes)


def state(judged: MetricAlarm, metrics: Metrics, minute: float, before: str = "OK") -> str:
    return judged.judge(metrics, at(minute), before).state


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(OPEN)


def test_it_rings_for_the_minute_in_which_something_was_counted_and_not_for_the_next(metrics):
    metrics.put(FAILED, at(2.5), 1)

    assert [state(alarm(), metrics, minute) for minute in (1, 2, 3, 4)] == ["OK", "OK", "ALARM", "OK"]


def test_what_comes_after_the_minute_is_not_judged_with_it(metrics):
    metrics.put(FAILED, at(2), 1)

    assert [state(alarm(), metrics, minute) for minute in (2, 3)] == ["OK", "ALARM"]


def test_another_functions_errors_are_not_its_own(metrics):
    metrics.put(MetricName.of("AWS/Lambda", "Errors", {"FunctionName": "patang-paper-guard"}), at(0), 5)

    assert state(alarm(), metrics, 1) == "OK"
    assert state(alarm(Dimensions=[]), metrics, 1) == "OK", "nor those of the whole account"


def test_every_period_of_its_window_has_to_breach(metrics):
    for minute in (1, 2, 4):
        metrics.put(FAILED, at(minute), 1)

    states = [state(alarm(EvaluationPeriods=2), metrics, minute) for minute in (2, 3, 4, 5)]

    assert states == ["OK", "ALARM", "OK", "OK"]


@pytest.mark.parametrize(
    ("statistic", "threshold", "rings"),
    [("Sum", 8, True), ("Maximum", 6, False), ("Maximum", 5, True), ("Minimum", 3, True),
     ("SampleCount", 2, True), ("SampleCount", 3, False), ("Average", 4, True), ("Average", 4.1, False)],
)  # fmt: skip
def test_a_periods_values_are_put_together_by_its_statistic(metrics, statistic, threshold, rings):
    metrics.put(FAILED, at(0), 3)
    metrics.put(FAILED, at(0.9), 5)

    judged = alarm(Statistic=statistic, Threshold=threshold)
    assert (state(judged, metrics, 1) == "ALARM") == rings


def silence(**changes):
    return alarm(ComparisonOperator="LessThanThreshold", TreatMissingData="breaching", **changes)


def test_silence_rings_after_its_whole_window_and_ends_with_the_first_word(metrics):
    metrics.put(FAILED, at(0), 1)
    metrics.put(FAILED, at(6), 1)
    judged = silence(EvaluationPeriods=5)

    states = [state(judged, metrics, minute) for minute in (4, 5, 6, 7, 11, 12)]

    assert states == ["INSUFFICIENT_DATA", "OK", "ALARM", "OK", "OK", "ALARM"]


def test_a_window_of_five_minutes_is_judged_every_minute(metrics):
    """It rings with the minute after, and for five."""
    judged = alarm(Period=300)
    metrics.put(FAILED, at(6.5), 1)

    states = [state(judged, metrics, minute) for minute in (6, 7, 11, 12)]

    assert states == ["OK", "ALARM", "ALARM", "OK"]


@pytest.mark.parametrize(
    ("missing", "before", "then"),
    [("missing", "ALARM", "INSUFFICIENT_DATA"), ("ignore", "ALARM", "ALARM"), ("ignore", "OK", "OK")],
)
def test_what_a_window_without_any_data_says(metrics, missing, before, then):
    assert state(alarm(TreatMissingData=missing), metrics, 3, before) == then


def test_its_reason_tells_the_figures(metrics):
    metrics.put(FAILED, at(1), 2)

    told = alarm(EvaluationPeriods=2).judge(metrics, at(2), "OK")

    assert told.reason == "Sum of Errors by 0:01:00: nothing, 2; 1 counts"


@pytest.mark.parametrize(
    "changes",
    [
        {"Metrics": [{"Id": "m1", "Expression": "m2 / m3"}]},
        {"DatapointsToAlarm": 1, "EvaluationPeriods": 3},
        {"Statistic": "p99"},
        {"ComparisonOperator": "LessThanLowerOrGreaterThanUpperThreshold"},
    ],
)
def test_what_is_not_understood_is_refused_and_not_taken_for_quiet(changes):
    with pytest.raises(ValueError, match="patang-paper-risk-errors: "):
        alarm(**changes)
