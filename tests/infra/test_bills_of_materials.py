"""One bill of materials a deployable: complete, the same each time, and in CycloneDX's own schema."""

import json
import subprocess

import pytest

from patang_workbench.bill_of_materials import bill_of, deployables, read_lock
from patang_workbench.deployment.programs import ROOT
from patang_workbench.scanners.programs import INFRASTRUCTURE

NOT_DEPLOYED = {"dev", "emulator", "uv", "bench", "code", "infrastructure"}
VALIDATE = """
import sys
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

wrong = JsonStrictValidator(SchemaVersion.V1_6).validate_str(sys.stdin.read())
print("" if wrong is None else wrong.data)
"""


@pytest.fixture(scope="module")
def found(cloud):
    return {deployable.name: deployable for deployable in deployables(cloud.folder)}


@pytest.fixture(scope="module")
def bills(found):
    return {name: bill_of(deployable) for name, deployable in found.items()}


def test_every_function_and_image_has_one(cloud, research, bills):
    assert set(bills) == {*cloud.functions(), *research.functions(), "ingester", "home"}


def test_every_locked_package_of_what_is_deployed_is_in_it(found, bills):
    deployed = {lock for deployable in found.values() for lock in deployable.locks}
    locks = {path for path in ROOT.glob("requirements/*.txt") if path.stem not in NOT_DEPLOYED}

    assert deployed == locks
    for name, deployable in found.items():
        libraries = (part for part in bills[name]["components"] if part["type"] == "library")
        components = {(part["name"], part["version"]): part for part in libraries}
        for lock in deployable.locks:
            for package in read_lock(lock):
                part = components[package.name, package.version]
                told = [(each["name"], each["value"]) for each in part["properties"]]
                assert ("patang:lock", f"requirements/{lock.name}") in told
                assert {("patang:locked-sha256", one) for one in package.sha256} <= set(told)


def test_a_functions_bill_has_the_layers_that_its_template_gives_it(cloud, found):
    layers = cloud.resources("AWS::Lambda::LayerVersion")

    for name, properties in cloud.functions().items():
        told = {
            layers[layer["Ref"]]["Properties"]["Description"].removeprefix("Patang ")
            for layer in properties["Layers"]
        }
        locks = {f"layer-{layer}.txt" for layer in told - {"core", "artifacts"}}
        assert {lock.name for lock in found[name].locks} == locks
        assert found[name].models == ("artifacts" in told)
        assert properties["Code"]["S3Key"] == f"{found[name].code['function']}.zip"


def test_the_same_sources_give_the_same_bill_and_other_code_another(found, bills):
    assert {name: bill_of(deployable) for name, deployable in found.items()} == bills
    serials = [bill["serialNumber"] for bill in bills.values()]
    assert len(set(serials)) == len(serials)


def test_nearly_every_package_says_its_licence(bills):
    silent = {
        part["name"]
        for bill in bills.values()
        for part in bill["components"]
        if part["type"] == "library" and part["scope"] == "required" and "licenses" not in part
    }

    assert silent == set()


def test_what_runs_elsewhere_alone_is_excluded(bills):
    scopes = {part["name"]: part["scope"] for part in bills["mcp"]["components"] if part["type"] == "library"}

    assert scopes["pywin32"] == scopes["httpx2-jsfetch"] == "excluded"
    assert scopes["mcp"] == scopes["uvicorn"] == "required"


def test_who_needs_whom_reaches_every_package_from_the_deployable(bills):
    for name, bill in bills.items():
        needs = {each["ref"]: each["dependsOn"] for each in bill["dependencies"]}
        seen, left = set(), [bill["metadata"]["component"]["bom-ref"]]
        while left:
            ref = left.pop()
            if ref not in seen:
                seen.add(ref)
                left += needs[ref]
        assert {part["bom-ref"] for part in bill["components"]} <= seen, name


def test_models_and_base_images_are_materials_too(bills):
    kinds = {name: {part["type"] for part in bill["components"]} for name, bill in bills.items()}

    assert {name for name, found in kinds.items() if "machine-learning-model" in found} == {
        "signals",
        "preflight",
        "research_worker",
        "home",
    }
    assert {name for name, found in kinds.items() if "container" in found} == {
        "ingester",
        "research_worker",
        "home",
    }


def said_by_the_schema(bill):
    done = subprocess.run(
        [INFRASTRUCTURE / "python", "-c", VALIDATE],
        input=json.dumps(bill),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.mark.parametrize("name", ["api", "ingester", "home"])
def test_cyclonedx_takes_it(bills, name):
    assert said_by_the_schema(bills[name]) == ""


def test_cyclonedx_refuses_what_is_none(bills):
    assert said_by_the_schema(bills["api"] | {"components": [{"name": "numpy"}]})
