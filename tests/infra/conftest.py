"""One synth of each flavour a session, without building code assets; the tests read its templates."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.app import build
from patang_workbench.local_stack.assembly import named_in

type Resource = dict[str, Any]


@dataclass(frozen=True)
class Assembly:
    """A synthesised stage: its folder, and its templates by the last part of their stacks' names."""

    folder: Path
    templates: dict[str, dict[str, Any]]

    def resources(self, kind: str) -> dict[str, Resource]:
        """The resources of one CloudFormation type in all stacks, by logical id."""
        return {
            name: resource
            for template in self.templates.values()
            for name, resource in template["Resources"].items()
            if resource["Type"] == kind
        }

    def properties(self, kind: str) -> list[dict[str, Any]]:
        return [resource["Properties"] for resource in self.resources(kind).values()]

    def functions(self) -> dict[str, Resource]:
        """The properties of each function by the name of its folder."""
        return {
            properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]: properties
            for properties in self.properties("AWS::Lambda::Function")
        }

    def function_id(self, name: str) -> str:
        """The logical id of a function."""
        return next(
            logical
            for logical, resource in self.resources("AWS::Lambda::Function").items()
            if resource["Properties"]["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"] == name
        )

    def event_source(self, function: str) -> dict[str, Any]:
        """The one event source mapping of a function."""
        (found,) = (
            properties
            for properties in self.properties("AWS::Lambda::EventSourceMapping")
            if self.called(properties["FunctionName"]) == {self.function_id(function)}
        )
        return found

    def called(self, part: Any) -> set[str]:
        """Logical ids of the functions whose aliases a part of a template names; a function that it names
        itself is none of them."""
        aliases = self.resources("AWS::Lambda::Alias")
        return {
            aliases[name]["Properties"]["FunctionName"]["Ref"] for name in named_in(part) & aliases.keys()
        }

    def alias_id(self, function: str) -> str:
        """The logical id of the alias by which a function is called."""
        (found,) = (
            logical
            for logical, resource in self.resources("AWS::Lambda::Alias").items()
            if resource["Properties"]["FunctionName"] == {"Ref": self.function_id(function)}
        )
        return found

    def statements(self) -> dict[str, list[dict[str, Any]]]:
        """The allowed statements of every role, by the role's logical id."""
        found: dict[str, list[dict[str, Any]]] = {name: [] for name in self.resources("AWS::IAM::Role")}
        for policy in self.properties("AWS::IAM::Policy"):
            for role in policy["Roles"]:
                found[role["Ref"]] += [
                    statement
                    for statement in policy["PolicyDocument"]["Statement"]
                    if statement["Effect"] == "Allow"
                ]
        return found

    def statements_of(self, function: str) -> list[dict[str, Any]]:
        role = self.functions()[function]["Role"]["Fn::GetAtt"][0]
        return self.statements()[role]


def _synthesise(folder: Path, **context: str) -> Assembly:
    build(outdir=folder, context=context, build_assets=False).synth()
    stacks = ("data", "trading", "access", "operations")
    stage = context.get("stage", "paper")
    return Assembly(
        folder,
        {
            stack: json.loads((folder / f"patang-{stage}-{stack}.template.json").read_text())
            for stack in stacks
        },
    )


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """With the stack that is off where nobody asks for it, which is none of `templates`."""
    return _synthesise(tmp_path_factory.mktemp("cloud"), owner_email="owner@example.com", research="true")


@pytest.fixture(scope="session")
def research(cloud: Assembly) -> Assembly:
    """The stack of distributed research."""
    template = json.loads((cloud.folder / "patang-paper-research.template.json").read_text())
    return Assembly(cloud.folder, {"research": template})


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """As the cloud's, research included: what differs is the machine."""
    return _synthesise(
        tmp_path_factory.mktemp("local"), owner_email="owner@example.com", flavour="local", research="true"
    )


@pytest.fixture(scope="session")
def live(tmp_path_factory: pytest.TempPathFactory) -> Assembly:
    """Another stage, as it is without being asked for anything: no research."""
    return _synthesise(tmp_path_factory.mktemp("live"), stage="live")
