"""The Lambdas: one way to make them, one role and one log group each."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from aws_cdk.aws_lambda_destinations import SqsDestination
from constructs import Construct

from infra.bundles import Bundles, host_is_arm
from infra.config import StageSettings
from infra.constructs.order_network import OrderNetwork
from infra.constructs.permissions import acknowledge

__all__ = ["FUNCTION_LAYERS", "DeskFunction", "FunctionSource", "live_alias"]

# Layers share packages (pydantic) but never in two versions: their locks are constrained by one file.
FUNCTION_LAYERS: Final[Mapping[str, tuple[str, ...]]] = {
    "api": ("core", "base", "kite", "web"),
    "archive": ("core", "base", "numeric", "parquet"),
    "audit_linker": ("core", "base"),
    "features": ("core", "base", "numeric"),
    "guard": ("core", "base", "numeric"),
    "heartbeat": ("core", "base"),
    "ingester_hours": ("core", "base"),
    "mcp": ("core", "base", "kite", "mcp"),
    "morning": ("core", "base", "kite", "numeric"),
    "order_lane": ("core", "base", "kite"),
    "order_updates": ("core", "base"),
    "order_workflow": ("core", "base", "kite"),
    # It verifies the models as (signals) does, and asks neither of them anything.
    "preflight": ("core", "base", "kite", "numeric", "artifacts"),
    "reconciler": ("core", "base", "kite"),
    # Strategies size what they want, and may calculate with arrays.
    "risk": ("core", "base", "numeric"),
    "sessions": ("core", "base", "kite"),
    "signals": ("core", "base", "model", "artifacts"),
}


class FunctionSource:
    """Where the functions of one stack take code and layers from.

    Layers are made anew in each stack: a layer's version changes with every deployment, and an export that
    another stack uses cannot change.
    """

    def __init__(self, scope: Construct, settings: StageSettings, bundles: Bundles) -> None:
        self.settings = settings
        self.bundles = bundles
        self.architecture = (
            lambda_.Architecture.ARM_64
            if settings.flavour == "cloud" or host_is_arm()
            else lambda_.Architecture.X86_64
        )
        self._scope = Construct(scope, "Layers")
        self._layers: dict[str, lambda_.LayerVersion] = {}

    def layer(self, name: str) -> lambda_.LayerVersion:
        if name not in self._layers:
            bundle = self.bundles.layer(name)
            self._layers[name] = lambda_.LayerVersion(
                self._scope,
                name.capitalize(),
                code=lambda_.Code.from_asset(str(bundle.path), asset_hash=bundle.asset_hash),
                compatible_runtimes=[lambda_.Runtime.PYTHON_3_13],
                compatible_architectures=[self.architecture],
                description=f"Patang {name}",
            )
        return self._layers[name]


class DeskFunction(lambda_.Function):
    """The function of the folder functions/<name>, entry `handler`, and `live`, which is what is called.

    Whoever invokes it without waiting gets one try, within a minute: Lambda's own default, two more over
    hours, would repeat what may have sent an order, or do it in the evening. `failures` is given to a
    function that schedules invoke: what failed goes to that queue. `network` is the lane's; whatever has none
    stands in Lambda's own.

    Each deployment that changes code, layers or settings publishes a version; event sources, workflows,
    schedules and routes call the alias, which goes over to the new version once that is there. The old one is
    kept, to go back to (docs/runbooks/upgrade.md).
    """

    def __init__(
        self,
        scope: Construct,
        source: FunctionSource,
        name: str,
        *,
        memory_mb: int,
        timeout_seconds: int,
        environment: Mapping[str, str],
        failures: sqs.IQueue | None = None,
        network: OrderNetwork | None = None,
    ) -> None:
        settings = source.settings
        construct_id = name.title().replace("_", "")
        holder = Construct(scope, construct_id)
        full_name = f"{settings.prefix}-{name.replace('_', '-')}"
        log_group = logs.LogGroup(
            holder,
            "Logs",
            log_group_name=f"/aws/lambda/{full_name}",
            retention=settings.log_retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(holder, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        if network is not None:
            network.let_in(role, full_name)
        bundle = source.bundles.function(name)
        super().__init__(
            holder,
            "Function",
            function_name=full_name,
            description=f"Patang {name}",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=source.architecture,
            handler=f"functions.{name}.handler.handler",
            code=lambda_.Code.from_asset(str(bundle.path), asset_hash=bundle.asset_hash),
            layers=[source.layer(layer) for layer in FUNCTION_LAYERS[name]],
            role=role,
            log_group=log_group,
            # Lambda's own lines are objects too, and what a handler raises is one of them.
            logging_format=lambda_.LoggingFormat.JSON,
            memory_size=memory_mb,
            timeout=Duration.seconds(timeout_seconds),
            environment={
                "STAGE": settings.stage,
                "POWERTOOLS_SERVICE_NAME": name,
                **environment,
            },
            retry_attempts=0,
            max_event_age=Duration.seconds(60),
            on_failure=None if failures is None else SqsDestination(failures),
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
            vpc=None if network is None else network.vpc,
            vpc_subnets=None if network is None else network.subnets,
            security_groups=None if network is None else [network.lane_group],
        )
        self.live = live_alias(holder, self, failures=failures)
        # Locks, wheels and compiled bytecode of the layers are all for one version.
        acknowledge(self, {"AwsSolutions-L1": "The layers are locked, built and compiled for Python 3.13"})


def live_alias(
    scope: Construct, function: lambda_.Function, *, failures: sqs.IQueue | None = None
) -> lambda_.Alias:
    """The name by which a function is called, at the version that is deployed.

    What is to become of a call that nobody waits for is said of one name, so it is said again of this one.
    """
    return lambda_.Alias(
        scope,
        "Live",
        alias_name="live",
        version=function.current_version,
        retry_attempts=0,
        max_event_age=Duration.seconds(60),
        on_failure=None if failures is None else SqsDestination(failures),
    )
