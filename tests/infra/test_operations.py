"""The owner is called when something is lost, late or broken."""

import ast
import itertools
import re

import pytest

from infra.bundles import ROOT
from infra.config import StageSettings
from infra.constructs.desk_metrics import DeskMetrics
from patang.adapters.series import SERIES, WHOLE_DESK
from patang.trail.ids import ID_NAMES
from patang_workbench.cost.deployed import json_of
from patang_workbench.cost.watching import drawn_metrics

# Those whose silence is normal by night call nobody: one alarm calls for them while the market is open.
PARTS = {"market-closed", "ticks-missing", "minutes-missing", "reconciler-silent"}
SILENCE = {"heartbeat-missing", "ticks-missing", "minutes-missing", "reconciler-silent", "nat-failed"}


def alarms_of(cloud):
    return {
        properties["AlarmName"].removeprefix("patang-paper-"): properties
        for kind in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        for properties in cloud.properties(kind)
    }


def test_every_alarm_reaches_the_owner_but_the_parts_of_another(cloud):
    alarms = alarms_of(cloud)

    assert len(alarms) >= 60
    assert {name for name, alarm in alarms.items() if not alarm.get("AlarmActions")} == PARTS
    assert all(alarm["AlarmDescription"] for alarm in alarms.values())


def test_only_where_silence_is_the_trouble_does_it_ring(cloud):
    """At night nothing runs: missing data is fine for all the rest."""
    missing = {
        name: alarm["TreatMissingData"] for name, alarm in alarms_of(cloud).items() if "MetricName" in alarm
    }

    assert {name for name, treated in missing.items() if treated == "breaching"} == SILENCE
    assert {treated for name, treated in missing.items() if name not in SILENCE} == {"notBreaching"}


def test_a_closed_market_is_quiet_and_an_unknown_one_is_not(cloud):
    """The rule of the composite, asked of every state its parts may be in."""
    (composite,) = cloud.properties("AWS::CloudWatch::CompositeAlarm")
    rule = "".join(
        part if isinstance(part, str) else logical_name(cloud, part)
        for part in composite["AlarmRule"]["Fn::Join"][1]
    )
    names = sorted(PARTS)
    for states in itertools.product(("ALARM", "OK", "INSUFFICIENT_DATA"), repeat=len(names)):
        now = dict(zip(names, states, strict=True))
        silent = any(now[name] == "ALARM" for name in PARTS - {"market-closed"})
        assert evaluated(rule, now) == (silent and now["market-closed"] != "ALARM"), now


def logical_name(cloud, part):
    logical = part["Fn::GetAtt"][0]
    return cloud.resources("AWS::CloudWatch::Alarm")[logical]["Properties"]["AlarmName"]


def evaluated(rule, now):
    """A composite's rule as CloudWatch reads it, for parts in these states."""
    text = re.sub(
        r'ALARM\("?patang-paper-([a-z-]+)"?\)', lambda found: str(now[found.group(1)] == "ALARM"), rule
    )
    assert re.fullmatch(r"(True|False|AND|OR|NOT|[() ])+", text), text
    # Nothing but the words above is left in it.
    return eval(text.replace("AND", "and").replace("OR", "or").replace("NOT", "not "))


def test_alarms_are_plain_metrics(cloud):
    """The emulator refuses metric math, and a label on the metric is enough to make it so."""
    for alarm in cloud.properties("AWS::CloudWatch::Alarm"):
        assert "Metrics" not in alarm
        assert alarm["MetricName"]


def test_alarms_of_the_desk_watch_metrics_with_the_dimensions_that_are_written(cloud):
    watched = [
        alarm for alarm in cloud.properties("AWS::CloudWatch::Alarm") if alarm["Namespace"] == "Patang"
    ]

    assert len(watched) >= 20
    for alarm in watched:
        assert {dimension["Name"] for dimension in alarm["Dimensions"]} == {"service", "stage"}


# Of what the desk writes to its owner itself, what the owner must hear of in a second way too.
SAID_TWICE = {"order_missing"}


def rung_in(tree):
    """(function called, name, whether its owner is written to) of each alarm that a module rings."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            given = node.args[2:3] if name == "Notice" else node.args[:1] if name == "alarm" else []
            for each in given:
                # A grant's event is told in words; a metric is called by one.
                if isinstance(each, ast.Constant) and re.fullmatch(r"[a-z_]+", str(each.value)):
                    yield each.value, name == "Notice"


def test_the_owner_is_called_for_what_nobody_writes_to_him(cloud):
    """By a message of the desk or by CloudWatch: by one of them always, by both where it is named above."""
    watched = {
        alarm["MetricName"]: {entry["Name"]: entry["Value"] for entry in alarm["Dimensions"]}["service"]
        for alarm in cloud.properties("AWS::CloudWatch::Alarm")
        if alarm["Namespace"] == "Patang"
    }
    sources = [*(ROOT / "layers/core/patang").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    rung = {found for path in sources for found in rung_in(ast.parse(path.read_text()))}
    written = {name for name, is_written in rung if is_written}
    # The halt that a breaker makes is itself a message; its metric is drawn.
    called = {name for name, is_written in rung if not is_written} - {"breaker_opened"}

    assert {"exit_failed", "duplicate_orders", "session_expired"} <= written
    assert {"notification_failed", "order_unresolved", "approval_failed"} <= called
    assert written & watched.keys() == SAID_TWICE
    assert {name: watched.get(name) for name in sorted(called)} == dict.fromkeys(sorted(called), "desk")


def body_of(dashboard):
    """A dashboard's widgets as text, without what other stacks fill in."""
    parts = dashboard["DashboardBody"]["Fn::Join"][1]
    return "".join(part if isinstance(part, str) else "" for part in parts)


def counted_in(tree):
    """The names that a module counts or times under its function's own service. Where one is put together,
    each text of the module might be it."""
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
            continue
        owner = getattr(node.func.value, "attr", getattr(node.func.value, "id", ""))
        if owner.strip("_") == "metrics" and node.func.attr in ("count", "duration_ms"):
            name = node.args[0]
            texts = [name] if isinstance(name, ast.Constant) else ast.walk(tree)
            yield from (each.value for each in texts if isinstance(each, ast.Constant))


# Counted for the whole desk without ringing, by what every call goes through.
FOR_ALL = {"cold_starts"}


def test_what_is_watched_is_counted_by_a_function_and_what_is_the_desks_is_rung():
    """A name that only the list of series has would be an alarm that never rings."""
    sources = [*(ROOT / "layers/core/patang").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    trees = [ast.parse(path.read_text()) for path in sources]
    counted = {name for tree in trees for name in counted_in(tree)}
    rung = {name for tree in trees for name, _ in rung_in(tree)}

    assert SERIES[WHOLE_DESK] - rung - FOR_ALL == set()
    for service, names in SERIES.items():
        if service != WHOLE_DESK:
            assert names - counted == set(), service
    assert "order_unresolved" not in counted
    assert "lane_intents" not in rung


def test_a_metric_is_written_where_it_is_drawn_or_watched_and_nowhere_else(cloud):
    """A series that nobody looks at is charged for all the same; one that nobody writes shows nothing."""
    bodies = [json_of(board["DashboardBody"]) for board in cloud.properties("AWS::CloudWatch::Dashboard")]
    looked_at = {
        (service_of(series[2:]), series[1])
        for body in bodies
        for series in drawn_metrics(body)
        if series[0] == "Patang"
    } | {
        (next(d["Value"] for d in alarm["Dimensions"] if d["Name"] == "service"), alarm["MetricName"])
        for alarm in cloud.properties("AWS::CloudWatch::Alarm")
        if alarm["Namespace"] == "Patang"
    }

    assert looked_at == {(service, name) for service, names in SERIES.items() for name in names}


def service_of(dimensions):
    """Of names and values in turn."""
    return dict(zip(dimensions[::2], dimensions[1::2], strict=True))["service"]


def test_what_makes_no_series_can_be_neither_drawn_nor_watched():
    metrics = DeskMetrics(StageSettings())
    metrics.desk("order_lane", "lane_intents")
    with pytest.raises(ValueError, match="lane_waited of order_lane is no series"):
        metrics.desk("order_lane", "lane_waited")


def test_functions_and_the_runtime_write_objects(cloud, research):
    for assembly in (cloud, research):
        for name, function in assembly.functions().items():
            assert function["LoggingConfig"]["LogFormat"] == "JSON", name


def test_the_story_of_an_order_is_a_saved_query_over_every_log_that_tells_of_it(cloud):
    (query,) = cloud.properties("AWS::Logs::QueryDefinition")
    groups = {
        group["LogGroupName"] for group in cloud.properties("AWS::Logs::LogGroup") if "LogGroupName" in group
    }
    written = {name for name in groups if name.startswith(("/aws/lambda/", "/aws/ecs/"))}

    assert query["Name"] == "patang-paper/story-of-an-order"
    assert set(query["LogGroupNames"]) == written - {"/aws/lambda/patang-paper-research-worker"}
    assert all(name in query["QueryString"] for name in ID_NAMES)


def test_three_dashboards_show_what_is_traded_what_is_late_and_what_it_costs(cloud):
    dashboards = {
        properties["DashboardName"]: body_of(properties)
        for properties in cloud.properties("AWS::CloudWatch::Dashboard")
    }

    assert set(dashboards) == {f"patang-paper-{name}" for name in ("trading", "pipeline", "cost")}
    for name, shown in {
        "trading": (
            "day_result_inr",
            "exposure_inr",
            "slippage_inr",
            "signals",
            "approval_decisions",
            "lane_intents",
            "order_updates",
            "exits_begun",
            "breaker_opened",
            "accounts_stopped",
        ),
        "pipeline": (
            "tick_age_ms",
            "IteratorAge",
            "minute_close_ms",
            "Duration",
            "order_latency",
            "cold_starts",
            "Errors",
            "Throttles",
            "budget",
        ),
        "cost": ("EstimatedCharges", "Invocations", "IncomingBytes", "ConsumedWriteCapacityUnits"),
    }.items():
        assert [metric for metric in shown if f'"{metric}"' not in dashboards[f"patang-paper-{name}"]] == []


def test_mail_exists(cloud):
    # Of the desk's messages, and of CloudWatch's alarms.
    messages, alarms = cloud.properties("AWS::SNS::Subscription")

    for subscription in (messages, alarms):
        assert (subscription["Protocol"], subscription["Endpoint"]) == ("email", "owner@example.com")
    assert messages["TopicArn"] != alarms["TopicArn"]


def test_logs_do_not_live_for_ever(cloud):
    groups = cloud.properties("AWS::Logs::LogGroup")

    assert len(groups) >= len(cloud.functions()) + 4
    assert {group["RetentionInDays"] for group in groups} == {30}
