"""What a deployment would change: the templates that were made, beside those that are deployed."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from patang_workbench.local_stack.assembly import Template

__all__ = ["BILLED", "StackChange", "billed", "change_of", "let_go", "retained"]

type Body = Mapping[str, Any]

# What costs money for being there, used or not, and by what it is billed.
BILLED: Final[Mapping[str, str]] = {
    "AWS::Kinesis::Stream": "tick stream: each shard, by the hour",
    "AWS::ECS::Service": "ingester: a Fargate task and its public address, while it runs",
    "AWS::EC2::EIP": "the fixed address of orders, by the hour, also after the stage was destroyed",
    "AWS::EC2::Instance": "NAT instance and its disk, by the hour",
    "AWS::EC2::NatGateway": "NAT gateway, by the hour and the gigabyte",
    "AWS::EC2::VPCEndpoint": "interface endpoint, by the hour",
    "AWS::KMS::Key": "key, by the month",
    "AWS::SecretsManager::Secret": "secret, by the month",
    "AWS::CloudWatch::Alarm": "alarm, by the month",
    "AWS::CloudWatch::CompositeAlarm": "composite alarm, by the month",
    "AWS::CloudWatch::Dashboard": "dashboard, by the month, beyond the first three of the account",
}
_FREE_ENDPOINT: Final = "Gateway"
# What decides which thing an item of state is: with another of these CloudFormation makes a new, empty one.
_IDENTITY: Final[Mapping[str, tuple[str, ...]]] = {
    "AWS::DynamoDB::Table": ("TableName", "KeySchema", "LocalSecondaryIndexes"),
    "AWS::S3::Bucket": ("BucketName",),
    "AWS::KMS::Key": ("KeySpec", "MultiRegion"),
    "AWS::EC2::EIP": ("Domain", "NetworkBorderGroup", "TransferAddress", "Address", "IpamPoolId"),
    "AWS::EC2::NetworkInterface": ("SubnetId", "PrivateIpAddress", "InterfaceType"),
    "AWS::EC2::VPC": ("CidrBlock", "InstanceTenancy"),
    "AWS::EC2::Subnet": ("CidrBlock", "VpcId", "AvailabilityZone"),
    "AWS::ApiGatewayV2::Api": ("ProtocolType",),
}


@dataclass(frozen=True, slots=True)
class StackChange:
    """Logical ids by what would happen to them; `new`: the stack is not deployed yet. `rest` names the other
    parts of the template (outputs, parameters) that differ."""

    stack: str
    new: bool
    added: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()

    @property
    def is_none(self) -> bool:
        """Whether the stack stays as it is."""
        return not (self.new or self.added or self.changed or self.removed or self.rest)

    def __str__(self) -> str:
        if self.new:
            return f"{self.stack}: is made, {len(self.added)} resources"
        told = [
            f"{len(names)} {what}"
            for names, what in ((self.added, "added"), (self.changed, "changed"), (self.removed, "removed"))
            if names
        ] + ([f"{', '.join(self.rest)} changed"] if self.rest else [])
        return f"{self.stack}: {', '.join(told) or 'nothing changes'}"


def change_of(template: Template, deployed: Body | None) -> StackChange:
    """What deploying `template` would change; `deployed`: the stack's template now, None without a stack."""
    wanted, found = _resources(template.body), _resources(deployed or {})
    both = sorted(wanted.keys() & found.keys())
    parts = (
        ("outputs", "Outputs"),
        ("parameters", "Parameters"),
        ("conditions", "Conditions"),
        ("mappings", "Mappings"),
    )
    return StackChange(
        template.stack,
        new=deployed is None,
        added=tuple(sorted(wanted.keys() - found.keys())),
        changed=tuple(name for name in both if _plain(wanted[name]) != _plain(found[name])),
        removed=tuple(sorted(found.keys() - wanted.keys())),
        rest=()
        if deployed is None
        else tuple(
            word for word, part in parts if (template.body.get(part) or {}) != (deployed.get(part) or {})
        ),
    )


def let_go(template: Template, deployed: Body | None) -> list[str]:
    """What is kept for good and would be lost from sight: removed from its stack, or made anew and empty.

    Nothing of it would be deleted; but the desk would go on without its books, keys or registered address.
    """
    wanted, told = _resources(template.body), []
    for name, resource in sorted(retained(deployed or {}).items()):
        kind, after = str(resource["Type"]), wanted.get(name)
        if after is None or after["Type"] != kind:
            told.append(f"{name} ({kind}) is no longer in {template.stack}")
            continue
        before, now = resource.get("Properties", {}), after.get("Properties", {})
        other = [key for key in _IDENTITY.get(kind, ()) if before.get(key) != now.get(key)]
        if other:
            told.append(f"{name} ({kind}) would be made anew and empty: {', '.join(other)} differs")
    return told


def retained(body: Body) -> dict[str, Mapping[str, Any]]:
    """What of a template outlives its stack, by logical id.

    A function's published versions do not: they outlive an upgrade, to go back to, and end with the function.
    """
    return {
        name: resource
        for name, resource in _resources(body).items()
        if resource.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate")
        and resource["Type"] != "AWS::Lambda::Version"
    }


def billed(bodies: Sequence[Body]) -> Counter[str]:
    """How many of each type in BILLED these templates have; gateway endpoints are free."""
    kinds = Counter[str]()
    for body in bodies:
        for resource in _resources(body).values():
            free = resource.get("Properties", {}).get("VpcEndpointType", _FREE_ENDPOINT) == _FREE_ENDPOINT
            if resource["Type"] in BILLED and not (resource["Type"] == "AWS::EC2::VPCEndpoint" and free):
                kinds[resource["Type"]] += 1
    return kinds


def _resources(body: Body) -> Mapping[str, Mapping[str, Any]]:
    found: Mapping[str, Mapping[str, Any]] = body.get("Resources", {})
    return found


def _plain(resource: Mapping[str, Any]) -> dict[str, Any]:
    """Without what the CDK writes there for itself."""
    return {name: part for name, part in resource.items() if name != "Metadata"}
