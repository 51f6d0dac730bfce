"""What is charged follows the templates: counted, priced, never left out."""

import json
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from functions.ingester import lease
from patang.adapters.system import EmbeddedMetrics
from patang.execution.guarding import position_watch
from patang.market.exchange_calendar import SEGMENTS
from patang.market.sessions import IST, session_on
from patang.trail.ids import on_trail
from patang_workbench.cost import compute, keeping, moving, watching
from patang_workbench.cost.burden import Burden
from patang_workbench.cost.deployed import FREE, CostError, Deployed, calls_a_month
from patang_workbench.cost.estimate import Estimate, Line, estimate
from patang_workbench.cost.month import Month, Use
from patang_workbench.cost.prices import UnitPrice
from patang_workbench.cost.volumes import sessions_a_month
from patang_workbench.cost.watching import drawn_metrics
from patang_workbench.local_stack.assembly import Template
from patang_workbench.local_stack.schedules import Cron

DAY = date(2026, 11, 21)


def deployed(**resources):
    """One template of resources, each a (type, properties)."""
    body = {"Resources": {name: {"Type": kind, "Properties": of} for name, (kind, of) in resources.items()}}
    return Deployed((Template("patang-paper-trading", body, ()),))


STREAM = ("AWS::Kinesis::Stream", {"ShardCount": 2})


def function(name, memory=512):
    variables = {"POWERTOOLS_SERVICE_NAME": name}
    return (
        "AWS::Lambda::Function",
        {"FunctionName": name, "MemorySize": memory, "Environment": {"Variables": variables}},
    )


def a_price(**given):
    fields = {
        "name": "x",
        "service": "X",
        "usd": Decimal("0.5"),
        "unit": "hour",
        "free": Decimal(10),
        "usage_type": "X",
        "day": DAY,
        "verified": True,
        "source": "a bill",
    }
    return UnitPrice(**fields | given)


@pytest.mark.parametrize(
    "expression",
    [
        "cron(* 9-15 ? * MON-FRI *)",
        "cron(30,45 8 ? * MON-FRI *)",
        "cron(0,15,30,45 9-14 ? * MON-FRI *)",
        "cron(0,30 12-22 ? * * *)",
        "cron(50 15 ? * MON,WED,SUN *)",
        "cron(15 8 ? * 2-6 *)",
    ],
)
def test_a_schedule_fires_as_often_as_a_year_of_it_does(expression):
    cron, moment, fired = Cron.parse(expression), datetime(2026, 1, 4, tzinfo=IST), 0
    for minute in range(52 * 7 * 24 * 60):
        fired += cron.matches(moment + timedelta(minutes=minute))
    assert abs(calls_a_month(expression) - Decimal(fired) / (52 * 7) * 365 / 12) < Decimal("0.001")


@pytest.mark.parametrize(
    ("expression", "a_month"),
    [
        ("rate(5 minutes)", 8_760),
        ("rate(1 hour)", 730),
        ("rate(1 day)", Decimal(730) / 24),
        ("cron(0/4 9-15 ? * * *)", Decimal(15 * 7 * 365) / 12),
        ("cron(*/20 3 ? * * *)", Decimal(3 * 365) / 12),
    ],
)
def test_rates_and_steps(expression, a_month):
    assert abs(calls_a_month(expression) - a_month) < Decimal("0.001")


@pytest.mark.parametrize(
    "expression",
    [
        "at(2026-11-21T09:15:00)",
        "cron(0 9 1 * ? *)",
        "cron(0 9 ? JAN * *)",
        "cron(x 9 ? * * *)",
        "rate(5)",
        "",
    ],
)
def test_a_schedule_that_is_not_understood_is_no_small_number(expression):
    with pytest.raises(CostError, match="not understood"):
        calls_a_month(expression)


def test_sessions_are_the_exchanges_and_not_the_weeks():
    year = [DAY - timedelta(days=back) for back in range(1, 366)]
    weekdays = sum(day.weekday() < 5 for day in year)
    assert sessions_a_month(DAY) * 12 < weekdays - 5
    assert Decimal(20) < sessions_a_month(DAY) < Decimal(21)


def test_hours_that_are_counted_with_hold_the_exchanges():
    month = Month.at(DAY)
    for segment in SEGMENTS:
        session = session_on(date(2026, 11, 20), segment)
        open_for = Decimal((session.last_print() - session.open).total_seconds())
        assert open_for <= month.value("market_minutes") * 60, segment
        # Ticks come from the pre-open on, a quarter of an hour before; the task is there longer still.
        assert open_for + 900 <= month.value("tick_hours") * 3_600, segment
        assert open_for + 45 * 60 <= month.value("ingester_hours") * 3_600, segment


def test_marks_and_leases_are_as_many_as_the_code_writes():
    month = Month.at(DAY)
    renewals = month.value("ingester_hours") * 3_600 / Decimal(str(lease._RENEW_SECONDS))
    assert month.value("lease_writes_session") >= renewals
    a_position = timedelta(hours=4) / position_watch._MARK_EVERY
    assert month.value("mark_writes_session") >= 3 * Decimal(a_position)


def test_what_is_neither_priced_nor_free_stops_the_estimate():
    with pytest.raises(CostError, match="AWS::RDS::DBInstance"):
        estimate(deployed(Ticks=STREAM, Database=("AWS::RDS::DBInstance", {})), DAY)


def test_nothing_is_both_priced_and_free():
    priced = [part.PRICED for part in (compute, keeping, moving, watching)]
    assert sum(map(len, priced)) == len(frozenset().union(*priced))
    assert not frozenset().union(*priced) & FREE.keys()


def test_a_function_that_nobody_calls_is_asked_about():
    with pytest.raises(CostError, match="calls_astrologer"):
        compute.function_calls(deployed(Ticks=STREAM, A=function("astrologer")), Month.at(DAY))


def test_calls_are_those_of_schedules_streams_and_the_table():
    month = Month.at(DAY)
    found = compute.function_calls(
        deployed(
            Ticks=STREAM,
            Features=function("features"),
            Reading=(
                "AWS::Lambda::EventSourceMapping",
                {"FunctionName": {"Ref": "FeaturesLive"}, "EventSourceArn": {"Fn::GetAtt": ["Ticks", "Arn"]}},
            ),
            FeaturesLive=("AWS::Lambda::Alias", {"FunctionName": {"Ref": "Features"}}),
            Archive=function("archive"),
            Evening=(
                "AWS::Scheduler::Schedule",
                {
                    "ScheduleExpression": "cron(50 15 ? * * *)",
                    "Target": {"Arn": {"Ref": "ArchiveLive"}},
                },
            ),
            ArchiveLive=("AWS::Lambda::Alias", {"FunctionName": {"Ref": "Archive"}}),
            Mcp=function("mcp"),
        ),
        month,
    )
    assert found["features"] == 2 * month.tick_seconds
    assert abs(found["archive"] - Decimal(365) / 12) < Decimal("0.001")
    assert found["mcp"] == month.of_sessions("calls_mcp")


def test_long_runs_are_as_many_as_the_day_needs():
    """The morning's schedule calls until it is done, and after that in vain."""
    month = Month.at(DAY)
    seconds = compute._seconds("morning", 26 * month.sessions, month)
    long = month.value("full_calls_morning") * month.value("ms_morning")
    assert seconds == month.sessions * (long + 24 * month.value("ms_other")) / 1_000


@pytest.mark.parametrize(("actions", "hours"), [([], 730), ("ecs:UpdateService", None)])
def test_a_task_runs_day_and_night_unless_somebody_may_end_it(actions, hours):
    month = Month.at(DAY)
    policy = {"PolicyDocument": {"Statement": [{"Effect": "Allow", "Action": actions}]}}
    stage = deployed(Counting=("AWS::IAM::Policy", policy))
    found = compute.task_hours(stage, {"DesiredCount": 1}, month)
    assert found == (hours or month.of_sessions("ingester_hours"))


def test_an_unknown_machine_is_asked_about():
    data = {"InstanceType": "m7g.large", "BlockDeviceMappings": []}
    with pytest.raises(CostError, match=r"m7g\.large"):
        list(moving._instance(data, Month.at(DAY)))


def test_an_interface_endpoint_is_asked_about():
    endpoint = ("AWS::EC2::VPCEndpoint", {"VpcEndpointType": "Interface", "ServiceName": "secrets"})
    with pytest.raises(CostError, match="interface endpoint"):
        list(moving._network(deployed(Endpoint=endpoint), Month.at(DAY)))


def test_a_stream_on_demand_is_asked_about():
    with pytest.raises(CostError, match="on demand"):
        deployed(Ticks=("AWS::Kinesis::Stream", {})).shards()


def test_alarms_cost_by_the_metric_and_thrice_below_a_minute():
    metric = {"Namespace": "Patang", "MetricName": "a", "Dimensions": []}
    stage = deployed(
        Plain=("AWS::CloudWatch::Alarm", {**metric, "Period": 60}),
        Fast=("AWS::CloudWatch::Alarm", {**metric, "MetricName": "b", "Period": 10}),
        Sum=(
            "AWS::CloudWatch::Alarm",
            {
                "Metrics": [
                    {"Expression": "a+b"},
                    {"MetricStat": {"Metric": metric}},
                    {"MetricStat": {"Metric": metric}},
                ]
            },
        ),
        Both=("AWS::CloudWatch::CompositeAlarm", {}),
    )
    found = {
        use.price: use.quantity for use in watching.uses(stage, Month.at(DAY)) if use.price.endswith("alarm")
    }
    assert found == {"cloudwatch_alarm": 1 + 3 + 2, "cloudwatch_composite_alarm": 1}


def test_metrics_of_a_dashboard_are_counted_once():
    row = ["Patang", "ticks", "service", "ingester", "stage", "paper", {"stat": "Sum"}]
    lines = [row, [*row[:-1], {"stat": "p50"}], [{"expression": "a/b"}]]
    widgets = [{"properties": {"metrics": lines}}, {"properties": {"markdown": "text"}}]
    assert drawn_metrics({"widgets": widgets}) == {tuple(row[:-1])}


def test_the_free_allowance_is_taken_off_the_sum_and_no_further():
    line = Line(a_price(), (Use("x", "one", Decimal(6)), Use("x", "two", Decimal(7))))
    assert (line.listed, line.due) == (Decimal("6.5"), Decimal("1.5"))
    assert Line(a_price(), (Use("x", "one", Decimal(6)),)).due == 0


def test_doubt_is_a_fifth_of_what_nobody_has_verified():
    found = estimate_of(a_price(free=Decimal(0)), a_price(name="y", free=Decimal(0), verified=False))
    assert (found.due, found.unverified, found.if_dearer) == (10, 5, 11)


def estimate_of(*prices):
    lines = tuple(Line(price, (Use(price.name, "all", Decimal(10)),)) for price in prices)
    return Estimate(Month.at(DAY), lines)


def test_burden_is_the_bill_and_the_data_in_percent_of_the_capital():
    burden = Burden(Decimal(30), Decimal(100_000), Decimal(90))
    assert (burden.aws_inr, burden.total_inr) == (2_700, 3_200)
    assert burden.percent(burden.total_inr) == Decimal("3.2")


def test_a_folder_without_templates_is_said_to_be_one(tmp_path: Path):
    with pytest.raises(CostError, match="no cloud assembly"):
        Deployed.read(tmp_path)


def test_a_calls_lines_are_no_longer_than_is_counted(capsys):
    """Lambda's start and report, as it writes them as JSON, with a metric of the desk's and all its ids; or
    with the two of a second of (features), which is most of all calls."""
    run = "8f507cfc-xmpl-4697-b07a-ac58fc914c95"
    ids = {"request_id": run, "run_id": "2026-08-18-1000", "account": "main", "order_id": "O-3f2a9c1b7d4e"}
    with on_trail(**ids, signal_id="S202608181000-BANKNIFTY26AUG52000CE-long_options", intent_id="N" * 20):
        EmbeddedMetrics("order_workflow", "paper").count("orders_concluded", outcome="PARTLY_FILLED")
    order = capsys.readouterr().out
    with on_trail(request_id=run):
        second = EmbeddedMetrics("features", "paper")
        second.count("ticks", 500, shard="shardId-000000000000")
        second.duration_ms("tick_age_ms", 1234.567, shard="shardId-000000000000")
    busiest = max(order, capsys.readouterr().out, key=len)
    at = "2026-08-18T10:00:00.000Z"
    platform = [
        {"time": at, "type": "platform.start", "record": {"requestId": run, "version": "12"}},
        {
            "time": at,
            "type": "platform.report",
            "record": {
                "requestId": run,
                "metrics": {
                    "durationMs": 1234.567,
                    "billedDurationMs": 1235,
                    "memorySizeMB": 1769,
                    "maxMemoryUsedMB": 1234,
                },
                "status": "success",
            },
        },
    ]
    lines = [json.dumps(line, separators=(",", ":")) for line in platform]
    # CloudWatch adds 26 bytes to each.
    size = sum(len(line) + 26 for line in (*lines, *busiest.splitlines()))
    assert size <= Month.at(DAY).value("log_bytes_call"), size
