"""What a stage's templates deploy, as far as it is charged for."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from patang.errors import PatangError
from patang_workbench.cost.prices import REGION
from patang_workbench.local_stack.assembly import Assembly, Template, named_in

__all__ = ["FREE", "CostError", "Deployed", "calls_a_month", "json_of"]

# Types that are charged nothing by themselves, and why. One that is neither here nor priced stops the
# estimate: a sum that leaves something out is worse than none.
FREE: Final[Mapping[str, str]] = {
    "AWS::ApiGatewayV2::Api": "charged by the request",
    "AWS::ApiGatewayV2::Integration": "part of an API",
    "AWS::ApiGatewayV2::Route": "part of an API",
    "AWS::ApplicationAutoScaling::ScalableTarget": "free; what it starts is charged",
    "AWS::ApplicationAutoScaling::ScalingPolicy": "free; what it starts is charged",
    "AWS::Budgets::Budget": "watching is free; only actions of more than two budgets are charged",
    "AWS::CDK::Metadata": "nothing is deployed",
    "AWS::EC2::EIPAssociation": "the address is charged",
    "AWS::EC2::InternetGateway": "charged by what passes",
    "AWS::EC2::LaunchTemplate": "the instance is charged",
    "AWS::EC2::NetworkInterface": "free",
    "AWS::EC2::Route": "free",
    "AWS::EC2::RouteTable": "free",
    "AWS::EC2::SecurityGroup": "free",
    "AWS::EC2::SecurityGroupEgress": "free",
    "AWS::EC2::SecurityGroupIngress": "free",
    "AWS::EC2::Subnet": "free",
    "AWS::EC2::SubnetRouteTableAssociation": "free",
    "AWS::EC2::VPC": "free",
    "AWS::EC2::VPCGatewayAttachment": "free",
    "AWS::ECS::Cluster": "its tasks are charged",
    "AWS::ECS::TaskDefinition": "the service is charged",
    "AWS::IAM::Policy": "free",
    "AWS::IAM::Role": "free",
    "AWS::KMS::Alias": "the key is charged",
    "AWS::Lambda::Alias": "free",
    "AWS::Lambda::EventInvokeConfig": "free",
    "AWS::Lambda::EventSourceMapping": "what it calls and polls is charged there",
    "AWS::Lambda::LayerVersion": "kept in S3 by Lambda, whose first 75 GB are free",
    "AWS::Lambda::Permission": "free",
    "AWS::Lambda::Version": "free",
    "AWS::Logs::LogGroup": "charged by what is written",
    "AWS::Logs::MetricFilter": "the metric is charged where it is watched",
    "AWS::Logs::QueryDefinition": "free",
    "AWS::Logs::ResourcePolicy": "free",
    "AWS::S3::BucketPolicy": "free",
    "AWS::SNS::Subscription": "charged by the message",
    "AWS::SNS::TopicPolicy": "free",
    "AWS::SQS::QueuePolicy": "free",
    "AWS::SSM::Parameter": "standard parameters are free",
}

_WEEKS_A_MONTH: Final = Decimal(365) / 7 / 12
_MINUTES_A_MONTH: Final = Decimal(730 * 60)
_MINUTES: Final = {"minute": 1, "minutes": 1, "hour": 60, "hours": 60, "day": 1440, "days": 1440}
_DAYS: Final = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


class CostError(PatangError):
    """What a stage costs cannot be said: something of it is not known."""


@dataclass(frozen=True, slots=True)
class Deployed:
    """The templates of one stage."""

    templates: tuple[Template, ...]

    @classmethod
    def read(cls, folder: Path) -> "Deployed":
        """From a cloud assembly. Raises CostError if the folder holds none."""
        try:
            return cls(Assembly(folder, "account", REGION).templates)
        except (OSError, ValueError, KeyError) as error:
            raise CostError(
                f"{folder} holds no cloud assembly ({error!r}): write one with make synth"
            ) from error

    def kinds(self) -> frozenset[str]:
        """The resource types."""
        return frozenset(
            str(resource["Type"])
            for template in self.templates
            for resource in template.body["Resources"].values()
        )

    def of(self, kind: str) -> list[Mapping[str, Any]]:
        """The properties of every resource of a type."""
        return [properties for template in self.templates for properties in template.resources(kind)]

    def named(self, kind: str) -> Iterator[tuple[Template, str, Mapping[str, Any]]]:
        """Each resource of a type with its template and its logical id, to follow references."""
        for template in self.templates:
            for name, resource in template.body["Resources"].items():
                if resource["Type"] == kind:
                    yield template, name, resource.get("Properties", {})

    def shards(self) -> int:
        """Shards of the tick stream. Raises CostError if it is not of a fixed size."""
        (stream,) = self.of("AWS::Kinesis::Stream")
        if "ShardCount" not in stream:
            raise CostError(
                "the tick stream is on demand, which has no price here: give it shards (tick_shards)"
            )
        return int(stream["ShardCount"])

    def allowed_actions(self) -> Iterator[list[str]]:
        """The actions of each allowing statement of the roles."""
        for policy in self.of("AWS::IAM::Policy"):
            for statement in policy["PolicyDocument"]["Statement"]:
                if statement["Effect"] == "Allow":
                    actions = statement["Action"]
                    yield [actions] if isinstance(actions, str) else actions

    def scheduled_calls(self) -> dict[str, Decimal]:
        """Calls a month by schedules of the template, by the called function's logical id."""
        found: dict[str, Decimal] = {}
        for schedule in self.of("AWS::Scheduler::Schedule"):
            for function in self.called(schedule["Target"]["Arn"]):
                found[function] = found.get(function, Decimal(0)) + calls_a_month(
                    schedule["ScheduleExpression"]
                )
        return found

    def called(self, part: Any) -> frozenset[str]:
        """Logical ids of the functions whose aliases a part of the template names."""
        aliases = {name: alias for _, name, alias in self.named("AWS::Lambda::Alias")}
        return frozenset(aliases[name]["FunctionName"]["Ref"] for name in named_in(part) & aliases.keys())


def _text_of(part: Any) -> str:
    """A property that is put together of texts and references, the references as a word each."""
    match part:
        case {"Fn::Join": [str(between), list(parts)]}:
            return between.join(map(_text_of, parts))
        case str(text):
            return text
        case _:
            return "reference"


def json_of(part: Any) -> Any:
    """The JSON that such a property holds."""
    return json.loads(_text_of(part))


def calls_a_month(expression: str) -> Decimal:
    """How often a schedule fires in a month of 365/12 days. Raises CostError where that is not understood."""
    kind, _, inside = expression.removesuffix(")").partition("(")
    fields = inside.split()
    if kind == "rate" and len(fields) == 2 and fields[1] in _MINUTES:
        return _MINUTES_A_MONTH / (int(fields[0]) * _MINUTES[fields[1]])
    if kind == "cron" and len(fields) == 6 and fields[2] in ("*", "?") and fields[3] == "*":
        try:
            a_day = _count(fields[0], 60) * _count(fields[1], 24)
            return a_day * _count(fields[4], 7, _DAYS) * _WEEKS_A_MONTH
        except ValueError:
            pass
    raise CostError(
        f"how often {expression} fires is not understood: give minutes, hours and days of the week"
    )


def _count(field: str, size: int, names: tuple[str, ...] = ()) -> int:
    """How many values a cron field has: *, ?, 5, 1,2, 9-15, MON-FRI, 0/4, */5."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, dash, last = span.partition("-")
        if span in ("*", "?"):
            start, end = 0, size - 1
        else:
            start = _value(first, names)
            end = _value(last, names) if dash else (size - 1 if step else start)
        found.update(range(start, end + 1, int(step or 1)))
    return len(found)


def _value(text: str, names: tuple[str, ...]) -> int:
    return names.index(text) if text in names else int(text)
