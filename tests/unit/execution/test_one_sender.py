"""Who can send an order at all: one module asks the broker, one class calls it, one function runs that.

A desk's own tools go through the deployment: nothing on a laptop leads to the broker's orders.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
CORE, FUNCTIONS = ROOT / "layers/core/patang", ROOT / "functions"
WORKBENCH = ROOT / "workbench/patang_workbench"

# The sends of the Broker protocol.
SENDS = {
    "place", "place_sliced", "modify", "cancel", "place_gtt", "modify_gtt", "delete_gtt", "convert_position",
}  # fmt: skip
# The same words for intents, which send nothing (Amendments, and its users' names for it), and for alerts of
# which the broker only sends word: patang.alerts has none that place orders.
INTENTS = {"amendments", "_amendments", "self", "price_alerts"}
# An alert may place orders: of these words the lane's are the ones that may.
ALERTS = {"create_alert", "modify_alert", "delete_alert"}
# The official client's own sends.
CLIENT_SENDS = {
    "place_order", "place_autoslice_order", "modify_order", "cancel_order", "exit_order", "place_gtt",
    "modify_gtt", "delete_gtt", "convert_position",
}  # fmt: skip


def sources(*folders: Path) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for path in sorted(folder.rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def called(tree: ast.Module) -> Iterator[tuple[str, str]]:
    """(receiver's last name, method) of every call of a method."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            receiver = node.func.value
            name = receiver.attr if isinstance(receiver, ast.Attribute) else getattr(receiver, "id", "")
            if isinstance(receiver, ast.Call) and isinstance(receiver.func, ast.Attribute):
                name = receiver.func.attr
            yield name, node.func.attr


def imported(tree: ast.Module) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{name.name}" for name in node.names}
    return found


def mentions(tree: ast.Module) -> set[str]:
    """Every attribute that is read or called by name."""
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}


def test_one_module_asks_a_broker_to_do_anything() -> None:
    asking = {
        path
        for path, tree in sources(CORE, FUNCTIONS)
        if "adapters/" not in path
        for receiver, method in called(tree)
        if method in SENDS and receiver not in INTENTS
    }
    assert asking == {"layers/core/patang/execution/lane/sending.py"}


def test_alerts_are_asked_for_by_the_lane_and_where_none_places_orders() -> None:
    asking = {
        path
        for path, tree in sources(CORE, FUNCTIONS)
        if "adapters/" not in path
        for _, method in called(tree)
        if method in ALERTS
    }
    assert asking == {
        "layers/core/patang/execution/lane/sending.py",
        "layers/core/patang/alerts/service.py",
    }


def test_one_class_uses_that_module_and_one_function_runs_that_class() -> None:
    everything = dict(sources(CORE, FUNCTIONS))
    senders = {
        path for path, tree in everything.items() if "patang.execution.lane.sending.send" in imported(tree)
    }
    assert senders == {"layers/core/patang/execution/lane/order_lane.py"}
    builders = {
        path for path, tree in everything.items() if "patang.execution.lane.order_lane" in imported(tree)
    }
    assert builders == {"layers/core/patang/app/trading.py"}
    runners = {path for path, tree in everything.items() if ("desk", "order_lane") in called(tree)}
    assert runners == {"functions/order_lane/handler.py"}


def test_the_official_clients_sends_are_called_in_one_adapter() -> None:
    asking = {
        path
        for path, tree in sources(CORE, FUNCTIONS, WORKBENCH)
        for receiver, method in called(tree)
        if method in CLIENT_SENDS and receiver == "client"
    }
    assert asking == {"layers/core/patang/adapters/kite/broker.py"}


@pytest.mark.parametrize("part", ["cli", "doctor", "demo", "local_stack", "history", "training"])
def test_no_tool_of_a_laptop_has_a_way_to_the_brokers_orders(part: str) -> None:
    """Halt, flatten and whatever else a person does there writes intents, which the deployed lane sends."""
    forbidden = {
        "patang.execution.lane.order_lane",
        "patang.execution.lane.sending",
        "patang.adapters.kite.broker",
    }
    for path, tree in sources(WORKBENCH / part):
        assert not imported(tree) & forbidden, path
        assert not mentions(tree) & {"order_lane", "broker", "_kite_broker"}, path
        assert not {method for receiver, method in called(tree) if receiver == "client"} & CLIENT_SENDS, path
