"""What protects what the desk knows: keys by purpose, TLS everywhere, an archive that keeps what it got."""

import json
import re
from pathlib import Path

import pytest
from pydantic import ValidationError

from infra.app import build
from infra.bundles import ROOT
from patang_workbench.deployment.stage import Stage
from tests.infra.conftest import Assembly, _synthesise
from tests.infra.test_permissions import actions, resources, who_may

ADMINISTRATION = {
    "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:Delete*", "kms:Describe*", "kms:Disable*", "kms:Enable*",
    "kms:Get*", "kms:List*", "kms:Put*", "kms:Revoke*", "kms:ScheduleKeyDeletion", "kms:TagResource",
    "kms:UntagResource", "kms:Update*",
}  # fmt: skip
ENVELOPE = {"kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"}
OWN_ACCOUNT = {
    "AWS": {
        "Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, ":iam::", {"Ref": "AWS::AccountId"}, ":root"]]
    }
}


def keys(assembly):
    return {
        re.sub("[0-9A-F]{8}$", "", name): resource["Properties"]
        for name, resource in assembly.resources("AWS::KMS::Key").items()
    }


def use_of(key):
    """The statements of a key's policy that are not its administration."""
    first, *others = key["KeyPolicy"]["Statement"]
    assert first == {
        "Action": first["Action"],
        "Effect": "Allow",
        "Principal": OWN_ACCOUNT,
        "Resource": "*",
    }
    assert set(first["Action"]) == ADMINISTRATION, "who administers a key uses it for nothing"
    assert all(statement["Effect"] == "Allow" for statement in others)
    return others


def test_a_key_for_each_purpose(cloud, live):
    for stage, assembly in (("paper", cloud), ("live", live)):
        assert set(keys(assembly)) == {"Key", "SecretsKey", "SigningKey"}
        assert {alias["AliasName"] for alias in assembly.properties("AWS::KMS::Alias")} == {
            f"alias/patang-{stage}", f"alias/patang-{stage}-secrets", f"alias/patang-{stage}-audit",
        }  # fmt: skip
    assert keys(cloud)["Key"]["EnableKeyRotation"] is keys(cloud)["SecretsKey"]["EnableKeyRotation"] is True


@pytest.mark.parametrize(("key", "services"), [("Key", ["s3", "sns"]), ("SecretsKey", ["secretsmanager"])])
def test_a_key_is_used_by_its_own_services_alone(cloud, key, services):
    by_account, *by_aws = use_of(keys(cloud)[key])

    assert set(by_account["Action"]) == ENVELOPE
    assert by_account["Principal"] == OWN_ACCOUNT
    via = by_account["Condition"]["StringEquals"]["kms:ViaService"]
    assert ([via] if isinstance(via, str) else via) == [
        f"{name}.ap-south-1.amazonaws.com" for name in services
    ]
    # Alarms and the budget are published by AWS itself, under the owner's topic's key.
    for statement in by_aws:
        assert key == "Key"
        assert sorted(statement["Principal"]["Service"]) == [
            "budgets.amazonaws.com",
            "cloudwatch.amazonaws.com",
        ]
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}}
    assert len(by_aws) == (key == "Key")


def test_what_is_kept_with_a_key_is_kept_with_its_own(cloud):
    def named(reference):
        (found,) = set(re.findall("(SecretsKey|SigningKey|Key)[0-9A-F]{8}", json.dumps(reference)))
        return found

    for bucket in cloud.properties("AWS::S3::Bucket"):
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert named(rule["ServerSideEncryptionByDefault"]["KMSMasterKeyID"]) == "Key"
    for topic in cloud.properties("AWS::SNS::Topic"):
        assert named(topic["KmsMasterKeyId"]) == "Key"
    (secret,) = cloud.properties("AWS::SecretsManager::Secret")
    assert named(secret["KmsKeyId"]) == "SecretsKey"
    for function in cloud.functions().values():
        variables = function["Environment"]["Variables"]
        if "SECRET_KEY_ID" in variables:
            assert named(variables["SECRET_KEY_ID"]) == "SecretsKey"


def test_who_reads_secrets_may_use_their_key_and_nobody_else(cloud):
    assert who_may(cloud, "kms:Decrypt", "SecretsKey") == who_may(cloud, "secretsmanager:GetSecretValue")
    assert who_may(cloud, "kms:GenerateDataKey", "SecretsKey") == {"api"}


def test_the_archive_alone_signs_and_its_role_is_the_one_that_the_key_names(cloud, live):
    assert who_may(cloud, "kms:Sign") == who_may(cloud, "kms:GetPublicKey") == {"archive"}
    for stage, assembly in (("paper", cloud), ("live", live)):
        signing = keys(assembly)["SigningKey"]
        assert (signing["KeySpec"], signing["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
        (use,) = use_of(signing)
        assert use["Action"] == "kms:Sign"
        patterns = json.dumps(use["Condition"]["ArnLike"]["aws:PrincipalArn"])
        role = assembly.functions()["archive"]["Role"]["Fn::GetAtt"][0]
        # As CloudFormation names a role: its stack, 24 characters of its logical id, and some of its own.
        name = f"patang-{stage}-trading-{role[:24]}-1A2B3C4D5E6F"
        assert len(name) <= 64
        (prefix,) = set(re.findall(r":(?:assumed-)?role/([^*\"]+)\*", patterns))
        assert name.startswith(prefix)
        others = {f["Role"]["Fn::GetAtt"][0] for n, f in assembly.functions().items() if n != "archive"}
        assert not [other for other in others if f"patang-{stage}-trading-{other}".startswith(prefix)]


def archive(assembly):
    (found,) = (
        resource["Properties"]
        for name, resource in assembly.resources("AWS::S3::Bucket").items()
        if name.startswith("AuditArchive")
    )
    return found


@pytest.mark.parametrize(("stage", "days"), [("cloud", 90), ("live", 2922)])
def test_every_version_in_the_audit_archive_is_locked_for_the_stages_days(request, stage, days):
    bucket = archive(request.getfixturevalue(stage))

    assert bucket["ObjectLockEnabled"] is True
    assert bucket["ObjectLockConfiguration"] == {
        "ObjectLockEnabled": "Enabled",
        "Rule": {"DefaultRetention": {"Days": days, "Mode": "GOVERNANCE"}},
    }
    rules = bucket["LifecycleConfiguration"]["Rules"]
    assert all(not {"ExpirationInDays", "NoncurrentVersionExpiration"} & rule.keys() for rule in rules)


def test_nobody_of_the_desk_can_lift_the_lock_or_remove_an_object(cloud):
    lifting = re.compile(
        r"s3:(Delete|Bypass|PutObject(Retention|LegalHold)|PutBucket|PutLifecycle|Replicate|Restore|\*)"
    )
    for role, statements in cloud.statements().items():
        for statement in statements:
            assert not [action for action in actions(statement) if lifting.match(action)], role
    assert who_may(cloud, "s3:PutObject", "AuditArchive") == {"archive"}
    # Without its name nothing would be sealed, and nobody would be told.
    assert "AUDIT_ARCHIVE_BUCKET" in cloud.functions()["archive"]["Environment"]["Variables"]
    assert who_may(cloud, "s3:GetObject", "AuditArchive") == {"archive"}
    for statement in cloud.statements_of("archive"):
        for entry in resources(statement):
            if "AuditArchive" in entry and "s3:PutObject" in actions(statement):
                assert re.search(r"/(audit_logs|digests|keys)/\*", entry), entry


@pytest.fixture(scope="module")
def strict(tmp_path_factory) -> Assembly:
    """With what is off until somebody asks for it."""
    folder = tmp_path_factory.mktemp("strict")
    return _synthesise(folder, cloudtrail="true", audit_lock="compliance", audit_lock_days="3653")


def test_a_stage_may_be_locked_so_that_nobody_lifts_it(strict):
    assert archive(strict)["ObjectLockConfiguration"]["Rule"] == {
        "DefaultRetention": {"Days": 3653, "Mode": "COMPLIANCE"}
    }


def test_the_trail_is_there_where_it_is_asked_for_and_watches_secrets_and_the_archive(cloud, strict):
    assert not cloud.properties("AWS::CloudTrail::Trail")
    (trail,) = strict.properties("AWS::CloudTrail::Trail")
    assert trail["EnableLogFileValidation"] is trail["IsLogging"] is True
    assert trail["S3BucketName"]["Ref"].startswith("AuditArchive")
    management, data = ({f["Field"]: f for f in s["FieldSelectors"]} for s in trail["AdvancedEventSelectors"])
    # Reading a secret is a management event that reads, changing a key's policy is one of KMS: no kind and
    # no source is left out.
    assert management.keys() == {"eventCategory"}
    assert management["eventCategory"]["Equals"] == ["Management"]
    assert data["resources.type"]["Equals"] == ["AWS::S3::Object"]
    watched = [json.dumps(entry) for entry in data["resources.ARN"]["StartsWith"]]
    assert len(watched) == 3
    for folder in ("audit_logs", "digests", "keys"):
        assert any(f"/{folder}/" in entry for entry in watched)
    assert "cloudtrail" not in " ".join(watched), "each of its files would be an event that makes a file"


def test_the_trail_and_nobody_else_is_let_in_from_outside(cloud, strict):
    def outside(assembly):
        policies = [
            *(p["PolicyDocument"]["Statement"] for p in assembly.properties("AWS::S3::BucketPolicy")),
            *(key["KeyPolicy"]["Statement"] for key in assembly.properties("AWS::KMS::Key")),
        ]
        return [s for some in policies for s in some if "Service" in s.get("Principal", {})]

    by_trail = [s for s in outside(strict) if s["Principal"]["Service"] == "cloudtrail.amazonaws.com"]
    assert len(by_trail) == 3
    for statement in by_trail:
        source = json.dumps(statement["Condition"]["StringEquals"]["aws:SourceArn"])
        assert ":trail/patang-paper-access" in source
    assert len(outside(strict)) - len(by_trail) == len(outside(cloud)) == 1


@pytest.mark.parametrize(
    ("setting", "value"),
    [("audit_lock", "none"), ("audit_lock_days", "0"), ("audit_lock_days", "3654"), ("cloudtrail", "often")],
)
def test_a_wrong_setting_is_refused_by_name(tmp_path, setting, value):
    with pytest.raises(ValidationError, match=setting):
        build(outdir=tmp_path, context={setting: value}, build_assets=False)


def test_a_stage_locks_unless_it_says_otherwise():
    assert (Stage().audit_lock, Stage().audit_lock_days, Stage().cloudtrail) == ("governance", 365, False)


# TLS only.

POLICIES = {
    "AWS::S3::Bucket": ("AWS::S3::BucketPolicy", "Bucket"),
    "AWS::SQS::Queue": ("AWS::SQS::QueuePolicy", "Queues"),
    "AWS::SNS::Topic": ("AWS::SNS::TopicPolicy", "Topics"),
}


def refuses_plain_text(statement):
    principal = statement["Principal"]
    everybody = principal == "*" or principal == {"AWS": "*"}
    plain = statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    return statement["Effect"] == "Deny" and everybody and plain


@pytest.mark.parametrize("kind", POLICIES)
def test_whoever_comes_without_tls_is_refused(strict, live, kind):
    policy_kind, of = POLICIES[kind]
    for assembly in (strict, live):
        refusing = {}
        for policy in assembly.properties(policy_kind):
            for name in re.findall(r'"Ref": "(\w+)"', json.dumps(policy[of])):
                refusing[name] = [s for s in policy["PolicyDocument"]["Statement"] if refuses_plain_text(s)]
        there = assembly.resources(kind)
        assert there
        for name in there:
            (statement,) = refusing[name]
            # Buckets and queues refuse everything; a topic's policy can only name what topics take.
            publishes = "sns:Publish" in actions(statement)
            assert actions(statement) in ({"s3:*"}, {"sqs:*"}) or publishes, name
            assert name in json.dumps(statement["Resource"]), name


def test_the_http_api_has_aws_own_address_which_takes_tls_alone(cloud):
    """An address of one's own would bring a policy of its own: then TLS 1.2 at least."""
    (api,) = cloud.properties("AWS::ApiGatewayV2::Api")
    assert api["ProtocolType"] == "HTTP"
    assert not api.get("DisableExecuteApiEndpoint", False)
    assert not cloud.properties("AWS::ApiGatewayV2::DomainName")


def test_nothing_that_is_deployed_asks_in_plain_text():
    """Everything else is reached by boto3, whose addresses of AWS are https, or by an address in the code."""
    plain = re.compile(r"""["'(]((?:http|ws|smtp|redis)://[^"')\s]+)""")
    asked = {
        (path.relative_to(ROOT).as_posix(), address)
        for folder in ("layers/core/patang", "functions", "infra")
        for path in sorted(Path(ROOT / folder).rglob("*.py"))
        for address in plain.findall(path.read_text())
        if not re.match(r"http://(127\.0\.0\.1|localhost|\[::1\])", address)
    }
    assert asked == set()


def test_no_variable_and_no_definition_leads_out_in_plain_text(cloud, live):
    for assembly in (cloud, live):
        for stack, template in assembly.templates.items():
            assert not re.findall(r"(?<![a-z])(?:http|ws)://", json.dumps(template)), stack
