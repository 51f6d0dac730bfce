"""The owner is called when something is lost, late or broken."""

import ast
import re

import pytest

from infra.bundles import ROOT

ALARMS = {
    "dead-letters", "orders-dead-letters", "features-late", "guard-late", "audit-linker-late",
    "order-lane-errors", "guard-errors", "order-updates-errors", "order-workflow-errors", "reconciler-errors",
    "order-workflow-failed", "order-workflow-timed-out", "trading-cycle-failed", "audit-unlinked",
    "stale-data", "order-unknown", "reconciliation-mismatch", "exit-failed", "stray-exit", "price-break",
    "order-unresolved",
    "order-never-arrived", "order-turned-up-late", "order-missing", "duplicate-orders", "fill-after-end",
    "entry-rejected", "order-rejected", "order-timed-out", "terms-changed", "lane-record-failed",
    "lane-unreadable", "notification-failed", "order-slow", "exit-in-vain", "stop-jumped",
    "protection-refused", "unprotected-position", "protection-lost", "closed-externally",
    "ticks-shed", "raw-ticks-shed", "bad-frames", "stream-gaps", "instruments-left-out",
    "session-expired", "preflight-failed", "morning-failed", "egress-ip-mismatch", "morning-problem",
    "archive-problem", "subscription-missing",
    "nat-failed", "nat-host-failed", "broker-row-left-out",
    "ingester-not-running",
}  # fmt: skip


def test_alarms_exist_and_reach_the_owner(cloud):
    alarms = {
        properties["AlarmName"]: properties for properties in cloud.properties("AWS::CloudWatch::Alarm")
    }

    assert set(alarms) == {f"patang-paper-{name}" for name in ALARMS}
    for name, alarm in alarms.items():
        assert alarm["AlarmActions"], name
        assert alarm["AlarmDescription"], name


def test_every_alarm_is_in_the_runbook():
    """A row may name several."""
    runbook = (ROOT / "docs/runbooks/alarms.md").read_text()
    rows = [line.split("|")[1] for line in runbook.splitlines() if line.startswith("| ")]
    header, *named = [name.strip() for row in rows for name in row.split(",")]

    assert header == "alarm"
    assert set(named) == ALARMS
    assert len(named) == len(ALARMS)


def test_alarms_are_plain_metrics(cloud):
    """The emulator refuses metric math, and a label on the metric is enough to make it so."""
    for alarm in cloud.properties("AWS::CloudWatch::Alarm"):
        assert "Metrics" not in alarm
        assert alarm["MetricName"]


@pytest.mark.parametrize(
    "name",
    [
        "stale-data",
        "audit-unlinked",
        "order-unknown",
        "exit-failed",
        "stray-exit",
        "price-break",
        "order-unresolved",
        "order-never-arrived",
        "order-turned-up-late",
        "order-missing",
        "duplicate-orders",
        "fill-after-end",
        "entry-rejected",
        "order-rejected",
        "order-timed-out",
        "terms-changed",
        "lane-record-failed",
        "lane-unreadable",
        "notification-failed",
        "order-slow",
        "exit-in-vain",
        "stop-jumped",
        "protection-refused",
        "unprotected-position",
        "protection-lost",
        "closed-externally",
        "ticks-shed",
        "raw-ticks-shed",
        "bad-frames",
        "stream-gaps",
        "instruments-left-out",
        "session-expired",
        "preflight-failed",
        "morning-problem",
        "archive-problem",
    ],
)
def test_alarms_of_the_desk_watch_metrics_with_the_dimensions_that_are_written(cloud, name):
    (alarm,) = (
        properties
        for properties in cloud.properties("AWS::CloudWatch::Alarm")
        if properties["AlarmName"] == f"patang-paper-{name}"
    )

    assert alarm["Namespace"] == "Patang"
    assert {dimension["Name"] for dimension in alarm["Dimensions"]} == {"service", "stage"}


def alarmed_in(tree):
    """Names of the metrics that a module's notices and alarms ring, where they are written out."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = node.args[2:3] if name == "Notice" else node.args[:1] if name == "alarm" else []
            yield from (a.value for a in given if isinstance(a, ast.Constant) and isinstance(a.value, str))


def test_what_any_function_may_meet_is_watched_as_one_series(cloud):
    watched = {
        alarm["MetricName"]: {entry["Name"]: entry["Value"] for entry in alarm["Dimensions"]}["service"]
        for alarm in cloud.properties("AWS::CloudWatch::Alarm")
        if alarm["Namespace"] == "Patang"
    }
    sources = [*(ROOT / "layers/core/patang").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    rung = {name for path in sources for name in alarmed_in(ast.parse(path.read_text()))}
    # A grant's event is told in words; a metric is called by one.
    rung = {name for name in rung if re.fullmatch(r"[a-z_]+", name)}

    assert {"exit_failed", "duplicate_orders", "notification_failed"} <= rung
    assert {name: watched.get(name) for name in sorted(rung)} == dict.fromkeys(sorted(rung), "desk")


def test_metrics_that_are_watched_are_written_somewhere(cloud):
    (dashboard,) = cloud.properties("AWS::CloudWatch::Dashboard")
    body = "".join(
        part if isinstance(part, str) else "" for part in dashboard["DashboardBody"]["Fn::Join"][1]
    )
    watched = set(re.findall(r'"Patang","([a-z_]+)"', body)) | {
        alarm["MetricName"]
        for alarm in cloud.properties("AWS::CloudWatch::Alarm")
        if alarm["Namespace"] == "Patang"
    }
    sources = [*(ROOT / "layers/core/patang").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    code = "".join(path.read_text() for path in sources)

    assert len(watched) >= 15
    assert [name for name in sorted(watched) if f'"{name}"' not in code] == []


def test_dashboard_and_mail_exist(cloud):
    (dashboard,) = cloud.properties("AWS::CloudWatch::Dashboard")
    # Of the desk's messages, and of CloudWatch's alarms.
    messages, alarms = cloud.properties("AWS::SNS::Subscription")

    assert dashboard["DashboardName"] == "patang-paper"
    for subscription in (messages, alarms):
        assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "owner@example.com")
    assert messages["TopicArn"] != alarms["TopicArn"]


def test_logs_do_not_live_for_ever(cloud):
    groups = cloud.properties("AWS::Logs::LogGroup")

    assert len(groups) >= len(cloud.functions()) + 4
    assert {group["RetentionInDays"] for group in groups} == {30}
