"""The network of the one function that sends orders, and the fixed IPv4 address that it sends them from."""

from typing import Final

from aws_cdk import ArnFormat, CfnOutput, CfnTag, RemovalPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from constructs import Construct

from infra.config import StageSettings
from infra.constructs.permissions import acknowledge, allow

__all__ = ["OrderNetwork"]

# What Lambda does to stand a function in a subnet: AWSLambdaVPCAccessExecutionRole without the logs.
_INTERFACES: Final = (
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
)
_EVERYWHERE: Final = "0.0.0.0/0"


class OrderNetwork(Construct):
    """A private subnet for (order_lane), a public one for what it leaves by, and an Elastic IP.

    One zone: the address is in one zone only, and a subnet elsewhere would be as cut off when that zone is.
    IPv4 alone. S3 and DynamoDB have their free gateways; all else goes through the address, on port 443.

    Not there with egress `none`. With `nat-instance` the address rests on `interface`, which outlives the
    instance that holds it (infra/constructs/nat_instance.py); with `nat-gateway` on the gateway. The address,
    the interface and what they stand in are retained: an address registered with the broker can be changed
    once a week.
    """

    def __init__(self, scope: Construct, construct_id: str, settings: StageSettings) -> None:
        super().__init__(scope, construct_id)
        self.vpc = self._vpc()
        (self._public,) = self.vpc.public_subnets
        (self._private,) = self.vpc.isolated_subnets
        # No rule for names: questions to the VPC's own resolver pass every security group.
        self.lane_group = self._group("Lane", "The lane calls the broker and AWS and is called by nobody")
        self._nat_group = self._group(
            "Nat", "What calls of the lane leave by; nothing reaches it from outside"
        )
        self._nat_group.add_ingress_rule(
            ec2.Peer.ipv4(self.private_range), ec2.Port.tcp(443), "Calls of the lane"
        )
        self._address = ec2.CfnEIP(self, "Address", domain="vpc", tags=[_named(settings)])
        # There in either setting: it costs nothing, and one that comes and goes would leave another behind.
        self.interface = ec2.CfnNetworkInterface(
            self,
            "Interface",
            subnet_id=self._public.subnet_id,
            group_set=[self._nat_group.security_group_id],
            source_dest_check=False,
            description="Holds the address that orders leave from",
            tags=[_named(settings)],
        )
        if settings.egress == "nat-instance":
            self._leave_by_interface()
        else:
            self._leave_by_gateway(settings)
        for kept in (self.vpc, self._public, self._nat_group, self._address, self.interface):
            kept.apply_removal_policy(RemovalPolicy.RETAIN)
        CfnOutput(
            self,
            "Ip",
            value=self._address.attr_public_ip,
            description="Register it with the broker and as registered_egress_ip: orders leave from it",
        ).override_logical_id("OrderEgressIp")

    @property
    def private_range(self) -> str:
        """The IPv4 range (CIDR) from which the lane calls."""
        return self._private.ipv4_cidr_block

    @property
    def subnets(self) -> ec2.SubnetSelection:
        """Where the lane stands."""
        return ec2.SubnetSelection(subnets=[self._private])

    def let_in(self, role: iam.IRole, function_name: str) -> None:
        """Lets Lambda put the function of this role into the network; the function's own code may not."""
        # Interfaces are Lambda's to name, and describing them knows no resource.
        allow(
            role, _INTERFACES, ["*"], why_wildcard="Lambda names the interfaces; the code may not call this"
        )
        function = Stack.of(self).format_arn(
            service="lambda",
            resource="function",
            resource_name=function_name,
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )
        role.add_to_principal_policy(
            iam.PolicyStatement(
                effect=iam.Effect.DENY,
                actions=list(_INTERFACES),
                resources=["*"],
                conditions={"ArnEquals": {"lambda:SourceFunctionArn": function}},
            )
        )

    def _vpc(self) -> ec2.Vpc:
        vpc = ec2.Vpc(
            self,
            "Vpc",
            ip_addresses=ec2.IpAddresses.cidr("10.10.0.0/24"),
            max_azs=1,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=28,
                    map_public_ip_on_launch=False,
                ),
                # The CDK's word for a subnet whose way out it does not make itself.
                ec2.SubnetConfiguration(
                    name="Lane", subnet_type=ec2.SubnetType.PRIVATE_ISOLATED, cidr_mask=26
                ),
            ],
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "DynamoDb": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
        )
        acknowledge(
            vpc,
            {
                "AwsSolutions-VPC7": "One function that calls out on one port and accepts no connection: "
                "every order it sends is in the audit log, which says more than addresses and byte counts"
            },
        )
        return vpc

    def _group(self, name: str, description: str) -> ec2.SecurityGroup:
        group = ec2.SecurityGroup(
            self, f"{name}Group", vpc=self.vpc, description=description, allow_all_outbound=False
        )
        group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "The broker and AWS")
        return group

    def _leave_by_interface(self) -> None:
        held = ec2.CfnEIPAssociation(
            self,
            "AddressOfInterface",
            allocation_id=self._address.attr_allocation_id,
            network_interface_id=self.interface.attr_id,
        )
        # An internet gateway is not let go while an address uses it.
        held.node.add_dependency(self._public.internet_connectivity_established)
        self._route(network_interface_id=self.interface.attr_id)

    def _leave_by_gateway(self, settings: StageSettings) -> None:
        gateway = ec2.CfnNatGateway(
            self,
            "Gateway",
            subnet_id=self._public.subnet_id,
            allocation_id=self._address.attr_allocation_id,
            tags=[_named(settings)],
        )
        gateway.node.add_dependency(self._public.internet_connectivity_established)
        self._route(nat_gateway_id=gateway.attr_nat_gateway_id)

    def _route(self, **target: str) -> None:
        ec2.CfnRoute(
            self,
            "WayOut",
            route_table_id=self._private.route_table.route_table_id,
            destination_cidr_block=_EVERYWHERE,
            **target,
        )


def _named(settings: StageSettings) -> CfnTag:
    return CfnTag(key="Name", value=f"{settings.prefix}-order-egress")
