"""Every function is given the environment variables that its services read, and no others."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.bundles import ROOT
from infra.constructs.desk_function import FUNCTION_LAYERS

# Read where they are there, and done without where not.
OPTIONAL = {
    "ALARM_TOPIC_ARN",
    "MODELS",
    "NOTIFY_CHANNELS",
    "PUBLIC_URL",
    "RESEARCH_MACHINE_ARN",
    "SECRET_KEY_ID",
    "TRADING_CYCLE_ARN",
}


def desk_methods() -> dict[str, ast.FunctionDef]:
    """The methods of the composition root, whichever of its classes they stand in."""
    return {
        method.name: method
        for path in (ROOT / "layers/core/patang/app").glob("*.py")
        for part in ast.parse(path.read_text()).body
        if isinstance(part, ast.ClassDef)
        for method in part.body
        if isinstance(method, ast.FunctionDef)
    }


METHODS = desk_methods()

# Approvals read their links when a page is opened; the sweep that ends one late does not come there.
# Triggers that wait are looked up when an account is removed, and the paper broker among those who know some.
NOT_REACHED = {"reconciler": {"AUTH_TABLE"}, "sessions": {"STORE_BUCKET"}}


def attributes(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """(owner, attribute) of every `owner.attribute` and `x.owner.attribute`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            owner = node.value
            if isinstance(owner, ast.Name):
                yield owner.id, node.attr
            elif isinstance(owner, ast.Attribute):
                yield owner.attr, node.attr


def asked_of(owners: tuple[str, ...], folder: Path) -> set[str]:
    """Which methods of the composition root the modules of a folder name, by what they call it."""
    return {
        attribute
        for path in folder.rglob("*.py")
        for owner, attribute in attributes(ast.parse(path.read_text()))
        if owner in owners and attribute in METHODS
    }


# Whoever makes a caller has every tool of the registry called for him.
ASKED_BY_TOOLS = asked_of(("services",), ROOT / "layers/core/patang/tools")


def used_by(folder: Path) -> set[str]:
    """What the modules of a function ask of the desk, and what that asks of it in turn."""
    waiting = asked_of(("desk", "_desk"), folder)
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        seen.add(name)
        waiting |= {attr for owner, attr in attributes(METHODS[name]) if owner == "self" and attr in METHODS}
        if name == "caller":
            waiting |= ASKED_BY_TOOLS
        waiting -= seen
    return seen


def variables_read_by(methods: set[str]) -> set[str]:
    return {
        argument.value
        for method in methods
        for node in ast.walk(METHODS[method])
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr == "variable"
        for argument in node.args
        if isinstance(argument, ast.Constant)
    }


@pytest.mark.parametrize("function", FUNCTION_LAYERS)
def test_function_is_given_what_it_reads_and_no_more(cloud, function):
    needed = variables_read_by(used_by(ROOT / "functions" / function)) - NOT_REACHED.get(function, set())
    given = set(cloud.functions()[function]["Environment"]["Variables"])

    assert needed, f"functions/{function} asks nothing of the desk"
    assert needed <= given
    assert given - needed <= OPTIONAL


def test_ingester_is_given_what_it_reads_and_no_more(cloud):
    (task,) = cloud.properties("AWS::ECS::TaskDefinition")
    given = {entry["Name"] for entry in task["ContainerDefinitions"][0]["Environment"]}

    needed = variables_read_by(used_by(ROOT / "functions/ingester"))

    assert needed <= given
    assert given - needed <= OPTIONAL | {"AWS_DEFAULT_REGION", "HEALTH_FILE", "INSTANCE_FILE"}
