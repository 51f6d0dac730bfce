"""Metrics as lines that CloudWatch reads."""

import io
import json
import sys

from patang.adapters.system import EmbeddedMetrics


class Writes(io.TextIOBase):
    """Keeps what was written, write by write: between two of them another thread may write."""

    def __init__(self) -> None:
        self.written: list[str] = []

    def write(self, text: str) -> int:
        self.written.append(text)
        return len(text)


def test_a_metric_is_one_line_in_one_write(monkeypatch):
    out = Writes()
    monkeypatch.setattr(sys, "stdout", out)
    EmbeddedMetrics("ingester", "paper").count("raw_ticks_shed", 7, reason="the store is away")
    EmbeddedMetrics("features", "live").duration_ms("minute_close_ms", 12.5)
    count, duration = [json.loads(text) for text in out.written]
    assert [text[-2:] for text in out.written] == ["}\n", "}\n"]
    assert (count["raw_ticks_shed"], count["service"], count["stage"]) == (7.0, "ingester", "paper")
    assert count["reason"] == "the store is away"
    [told] = count["_aws"]["CloudWatchMetrics"]
    assert told["Namespace"] == "Patang"
    assert told["Dimensions"] == [["service", "stage"]]
    assert told["Metrics"] == [{"Name": "raw_ticks_shed", "Unit": "Count"}]
    assert duration["_aws"]["CloudWatchMetrics"][0]["Metrics"] == [
        {"Name": "minute_close_ms", "Unit": "Milliseconds"}
    ]


def test_an_alarm_is_one_series_whichever_function_has_met_it(monkeypatch):
    out = Writes()
    monkeypatch.setattr(sys, "stdout", out)
    for function in ("order_lane", "reconciler"):
        EmbeddedMetrics(function, "live").alarm("exit_failed", text="nothing sold")
    told = [json.loads(text) for text in out.written]
    assert [(line["service"], line["stage"], line["exit_failed"]) for line in told] == [
        ("desk", "live", 1.0)
    ] * 2
    assert [line["met_by"] for line in told] == ["order_lane", "reconciler"]
    assert told[0]["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["service", "stage"]]
