"""Each deployment publishes a version, everything calls the alias, and what ran before is kept."""

import json
from collections.abc import Iterator

import pytest

from infra.bundles import ROOT
from patang_workbench.local_stack.assembly import Assembly as Deployable
from patang_workbench.local_stack.assembly import named_in
from patang_workbench.local_stack.deployment import deploy
from patang_workbench.local_stack.emulator import ACCOUNT, REGION, Emulator
from patang_workbench.local_stack.processes import Keeper
from tests.infra.conftest import Assembly, _synthesise

CALLERS = {
    "AWS::ApiGatewayV2::Integration": "IntegrationUri",
    "AWS::Lambda::EventSourceMapping": "FunctionName",
    "AWS::Lambda::Permission": "FunctionName",
    "AWS::Scheduler::Schedule": "Target",
    "AWS::StepFunctions::StateMachine": "DefinitionString",
}
# What says what a function is, and what watches all that is called of it, by whatever name.
SPEAKS_OF_FUNCTIONS = {
    "AWS::Lambda::Alias",
    "AWS::Lambda::EventInvokeConfig",
    "AWS::Lambda::Version",
    "AWS::CloudWatch::Alarm",
}


@pytest.fixture(scope="module")
def whole(cloud, research):
    """All stacks of the stage, the one that is off by default too."""
    return Assembly(cloud.folder, {**cloud.templates, **research.templates})


def test_every_function_has_one_version_that_is_kept_and_one_name_for_it(whole):
    functions = set(whole.resources("AWS::Lambda::Function"))
    versions, aliases = whole.resources("AWS::Lambda::Version"), whole.properties("AWS::Lambda::Alias")
    at = {alias["FunctionName"]["Ref"]: alias["FunctionVersion"]["Fn::GetAtt"][0] for alias in aliases}

    assert len(functions) >= 18
    assert set(at) == functions
    assert len(aliases) == len(versions) == len(functions)
    assert {alias["Name"] for alias in aliases} == {"live"}
    assert {name: versions[version]["Properties"]["FunctionName"]["Ref"] for name, version in at.items()} == {
        name: name for name in functions
    }
    for version in versions.values():
        assert (version["DeletionPolicy"], version["UpdateReplacePolicy"]) == ("Retain", "Retain")
    # A part of the calls to another version would be two desks at the same books.
    assert not [alias for alias in aliases if "RoutingConfig" in alias]


@pytest.mark.parametrize("kind", CALLERS)
def test_whoever_calls_calls_the_alias(whole, kind):
    functions, aliases = (set(whole.resources(f"AWS::Lambda::{k}")) for k in ("Function", "Alias"))
    called = [named_in(each[CALLERS[kind]]) for each in whole.properties(kind)]

    assert any(names & aliases for names in called)
    assert not [names & functions for names in called if names & functions]


def test_nothing_else_speaks_of_a_function_by_its_own_name(whole):
    functions = set(whole.resources("AWS::Lambda::Function"))
    for stack, template in whole.templates.items():
        for name, resource in template["Resources"].items():
            if resource["Type"] not in SPEAKS_OF_FUNCTIONS:
                assert not named_in(resource.get("Properties", {})) & functions, f"{stack}: {name}"


def test_roles_may_invoke_the_alias_and_no_other_version(whole):
    aliases = set(whole.resources("AWS::Lambda::Alias"))
    invoking = [
        resource
        for statements in whole.statements().values()
        for statement in statements
        if "lambda:InvokeFunction" in json.dumps(statement["Action"])
        for resource in (
            statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        )
    ]

    assert len(invoking) > 10
    assert not [
        resource for resource in invoking if not (set(resource) == {"Ref"} and resource["Ref"] in aliases)
    ]


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """As `cloud`, with another environment of (heartbeat) and nothing else."""
    return _synthesise(
        tmp_path_factory.mktemp("changed"),
        owner_email="owner@example.com",
        heartbeat_url="https://example.com/ping/1",
        research="true",
    )


def test_what_a_deployment_does_not_change_gets_no_new_version(cloud, changed):
    before, after = (set(assembly.resources("AWS::Lambda::Version")) for assembly in (cloud, changed))

    (gone,), (new,) = before - after, after - before
    assert gone.startswith("TimekeepingHeartbeatFunctionCurrentVersion")
    assert new.startswith("TimekeepingHeartbeatFunctionCurrentVersion")


@pytest.fixture(scope="module")
def emulator(tmp_path_factory) -> Iterator[Emulator]:
    with Keeper() as keeper:
        python = ROOT / ".emulator" / "bin" / "python"
        emulator = Emulator(python, tmp_path_factory.mktemp("emulator") / "run", keeper)
        emulator.wait_ready()
        yield emulator
        emulator.stop()


def quiet(line: str) -> None:
    """Progress that nobody watches."""


def test_an_upgrade_goes_over_to_a_new_version_and_the_old_one_can_be_gone_back_to(cloud, changed, emulator):
    functions = emulator.client("lambda")

    def versions(name: str) -> list[str]:
        found = functions.list_versions_by_function(FunctionName=f"patang-paper-{name}")["Versions"]
        return [version["Version"] for version in found]

    def live(name: str) -> str:
        return str(functions.get_alias(FunctionName=f"patang-paper-{name}", Name="live")["FunctionVersion"])

    def outside() -> str | None:
        """Whom the heartbeat that is called asks."""
        found = functions.get_function_configuration(FunctionName="patang-paper-heartbeat", Qualifier="live")[
            "Environment"
        ]["Variables"]
        return found.get("HEARTBEAT_URL")

    deploy(emulator, Deployable(cloud.folder, ACCOUNT, REGION), {}, quiet)
    assert (versions("heartbeat"), live("heartbeat"), outside()) == (["$LATEST", "1"], "1", None)
    deploy(emulator, Deployable(changed.folder, ACCOUNT, REGION), {}, quiet)
    assert (versions("heartbeat"), live("heartbeat")) == (["$LATEST", "1", "2"], "2")
    assert outside() == "https://example.com/ping/1"
    assert (versions("risk"), live("risk")) == (["$LATEST", "1"], "1")

    # As docs/runbooks/upgrade.md says it.
    functions.update_alias(FunctionName="patang-paper-heartbeat", Name="live", FunctionVersion="1")
    assert outside() is None


def test_an_event_source_a_workflow_and_a_page_reach_the_version_of_the_alias(cloud, emulator):
    """What the emulator made of the template: the ARN that it calls ends in the alias."""
    deploy(emulator, Deployable(cloud.folder, ACCOUNT, REGION), {}, quiet)
    functions, workflows = emulator.client("lambda"), emulator.client("stepfunctions")
    sources = functions.list_event_source_mappings()["EventSourceMappings"]
    machines = workflows.list_state_machines()["stateMachines"]
    (cycle,) = (m["stateMachineArn"] for m in machines if m["name"] == "patang-paper-trading-cycle")
    definition = workflows.describe_state_machine(stateMachineArn=cycle)["definition"]
    gateway = emulator.client("apigatewayv2")
    integrations = [
        integration["IntegrationUri"]
        for api in gateway.get_apis()["Items"]
        for integration in gateway.get_integrations(ApiId=api["ApiId"])["Items"]
    ]

    assert len(sources) == 6
    assert all(source["FunctionArn"].endswith(":live") for source in sources)
    assert ":function:patang-paper-risk:live" in definition
    assert ':function:patang-paper-risk"' not in definition
    assert len(integrations) >= 2
    assert all(uri.endswith(":live") for uri in integrations)
