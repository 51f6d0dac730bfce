"""The cloud assembly that `cdk synth` wrote, as the emulator can take it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

__all__ = ["LEFT_OUT", "LEFT_OUT_WITH", "Assembly", "AssemblyError", "Template", "named_in", "synthesise"]

# Resource types that are not deployed on the emulator, each with its reason.
LEFT_OUT: Mapping[str, str] = {
    "AWS::Scheduler::Schedule": "raised by the simulator's clock; the emulator would use the wall's",
    "AWS::EC2::EIP": "unknown to the emulator's CloudFormation; orders leave from this machine's address",
    "AWS::EC2::EIPAssociation": "as the address that it gives",
    "AWS::EC2::NetworkInterface": "unknown to the emulator's CloudFormation",
    "AWS::EC2::Instance": "unknown to the emulator's CloudFormation; no machine would stand behind it",
    "AWS::CloudWatch::CompositeAlarm": "refused by the emulator; the alarms it is made of are deployed",
    "AWS::EC2::NatGateway": "unknown to the emulator's CloudFormation; takes the instance's place",
    "AWS::Logs::QueryDefinition": "refused by the emulator; nobody asks its logs by query",
    "AWS::Budgets::Budget": "refused by the emulator, which charges nothing",
    "AWS::CloudTrail::Trail": "unknown to the emulator's CloudFormation; off unless the stage asks for it",
}

# Left out where they name a resource that is: without it they have nothing to lead to or to watch.
LEFT_OUT_WITH: Mapping[str, str] = {
    "AWS::EC2::Route": "the way out of the lane; the emulator runs functions on this machine",
    "AWS::CloudWatch::Alarm": "of the NAT instance",
}


class AssemblyError(RuntimeError):
    """The templates could not be made or do not hang together."""


@dataclass(frozen=True, slots=True)
class Template:
    """One stack's template; `files` are its assets, as (path, bucket, key)."""

    stack: str
    body: Mapping[str, Any]
    files: tuple[tuple[Path, str, str], ...]

    def deployable(self) -> dict[str, Any]:
        """The template without what only the real CloudFormation understands, and without what is left out.

        An output of what is left out goes with it.
        """
        body = {name: part for name, part in self.body.items() if name != "Rules"}
        parameters = {n: p for n, p in self.body.get("Parameters", {}).items() if n != "BootstrapVersion"}
        gone = {n for n, r in self.body["Resources"].items() if r["Type"] in LEFT_OUT}
        resources = {
            name: resource
            for name, resource in self.body["Resources"].items()
            if name not in gone and not (resource["Type"] in LEFT_OUT_WITH and named_in(resource) & gone)
        }
        outputs = {n: o for n, o in self.body.get("Outputs", {}).items() if not named_in(o) & gone}
        return {**body, "Parameters": parameters, "Resources": resources, "Outputs": outputs}

    def resources(self, kind: str) -> Iterator[Mapping[str, Any]]:
        """The properties of every resource of a type."""
        for resource in self.body["Resources"].values():
            if resource["Type"] == kind:
                yield resource["Properties"]


class Assembly:
    """The stacks of an assembly, in the order they need each other. `account` and `region` fill names."""

    def __init__(self, folder: Path, account: str, region: str) -> None:
        self._folder = folder
        self._names = {"${AWS::AccountId}": account, "${AWS::Region}": region, "${AWS::Partition}": "aws"}
        manifest = json.loads((folder / "manifest.json").read_text())
        stacks = {
            name: artifact
            for name, artifact in manifest["artifacts"].items()
            if artifact["type"] == "aws:cloudformation:stack"
        }
        self.templates = tuple(self._template(name, stacks[name]) for name in _ordered(stacks))

    def _template(self, name: str, artifact: Mapping[str, Any]) -> Template:
        body = json.loads((self._folder / artifact["properties"]["templateFile"]).read_text())
        assets = json.loads((self._folder / f"{name}.assets.json").read_text())
        files = [
            (
                self._folder / file["source"]["path"],
                self._filled(place["bucketName"]),
                self._filled(place["objectKey"]),
            )
            for file in assets["files"].values()
            for place in file["destinations"].values()
            if not file["source"]["path"].endswith(".template.json")
        ]
        return Template(name, body, tuple(files))

    def _filled(self, text: str) -> str:
        for name, value in self._names.items():
            text = text.replace(name, value)
        return text


def synthesise(root: Path, folder: Path) -> None:
    """Write the local flavour of the templates into `folder`. Raises AssemblyError with what went wrong."""
    binaries = str(Path(sys.executable).parent)
    # The layers' packages come from an index that may be behind a proxy or certificates of the caller's own.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    environment["PATH"] = f"{binaries}:{environment.get('PATH', '')}"
    done = subprocess.run(
        [sys.executable, "-m", "infra.app", "-c", "flavour=local", "-o", str(folder)],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise AssemblyError(f"the templates could not be made:\n{done.stdout[-2000:]}{done.stderr[-4000:]}")


def named_in(part: Any) -> set[str]:
    """The logical ids that a part of a template refers to."""
    match part:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return {name}
        case Mapping():
            return set().union(*map(named_in, part.values()))
        case list():
            return set().union(*map(named_in, part))
        case _:
            return set()


def _ordered(stacks: Mapping[str, Mapping[str, Any]]) -> list[str]:
    placed: list[str] = []
    left = dict(stacks)
    while left:
        ready = [n for n, a in left.items() if not (set(a.get("dependencies", [])) & left.keys())]
        if not ready:
            raise AssemblyError(f"these stacks wait for each other: {', '.join(left)}")
        placed += ready
        left = {name: artifact for name, artifact in left.items() if name not in ready}
    return placed
