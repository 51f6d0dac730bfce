"""What a process of the desk stands in: its environment, AWS, and the ports that AWS answers."""

import os
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from patang.adapters.aws.dynamodb import DynamoStore, plain
from patang.adapters.aws.kinesis import KinesisReader, KinesisStream
from patang.adapters.aws.research import ResearchExecutions
from patang.adapters.aws.s3 import S3Objects
from patang.adapters.aws.secretsmanager import SecretsManager
from patang.adapters.aws.sns import SnsMessenger
from patang.adapters.aws.sqs import SqsDeadLetters, SqsIntentQueue, SqsPollQueue, SqsUpdateQueue
from patang.adapters.aws.stepfunctions import StepFunctions
from patang.adapters.system import EmbeddedMetrics, SystemClock
from patang.errors import SettingsError
from patang.notifications.service import Notifications
from patang.notifications.subscriptions import SubscriptionCheck
from patang.ports import (
    Attributes,
    Clock,
    DeadLetters,
    IntentQueue,
    Messenger,
    Metrics,
    Notifier,
    ObjectStore,
    PollQueue,
    ResearchMachine,
    SecretStore,
    StateStore,
    StreamReader,
    TableWriter,
    TickStream,
    UpdateQueue,
    Workflows,
)
from patang.settings import Settings
from patang.settings.changes import SettingsChanges
from patang.settings.reader import SettingsReader

if TYPE_CHECKING:
    from patang.ports.signing import Signer
    from patang.ports.tasks import TaskService

__all__ = ["Surroundings"]

# Shorter than any function's own time-out, so that a slow service is told from a slow function.
_AWS_CALLS = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})
# Whoever tells the owner of an order has little of his own time left, and what was not sent is kept.
_MESSAGES = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "total_max_attempts": 2})


class Surroundings:
    """Ports by name, each made on first use. `environment` defaults to the process's own."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment

    def variable(self, name: str) -> str:
        """A variable of the environment. Raises SettingsError that names it if it is missing."""
        value = self._environment.get(name)
        if not value:
            raise SettingsError(
                f"the environment variable {name} is not set: the function was deployed without it"
            )
        return value

    def _client(self, service: Any, config: Config = _AWS_CALLS) -> Any:
        # `Any`: the name is one of some four hundred literals to the type stubs.
        return boto3.client(service, config=config)

    @property
    def pause(self) -> Callable[[float], None]:
        """Lets so many seconds of wall time pass."""
        return time.sleep

    def settings(self) -> Settings:
        """What entries go by, at most five seconds old. Raises SettingsError while the stored settings are
        wrong: no entry is made then."""
        return self._reader.current()

    def standing_settings(self) -> Settings:
        """What exits, the following of orders and what they need go by: the last good settings while the
        stored ones are wrong. Raises SettingsError if there never were good ones."""
        return self._reader.standing()

    def settings_changes(self) -> SettingsChanges:
        return SettingsChanges(self.store, self.clock)

    @cached_property
    def _reader(self) -> SettingsReader:
        return SettingsReader(self.store, self.clock)

    def public_url(self) -> str:
        """Where the desk is reached from outside, without a slash at the end; empty when nobody has said."""
        return (self.standing_settings().public_url or self._environment.get("PUBLIC_URL") or "").rstrip("/")

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
    def audit_archive(self) -> ObjectStore | None:
        """What keeps the audit log's files where nobody takes them away; None where nothing does."""
        bucket = self._environment.get("AUDIT_ARCHIVE_BUCKET")
        return S3Objects(self._client("s3"), bucket) if bucket else None

    @cached_property
    def signer(self) -> "Signer":
        # Here, not at the top: one function alone signs.
        from patang.adapters.aws.kms import KmsSigner

        return KmsSigner(self._client("kms"), self.variable("AUDIT_KEY_ID"))

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
        return self.notifications()

    def notifications(self) -> Notifications:
        return Notifications(self.store, self.messenger, self.standing_settings, self.clock, self.metrics)

    def subscription_check(self) -> SubscriptionCheck:
        # Which ways the owner was subscribed by; none where nobody is, as on one machine.
        expected = self._environment.get("NOTIFY_CHANNELS", "").split()
        return SubscriptionCheck(
            self.store, self.messenger, self.notifier, expected, self.clock, self.metrics
        )

    @cached_property
    def messenger(self) -> Messenger:
        return SnsMessenger(
            self._client("sns", _MESSAGES),
            self.variable("NOTIFY_TOPIC_ARN"),
            self._environment.get("ALARM_TOPIC_ARN"),
        )

    @cached_property
    def workflows(self) -> Workflows:
        # Without it a function can only answer tasks: order workflows are started by the trading cycle.
        cycle = self._environment.get("TRADING_CYCLE_ARN")
        return StepFunctions(self._client("stepfunctions"), {"trading_cycle": cycle} if cycle else {})

    @cached_property
    def research_machine(self) -> ResearchMachine | None:
        """What does research jobs; None where the stack of it is not deployed."""
        machine = self._environment.get("RESEARCH_MACHINE_ARN")
        if not machine:
            return None
        return ResearchExecutions(self._client("stepfunctions"), machine, self.variable("STORE_BUCKET"))

    @property
    def models(self) -> str:
        """Which model artifacts the desk was deployed with; empty where nobody has said."""
        return self._environment.get("MODELS", "")

    @cached_property
    def intent_queue(self) -> IntentQueue:
        return SqsIntentQueue(self._client("sqs"), self.variable("ORDER_QUEUE_URL"))

    @cached_property
    def update_queue(self) -> UpdateQueue:
        return SqsUpdateQueue(self._client("sqs"), self.variable("ORDER_UPDATES_QUEUE_URL"))

    @cached_property
    def poll_queue(self) -> PollQueue:
        return SqsPollQueue(self._client("sqs"), self.variable("POLL_QUEUE_URL"))

    @cached_property
    def dead_letters(self) -> DeadLetters:
        return SqsDeadLetters(self._client("sqs"), self.variable("DEAD_LETTER_QUEUE_URL"))

    @cached_property
    def tick_stream(self) -> TickStream:
        return KinesisStream(self._client("kinesis"), self.variable("TICK_STREAM"))

    @cached_property
    def stream_reader(self) -> StreamReader:
        return KinesisReader(self._client("kinesis"), self.variable("TICK_STREAM"))

    @cached_property
    def tables(self) -> TableWriter:
        # Here, not at the top: pyarrow is deployed with (archive) and the ingester alone.
        from patang.adapters.parquet import ParquetTables

        return ParquetTables()

    @cached_property
    def ingester_tasks(self) -> "TaskService":
        # Here, not at the top: one function alone starts and ends them.
        from patang.adapters.aws.ecs import EcsService

        cluster, service = self.variable("INGESTER_CLUSTER"), self.variable("INGESTER_SERVICE")
        return EcsService(self._client("ecs"), cluster, service)

    @staticmethod
    def stored_item(image: Attributes) -> Attributes:
        """What was stored, from an image in the notation of the table's stream."""
        return plain(image)
