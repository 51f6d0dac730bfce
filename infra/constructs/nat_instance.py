"""The small machine that orders leave by: it puts the fixed address on the lane's calls, and nothing else."""

from typing import Final

from aws_cdk import CfnTag, Duration, Fn
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ec2 as ec2
from aws_cdk.aws_cloudwatch_actions import Ec2Action, Ec2InstanceAction
from constructs import Construct

from infra.config import StageSettings
from infra.constructs.alarm import described
from infra.constructs.order_network import OrderNetwork
from infra.constructs.permissions import acknowledge

__all__ = ["NatInstance"]

# EC2 itself looks it up, when it launches the machine: a newer image replaces nothing that runs.
_IMAGE: Final = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-arm64"

# A unit of its own, so that a reboot puts back what the first boot set up. The packages come from S3, by the
# gateway endpoint. `__RANGE__` is the subnet whose calls may leave.
_SET_UP: Final = """\
#!/bin/bash
set -euo pipefail
systemctl disable --now sshd
until dnf install -y nftables; do sleep 5; done
cat >/etc/patang-nat.nft <<'END'
flush ruleset
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat; policy accept;
    ip saddr __RANGE__ masquerade
  }
}
table ip filter {
  chain forward {
    type filter hook forward priority filter; policy drop;
    ct state established,related accept
    ip saddr __RANGE__ tcp dport 443 accept
  }
}
END
cat >/etc/systemd/system/patang-nat.service <<'END'
[Unit]
Description=Orders leave by this machine's address
After=network-online.target
Wants=network-online.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/sysctl -w net.ipv4.ip_forward=1
ExecStart=/usr/sbin/nft -f /etc/patang-nat.nft
[Install]
WantedBy=multi-user.target
END
systemctl daemon-reload
systemctl enable --now patang-nat.service
"""


class NatInstance(Construct):
    """One t4g.nano on the network's interface, with no role, no key and no way in.

    Two machines cannot hold one interface, so CloudFormation, which makes the new one first, cannot replace
    it: the launch template's first version is what it keeps to, whatever changes. A new machine is a new
    `nat_generation`, after the old one was terminated (docs/decisions/0011-one-address-for-orders.md).
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: StageSettings,
        network: OrderNetwork,
        action: cloudwatch.IAlarmAction,
    ) -> None:
        super().__init__(scope, construct_id)
        self._prefix = settings.prefix
        template = self._template(settings, network)
        self.instance = ec2.CfnInstance(
            self,
            f"Generation{settings.nat_generation}",
            launch_template=ec2.CfnInstance.LaunchTemplateSpecificationProperty(
                launch_template_id=template.attr_launch_template_id, version="1"
            ),
            network_interfaces=[
                ec2.CfnInstance.NetworkInterfaceProperty(
                    device_index="0", network_interface_id=network.interface.attr_id
                )
            ],
            tags=[CfnTag(key="Name", value=f"{settings.prefix}-nat")],
        )
        acknowledge(
            self.instance,
            {
                "AwsSolutions-EC28": "Its status checks come each minute without detailed monitoring, and "
                "its alarms read nothing else",
                "AwsSolutions-EC29": "It keeps nothing: its address is on an interface that outlives it, and "
                "to terminate it is how it is replaced",
            },
        )
        # Another host takes its place by itself, with its address.
        self._alarm(
            "nat-host-failed",
            "StatusCheckFailed_System",
            "The host of the NAT instance failed: EC2 moves it to another; until then no order leaves",
            cloudwatch.TreatMissingData.NOT_BREACHING,
            Ec2Action(Ec2InstanceAction.RECOVER),
            action,
        )
        # A machine that was stopped or terminated tells nothing any more.
        self._alarm(
            "nat-failed",
            "StatusCheckFailed",
            "The NAT instance failed or is gone: no order leaves, also no exit; sell by hand what must go",
            cloudwatch.TreatMissingData.BREACHING,
            action,
        )

    def _template(self, settings: StageSettings, network: OrderNetwork) -> ec2.CfnLaunchTemplate:
        properties = ec2.CfnLaunchTemplate
        return ec2.CfnLaunchTemplate(
            self,
            f"Template{settings.nat_generation}",
            launch_template_data=properties.LaunchTemplateDataProperty(
                image_id=_IMAGE,
                instance_type="t4g.nano",
                # Beyond its share of the processor it slows down, and does not cost more.
                credit_specification=properties.CreditSpecificationProperty(cpu_credits="standard"),
                metadata_options=properties.MetadataOptionsProperty(
                    http_tokens="required", http_put_response_hop_limit=1
                ),
                block_device_mappings=[
                    properties.BlockDeviceMappingProperty(
                        device_name="/dev/xvda",
                        ebs=properties.EbsProperty(encrypted=True, volume_size=8, volume_type="gp3"),
                    )
                ],
                user_data=Fn.base64(_SET_UP.replace("__RANGE__", network.private_range)),
            ),
        )

    def _alarm(
        self,
        name: str,
        metric: str,
        description: str,
        missing: cloudwatch.TreatMissingData,
        *actions: cloudwatch.IAlarmAction,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name.title().replace("-", ""),
            alarm_name=f"{self._prefix}-{name}",
            alarm_description=described(name, description),
            metric=cloudwatch.Metric(
                namespace="AWS/EC2",
                metric_name=metric,
                dimensions_map={"InstanceId": self.instance.ref},
                statistic="Maximum",
                period=Duration.minutes(1),
            ),
            threshold=1,
            evaluation_periods=3,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(*actions)
