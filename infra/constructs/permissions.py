"""What a function may do, said once for each kind of resource: the actions its adapter calls, no others."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Acknowledgment, ArnFormat, Stack, Validations
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sqs as sqs
from constructs import IConstruct

from infra.config import StageSettings

__all__ = [
    "INDEX",
    "Store",
    "acknowledge",
    "allow",
    "allow_objects",
    "allow_secrets",
    "allow_send",
    "allow_table",
]

INDEX = "index1"

_READS = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
_SECRET_WRITES = tuple(
    f"secretsmanager:{action}" for action in ("CreateSecret", "PutSecretValue", "DeleteSecret")
)


@dataclass(frozen=True, slots=True)
class Store:
    """The bucket as other stacks know it: name, ARN (an import), and the key it is encrypted with."""

    name: str
    arn: str
    key: kms.IKey


def acknowledge(scope: IConstruct, reasons: Mapping[str, str]) -> None:
    """Accepts findings of cdk-nag below `scope`, each with the reason why."""
    Validations.of(scope).acknowledge(*(Acknowledgment(id=rule, reason=why) for rule, why in reasons.items()))


def allow(
    grantee: iam.IGrantable,
    actions: Sequence[str],
    resources: Sequence[str],
    *,
    why_wildcard: str | None = None,
    conditions: Mapping[str, Any] | None = None,
) -> None:
    """Adds one statement. A resource with a `*` needs `why_wildcard`, or cdk-nag stops the synth."""
    principal = grantee.grant_principal
    principal.add_to_principal_policy(
        iam.PolicyStatement(actions=list(actions), resources=list(resources), conditions=conditions)
    )
    if why_wildcard is not None and isinstance(principal, iam.Role):
        stack = Stack.of(principal)
        found = [_flat(stack.resolve(resource)) for resource in resources]
        acknowledge(
            principal, {f"AwsSolutions-IAM5[Resource::{name}]": why_wildcard for name in found if "*" in name}
        )


def allow_table(
    grantee: iam.IGrantable, table: dynamodb.ITable, *, write: bool = False, delete: bool = False
) -> None:
    """Reads a table and its sparse index; `write` puts items, `delete` removes them.

    A transaction needs the permissions of its parts, and its conditions none. The store puts whole items and
    never updates in place.
    """
    allow(grantee, _READS, [table.table_arn, f"{table.table_arn}/index/{INDEX}"])
    changes = [*(["dynamodb:PutItem"] if write else []), *(["dynamodb:DeleteItem"] if delete else [])]
    if changes:
        allow(grantee, changes, [table.table_arn])


def allow_objects(
    grantee: iam.IGrantable, store: Store, *, read: Sequence[str] = (), write: Sequence[str] = ()
) -> None:
    """Reads, lists and writes objects of the bucket below these prefixes."""
    why = "Objects below one prefix: their names are made of symbols and dates"
    if read:
        allow(grantee, ["s3:GetObject"], [f"{store.arn}/{prefix}*" for prefix in read], why_wildcard=why)
        # "If exists": without this permission S3 answers a read of what is not there with 403, not 404, and
        # that request names no prefix.
        prefixes = {"StringLikeIfExists": {"s3:prefix": [f"{prefix}*" for prefix in read]}}
        allow(grantee, ["s3:ListBucket"], [store.arn], conditions=prefixes)
        allow(grantee, ["kms:Decrypt"], [store.key.key_arn])
    if write:
        allow(grantee, ["s3:PutObject"], [f"{store.arn}/{prefix}*" for prefix in write], why_wildcard=why)
        # A multipart upload reads back the data key of its own parts.
        allow(grantee, ["kms:GenerateDataKey", "kms:Decrypt"], [store.key.key_arn])


def allow_send(grantee: iam.IGrantable, *queues: sqs.IQueue) -> None:
    """Puts messages into these queues."""
    allow(grantee, ["sqs:SendMessage"], [queue.queue_arn for queue in queues])


def allow_secrets(
    grantee: iam.IGrantable, settings: StageSettings, key: kms.IKey, *, write: bool = False
) -> None:
    """Reads the stage's secrets (accounts' API secrets, the day's tokens); `write` makes and deletes them."""
    secrets = Stack.of(key).format_arn(
        service="secretsmanager",
        resource="secret",
        resource_name=f"{settings.secret_prefix}/*",
        arn_format=ArnFormat.COLON_RESOURCE_NAME,
    )
    actions = ["secretsmanager:GetSecretValue", *(_SECRET_WRITES if write else ())]
    why = "Secrets below the stage's prefix: one an account, created when the owner adds it"
    allow(grantee, actions, [secrets], why_wildcard=why)
    allow(grantee, ["kms:Decrypt", *(["kms:GenerateDataKey"] if write else [])], [key.key_arn])


def _flat(resolved: Any) -> str:
    """A resolved CloudFormation value as cdk-nag spells it in the id of a finding."""
    match resolved:
        case str():
            return resolved
        case {"Fn::Join": [delimiter, parts]}:
            return str(delimiter).join(_flat(part) for part in parts)
        case {"Fn::GetAtt": [resource, attribute]}:
            return f"<{resource}.{attribute}>"
        case {"Fn::ImportValue": name}:
            return _flat(name)
        case {"Ref": name}:
            return f"<{name}>"
        case _:
            raise ValueError(f"{resolved!r} is no resource name that a finding could carry")
