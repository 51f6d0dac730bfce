"""The composition root: environment in, wired services out. The only module that knows the adapters.

Each deployed function makes one Desk when its instance starts and asks it for the one service it calls.
Everything is built on first use, so that a function needs only the environment its own service needs.
"""

import os
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import boto3
from botocore.config import Config

from patang.adapters.aws.dynamodb import DynamoStore, plain
from patang.adapters.aws.kinesis import KinesisReader, KinesisStream
from patang.adapters.aws.s3 import S3Objects
from patang.adapters.aws.secretsmanager import SecretsManager
from patang.adapters.aws.sns import SnsNotifier
from patang.adapters.aws.sqs import SqsDeadLetters, SqsIntentQueue, SqsUpdateQueue
from patang.adapters.aws.stepfunctions import StepFunctions
from patang.adapters.system import EmbeddedMetrics, SystemClock
from patang.audit.linker import AuditLinker
from patang.audit.log import AuditLog
from patang.errors import SettingsError
from patang.ports import (
    Attributes,
    Clock,
    DeadLetters,
    IntentQueue,
    Metrics,
    Notifier,
    ObjectStore,
    SecretStore,
    StateStore,
    StreamReader,
    TickStream,
    UpdateQueue,
    Workflows,
)
from patang.settings import Settings, load_settings

__all__ = ["Desk"]

_SETTINGS_AGE_SECONDS = 5

# Shorter than any function's own time-out, so that a slow service is told from a slow function.
_AWS_CALLS = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


class Desk:
    """What one process of the desk is wired to. `environment` defaults to the process's own."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._settings: tuple[float, Settings] | None = None

    def variable(self, name: str) -> str:
        """A variable of the environment. Raises SettingsError that names it if it is missing."""
        value = self._environment.get(name)
        if not value:
            raise SettingsError(
                f"the environment variable {name} is not set: the function was deployed without it"
            )
        return value

    def _client(self, service: Any) -> Any:
        # `Any`: the name is one of some four hundred literals to the type stubs.
        return boto3.client(service, config=_AWS_CALLS)

    def settings(self) -> Settings:
        """The desk's settings, at most five seconds old. Raises SettingsError."""
        now = self.clock.now().timestamp()
        if self._settings is None or now - self._settings[0] > _SETTINGS_AGE_SECONDS:
            self._settings = (now, load_settings(self.store))
        return self._settings[1]

    @cached_property
    def store(self) -> StateStore:
        return DynamoStore(self._client("dynamodb"), self.variable("DESK_TABLE"))

    @cached_property
    def auth_store(self) -> StateStore:
        return DynamoStore(self._client("dynamodb"), self.variable("AUTH_TABLE"))

    @cached_property
    def audit_store(self) -> StateStore:
        return DynamoStore(self._client("dynamodb"), self.variable("AUDIT_TABLE"))

    @cached_property
    def objects(self) -> ObjectStore:
        return S3Objects(self._client("s3"), self.variable("STORE_BUCKET"))

    @cached_property
    def secrets(self) -> SecretStore:
        return SecretsManager(self._client("secretsmanager"), self._environment.get("SECRET_KEY_ID"))

    @cached_property
    def clock(self) -> Clock:
        return SystemClock()

    @cached_property
    def metrics(self) -> Metrics:
        return EmbeddedMetrics(self.variable("POWERTOOLS_SERVICE_NAME"), self.variable("STAGE"))

    @cached_property
    def notifier(self) -> Notifier:
        return SnsNotifier(self._client("sns"), self.variable("NOTIFY_TOPIC_ARN"))

    @cached_property
    def workflows(self) -> Workflows:
        names = {"trading_cycle": "TRADING_CYCLE_ARN", "order": "ORDER_WORKFLOW_ARN"}
        known = {workflow: self._environment.get(name) for workflow, name in names.items()}
        return StepFunctions(self._client("stepfunctions"), {name: arn for name, arn in known.items() if arn})

    @cached_property
    def intent_queue(self) -> IntentQueue:
        return SqsIntentQueue(self._client("sqs"), self.variable("ORDER_QUEUE_URL"))

    @cached_property
    def update_queue(self) -> UpdateQueue:
        return SqsUpdateQueue(self._client("sqs"), self.variable("ORDER_UPDATES_QUEUE_URL"))

    @cached_property
    def dead_letters(self) -> DeadLetters:
        return SqsDeadLetters(self._client("sqs"), self.variable("DEAD_LETTER_QUEUE_URL"))

    @cached_property
    def tick_stream(self) -> TickStream:
        return KinesisStream(self._client("kinesis"), self.variable("TICK_STREAM"))

    @cached_property
    def stream_reader(self) -> StreamReader:
        return KinesisReader(self._client("kinesis"), self.variable("TICK_STREAM"))

    @staticmethod
    def stored_item(image: Attributes) -> Attributes:
        """What was stored, from an image in the notation of the table's stream."""
        return plain(image)

    def audit_linker(self) -> AuditLinker:
        return AuditLinker(self.audit_store, self.dead_letters, self.clock, self.metrics)

    def audit_log(self) -> AuditLog:
        return AuditLog(self.store, self.audit_store)
