"""What passes: the tick stream, queues, messages, the network."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from patang_workbench.cost.compute import task_hours
from patang_workbench.cost.deployed import CostError, Deployed
from patang_workbench.cost.month import Month, Use

__all__ = ["PRICED", "uses"]

PRICED: Final = frozenset({
    "AWS::ApiGatewayV2::Stage", "AWS::EC2::EIP", "AWS::EC2::Instance", "AWS::EC2::NatGateway",
    "AWS::EC2::VPCEndpoint", "AWS::Kinesis::Stream", "AWS::SNS::Topic", "AWS::SQS::Queue",
})  # fmt: skip
_MILLION: Final = Decimal(1_000_000)
_THOUSAND: Final = Decimal(1_000)
_INSTANCES: Final = {"t4g.nano": "t4g_nano_hour"}


def uses(deployed: Deployed, month: Month) -> Iterator[Use]:
    """Raises CostError for an instance or an endpoint without a price."""
    shards = deployed.shards()
    yield Use("kinesis_shard_hour", "the tick stream, day and night", shards * month.hours)
    records = month.tick_seconds * month.value("stream_records_second") * shards
    yield Use("kinesis_million_puts", "ticks and markers", records / _MILLION)
    yield from _queues(deployed, month)
    yield Use("http_api_million", "pages, approvals, postbacks, assistants", _requests(month) / _MILLION)
    yield Use("sns_thousand_mails", "mails to the owner", month.value("mails_month") / _THOUSAND)
    yield Use("transfer_out_gb", "to the owner and the broker", month.value("transfer_out_gb_month"))
    yield from _network(deployed, month)


def _requests(month: Month) -> Decimal:
    return month.of_sessions("calls_api") + month.of_sessions("calls_mcp")


def _queues(deployed: Deployed, month: Month) -> Iterator[Use]:
    queues = {name: queue for _, name, queue in deployed.named("AWS::SQS::Queue")}
    polls = month.value("queue_polls_minute") * 60 * month.hours
    for source in deployed.of("AWS::Lambda::EventSourceMapping"):
        queue = queues.get(source["EventSourceArn"].get("Fn::GetAtt", [""])[0])
        if queue is not None:
            price = "sqs_million_fifo_requests" if queue.get("FifoQueue") else "sqs_million_requests"
            yield Use(price, "its reader's long polls", polls / _MILLION)
    yield Use("sqs_million_requests", "messages", month.of_sessions("queue_messages_session") / _MILLION)


def _network(deployed: Deployed, month: Month) -> Iterator[Use]:
    for endpoint in deployed.of("AWS::EC2::VPCEndpoint"):
        if endpoint.get("VpcEndpointType", "Gateway") != "Gateway":
            raise CostError(f"an interface endpoint has no price here: {endpoint.get('ServiceName')}")
    addresses = len(deployed.of("AWS::EC2::EIP"))
    yield Use("public_ipv4_hour", "the address that orders leave from", addresses * month.hours)
    for service in deployed.of("AWS::ECS::Service"):
        if service["NetworkConfiguration"]["AwsvpcConfiguration"]["AssignPublicIp"] == "ENABLED":
            yield Use("public_ipv4_hour", "the ingester's address", task_hours(deployed, service, month))
    for gateway in deployed.of("AWS::EC2::NatGateway"):
        if gateway.get("ConnectivityType", "public") == "public":
            yield Use("nat_gateway_hour", "NAT gateway", month.hours)
            yield Use("nat_gateway_gb", "NAT gateway", month.value("nat_gb_month"))
    templates = {name: body for _, name, body in deployed.named("AWS::EC2::LaunchTemplate")}
    for instance in deployed.of("AWS::EC2::Instance"):
        yield from _instance(templates[_template_of(instance)]["LaunchTemplateData"], month)


def _template_of(instance: Any) -> str:
    match instance["LaunchTemplate"]["LaunchTemplateId"]:
        case {"Ref": str(name)} | {"Fn::GetAtt": [str(name), *_]}:
            return name
        case other:
            raise CostError(f"an instance's launch template is not of its stack: {other!r}")


def _instance(data: Any, month: Month) -> Iterator[Use]:
    kind = data["InstanceType"]
    if kind not in _INSTANCES:
        raise CostError(f"{kind} has no price here: add it to unit_prices.csv and to cost/moving.py")
    yield Use(_INSTANCES[kind], "NAT instance", month.hours)
    for disk in data["BlockDeviceMappings"]:
        yield Use("ebs_gp3_gb", "its disk", Decimal(disk["Ebs"]["VolumeSize"]))
