"""The deployables of the desk, as the templates have them: functions with their layers, and images."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from patang_workbench.deployment.programs import ROOT

__all__ = ["Deployable", "deployables"]

_OWN_LAYERS: Final = ("core", "artifacts")
_HASH: Final = re.compile(r"[0-9a-f]{64}")
_FROM: Final = re.compile(r"^FROM (?P<image>\S+?):(?P<tag>\S+)(?: AS \S+)?$", re.MULTILINE)
# Started by a person from the repository (compose.yaml), in no template.
_HOME: Final = "home"


@dataclass(frozen=True, slots=True)
class Deployable:
    """One of them. `code` are hashes of the assets with code of ours, by what they are; `base_image` is
    (name, tag) of what an image stands on.
    """

    name: str
    locks: tuple[Path, ...]
    code: Mapping[str, str]
    models: bool
    base_image: tuple[str, str] | None = None


def deployables(assembly: Path, root: Path = ROOT) -> tuple[Deployable, ...]:
    """Those of a cloud assembly, and the home desk's image, by name. Raises KeyError if a template names a
    layer that it does not hold.
    """
    found = [_home(root)]
    for path in sorted(assembly.glob("*.template.json")):
        found += _of_template(json.loads(path.read_text())["Resources"], root)
    return tuple(sorted(found, key=lambda deployable: deployable.name))


def _of_template(resources: Mapping[str, Any], root: Path) -> Iterator[Deployable]:
    layers = {
        logical: (
            resource["Properties"]["Description"].removeprefix("Patang "),
            _hash(resource["Properties"]),
        )
        for logical, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::LayerVersion"
    }
    for resource in resources.values():
        properties = resource.get("Properties", {})
        match resource["Type"]:
            case "AWS::Lambda::Function" if properties.get("PackageType") == "Image":
                name = properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
                yield _image(name, root, _hash(properties["Code"]))
            case "AWS::Lambda::Function":
                name = properties["Environment"]["Variables"]["POWERTOOLS_SERVICE_NAME"]
                used = dict(layers[layer["Ref"]] for layer in properties["Layers"])
                yield Deployable(
                    name,
                    tuple(
                        root / f"requirements/layer-{layer}.txt" for layer in used if layer not in _OWN_LAYERS
                    ),
                    {
                        "function": _hash(properties["Code"]),
                        **{own: used[own] for own in _OWN_LAYERS if own in used},
                    },
                    "artifacts" in used,
                )
            case "AWS::ECS::TaskDefinition":
                (container,) = properties["ContainerDefinitions"]
                yield _image("ingester", root, _hash(container["Image"]))


def _image(name: str, root: Path, code: str) -> Deployable:
    dockerfile = (root / f"functions/{name}/Dockerfile").read_text()
    return Deployable(
        name,
        (root / f"requirements/{name}.txt",),
        {"image": code},
        "COPY model_artifacts" in dockerfile,
        _base(dockerfile),
    )


def _home(root: Path) -> Deployable:
    base = _base((root / "Dockerfile").read_text())
    return Deployable(_HOME, (root / "requirements/home.txt",), {}, True, base)


def _base(dockerfile: str) -> tuple[str, str]:
    last = list(_FROM.finditer(dockerfile))[-1]
    return last["image"], last["tag"]


def _hash(part: Any) -> str:
    (found,) = set(_HASH.findall(json.dumps(part)))
    return str(found)
