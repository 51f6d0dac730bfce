"""Only what a dashboard draws or an alarm watches is a metric that is charged for."""

import json

from patang.adapters.series import SERIES, WHOLE_DESK
from patang.adapters.system import EmbeddedMetrics
from patang.trail.ids import on_trail


def told(capsys):
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_count_of_the_list_is_a_metric_and_any_other_a_line_of_the_same_shape(capsys):
    metrics = EmbeddedMetrics("order_lane", "paper")
    metrics.count("lane_intents", state="ACKED")
    metrics.count("lane_waited", 2, why="rate")
    metric, line = told(capsys)
    assert metric["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [{"Name": "lane_intents", "Unit": "Count"}]
    assert "_aws" not in line
    assert (line["lane_waited"], line["service"], line["stage"], line["level"]) == (
        2.0,
        "order_lane",
        "paper",
        "INFO",
    )


def test_the_same_name_of_another_service_is_no_metric(capsys):
    EmbeddedMetrics("order_updates", "paper").count("bad_messages")
    EmbeddedMetrics("order_lane", "paper").count("bad_messages")
    assert ["_aws" in line for line in told(capsys)] == [False, True]


def test_ids_travel_beside_a_metric_and_never_as_its_dimension(capsys):
    with on_trail(request_id="r", account="main", order_id="O-1", intent_id="N1", run_id="2026-08-18-1000"):
        EmbeddedMetrics("order_lane", "paper").count("lane_intents", state="ACKED")
        EmbeddedMetrics("order_lane", "paper").alarm("order_unresolved")
    for line in told(capsys):
        assert (line["order_id"], line["intent_id"], line["run_id"]) == ("O-1", "N1", "2026-08-18-1000")
        assert [entry["Dimensions"] for entry in line["_aws"]["CloudWatchMetrics"]] == [
            [["service", "stage"]]
        ]


def test_a_detail_takes_nobodys_place_and_tells_no_secret(capsys):
    token = "yNq7GmDpLZ3vKxT0RbcJ84WhsQfEaU2i"
    EmbeddedMetrics("sessions", "paper").count(
        "stale_schedule", service="sessions?", error=f"token k:{token}"
    )
    (line,) = told(capsys)
    assert (line["service"], line["service_"]) == ("sessions", "sessions?")
    assert token not in json.dumps(line)


def test_an_alarm_warns_and_says_who_has_met_it(capsys):
    EmbeddedMetrics("guard", "live").alarm("exit_failed", text="nothing sold")
    (line,) = told(capsys)
    assert (line["service"], line["met_by"], line["level"]) == (WHOLE_DESK, "guard", "WARNING")


def test_series_are_few():
    """0.30 USD a month each if it were counted in every hour; most are counted in the market's alone."""
    assert sum(map(len, SERIES.values())) <= 60
