"""Two stages beside each other in one account: no name is both's, and neither sees the other.

On the emulator the templates are deployed, changed, updated and destroyed as `patang deploy` and `destroy`
would, with functions that have no code.
"""

import json
import shutil
from collections.abc import Iterator

import pytest

from infra.bundles import ROOT
from patang_workbench.local_stack.assembly import Assembly as Deployable
from patang_workbench.local_stack.deployment import deploy, destroy
from patang_workbench.local_stack.emulator import ACCOUNT, REGION, Emulator
from patang_workbench.local_stack.processes import Keeper

# Properties whose literal value is the resource's name, or a part of it, in the account.
NAMES = ("Name", "AlarmName", "AliasName", "DashboardName", "FunctionName", "GroupName", "LogGroupName",
         "QueueName", "RoleName", "StateMachineName", "TableName", "TopicName", "BucketName", "StreamName",
         "ClusterName", "ServiceName", "RuleName", "CompositeAlarmName", "LayerName", "Family")  # fmt: skip
# A permission names whose it is, an alias is a name within its function.
INSIDE_A_FUNCTION = ("AWS::Lambda::Permission", "AWS::Lambda::Alias")


def literal_names(assembly):
    """(type, name) of every resource that the template names itself, and every export."""
    found = set()
    for template in assembly.templates.values():
        for resource in template["Resources"].values():
            properties = resource.get("Properties", {})
            for name in NAMES:
                # A setting's name, as of a launch template's or a protocol's, names nothing in the account.
                if isinstance(properties.get(name), str) and resource["Type"] not in INSIDE_A_FUNCTION:
                    found.add((resource["Type"], properties[name]))
        for output in template.get("Outputs", {}).values():
            if "Export" in output:
                found.add(("export", output["Export"]["Name"]))
    return found


def test_no_name_is_given_in_both_stages_and_each_tells_whose_it_is(cloud, live):
    paper_names, live_names = literal_names(cloud), literal_names(live)

    assert len(paper_names) > 80
    assert not paper_names & live_names
    assert not [name for _, name in paper_names if "paper" not in name]
    assert not [name for _, name in live_names if "live" not in name]


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Keeper() as keeper:
        python = ROOT / ".emulator" / "bin" / "python"
        emulator = Emulator(python, tmp_path_factory.mktemp("emulator") / "run", keeper)
        emulator.wait_ready()
        yield emulator
        emulator.stop()


def quiet(line: str) -> None:
    """Progress that nobody watches."""


def functions(emulator, stage):
    pages = emulator.client("lambda").get_paginator("list_functions").paginate()
    every = [entry["FunctionName"] for page in pages for entry in page["Functions"]]
    return {name for name in every if name.startswith(f"patang-{stage}-")}


def parameter_changed(folder, stage, tmp_path):
    """The same assembly after a change of the trading stack: another time-out of the lane's function."""
    after = tmp_path / stage
    shutil.copytree(folder, after)
    file = after / f"patang-{stage}-trading.template.json"
    body = json.loads(file.read_text())
    (lane,) = (r for r in body["Resources"].values()
               if r["Properties"].get("FunctionName") == f"patang-{stage}-order-lane"
               and r["Type"] == "AWS::Lambda::Function")  # fmt: skip
    lane["Properties"]["Timeout"] = 29
    file.write_text(json.dumps(body))
    return Deployable(after, ACCOUNT, REGION)


def test_both_are_deployed_changed_updated_and_destroyed_each_by_itself(cloud, live, emulator, tmp_path):
    stages = {"paper": cloud, "live": live}
    assemblies = {stage: Deployable(found.folder, ACCOUNT, REGION) for stage, found in stages.items()}
    first = {stage: deploy(emulator, assembly, {}, quiet) for stage, assembly in assemblies.items()}
    both = first["paper"].keys() & first["live"].keys()
    same = {name for name in both if first["paper"][name] == first["live"][name]}
    assert {"DeskTable", "StoreBucket", "ApiId", "OrderQueueUrl", "NotifyTopicArn", "TickStream"} <= both
    assert not same

    dynamodb = emulator.client("dynamodb")
    item = {"PK": {"S": "SETTINGS"}, "SK": {"S": "current"}}
    dynamodb.put_item(TableName=first["paper"]["DeskTable"], Item=item)
    before = {stage: functions(emulator, stage) for stage in stages}
    assert len(before["paper"]) > 15
    assert {n.replace("paper", "live") for n in before["paper"]} >= before["live"]

    changed = parameter_changed(cloud.folder, "paper", tmp_path)
    assert deploy(emulator, changed, {}, quiet) == first["paper"]
    lanes = {
        stage: emulator.client("lambda").get_function_configuration(
            FunctionName=f"patang-{stage}-order-lane"
        )["Timeout"]
        for stage in stages
    }
    assert lanes == {"paper": 29, "live": 30}

    destroy(emulator, changed, quiet)
    assert functions(emulator, "paper") == set()
    assert functions(emulator, "live") == before["live"]
    assert deploy(emulator, assemblies["live"], {}, quiet) == first["live"]
    # What is retained is there when the stacks are gone, with what it holds.
    kept = dynamodb.get_item(TableName=first["paper"]["DeskTable"], Key=item)
    assert kept["Item"] == item
    deploy(emulator, assemblies["paper"], {}, quiet)
    assert functions(emulator, "paper") == before["paper"]
