"""cdk-nag looks at every synth with both its packs; other scanners are in test_template_scanners."""

import json

import pytest
from aws_cdk import Stack
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from infra.app import build


def test_cdk_nag_stops_the_synth_of_a_bucket_that_anybody_may_read_in_the_clear(tmp_path):
    app = build(outdir=tmp_path, build_assets=False)
    stack = app.node.find_child("patang-paper-data")
    assert isinstance(stack, Stack)
    s3.Bucket(stack, "Careless")

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()


def test_the_serverless_rules_stop_the_synth_of_a_queue_that_loses_what_fails(tmp_path):
    app = build(outdir=tmp_path, build_assets=False)
    stack = app.node.find_child("patang-paper-trading")
    assert isinstance(stack, Stack)
    sqs.Queue(stack, "Careless", enforce_ssl=True)

    with pytest.raises(RuntimeError, match="ValidationFailed"):
        app.synth()
    report = json.loads((tmp_path / "validation-report.json").read_text())
    assert {
        (violation["ruleName"], construct["constructPath"])
        for plugin in report["pluginReports"]
        for violation in plugin["violations"]
        for construct in violation["violatingConstructs"]
    } == {
        ("AwsSolutions-SQS3", "patang-paper-trading/Careless/Resource"),
        ("Serverless-SQSRedrivePolicy", "patang-paper-trading/Careless/Resource"),
    }


def test_whatever_is_called_without_waiting_has_a_place_for_what_failed(cloud):
    """Why infra/accepted.py accepts functions without one: nobody calls those so."""
    aliases = cloud.resources("AWS::Lambda::Alias")
    targets = [schedule["Target"]["Arn"] for schedule in cloud.properties("AWS::Scheduler::Schedule")]
    scheduled = {
        aliases[target["Ref"]]["Properties"]["FunctionName"]["Ref"] for target in targets if "Ref" in target
    }
    kept = {
        config["FunctionName"]["Ref"]
        for config in cloud.properties("AWS::Lambda::EventInvokeConfig")
        if "OnFailure" in config.get("DestinationConfig", {})
    }
    callers = {
        properties["Principal"]
        for properties in cloud.properties("AWS::Lambda::Permission")
        if properties["Action"] == "lambda:InvokeFunction"
    }

    assert len(scheduled) > 5
    assert scheduled <= kept
    # The gateway waits. No function's own role may call another.
    assert callers == {"apigateway.amazonaws.com"}
    for name in cloud.functions():
        assert "lambda:InvokeFunction" not in json.dumps(cloud.statements_of(name)), name


def test_accepted_findings_say_why(cloud):
    tree = json.loads((cloud.folder / "manifest.json").read_text())
    reasons = [
        reason
        for artifact in tree["artifacts"].values()
        for entries in metadata(cloud.folder, artifact).values()
        for entry in entries
        if "acknowledged" in entry["type"]
        for reason in entry["data"].values()
    ]

    assert reasons
    assert all(len(reason) > 30 for reason in reasons)


def metadata(folder, artifact):
    name = artifact.get("additionalMetadataFile")
    if name is None:
        return artifact.get("metadata", {})
    return json.loads((folder / name).read_text())
