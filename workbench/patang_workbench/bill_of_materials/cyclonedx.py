"""A bill of materials in CycloneDX 1.6: the same for the same sources, hence without a time."""

import hashlib
import json
import tomllib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from patang_workbench.bill_of_materials.deployables import Deployable
from patang_workbench.bill_of_materials.licences import licences_of
from patang_workbench.bill_of_materials.locks import Locked, read_lock
from patang_workbench.deployment.programs import ROOT

__all__ = ["bill_of"]

_OURS: Final = uuid.UUID("6c8f5a0e-3f0b-5d0a-9d0e-2a54a7f0b1d3")


def bill_of(deployable: Deployable, root: Path = ROOT) -> dict[str, Any]:
    """The bill of one deployable: every package of its locks, its base image, its models, and who needs whom.

    A package whose marker does not hold where the desk runs has the scope `excluded`. All hashes that a lock
    takes for a package stand with it: which of its files is installed, the installer decides. Raises
    LockError.
    """
    locked = [(lock, package) for lock in deployable.locks for package in read_lock(lock)]
    top = f"patang/{deployable.name}"
    components = [*_packages(locked, root), *_base_image(deployable), *_models(deployable, root)]
    bill: dict[str, Any] = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": top,
                "name": f"patang-{deployable.name.replace('_', '-')}",
                "version": _version(root),
                "properties": [
                    {"name": f"patang:asset:{what}", "value": code}
                    for what, code in sorted(deployable.code.items())
                ],
            }
        },
        "components": sorted(components, key=lambda component: component["bom-ref"]),
        "dependencies": _dependencies(top, locked, components),
    }
    told = json.dumps(bill, sort_keys=True)
    return {**bill, "serialNumber": f"urn:uuid:{uuid.uuid5(_OURS, told)}"}


def _packages(locked: list[tuple[Path, Locked]], root: Path) -> Iterator[dict[str, Any]]:
    """One component a package and version, whichever of the locks name it."""
    for purl in sorted({_purl(package) for _, package in locked}):
        holders = [(lock, package) for lock, package in locked if _purl(package) == purl]
        package = holders[0][1]
        properties = [
            {"name": "patang:lock", "value": lock.relative_to(root).as_posix()} for lock, _ in holders
        ]
        properties += [{"name": "patang:marker", "value": package.marker}] if package.marker else []
        properties += [
            {"name": "patang:locked-sha256", "value": one}
            for one in sorted({one for _, each in holders for one in each.sha256})
        ]
        licences = licences_of(package)
        yield {
            "type": "library",
            "bom-ref": purl,
            "name": package.name,
            "version": package.version,
            "scope": "required" if any(each.deployed for _, each in holders) else "excluded",
            **({"licenses": licences} if licences else {}),
            "purl": purl,
            "properties": properties,
        }


def _base_image(deployable: Deployable) -> Iterator[dict[str, Any]]:
    if deployable.base_image is not None:
        name, tag = deployable.base_image
        purl = f"pkg:docker/{name}@{tag}"
        yield {"type": "container", "bom-ref": purl, "name": name, "version": tag, "purl": purl}


def _models(deployable: Deployable, root: Path) -> Iterator[dict[str, Any]]:
    for said in sorted(root.glob("model_artifacts/*/metadata.json")) if deployable.models else []:
        name = said.parent.name
        yield {
            "type": "machine-learning-model",
            "bom-ref": f"patang/model/{name}",
            "name": name,
            # The metadata names the checksums of the model's other files.
            "hashes": [{"alg": "SHA-256", "content": hashlib.sha256(said.read_bytes()).hexdigest()}],
        }


def _dependencies(
    top: str, locked: list[tuple[Path, Locked]], components: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    needs: dict[str, set[str]] = {component["bom-ref"]: set() for component in components}
    known = {package.name: _purl(package) for _, package in locked}
    needs[top] = {ref for ref in needs if not ref.startswith("pkg:pypi/")}
    for _, package in locked:
        if package.direct:
            needs[top].add(_purl(package))
        for name in package.wanted_by:
            # An extra: `moto[s3]` is moto.
            by = known.get(name.partition("[")[0])
            if by is not None:
                needs[by].add(_purl(package))
    return [{"ref": ref, "dependsOn": sorted(of)} for ref, of in sorted(needs.items())]


def _purl(package: Locked) -> str:
    return f"pkg:pypi/{package.name}@{package.version}"


def _version(root: Path) -> str:
    said = tomllib.loads((root / "layers/core/pyproject.toml").read_text())
    return str(said["project"]["version"])
