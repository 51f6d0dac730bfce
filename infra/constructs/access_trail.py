"""Who read which secret, and who touched the audit archive, written down by AWS itself."""

from typing import Final

from aws_cdk import Stack
from aws_cdk import aws_cloudtrail as cloudtrail
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import StageSettings

__all__ = ["access_trail"]

_FOLDER: Final = "cloudtrail"
_WATCHED: Final = ("audit_logs/", "digests/", "keys/")

type _Field = cloudtrail.CfnTrail.AdvancedFieldSelectorProperty
type _Selector = cloudtrail.CfnTrail.AdvancedEventSelectorProperty


def access_trail(scope: Construct, settings: StageSettings, archive: s3.Bucket, key: kms.Key) -> None:
    """A trail of this region into the audit archive, where its files are locked as the rest is.

    Reading and writing a secret are management events of CloudTrail, so the trail takes these. KMS's are
    among them, many as they are: they alone tell who signed, and who changed the signing key's policy. Data
    events are those of the archive's own objects, without the trail's, which would each cause another.
    """
    stack = Stack.of(scope)
    name = f"{settings.prefix}-access"
    arn = stack.format_arn(service="cloudtrail", resource="trail", resource_name=name)
    _let_it_write(stack, archive, key, arn)
    trail = cloudtrail.CfnTrail(
        scope,
        "AccessTrail",
        trail_name=name,
        is_logging=True,
        s3_bucket_name=archive.bucket_name,
        s3_key_prefix=_FOLDER,
        kms_key_id=key.key_arn,
        enable_log_file_validation=True,
        include_global_service_events=False,
        is_multi_region_trail=False,
        advanced_event_selectors=[
            _selector(
                "Secrets, keys and the rest of the account",
                _field("eventCategory", equal_to=["Management"]),
            ),
            _selector(
                "The audit archive",
                _field("eventCategory", equal_to=["Data"]),
                _field("resources.type", equal_to=["AWS::S3::Object"]),
                _field("resources.ARN", starts_with=[archive.arn_for_objects(part) for part in _WATCHED]),
            ),
        ],
    )
    if archive.policy is not None:
        trail.node.add_dependency(archive.policy)


def _let_it_write(stack: Stack, archive: s3.Bucket, key: kms.Key, trail: str) -> None:
    service = iam.ServicePrincipal("cloudtrail.amazonaws.com")
    of_this_trail = {"aws:SourceArn": trail}
    for action, resource, more in (
        ("s3:GetBucketAcl", archive.bucket_arn, {}),
        (
            "s3:PutObject",
            archive.arn_for_objects(f"{_FOLDER}/AWSLogs/{stack.account}/*"),
            {"s3:x-amz-acl": "bucket-owner-full-control"},
        ),
    ):
        archive.add_to_resource_policy(
            iam.PolicyStatement(
                principals=[service],
                actions=[action],
                resources=[resource],
                conditions={"StringEquals": of_this_trail | more},
            )
        )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[service],
            actions=["kms:GenerateDataKey", "kms:DescribeKey"],
            resources=["*"],
            conditions={"StringEquals": of_this_trail},
        )
    )


def _selector(name: str, *fields: _Field) -> _Selector:
    return cloudtrail.CfnTrail.AdvancedEventSelectorProperty(name=name, field_selectors=list(fields))


def _field(
    name: str,
    *,
    equal_to: list[str] | None = None,
    starts_with: list[str] | None = None,
) -> _Field:
    return cloudtrail.CfnTrail.AdvancedFieldSelectorProperty(
        field=name, equal_to=equal_to, starts_with=starts_with
    )
