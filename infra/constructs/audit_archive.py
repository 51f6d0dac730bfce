"""Where the audit log's files are kept so that nobody takes them away or writes them anew."""

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import StageSettings
from infra.constructs.permissions import acknowledge

__all__ = ["audit_archive"]


def audit_archive(scope: Construct, settings: StageSettings, key: kms.IKey) -> s3.Bucket:
    """A versioned bucket whose every object version is locked for `audit_lock_days`.

    A bucket of its own, for the lock of a bucket holds all that is put into it, and the store's snapshots are
    to go after days.
    """
    days = Duration.days(settings.audit_lock_days)
    bucket = s3.Bucket(
        scope,
        "AuditArchive",
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        versioned=True,
        object_lock_enabled=True,
        object_lock_default_retention=(
            s3.ObjectLockRetention.compliance(days)
            if settings.audit_lock == "compliance"
            else s3.ObjectLockRetention.governance(days)
        ),
        removal_policy=RemovalPolicy.RETAIN,
        lifecycle_rules=[
            s3.LifecycleRule(
                id="unfinished-uploads", abort_incomplete_multipart_upload_after=Duration.days(1)
            )
        ],
    )
    acknowledge(
        bucket,
        {"AwsSolutions-S1": "One writer, and the lock; who reads is recorded where cloudtrail is on"},
    )
    return bucket
