"""What would change, what would be let go, and what costs money for being there."""

from typing import Any

import pytest

from patang_workbench.deployment.changes import billed, change_of, let_go, retained
from patang_workbench.local_stack.assembly import Template

TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {"KeySchema": ["PK"], "DeletionProtectionEnabled": True},
    "DeletionPolicy": "Retain",
    "Metadata": {"aws:cdk:path": "Data/Desk"},
}
QUEUE = {"Type": "AWS::SQS::Queue", "Properties": {}}


def stack(**resources: Any) -> Template:
    return Template("patang-paper-data", {"Resources": resources}, ())


def test_a_stack_that_is_not_there_is_made_whole() -> None:
    change = change_of(stack(Desk=TABLE, Orders=QUEUE), None)

    assert (change.new, change.added, change.changed) == (True, ("Desk", "Orders"), ())
    assert str(change) == "patang-paper-data: is made, 2 resources"
    assert not change.is_none


def test_paths_of_the_cdk_alone_are_no_change_and_a_policy_is() -> None:
    moved = TABLE | {"Metadata": {"aws:cdk:path": "Data/Books/Desk"}}

    assert change_of(stack(Desk=moved), {"Resources": {"Desk": TABLE}}).is_none
    bare = {name: part for name, part in TABLE.items() if name != "DeletionPolicy"}
    assert change_of(stack(Desk=TABLE), {"Resources": {"Desk": bare}}).changed == ("Desk",)


def test_outputs_and_parameters_that_differ_are_a_change() -> None:
    deployed = {"Resources": {"Desk": TABLE}, "Outputs": {"DeskTable": {"Value": "a"}}}
    change = change_of(stack(Desk=TABLE), deployed)

    assert (change.rest, change.is_none) == (("outputs",), False)
    assert str(change) == "patang-paper-data: outputs changed"


@pytest.mark.parametrize(
    ("after", "told"),
    [
        ({}, "Desk (AWS::DynamoDB::Table) is no longer in patang-paper-data"),
        ({"Desk": QUEUE}, "Desk (AWS::DynamoDB::Table) is no longer in patang-paper-data"),
        (
            {"Desk": TABLE | {"Properties": {"KeySchema": ["ID"]}}},
            "Desk (AWS::DynamoDB::Table) would be made anew and empty: KeySchema differs",
        ),
    ],
)
def test_state_that_would_be_lost_from_sight_is_named(after: dict[str, Any], told: str) -> None:
    assert let_go(stack(**after), {"Resources": {"Desk": TABLE}}) == [told]


def test_state_that_only_changes_and_what_may_go_is_not() -> None:
    weaker = TABLE | {"Properties": {"KeySchema": ["PK"], "DeletionProtectionEnabled": False}}

    assert let_go(stack(Desk=weaker), {"Resources": {"Desk": TABLE, "Orders": QUEUE}}) == []
    assert let_go(stack(Desk=TABLE), None) == []


def test_a_version_that_another_takes_the_place_of_is_not_lost_from_sight() -> None:
    version = {"Type": "AWS::Lambda::Version", "Properties": {}, "DeletionPolicy": "Retain"}
    deployed = {"Resources": {"RiskVersion1": version, "Desk": TABLE}}

    assert let_go(stack(RiskVersion2=version, Desk=TABLE), deployed) == []
    assert set(retained(deployed)) == {"Desk"}


def test_what_costs_money_for_being_there_is_counted_and_free_gateways_are_not() -> None:
    def endpoint(**properties: str) -> dict[str, Any]:
        return {"Type": "AWS::EC2::VPCEndpoint", "Properties": properties}

    key = {"Type": "AWS::KMS::Key"}
    first = {"Resources": {"S3": endpoint(VpcEndpointType="Gateway"), "Dynamo": endpoint(), "Key": key}}
    second = {"Resources": {"Sqs": endpoint(VpcEndpointType="Interface"), "Own": key, "Desk": TABLE}}

    assert billed([first, second]) == {"AWS::KMS::Key": 2, "AWS::EC2::VPCEndpoint": 1}
