"""Every function is given the environment variables that its services read, and no others."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.bundles import ROOT
from infra.constructs.desk_function import FUNCTION_LAYERS
from patang.trail.redaction import redacted

# Read where they are there, and done without where not.
OPTIONAL = {
    "ALARM_TOPIC_ARN",
    "AUDIT_ARCHIVE_BUCKET",
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


def written_out(part) -> Iterator[str]:
    """The texts of a part of a template, without the names of other parts that it refers to."""
    match part:
        case {"Ref": _} | {"Fn::GetAtt": _} | {"Fn::ImportValue": _}:
            return
        case {"Name": str(name), "Value": value}:
            yield from written_out({name: value})
        case dict():
            for name, value in part.items():
                # Side by side, as `NAME: value`: a secret is known by what it is called, too.
                texts = list(written_out(value))
                yield f"{name}: {texts[0]}" if len(texts) == 1 else name
                yield from texts
        case list():
            for value in part:
                yield from written_out(value)
        case _:
            yield str(part)


def handed_over(assembly) -> dict[str, list[str]]:
    """What a template gives to what runs: variables, definitions, what schedules send; and what it prints and
    asks for."""
    kinds = {
        "AWS::Lambda::Function": "Environment",
        "AWS::StepFunctions::StateMachine": "DefinitionString",
        "AWS::Scheduler::Schedule": "Target",
    }
    found = {
        name: list(written_out(resource["Properties"][part]))
        for kind, part in kinds.items()
        for name, resource in assembly.resources(kind).items()
    }
    for name, task in assembly.resources("AWS::ECS::TaskDefinition").items():
        # Beside it stands the image, whose tag is a hash.
        each_container = (part["Environment"] for part in task["Properties"]["ContainerDefinitions"])
        found[name] = list(written_out(list(each_container)))
    for stack, template in assembly.templates.items():
        for part in ("Outputs", "Parameters"):
            values = template.get(part, {}).values()
            found[f"{stack} {part}"] = [
                text
                for each in values
                for key in ("Value", "Default")
                for text in written_out(each.get(key, ""))
            ]
    return found


def secret_in(text: str) -> bool:
    """Whether a text has what would be hidden in a log, or has CloudFormation fill a secret in."""
    return redacted(text) != text or "{{resolve:" in text or "SecretString" in text


@pytest.mark.parametrize("stage", ["cloud", "live", "research"])
def test_no_secret_is_in_any_environment_or_definition(stage, request):
    assembly = request.getfixturevalue(stage)
    found = handed_over(assembly)

    assert len(found) >= len(assembly.functions()) + 3
    assert [(name, text) for name, texts in found.items() for text in texts if secret_in(text)] == []


@pytest.mark.parametrize(
    "value",
    [
        "yNq7GmDpLZ3vKxT0RbcJ84WhsQfEaU2i",
        "{{resolve:secretsmanager:patang/paper/account/main:SecretString:api_secret}}",
        "https://example.com/?access_token=short",
    ],
)
def test_a_secret_in_a_variable_is_found(value):
    variables = {"Variables": {"STAGE": "paper", "KITE": value}}
    assert any(secret_in(text) for text in written_out(variables))
