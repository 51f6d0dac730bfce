"""The ingester on Fargate: one small task that holds the websocket, in a network that costs nothing."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_logs as logs
from aws_cdk.aws_ecr_assets import Platform
from constructs import Construct

from infra.bundles import Bundles
from infra.config import StageSettings
from infra.constructs.permissions import acknowledge

__all__ = ["DeskNetwork", "IngesterService"]

_USER: Final = "10001"
_SCRATCH: Final = "/run/patang"
# A container that runs for less is not started again in its task: that is for the deployment to judge.
_SOUND_FOR: Final = Duration.seconds(60)


class DeskNetwork(Construct):
    """Public subnets in two zones and no NAT; S3 and DynamoDB through their free gateway endpoints.

    Market data may be asked for from any address; orders have a network of their own (OrderNetwork).
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.vpc = ec2.Vpc(
            self,
            "Vpc",
            max_azs=2,
            nat_gateways=0,
            subnet_configuration=[
                ec2.SubnetConfiguration(
                    name="Public",
                    subnet_type=ec2.SubnetType.PUBLIC,
                    cidr_mask=24,
                    map_public_ip_on_launch=False,
                )
            ],
            gateway_endpoints={
                "S3": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.S3),
                "DynamoDb": ec2.GatewayVpcEndpointOptions(service=ec2.GatewayVpcEndpointAwsService.DYNAMODB),
            },
        )
        acknowledge(
            self.vpc,
            {
                "AwsSolutions-VPC7": "One task that only calls out and accepts no connection: its log says "
                "whom it called, flow logs would cost more than the task"
            },
        )


class IngesterService(Construct):
    """One task that puts ticks. Beside it a second one runs for a minute while versions change: it stands by
    until the first has put everything and given up its lease (functions.ingester.lease), so that the market
    is out of sight for seconds, and a version that does not start takes the place of nothing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: StageSettings,
        bundles: Bundles,
        network: DeskNetwork,
        *,
        environment: Mapping[str, str],
    ) -> None:
        super().__init__(scope, construct_id)
        self.cluster = ecs.Cluster(self, "Cluster", vpc=network.vpc)
        log_group = logs.LogGroup(
            self,
            "Logs",
            log_group_name=f"/aws/ecs/{settings.prefix}-ingester",
            retention=settings.log_retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.task = ecs.FargateTaskDefinition(
            self,
            "Task",
            cpu=256,
            # Measured: 340 MB with 2,000 instruments, 350 with 9,000 while the store was away, and 50 more
            # when the stream is too. Next below is 512, and a task killed for memory is a market unseen.
            memory_limit_mib=1024,
            runtime_platform=ecs.RuntimePlatform(
                cpu_architecture=ecs.CpuArchitecture.ARM64,
                operating_system_family=ecs.OperatingSystemFamily.LINUX,
            ),
        )
        # The root file system is read-only; this is the one place to write, gone with the task.
        self.task.add_volume(name="scratch")
        parameters = ecs.LinuxParameters(self, "Parameters")
        parameters.drop_capabilities(ecs.Capability.ALL)
        container = self.task.add_container(
            "Ingester",
            image=ecs.ContainerImage.from_asset(
                str(bundles.image_context("ingester").path), platform=Platform.LINUX_ARM64
            ),
            environment={
                "STAGE": settings.stage,
                "POWERTOOLS_SERVICE_NAME": "ingester",
                "AWS_DEFAULT_REGION": settings.region,
                "HEALTH_FILE": f"{_SCRATCH}/alive",
                # As old as the task: a container that is started again in it takes its lease back at once.
                "INSTANCE_FILE": f"{_SCRATCH}/instance",
                **environment,
            },
            logging=ecs.LogDrivers.aws_logs(stream_prefix="ingester", log_group=log_group),
            readonly_root_filesystem=True,
            user=_USER,
            linux_parameters=parameters,
            # Seconds, where a new task takes a minute.
            enable_restart_policy=True,
            restart_attempt_period=_SOUND_FOR,
            stop_timeout=Duration.seconds(30),
            health_check=ecs.HealthCheck(
                command=["CMD", "python", "-m", "functions.ingester.alive"],
                interval=Duration.seconds(30),
                retries=3,
                start_period=Duration.seconds(60),
            ),
        )
        container.add_mount_points(
            ecs.MountPoint(container_path=_SCRATCH, source_volume="scratch", read_only=False)
        )
        security_group = ec2.SecurityGroup(
            self,
            "Outbound",
            vpc=network.vpc,
            description="The ingester calls out over TLS and is called by nobody",
            allow_all_outbound=False,
        )
        security_group.add_egress_rule(ec2.Peer.any_ipv4(), ec2.Port.tcp(443), "Kite and AWS")
        self.service = ecs.FargateService(
            self,
            "Service",
            cluster=self.cluster,
            task_definition=self.task,
            # By IngesterHours changed from then on. Every deployment wants one task, by night too: a breaker
            # that sees none start has nothing to judge, and what is wrong would be met at the next open.
            desired_count=1,
            min_healthy_percent=100,
            max_healthy_percent=200,
            availability_zone_rebalancing=ecs.AvailabilityZoneRebalancing.DISABLED,
            circuit_breaker=ecs.DeploymentCircuitBreaker(rollback=True),
            assign_public_ip=True,
            vpc_subnets=ec2.SubnetSelection(subnet_type=ec2.SubnetType.PUBLIC),
            security_groups=[security_group],
        )
        acknowledge(
            self,
            {
                "AwsSolutions-ECS2": "The variables name resources; secrets are read from Secrets Manager",
                "AwsSolutions-ECS4": "One task, which writes its own metrics; Insights would double its cost",
                "AwsSolutions-IAM5[Resource::*]": "ecr:GetAuthorizationToken has no resource to be bound to",
            },
        )
