"""Distributed research: a worker image, and the map that calls it for each line of a manifest."""

from typing import Any, Final

from aws_cdk import ArnFormat, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_stepfunctions as sfn
from aws_cdk.aws_ecr_assets import Platform
from constructs import Construct

from infra.bundles import Bundles, host_is_arm
from infra.config import StageSettings
from infra.constructs.desk_function import DeskFunction, live_alias
from infra.constructs.permissions import Store, acknowledge, allow, allow_objects
from infra.constructs.trading_cycle import STATE_MACHINE_FINDINGS, workflow_logs
from patang.backtest.asked import BACKTESTS, REPORTS, manifest_path
from patang.backtest.worker import INPUTS, KEPT, RUNS

__all__ = ["ResearchMap", "ResearchWorkerFunction", "allow_backtests"]

# One processor is 1,769 MB; a job is one thread, and two years of a symbol with features are 300 MB.
_MEMORY_MB: Final = 2048
_JOB_MINUTES: Final = 15
_TRIES_AGAIN: Final = 2
_LABEL: Final = "jobs"
# A program that fails everywhere is not paid for everywhere. What succeeded stays, and is not done again.
_FAILED_PERCENT: Final = 5


class ResearchWorkerFunction(lambda_.DockerImageFunction):
    """functions/research_worker as an image: kernels, training and their packages fit into no layer."""

    def __init__(self, scope: Construct, settings: StageSettings, bundles: Bundles, store: Store) -> None:
        holder = Construct(scope, "ResearchWorker")
        name = f"{settings.prefix}-research-worker"
        log_group = logs.LogGroup(
            holder,
            "Logs",
            log_group_name=f"/aws/lambda/{name}",
            retention=settings.log_retention,
            removal_policy=RemovalPolicy.DESTROY,
        )
        role = iam.Role(holder, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        arm = settings.flavour == "cloud" or host_is_arm()
        super().__init__(
            holder,
            "Function",
            function_name=name,
            description="Patang research_worker",
            code=lambda_.DockerImageCode.from_image_asset(
                str(bundles.image_context("research_worker").path),
                platform=Platform.LINUX_ARM64 if arm else Platform.LINUX_AMD64,
            ),
            architecture=lambda_.Architecture.ARM_64 if arm else lambda_.Architecture.X86_64,
            role=role,
            log_group=log_group,
            logging_format=lambda_.LoggingFormat.JSON,
            memory_size=_MEMORY_MB,
            timeout=Duration.minutes(_JOB_MINUTES),
            environment={
                "STAGE": settings.stage,
                "POWERTOOLS_SERVICE_NAME": "research_worker",
                "STORE_BUCKET": store.name,
                "MODELS": bundles.models(),
            },
            retry_attempts=0,
            max_event_age=Duration.seconds(60),
            current_version_options=lambda_.VersionOptions(removal_policy=RemovalPolicy.RETAIN),
        )
        self.live = live_alias(holder, self)
        allow_objects(role, store, read=[INPUTS, RUNS, *KEPT], write=[RUNS, BACKTESTS])


class ResearchMap(Construct):
    """A Distributed Map: each line of the JSONL object `manifest` is a child execution that calls the worker.

    Input {"bucket", "manifest", "report"}: the store's bucket, the manifest's key, and below which key the
    map tells what became of its children. A job that is killed is tried again, for its result is kept under
    its own name: twice done is once done. A run whose failures pass the limit ends; the next start goes on
    with what has no result.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: StageSettings,
        store: Store,
        worker: lambda_.IAlias,
    ) -> None:
        super().__init__(scope, construct_id)
        name = machine_name(settings)
        # Written out: the CDK's own map lets its role read and write the whole bucket.
        jobs = sfn.CustomState(self, "Jobs", state_json=_map_of_jobs(worker, settings.research_workers))
        self.machine = sfn.StateMachine(
            self,
            "Machine",
            state_machine_name=name,
            definition_body=sfn.DefinitionBody.from_chainable(jobs),
            timeout=Duration.hours(24),
            logs=workflow_logs(self, settings, name),
        )
        acknowledge(self.machine, STATE_MACHINE_FINDINGS)
        worker.grant_invoke(self.machine.role)
        allow_objects(self.machine.role, store, read=[RUNS], write=[RUNS])
        allow(
            self.machine.role,
            ["s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"],
            [f"{store.arn}/{RUNS}*"],
        )
        self._allow_children(name)

    def _allow_children(self, name: str) -> None:
        """By their names: a reference of the machine's role to the machine would be a circle."""
        stack, role = Stack.of(self), self.machine.role
        parts = {"service": "states", "arn_format": ArnFormat.COLON_RESOURCE_NAME}
        allow(
            role,
            ["states:StartExecution"],
            [stack.format_arn(resource="stateMachine", resource_name=name, **parts)],
        )
        allow(
            role,
            ["states:DescribeExecution", "states:StopExecution"],
            [stack.format_arn(resource="execution", resource_name=f"{name}/{_LABEL}:*", **parts)],
            why_wildcard="The children of this one map: their names are given by the service",
        )


def machine_name(settings: StageSettings) -> str:
    """How the map's state machine is called, so that others may name it without waiting for its stack."""
    return f"{settings.prefix}-research"


def allow_backtests(function: DeskFunction, settings: StageSettings, store: Store, models: str) -> None:
    """Lets a function read reports and, where research is deployed, start backtests and follow them."""
    allow_objects(function, store, read=[REPORTS])
    if not settings.research:
        return
    stack, name = Stack.of(function), machine_name(settings)
    parts = {"service": "states", "arn_format": ArnFormat.COLON_RESOURCE_NAME}
    machine = stack.format_arn(resource="stateMachine", resource_name=name, **parts)
    function.add_environment("RESEARCH_MACHINE_ARN", machine)
    function.add_environment("MODELS", models)
    allow(function, ["states:StartExecution"], [machine])
    allow(
        function,
        ["states:DescribeExecution"],
        [stack.format_arn(resource="execution", resource_name=f"{name}:*", **parts)],
        why_wildcard="The executions of this one map: their names are those of its runs",
    )
    # A run's result says why it could not be made; its manifest is all that is written of it here.
    allow_objects(function, store, read=[RUNS])
    why = "One manifest a run: the names of runs are made of what they are asked"
    allow(function, ["s3:PutObject"], [f"{store.arn}/{manifest_path('*')}"], why_wildcard=why)
    allow(function, ["kms:GenerateDataKey", "kms:Decrypt"], [store.key.key_arn])


def _map_of_jobs(worker: lambda_.IAlias, at_once: int) -> dict[str, Any]:
    job = {
        "Type": "Task",
        "Resource": worker.function_arn,
        # A worker that takes all its time has ended, and says so, before the map gives it up.
        "TimeoutSeconds": 60 * _JOB_MINUTES + 30,
        "Retry": [
            {
                "ErrorEquals": ["States.ALL"],
                "IntervalSeconds": 1,
                "MaxAttempts": _TRIES_AGAIN,
                "BackoffRate": 2,
                "JitterStrategy": "FULL",
            }
        ],
        "End": True,
    }
    return {
        "Type": "Map",
        "Label": _LABEL,
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "ReaderConfig": {"InputType": "JSONL"},
            "Parameters": {"Bucket.$": "$.bucket", "Key.$": "$.manifest"},
        },
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
            "StartAt": "Run job",
            "States": {"Run job": job},
        },
        "MaxConcurrency": at_once,
        "ToleratedFailurePercentage": _FAILED_PERCENT,
        # The answers of many jobs are more than a state may carry.
        "ResultWriter": {
            "Resource": "arn:aws:states:::s3:putObject",
            "Parameters": {"Bucket.$": "$.bucket", "Prefix.$": "$.report"},
        },
        "End": True,
    }
