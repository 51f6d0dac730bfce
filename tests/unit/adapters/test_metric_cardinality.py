"""How many series the desk's metrics can become: the code bounds it, whatever it meets in the market."""

import ast
import json
from pathlib import Path

import pytest

from patang.adapters.system import EmbeddedMetrics

ROOT = Path(__file__).resolve().parents[3]
SOURCES = [*(ROOT / "layers/core/patang").rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
# A series costs 0.30 USD for a whole month, and by the hour in which it is counted.
MOST_NAMES = 160
# Names that are not written out, each put together from a closed set beside it.
MADE_UP = {"sweeps.py": 1, "ingester.py": 1, "morning.py": 1, "consequences.py": 1}


def calls():
    """(module, first argument) of each call that counts something."""
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
                continue
            owner = node.func.value
            name = getattr(owner, "attr", getattr(owner, "id", ""))
            if name.strip("_") == "metrics" and node.func.attr in ("count", "duration_ms", "alarm"):
                yield path.name, node.args[0], node


def test_names_are_written_out_and_few():
    names, made_up = set(), {}
    for module, first, _ in calls():
        if isinstance(first, ast.Constant):
            names.add(first.value)
        else:
            made_up[module] = made_up.get(module, 0) + 1

    assert 90 <= len(names) <= MOST_NAMES
    assert made_up == MADE_UP


@pytest.mark.parametrize("symbols", [1, 500])
def test_series_do_not_grow_with_what_is_traded(capsys, symbols):
    metrics = EmbeddedMetrics("order_lane", "live")
    for number in range(symbols):
        ids = {"symbol": f"S{number}", "account": f"A{number}", "order_id": f"O{number}"}
        metrics.count("lane_intents", **ids)
        metrics.duration_ms("order_sent", 1.0, **ids)
        metrics.alarm("exit_failed", **ids)

    series = set()
    for line in capsys.readouterr().out.splitlines():
        told = json.loads(line)
        for entry in told["_aws"]["CloudWatchMetrics"]:
            for dimensions in entry["Dimensions"]:
                values = tuple(told[dimension] for dimension in dimensions)
                series |= {(metric["Name"], *values) for metric in entry["Metrics"]}
    assert series == {
        ("lane_intents", "order_lane", "live"),
        ("order_sent", "order_lane", "live"),
        ("exit_failed", "desk", "live"),
    }
