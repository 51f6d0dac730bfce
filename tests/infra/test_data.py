"""What must outlive a deployment does."""

import pytest

from patang.market.archive import DAYS_BACK

RETAINED = ("AWS::DynamoDB::Table", "AWS::S3::Bucket", "AWS::KMS::Key")


@pytest.mark.parametrize("kind", RETAINED)
def test_state_is_kept_when_its_stack_or_its_definition_goes(cloud, kind):
    resources = cloud.resources(kind)

    assert resources
    for name, resource in resources.items():
        assert resource["DeletionPolicy"] == "Retain", name
        assert resource["UpdateReplacePolicy"] == "Retain", name


def test_state_is_in_the_data_stack_alone(cloud):
    for stack in ("trading", "access", "operations"):
        kinds = {resource["Type"] for resource in cloud.templates[stack]["Resources"].values()}
        assert not kinds & set(RETAINED), stack


def tables(assembly):
    return {
        name.rstrip("0123456789ABCDEF"): resource["Properties"]
        for name, resource in assembly.resources("AWS::DynamoDB::Table").items()
    }


def test_tables_have_one_layout_and_cannot_be_deleted_by_hand(cloud):
    assert set(tables(cloud)) == {"Desk", "Auth", "Audit"}
    for table in tables(cloud).values():
        assert table["KeySchema"] == [
            {"AttributeName": "PK", "KeyType": "HASH"},
            {"AttributeName": "SK", "KeyType": "RANGE"},
        ]
        assert table["DeletionProtectionEnabled"] is True
        assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_desk_table_has_the_sparse_index_the_stream_and_expiry(cloud):
    desk = tables(cloud)["Desk"]
    (index,) = desk["GlobalSecondaryIndexes"]

    assert index["IndexName"] == "index1"
    assert [key["AttributeName"] for key in index["KeySchema"]] == ["GSI1PK", "GSI1SK"]
    assert index["Projection"] == {"ProjectionType": "ALL"}
    assert desk["StreamSpecification"] == {"StreamViewType": "NEW_IMAGE"}
    assert desk["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def test_state_and_audit_can_be_restored_but_tokens_cannot(cloud):
    recoverable = {
        name: table.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled", False)
        for name, table in tables(cloud).items()
    }

    assert recoverable == {"Desk": True, "Audit": True, "Auth": False}
    assert "TimeToLiveSpecification" not in tables(cloud)["Audit"]


def store(assembly):
    (found,) = (
        resource["Properties"]
        for name, resource in assembly.resources("AWS::S3::Bucket").items()
        if name.startswith("Store")
    )
    return found


def test_buckets_are_private_versioned_and_encrypted(cloud):
    buckets = cloud.properties("AWS::S3::Bucket")

    assert len(buckets) == 2
    for bucket in buckets:
        assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
        assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
        (rule,) = bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
        assert rule["ServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"


def test_what_is_of_use_for_a_while_goes_and_what_is_asked_for_seldom_gets_cheap(cloud):
    bucket = store(cloud)
    rules = {rule["Id"]: rule for rule in bucket["LifecycleConfiguration"]["Rules"]}

    def kept(name):
        return rules[name]["Prefix"], rules[name].get("ExpirationInDays")

    assert kept("feature-state") == ("features/", 14)
    assert kept("closed-minutes") == ("minutes/", 90)
    assert kept("chain-snapshots") == ("chains/", 90)
    assert kept("research") == ("research/", 90)
    assert kept("cold-ticks") == ("ticks/", None)
    assert rules["cold-ticks"]["Transitions"] == [{"StorageClass": "GLACIER_IR", "TransitionInDays": 30}]
    # What the audit log has sealed is kept for as long as the log: for good, and readable at once.
    assert kept("sealed-decisions") == ("decisions/", None)
    assert rules["sealed-decisions"]["Transitions"] == [
        {"StorageClass": "GLACIER_IR", "TransitionInDays": 90}
    ]
    assert all("ExpirationInDays" not in rule for rule in rules.values() if "Prefix" not in rule)
    # Overwritten each minute in a bucket that keeps versions.
    assert rules["feature-state"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert rules["old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert all(rule["Status"] == "Enabled" for rule in rules.values())


def test_a_day_can_be_made_good_for_as_long_as_its_minutes_and_chains_are_kept(cloud):
    bucket = store(cloud)
    days = {r["Id"]: r.get("ExpirationInDays") for r in bucket["LifecycleConfiguration"]["Rules"]}

    assert min(days["closed-minutes"], days["chain-snapshots"]) > DAYS_BACK


def test_outputs_that_others_read_keep_their_names(cloud):
    outputs = {name for template in cloud.templates.values() for name in template.get("Outputs", {})}

    assert outputs >= {
        "ApiUrl", "ApiId", "McpUrl", "DeskTable", "AuthTable", "AuditTable", "StoreBucket", "NotifyTopicArn",
        "AlarmTopicArn", "SecretPrefix", "SecretKeyArn", "TickStream", "OrderQueueUrl", "AuditArchiveBucket",
        "AuditKeyArn",
        "OrderUpdatesQueueUrl",
        "DeadLetterQueueUrl", "TradingCycleArn", "OrderWorkflowArn",
    }  # fmt: skip
