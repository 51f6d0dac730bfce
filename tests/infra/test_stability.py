"""What is deployed keeps its names: an unchanged tree changes nothing, an upgrade never touches the data.

`stable_names.json` is what has been deployed once. A name that is missing from the templates would be a table
made anew and empty, an import that CloudFormation refuses, or an output that a program asks for in vain: give
it back rather than take it off the list. What is new is recorded by `python -m tests.infra.test_stability`.
"""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from infra.bundles import ROOT
from patang_workbench.deployment.changes import change_of, let_go
from patang_workbench.deployment.programs import Programs
from patang_workbench.local_stack.assembly import Assembly as Deployable
from tests.infra.conftest import _synthesise

RECORD = Path(__file__).with_name("stable_names.json")
# What names a thing in the account, so that another of that name cannot be made beside it.
NAMED_BY = {
    "AWS::Lambda::Function": "FunctionName",
    "AWS::StepFunctions::StateMachine": "StateMachineName",
    "AWS::Scheduler::Schedule": "Name",
    "AWS::SecretsManager::Secret": "Name",
    "AWS::Logs::LogGroup": "LogGroupName",
    "AWS::KMS::Alias": "AliasName",
}


def names(templates, stage):
    """Kept logical ids, exports, outputs and physical names by stack; the stage is written <stage>."""
    found = {}
    for stack, template in templates.items():
        resources = template["Resources"]
        outputs = template.get("Outputs", {})
        found[stack] = {
            "kept": {
                n: r["Type"]
                for n, r in resources.items()
                # Each deployment makes a new version and keeps the old one, to go back to.
                if r.get("DeletionPolicy") == "Retain" and r["Type"] != "AWS::Lambda::Version"
            },
            "outputs": sorted(n for n, o in outputs.items() if "Export" not in o),
            "exports": sorted(o["Export"]["Name"] for o in outputs.values() if "Export" in o),
            "named": {
                n: r["Properties"][NAMED_BY[r["Type"]]]
                for n, r in resources.items()
                if NAMED_BY.get(r["Type"]) in r.get("Properties", {"": ""})
            },
        }
    return json.loads(json.dumps(found).replace(f"patang-{stage}", "patang-<stage>").replace(
        f"patang/{stage}", "patang/<stage>"
    ))  # fmt: skip


@pytest.mark.parametrize("stack", ["data", "trading", "access", "operations"])
def test_everything_that_was_deployed_once_has_its_name(cloud, stack):
    recorded, found = json.loads(RECORD.read_text())[stack], names(cloud.templates, "paper")[stack]

    assert found["kept"] == recorded["kept"]
    assert set(found["outputs"]) >= set(recorded["outputs"])
    assert set(found["exports"]) >= set(recorded["exports"])
    assert found["named"].items() >= recorded["named"].items()


def test_the_other_stage_has_the_same_names_with_its_own(cloud, live):
    assert names(live.templates, "live") == names(cloud.templates, "paper")


@pytest.fixture(scope="module")
def again(cloud, tmp_path_factory):
    """The unchanged tree once more, in another process, whose sets have another order."""
    folder = tmp_path_factory.mktemp("again")
    context = ["-c", "owner_email=owner@example.com", "-c", "research=true"]
    environment = os.environ | {"PYTHONHASHSEED": "4242"}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    command = [sys.executable, "-m", "infra.app", "--no-assets", "-o", str(folder), *context]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
    return folder


def test_an_unchanged_tree_gives_the_same_templates_to_the_byte(cloud, again):
    first = {path.name: path.read_bytes() for path in cloud.folder.glob("*.template.json")}
    second = {path.name: path.read_bytes() for path in again.glob("*.template.json")}

    assert len(first) == 5
    assert second == first


@pytest.mark.thorough
@pytest.mark.parametrize("stack", ["data", "trading"])
def test_cdk_finds_no_difference_in_an_unchanged_tree(cloud, again, stack, capfd):
    name = f"patang-paper-{stack}"
    deployed = str(cloud.folder / f"{name}.template.json")
    code = Programs().cdk(
        "diff", again, [name, "--exclusively", "--fail", "--template", deployed], "ap-south-1"
    )

    told = "".join(capfd.readouterr())
    assert (code, "There were no differences" in told) == (0, True), told


def test_cdk_and_the_guide_find_a_difference_where_one_is(cloud, tmp_path, capfd):
    name = "patang-paper-data"
    body = json.loads((cloud.folder / f"{name}.template.json").read_text())
    desk = next(n for n, r in body["Resources"].items() if n.startswith("Desk"))
    body["Resources"][desk]["Properties"]["DeletionProtectionEnabled"] = False
    (tmp_path / "old.json").write_text(json.dumps(body))
    arguments = [name, "--exclusively", "--fail", "--template", str(tmp_path / "old.json")]
    (template,) = (t for t in Deployable(cloud.folder, "0" * 12, "ap-south-1").templates if t.stack == name)

    assert Programs().cdk("diff", cloud.folder, arguments, "ap-south-1") == 1
    assert "DeletionProtectionEnabled" in "".join(capfd.readouterr())
    assert change_of(template, body).changed == (desk,)


def test_an_upgrade_of_what_can_be_replaced_leaves_the_data_as_it_is(cloud, tmp_path):
    """All that a stage may change of its functions, schedules, stream and limits; code has no place there."""
    after = _synthesise(
        tmp_path,
        owner_email="owner@example.com",
        tick_shards="3",
        nat_generation="2",
        log_retention_days="365",
        api_requests_per_second="5",
        api_burst="9",
        archive_schedule="cron(55 15 ? * MON-FRI *)",
        warm_schedule="cron(0/2 9-15 ? * MON-FRI *)",
    )

    assert after.templates["trading"] != cloud.templates["trading"]
    assert after.templates["access"] != cloud.templates["access"]
    assert without_exports(after.templates["data"]) == without_exports(cloud.templates["data"])
    for template in Deployable(after.folder, "0" * 12, "ap-south-1").templates:
        assert let_go(template, cloud.templates[template.stack.rsplit("-", 1)[-1]]) == []


def without_exports(template):
    """Research, which is off after the upgrade, imports of the data; what is exported holds no data."""
    outputs = {n: o for n, o in template["Outputs"].items() if "Export" not in o}
    return template | {"Outputs": outputs}


def test_the_data_stack_has_no_code_and_is_protected(cloud):
    kinds = {resource["Type"] for resource in cloud.templates["data"]["Resources"].values()}
    manifest = json.loads((cloud.folder / "manifest.json").read_text())["artifacts"]

    assert not {kind for kind in kinds if kind.startswith(("AWS::Lambda::", "AWS::StepFunctions::"))}
    assert manifest["patang-paper-data"]["properties"]["terminationProtection"] is True
    others = [name for name in manifest if name.startswith("patang-") and not name.endswith("-data")]
    assert not [n for n in others if manifest[n].get("properties", {}).get("terminationProtection")]


def test_everything_that_can_be_tagged_tells_its_stage(cloud, live):
    for assembly, stage in ((cloud, "paper"), (live, "live")):
        wanted = {"Key": "patang:stage", "Value": stage}
        tagged = [
            resource["Properties"]["Tags"]
            for template in assembly.templates.values()
            for resource in template["Resources"].values()
            if isinstance(resource.get("Properties", {}).get("Tags"), list)
        ]
        assert len(tagged) > 30
        assert all(wanted in tags for tags in tagged)
        stacks = json.loads((assembly.folder / "manifest.json").read_text())["artifacts"]
        for name, artifact in stacks.items():
            if artifact["type"] == "aws:cloudformation:stack":
                assert artifact["properties"]["tags"]["patang:stage"] == stage, name


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as scratch:
        assembly = _synthesise(Path(scratch), owner_email="owner@example.com", research="true")
        RECORD.write_text(json.dumps(names(assembly.templates, "paper"), indent=1, sort_keys=True) + "\n")
