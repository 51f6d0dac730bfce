"""Deploying onto the emulator: outputs, parameters, assets, and what is said of a stack that fails."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from patang_workbench.demo.outbox import Outbox
from patang_workbench.local_stack.assembly import Assembly
from patang_workbench.local_stack.deployment import DeploymentError, deploy, subscribe_outbox
from patang_workbench.local_stack.emulator import ACCOUNT, REGION, Emulator
from patang_workbench.local_stack.processes import Keeper
from patang_workbench.local_stack.stack import PROJECT_ROOT

PYTHON = PROJECT_ROOT / ".emulator" / "bin" / "python"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    with Keeper() as keeper:
        emulator = Emulator(PYTHON, tmp_path_factory.mktemp("emulator") / "run", keeper)
        emulator.wait_ready()
        yield emulator
        emulator.stop()


@pytest.fixture
def emulator(running: Emulator) -> Emulator:
    running.reset()
    return running


def assembly(folder: Path, stacks: dict[str, dict[str, Any]], needs: dict[str, list[str]]) -> Assembly:
    artifacts = {}
    (folder / "code.zip").write_bytes(b"the code")
    for name, body in stacks.items():
        (folder / f"{name}.template.json").write_text(json.dumps(body))
        place = {"bucketName": "assets-${AWS::AccountId}", "objectKey": f"{name}.zip"}
        files = {"1": {"source": {"path": "code.zip"}, "destinations": {"current": place}}}
        (folder / f"{name}.assets.json").write_text(json.dumps({"files": files}))
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "properties": {"templateFile": f"{name}.template.json"},
            "dependencies": needs.get(name, []),
        }
    (folder / "manifest.json").write_text(json.dumps({"artifacts": artifacts}))
    return Assembly(folder, ACCOUNT, REGION)


TOPIC = {
    "Resources": {"Notify": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "notify"}}},
    "Outputs": {"NotifyTopicArn": {"Value": {"Ref": "Notify"}, "Export": {"Name": "topic"}}},
}
PARAMETER = {
    "Parameters": {"ModelPath": {"Type": "String"}},
    "Resources": {
        "Where": {"Type": "AWS::SSM::Parameter",
                  "Properties": {"Name": "/where", "Type": "String", "Value": {"Ref": "ModelPath"}}},
        "Whom": {"Type": "AWS::SSM::Parameter",
                 "Properties": {"Name": "/whom", "Type": "String", "Value": {"Fn::ImportValue": "topic"}}},
    },
}  # fmt: skip


def test_stacks_are_created_with_their_parameters_assets_and_each_others_outputs(
    emulator: Emulator, tmp_path: Path
) -> None:
    told: list[str] = []
    stacks = assembly(tmp_path, {"later": PARAMETER, "first": TOPIC}, {"later": ["first"]})
    outputs = deploy(emulator, stacks, {"ModelPath": "/models"}, told.append)
    assert told == ["first: 1 resources", "later: 2 resources"]
    topic = outputs["NotifyTopicArn"]
    ssm = emulator.client("ssm")
    values = {name: ssm.get_parameter(Name=name)["Parameter"]["Value"] for name in ("/where", "/whom")}
    assert values == {"/where": "/models", "/whom": topic}
    asset = emulator.client("s3").get_object(Bucket=f"assets-{ACCOUNT}", Key="later.zip")
    assert asset["Body"].read() == b"the code"


POLICY = {
    "Type": "AWS::IAM::Policy",
    "Properties": {
        "PolicyName": "p",
        "Roles": ["nobody"],
        "PolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}],
        },
    },
}


def test_a_stack_that_fails_names_the_resource_and_why(emulator: Emulator, tmp_path: Path) -> None:
    body = {"Resources": {"Sound": TOPIC["Resources"]["Notify"], "Broken": POLICY}}
    with pytest.raises(DeploymentError) as failed:
        deploy(emulator, assembly(tmp_path, {"trading": body}, {}), {}, lambda line: None)
    text = str(failed.value)
    assert text.startswith("trading ended ROLLBACK_COMPLETE: ")
    assert "Broken (AWS::IAM::Policy): " in text
    assert "nobody" in text
    assert "Sound" not in text


def test_a_template_that_is_refused_outright_says_why(emulator: Emulator, tmp_path: Path) -> None:
    body = {"Resources": {"Broken": {"Type": "AWS::Nothing::AtAll", "Properties": {}}}}
    with pytest.raises(DeploymentError, match=r"trading was refused: .*AWS::Nothing::AtAll"):
        deploy(emulator, assembly(tmp_path, {"trading": body}, {}), {}, lambda line: None)


def test_what_is_sent_to_the_topic_is_in_the_outbox(emulator: Emulator, tmp_path: Path) -> None:
    outputs = deploy(emulator, assembly(tmp_path, {"first": TOPIC}, {}), {}, lambda line: None)
    outbox = Outbox(emulator.client("sqs"), subscribe_outbox(emulator, outputs["NotifyTopicArn"]))
    links = [f"http://127.0.0.1:9/approvals/{n}" for n in range(3)]
    for link in links:
        emulator.client("sns").publish(
            TopicArn=outputs["NotifyTopicArn"], Subject="Approve?", Message=f"until 10:00: {link}\nor not"
        )
    assert sorted(outbox.links()) == links
    assert outbox.links() == []
