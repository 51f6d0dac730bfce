"""Orders of people and programs have one road: who submits them, and who may send at all, is looked for in
the source of everything that is deployed or runs on a desk."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SURFACES = ("functions", "layers/core/patang", "workbench/patang_workbench")

# Who names the service that writes a person's intents: it itself, its wiring, and the road.
ROAD = {
    "layers/core/patang/execution/orders/persons_orders.py",
    "layers/core/patang/app/requesting.py",
    "layers/core/patang/approvals/requests/service.py",
    "layers/core/patang/approvals/requests/deciding.py",
    "layers/core/patang/approvals/requests/sending.py",
}
# What plays the exchange, and people at other terminals of the broker.
PRETENDED = ("workbench/patang_workbench/exchange/", "workbench/patang_workbench/chaos/")
# What is asked of it elsewhere is what has become of an order.
LOOKING = {"state", "intent_states", "look", "last_prices", "lot_size"}


def sources() -> Iterator[tuple[str, ast.Module]]:
    for surface in SURFACES:
        for path in sorted((ROOT / surface).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), ast.parse(path.read_text())


def imported(module: ast.Module) -> set[str]:
    """Names that are imported to be used, not for types alone."""
    types_only = {
        id(inner)
        for node in module.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    found = (
        node for node in ast.walk(module) if isinstance(node, ast.ImportFrom) and id(node) not in types_only
    )
    return {f"{node.module}.{name.name}" for node in found for name in node.names}


@cache
def everything() -> dict[str, ast.Module]:
    return dict(sources())


def test_the_service_is_made_and_held_by_the_road_alone():
    names = {
        "patang.execution.orders.persons_orders.PersonsOrders",
        "patang.execution.orders.request_book.RequestBook",
    }
    assert {path for path, module in everything().items() if imported(module) & names} <= ROAD


def test_what_others_ask_of_it_changes_nothing():
    """The campaign of faults plays the road itself: no desk is run by it, and no broker reached."""
    for path, module in everything().items():
        if path.startswith(PRETENDED):
            continue
        for node in ast.walk(module):
            if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Call)):
                continue
            if ast.unparse(node.value.func).endswith("persons_orders"):
                assert node.attr in LOOKING, f"{path}: {ast.unparse(node)}"


def test_a_surface_keeps_no_hold_of_it():
    """A variable could be asked anything."""
    for path, module in everything().items():
        if path in ROAD:
            continue
        for node in ast.walk(module):
            held = isinstance(node, ast.Assign | ast.AnnAssign | ast.NamedExpr | ast.Return) and node.value
            if held and isinstance(held, ast.Call):
                assert not ast.unparse(held.func).endswith("persons_orders"), f"{path}: {ast.unparse(node)}"


def test_in_the_road_one_place_submits():
    callers = [
        path
        for path in ROAD
        for node in ast.walk(everything()[path])
        if isinstance(node, ast.Attribute) and ast.unparse(node).endswith("_orders.submit")
    ]
    assert set(callers) == {"layers/core/patang/approvals/requests/sending.py"}


@pytest.mark.parametrize(
    "method", ["place", "modify", "cancel", "place_gtt", "modify_gtt", "delete_gtt", "convert"]
)
def test_no_surface_asks_a_broker_to_do_anything(method):
    for path, module in everything().items():
        if path.startswith(("layers/core/patang/", *PRETENDED)):
            continue
        for node in ast.walk(module):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and node.func.attr == method
            ):
                on = ast.unparse(node.func.value)
                assert "broker" not in on, f"{path}: {ast.unparse(node)}"
