"""The stage's keys, one a purpose: each lets its own services use it, and people only administer it."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from infra.config import StageSettings

__all__ = ["secrets_key", "signing_key", "store_key"]

# All that keeps a key, and nothing that uses it: a grant would let somebody use it beside its policy.
_ADMINISTRATION: Final = (
    "kms:CancelKeyDeletion", "kms:CreateAlias", "kms:Delete*", "kms:Describe*", "kms:Disable*", "kms:Enable*",
    "kms:Get*", "kms:List*", "kms:Put*", "kms:Revoke*", "kms:ScheduleKeyDeletion", "kms:TagResource",
    "kms:UntagResource", "kms:Update*",
)  # fmt: skip
_ENVELOPE: Final = ("kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext")
# CloudFormation names a role after its stack and the beginning of its logical id.
_SIGNER_ROLE: Final = "trading-TimekeepingArchiveRole"


def store_key(scope: Construct, settings: StageSettings) -> kms.Key:
    """For the bucket's objects and the owner's messages, by S3 and SNS; AWS's own senders publish too."""
    key = _key(
        scope,
        "Key",
        f"alias/{settings.prefix}",
        "Patang: the store and the owner's messages",
        _by_services(scope, "s3", "sns"),
        enable_key_rotation=True,
    )
    key.add_to_resource_policy(
        iam.PolicyStatement(
            principals=[
                iam.ServicePrincipal(name) for name in ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")
            ],
            actions=["kms:Decrypt", "kms:GenerateDataKey"],
            resources=["*"],
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        )
    )
    return key


def secrets_key(scope: Construct, settings: StageSettings) -> kms.Key:
    """For accounts' API secrets and the day's tokens, by Secrets Manager alone."""
    return _key(
        scope,
        "SecretsKey",
        f"alias/{settings.prefix}-secrets",
        "Patang: secrets of accounts and the day's tokens",
        _by_services(scope, "secretsmanager"),
        enable_key_rotation=True,
    )


def signing_key(scope: Construct, settings: StageSettings) -> kms.Key:
    """For the daily digest of the audit archive. (archive) alone signs: not the account's administrators,
    unless they change this policy or give themselves a role of its name, which is written down by CloudTrail.
    It has no rotation, as no asymmetric key has: another key is another public key, which is then kept beside
    the first.
    """
    account = Stack.of(scope).account
    name = f"{settings.prefix}-{_SIGNER_ROLE}*"
    # AWS compares the role, whoever's session it is; the emulator compares the session's own name.
    signers = [f"arn:aws:iam::{account}:role/{name}", f"arn:aws:sts::{account}:assumed-role/{name}"]
    return _key(
        scope,
        "SigningKey",
        f"alias/{settings.prefix}-audit",
        "Patang: signs the daily digest of the audit archive",
        _statement(["kms:Sign"], {"ArnLike": {"aws:PrincipalArn": signers}}),
        key_spec=kms.KeySpec.ECC_NIST_P256,
        key_usage=kms.KeyUsage.SIGN_VERIFY,
    )


def _key(
    scope: Construct, name: str, alias: str, description: str, use: iam.PolicyStatement, **properties: Any
) -> kms.Key:
    return kms.Key(
        scope,
        name,
        alias=alias,
        description=description,
        policy=iam.PolicyDocument(statements=[_statement(_ADMINISTRATION), use]),
        removal_policy=RemovalPolicy.RETAIN,
        **properties,
    )


def _by_services(scope: Construct, *services: str) -> iam.PolicyStatement:
    region = Stack.of(scope).region
    return _statement(
        _ENVELOPE,
        {"StringEquals": {"kms:ViaService": [f"{name}.{region}.amazonaws.com" for name in services]}},
    )


def _statement(actions: Sequence[str], conditions: Mapping[str, Any] | None = None) -> iam.PolicyStatement:
    """For principals of this account whose own policies say so too."""
    return iam.PolicyStatement(
        principals=[iam.AccountRootPrincipal()],
        actions=list(actions),
        resources=["*"],
        conditions=conditions,
    )
