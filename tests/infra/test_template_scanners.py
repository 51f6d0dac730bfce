"""checkov, cfn-lint and asl-validator over the templates of both stages and of research; each can fail."""

import json
from itertools import chain

import pytest

from patang_workbench import scanners
from tests.infra.accepted_findings import nothing_but_accepted


@pytest.fixture(scope="module")
def templates(cloud, live):
    found = (*scanners.templates_of(cloud.folder), *scanners.templates_of(live.folder))
    assert len(found) == 9
    return found


@pytest.mark.thorough
def test_checkov_finds_nothing_that_was_not_accepted(templates):
    images = scanners.checkov_images(scanners.dockerfiles())

    nothing_but_accepted("checkov", chain(scanners.checkov_templates(templates), images))


def test_cfn_lint_finds_nothing_that_was_not_accepted(templates):
    nothing_but_accepted("cfn-lint", scanners.cfn_lint(templates))


def test_every_state_machine_of_both_stages_and_of_research_is_valid(templates):
    machines = [
        (path.name, logical)
        for path in templates
        for logical, resource in json.loads(path.read_text())["Resources"].items()
        if resource["Type"] == "AWS::StepFunctions::StateMachine"
    ]

    assert len(machines) == 5
    for path in templates:
        definitions = scanners.definitions([path])
        assert len(definitions) == sum(file == path.name for file, _ in machines)
        assert not list(scanners.asl_validator(definitions)), path.name


def template(tmp_path, **resources):
    path = tmp_path / "patang-paper-data.template.json"
    path.write_text(json.dumps({"Resources": resources}))
    return path


def test_checkov_finds_a_bucket_that_anybody_may_read(tmp_path):
    planted = template(
        tmp_path, Careless={"Type": "AWS::S3::Bucket", "Properties": {"AccessControl": "PublicReadWrite"}}
    )

    found = list(scanners.checkov_templates([planted]))
    left = scanners.sort_out("checkov", found, scanners.read_acceptances()).open
    assert {"CKV_AWS_20", "CKV_AWS_53", "CKV_AWS_57"} <= {finding.rule for finding in left}
    assert {finding.place for finding in left} == {"data:Careless"}


def test_cfn_lint_finds_a_property_that_no_queue_has(tmp_path):
    planted = template(tmp_path, Careless={"Type": "AWS::SQS::Queue", "Properties": {"Colour": "red"}})

    (found,) = scanners.cfn_lint([planted])
    assert (found.rule, found.place) == ("E3002", "data:Careless")


@pytest.mark.parametrize(
    ("state", "said"),
    [
        (
            {"Type": "Task", "Resource": "arn:aws:lambda:ap-south-1:000000000000:function:f", "Next": "B"},
            "MISSING",
        ),
        ({"Type": "Task", "Next": "A"}, "SCHEMA_VALIDATION_FAILED"),
        ({"Type": "Pass", "InputPath": "$.[", "End": True}, "/States/A/InputPath"),
    ],
)
def test_asl_validator_finds_a_workflow_that_cannot_run(tmp_path, state, said):
    definition = json.dumps({"StartAt": "A", "States": {"A": state}})
    planted = template(
        tmp_path,
        Careless={"Type": "AWS::StepFunctions::StateMachine", "Properties": {"DefinitionString": definition}},
    )

    found = list(scanners.asl_validator(scanners.definitions([planted])))
    assert any(said in str(finding) for finding in found), found
    assert {finding.place for finding in found} == {"data:Careless"}
