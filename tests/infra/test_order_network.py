"""The lane alone stands in a network, and what it sends leaves by one IPv4 address for good."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from infra.app import build
from patang_workbench.deployment.changes import let_go
from patang_workbench.local_stack.assembly import Assembly as Deployable
from tests.infra.conftest import Assembly

NETWORK = "OrderNetwork"
INTERFACES = {
    "ec2:AssignPrivateIpAddresses",
    "ec2:CreateNetworkInterface",
    "ec2:DeleteNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:UnassignPrivateIpAddresses",
}


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """The two stacks of a stage that leaves by a NAT gateway."""
    folder = tmp_path_factory.mktemp("gateway")
    return synthesised(folder, egress="nat-gateway")


@pytest.fixture(scope="module")
def nowhere(tmp_path_factory):
    """The two stacks of a stage that stays on paper and has no address."""
    return synthesised(tmp_path_factory.mktemp("nowhere"), egress="none")


def synthesised(folder, **context):
    build(outdir=folder, context=context, build_assets=False).synth()
    return Assembly(
        folder,
        {
            stack: json.loads((folder / f"patang-paper-{stack}.template.json").read_text())
            for stack in ("data", "trading")
        },
    )


def ours(assembly, kind):
    """The resources of a type that belong to the lane's network."""
    return {name: r for name, r in assembly.resources(kind).items() if name.startswith(NETWORK)}


def only(found):
    ((name, resource),) = found.items()
    return name, resource["Properties"]


def exported(assembly, imported):
    """What of the data stack an import of another stack means."""
    name = imported["Fn::ImportValue"]
    (value,) = (
        output["Value"]
        for output in assembly.templates["data"]["Outputs"].values()
        if output.get("Export", {}).get("Name") == name
    )
    return value


def lane_subnet(assembly):
    return next(
        name
        for name, resource in ours(assembly, "AWS::EC2::Subnet").items()
        if {"Key": "aws-cdk:subnet-name", "Value": "Lane"} in resource["Properties"]["Tags"]
    )


def route_table_of(assembly, subnet):
    return next(
        r["Properties"]["RouteTableId"]
        for r in ours(assembly, "AWS::EC2::SubnetRouteTableAssociation").values()
        if r["Properties"]["SubnetId"] == {"Ref": subnet}
    )


def routes_from(assembly, subnet):
    table = route_table_of(assembly, subnet)
    return [
        r["Properties"]
        for r in assembly.resources("AWS::EC2::Route").values()
        if r["Properties"]["RouteTableId"] == table
    ]


def test_the_lane_and_no_other_function_stands_in_a_network(cloud):
    inside = {name: p["VpcConfig"] for name, p in cloud.functions().items() if "VpcConfig" in p}

    assert set(inside) == {"order_lane"}
    (subnet,) = inside["order_lane"]["SubnetIds"]
    (group,) = inside["order_lane"]["SecurityGroupIds"]
    assert exported(cloud, subnet) == {"Ref": lane_subnet(cloud)}
    assert exported(cloud, group)["Fn::GetAtt"][0].startswith("OrderNetworkLaneGroup")


def test_there_is_one_address_and_it_is_told(cloud):
    address, _ = only(cloud.resources("AWS::EC2::EIP"))
    output = cloud.templates["data"]["Outputs"]["OrderEgressIp"]

    assert output["Value"] == {"Fn::GetAtt": [address, "PublicIp"]}
    assert "Register" in output["Description"]
    assert "registered_egress_ip" in output["Description"]


def test_the_address_rests_on_an_interface_and_not_on_a_machine(cloud):
    address, _ = only(cloud.resources("AWS::EC2::EIP"))
    interface, properties = only(cloud.resources("AWS::EC2::NetworkInterface"))
    _, held = only(cloud.resources("AWS::EC2::EIPAssociation"))
    _, instance = only(cloud.resources("AWS::EC2::Instance"))

    assert held == {
        "AllocationId": {"Fn::GetAtt": [address, "AllocationId"]},
        "NetworkInterfaceId": {"Fn::GetAtt": [interface, "Id"]},
    }
    assert properties["SourceDestCheck"] is False
    (attached,) = instance["NetworkInterfaces"]
    assert attached["DeviceIndex"] == "0"
    assert exported(cloud, attached["NetworkInterfaceId"]) == {"Fn::GetAtt": [interface, "Id"]}


def test_address_interface_and_what_they_stand_in_outlive_their_stack(cloud, gateway):
    for assembly in (cloud, gateway):
        kept = {
            name
            for name, resource in assembly.templates["data"]["Resources"].items()
            if name.startswith(NETWORK)
            and (resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")) == ("Retain", "Retain")
        }
        interface, properties = only(assembly.resources("AWS::EC2::NetworkInterface"))
        (group,) = (value["Fn::GetAtt"][0] for value in properties["GroupSet"])
        vpc, _ = only(ours(assembly, "AWS::EC2::VPC"))
        address, _ = only(assembly.resources("AWS::EC2::EIP"))

        assert kept == {vpc, address, interface, group, properties["SubnetId"]["Ref"]}


def test_a_replaced_trading_stack_takes_nothing_of_the_network_with_it(cloud):
    kinds = {r["Type"] for r in cloud.templates["trading"]["Resources"].values()}

    assert not kinds & {"AWS::EC2::EIP", "AWS::EC2::EIPAssociation", "AWS::EC2::NetworkInterface"}
    assert not [name for name in cloud.templates["trading"]["Resources"] if name.startswith(NETWORK)]


@pytest.mark.parametrize(("egress", "target"), [("cloud", "NetworkInterfaceId"), ("gateway", "NatGatewayId")])
def test_the_lane_leaves_by_the_address_and_by_nothing_else(request, egress, target):
    assembly = request.getfixturevalue(egress)
    subnet = lane_subnet(assembly)
    (way_out,) = routes_from(assembly, subnet)
    by_nat = [
        properties for properties in assembly.properties("AWS::EC2::Route") if "GatewayId" not in properties
    ]

    assert way_out["DestinationCidrBlock"] == "0.0.0.0/0"
    assert set(way_out) == {"DestinationCidrBlock", "RouteTableId", target}
    assert by_nat == [way_out]
    # The NAT itself stands where the internet gateway is.
    others = set(ours(assembly, "AWS::EC2::Subnet")) - {subnet}
    (public,) = others
    (to_internet,) = routes_from(assembly, public)
    assert "GatewayId" in to_internet


def test_a_gateway_in_place_of_the_instance_has_the_same_address(cloud, gateway):
    address, _ = only(gateway.resources("AWS::EC2::EIP"))
    _, nat = only(gateway.resources("AWS::EC2::NatGateway"))

    assert nat["AllocationId"] == {"Fn::GetAtt": [address, "AllocationId"]}
    assert set(cloud.resources("AWS::EC2::EIP")) == {address}
    for kind in ("AWS::EC2::Instance", "AWS::EC2::LaunchTemplate", "AWS::EC2::EIPAssociation"):
        assert not gateway.resources(kind), kind
    assert not cloud.resources("AWS::EC2::NatGateway")


def test_nothing_speaks_ipv6(cloud, gateway):
    for assembly in (cloud, gateway):
        for stack in ("data", "trading"):
            assert not re.search(r"ipv6|::/0", json.dumps(assembly.templates[stack]), re.IGNORECASE), stack


def test_only_port_443_is_open_and_to_the_nat_only_for_the_lane(cloud):
    groups = {
        re.sub(r"[0-9A-F]{8}$", "", name): r["Properties"]
        for name, r in ours(cloud, "AWS::EC2::SecurityGroup").items()
    }
    subnets = ours(cloud, "AWS::EC2::Subnet")
    lane_range = subnets[lane_subnet(cloud)]["Properties"]["CidrBlock"]

    def opened(rules):
        return {(r["IpProtocol"], r["FromPort"], r["ToPort"], r["CidrIp"]) for r in rules}

    assert set(groups) == {"OrderNetworkLaneGroup", "OrderNetworkNatGroup"}
    for group in groups.values():
        assert opened(group["SecurityGroupEgress"]) == {("tcp", 443, 443, "0.0.0.0/0")}
    assert "SecurityGroupIngress" not in groups["OrderNetworkLaneGroup"]
    assert opened(groups["OrderNetworkNatGroup"]["SecurityGroupIngress"]) == {("tcp", 443, 443, lane_range)}
    assert not ours(cloud, "AWS::EC2::SecurityGroupIngress")
    assert not ours(cloud, "AWS::EC2::SecurityGroupEgress")


def test_tables_and_objects_are_reached_without_the_nat(cloud):
    table = route_table_of(cloud, lane_subnet(cloud))
    endpoints = [r["Properties"] for r in ours(cloud, "AWS::EC2::VPCEndpoint").values()]

    assert {endpoint["ServiceName"]["Fn::Join"][1][-1] for endpoint in endpoints} == {".s3", ".dynamodb"}
    for endpoint in endpoints:
        assert endpoint["VpcEndpointType"] == "Gateway"
        assert table in endpoint["RouteTableIds"]


def test_a_stage_that_stays_on_paper_may_have_no_network_and_pays_for_none(nowhere):
    """What is left of EC2 is the ingester's network, which is free."""
    kinds = {r["Type"] for t in nowhere.templates.values() for r in t["Resources"].values()}
    mine = [name for t in nowhere.templates.values() for name in t["Resources"] if name.startswith(NETWORK)]

    assert not mine
    assert not kinds & {
        "AWS::EC2::EIP",
        "AWS::EC2::Instance",
        "AWS::EC2::LaunchTemplate",
        "AWS::EC2::NatGateway",
        "AWS::EC2::NetworkInterface",
    }
    assert "OrderEgressIp" not in nowhere.templates["data"]["Outputs"]
    assert "VpcConfig" not in nowhere.functions()["order_lane"]
    assert not [a for a in nowhere.properties("AWS::CloudWatch::Alarm") if a["Namespace"] == "AWS/EC2"]
    # Without a network there is none to be put into.
    allowed = {
        action
        for statement in nowhere.statements_of("order_lane")
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert not {action for action in allowed if action.startswith("ec2:")}


def test_a_stage_whose_address_is_registered_does_not_lose_it_to_a_setting(cloud, nowhere):
    """`patang deploy` refuses: an address can be changed at the broker once a week."""
    (data,) = (
        template
        for template in Deployable(nowhere.folder, "0" * 12, "ap-south-1").templates
        if template.stack == "patang-paper-data"
    )

    told = let_go(data, cloud.templates["data"])
    assert [line for line in told if "AWS::EC2::EIP" in line]
    assert [line for line in told if "AWS::EC2::NetworkInterface" in line]


def launch_data(assembly):
    return only(assembly.resources("AWS::EC2::LaunchTemplate"))[1]["LaunchTemplateData"]


def test_the_machine_is_small_closed_and_encrypted(cloud):
    data = launch_data(cloud)

    assert data["InstanceType"] == "t4g.nano"
    assert re.fullmatch(r"resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-.*-arm64", data["ImageId"])
    assert data["MetadataOptions"]["HttpTokens"] == "required"
    assert [device["Ebs"]["Encrypted"] for device in data["BlockDeviceMappings"]] == [True]
    assert data["CreditSpecification"] == {"CpuCredits": "standard"}
    _, instance = only(cloud.resources("AWS::EC2::Instance"))
    assert not {"KeyName", "IamInstanceProfile"} & (set(data) | set(instance))


def test_the_machine_passes_on_what_the_lane_sends_also_after_a_reboot(cloud):
    script = launch_data(cloud)["UserData"]["Fn::Base64"]
    lane_range = ours(cloud, "AWS::EC2::Subnet")[lane_subnet(cloud)]["Properties"]["CidrBlock"]

    done = subprocess.run(["bash", "-n"], input=script, text=True, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert f"ip saddr {lane_range} masquerade" in script
    assert f"ip saddr {lane_range} tcp dport 443 accept" in script
    assert "__RANGE__" not in script
    # Enabled, and not only started: systemd runs the same two commands at each boot.
    assert "systemctl enable --now patang-nat.service" in script
    assert "WantedBy=multi-user.target" in script
    unit = script.split("patang-nat.service <<'END'\n")[1].split("\nEND")[0]
    commands = re.findall(r"ExecStart=(.*)", unit)
    assert commands == ["/usr/sbin/sysctl -w net.ipv4.ip_forward=1", "/usr/sbin/nft -f /etc/patang-nat.nft"]


def test_a_deployment_leaves_the_machine_alone_until_its_generation_is_raised(cloud, tmp_path):
    """CloudFormation replaces an instance whose properties or name differ, and nothing else does."""
    template, _ = only(cloud.resources("AWS::EC2::LaunchTemplate"))
    name, instance = only(cloud.resources("AWS::EC2::Instance"))
    raised = synthesised(tmp_path, nat_generation="2")

    # Version 1 for good, so that what later versions of the template say does not reach it.
    assert instance["LaunchTemplate"] == {
        "LaunchTemplateId": {"Fn::GetAtt": [template, "LaunchTemplateId"]},
        "Version": "1",
    }
    new_template, _ = only(raised.resources("AWS::EC2::LaunchTemplate"))
    new_name, new_instance = only(raised.resources("AWS::EC2::Instance"))
    assert new_name != name
    assert new_template != template
    assert new_instance["NetworkInterfaces"] == instance["NetworkInterfaces"]
    assert ours(raised, "AWS::EC2::NetworkInterface") == ours(cloud, "AWS::EC2::NetworkInterface")


def test_a_failed_machine_is_recovered_and_the_owner_is_told(cloud):
    name, _ = only(cloud.resources("AWS::EC2::Instance"))
    alarms = {
        alarm["MetricName"]: alarm
        for alarm in cloud.properties("AWS::CloudWatch::Alarm")
        if alarm["Namespace"] == "AWS/EC2"
    }
    actions = {metric: json.dumps(alarm["AlarmActions"]) for metric, alarm in alarms.items()}

    assert set(alarms) == {"StatusCheckFailed_System", "StatusCheckFailed"}
    assert "ec2:recover" in actions["StatusCheckFailed_System"]
    assert all("ExportsOutputRefAlarms" in action for action in actions.values())
    for alarm in alarms.values():
        assert alarm["Dimensions"] == [{"Name": "InstanceId", "Value": {"Ref": name}}]
    # A machine that is gone tells nothing: that is to ring, and not to be recovered from.
    assert alarms["StatusCheckFailed"]["TreatMissingData"] == "breaching"
    assert alarms["StatusCheckFailed_System"]["TreatMissingData"] == "notBreaching"


def test_lambda_may_put_the_lane_in_its_network_and_code_may_not(cloud):
    inside = {
        name
        for name in cloud.functions()
        for statement in cloud.statements_of(name)
        if set(statement["Action"]) & INTERFACES
    }
    role = cloud.functions()["order_lane"]["Role"]["Fn::GetAtt"][0]
    policies = [p for p in cloud.properties("AWS::IAM::Policy") if {"Ref": role} in p["Roles"]]
    (denied,) = (
        statement
        for policy in policies
        for statement in policy["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny"
    )

    assert inside == {"order_lane"}
    assert set(denied["Action"]) == INTERFACES
    assert denied["Resource"] == "*"
    (function,) = denied["Condition"]["ArnEquals"].values()
    assert set(denied["Condition"]["ArnEquals"]) == {"lambda:SourceFunctionArn"}
    assert json.dumps(function).endswith(':function:patang-paper-order-lane"]]}')


def test_the_way_by_a_gateway_passes_cfn_lint(gateway):
    templates = [str(gateway.folder / f"patang-paper-{stack}.template.json") for stack in gateway.templates]
    done = subprocess.run(
        [Path(sys.executable).parent / "cfn-lint", "--ignore-checks", "W3005", "--", *templates],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout
