"""What happens by the clock: reminders of the login, the morning, each minute's reconciliation, the archive,
the logout, the heartbeat."""

from typing import Final

from aws_cdk.aws_lambda_event_sources import SqsEventSource
from constructs import Construct

from infra.constructs.desk_function import DeskFunction
from infra.constructs.foundation import Foundation
from infra.constructs.permissions import allow, allow_objects, allow_secrets, allow_send, allow_table
from infra.constructs.queues import RECONCILER_TIMEOUT_SECONDS
from infra.constructs.schedules import MarketSchedule

__all__ = ["Timekeeping"]

# By night too, and as often as its alarm looks (MarketSilence). Written out, as the local stack reads it.
_HEARTBEAT: Final = "cron(0,5,10,15,20,25,30,35,40,45,50,55 * ? * * *)"


class Timekeeping(Construct):
    """(morning), (preflight), (reconciler), (archive), (sessions), (heartbeat), and when they are called.

    `model_path` is the folder of model artifacts as a function sees it.
    """

    def __init__(self, scope: Construct, construct_id: str, parts: Foundation, *, model_path: str) -> None:
        super().__init__(scope, construct_id)
        settings = parts.settings
        self.reconciler = self._reconciler(parts)
        self.morning = self._morning(parts)
        self.preflight = self._preflight(parts, model_path)
        self.archive = self._archive(parts)
        self.sessions = self._sessions(parts)
        self.heartbeat = self._heartbeat(parts)
        for name, cron, function in (
            ("Reconcile", settings.reconcile_schedule, self.reconciler),
            ("Morning", settings.morning_schedule, self.morning),
            ("Late-Morning", settings.late_morning_schedule, self.morning),
            ("Preflight", settings.preflight_schedule, self.preflight),
            ("Archive", settings.archive_schedule, self.archive),
            ("Login-Reminder", settings.login_reminder_schedule, self.sessions),
            ("Logout", settings.logout_schedule, self.sessions),
            ("Heartbeat", _HEARTBEAT, self.heartbeat),
        ):
            MarketSchedule(
                self,
                f"{name.replace('-', '')}Schedule",
                name=f"{settings.prefix}-{name.lower()}",
                cron=cron,
                function=function.live,
                failures=parts.queues.dead_letters,
            )

    def _reconciler(self, parts: Foundation) -> DeskFunction:
        function = DeskFunction(
            self,
            parts.source,
            "reconciler",
            memory_mb=512,
            timeout_seconds=RECONCILER_TIMEOUT_SECONDS,
            failures=parts.queues.dead_letters,
            environment=parts.variables(
                "DESK_TABLE",
                "STORE_BUCKET",
                "ORDER_QUEUE_URL",
                "POLL_QUEUE_URL",
                "DEAD_LETTER_QUEUE_URL",
                "NOTIFY_TOPIC_ARN",
                "ALARM_TOPIC_ARN",
                "NOTIFY_CHANNELS",
                "TRADING_CYCLE_ARN",
                "SECRET_PREFIX",
                "PUBLIC_URL",
            ),
        )
        allow_table(function, parts.data.desk, write=True)
        # An order that had its yes when its sender died is looked at again, and sent.
        allow_objects(function, parts.data.store, read=["universe/", "instruments/"])
        allow_send(function, parts.queues.orders, parts.queues.polls, parts.queues.dead_letters)
        allow_secrets(function, parts.settings, parts.data.secrets_key)
        allow(function, ["states:StartExecution"], [parts.trading_cycle_arn])
        parts.allow_notify(function)
        parts.allow_look_at_subscriptions(function)
        parts.allow_answer(function)
        function.live.add_event_source(SqsEventSource(parts.queues.polls, batch_size=1, max_concurrency=2))
        return function

    def _morning(self, parts: Foundation) -> DeskFunction:
        function = DeskFunction(
            self,
            parts.source,
            "morning",
            # A hundred thousand instruments and nine sessions of minutes of 500 symbols, on a whole core.
            memory_mb=1769,
            # History comes at three requests a second: 170 s for 500 symbols, longer when the broker is slow.
            timeout_seconds=900,
            failures=parts.queues.dead_letters,
            environment=parts.variables("DESK_TABLE", "STORE_BUCKET", "SECRET_PREFIX"),
        )
        allow_table(function, parts.data.desk, write=True)
        allow_objects(
            function,
            parts.data.store,
            read=["features/history/", "instruments/", "minutes/", "volatility/"],
            write=["features/seed/", "features/history/", "universe/", "instruments/", "volatility/"],
        )
        allow_secrets(function, parts.settings, parts.data.secrets_key)
        return function

    def _preflight(self, parts: Foundation, model_path: str) -> DeskFunction:
        function = DeskFunction(
            self,
            parts.source,
            "preflight",
            memory_mb=512,
            # It waits 12 s for the lane's address, and up to 23 s for each account whose broker hangs.
            timeout_seconds=110,
            failures=parts.queues.dead_letters,
            environment=parts.variables(
                "DESK_TABLE",
                "STORE_BUCKET",
                "ORDER_QUEUE_URL",
                "NOTIFY_TOPIC_ARN",
                "SECRET_PREFIX",
                "PUBLIC_URL",
            )
            | {"MODEL_PATH": model_path},
        )
        allow_table(function, parts.data.desk, write=True)
        allow_objects(function, parts.data.store, read=["universe/"])
        # The lane alone stands where orders leave: it is asked for its address through its queue.
        allow_send(function, parts.queues.orders)
        allow_secrets(function, parts.settings, parts.data.secrets_key)
        parts.allow_notify(function)
        return function

    def _archive(self, parts: Foundation) -> DeskFunction:
        function = DeskFunction(
            self,
            parts.source,
            "archive",
            memory_mb=1769,
            # A day of 1,500 instruments is 1,500 files; and it makes good up to three days that were missed.
            timeout_seconds=900,
            failures=parts.queues.dead_letters,
            environment=parts.variables(
                "DESK_TABLE",
                "AUDIT_TABLE",
                "STORE_BUCKET",
                "TICK_STREAM",
                "AUDIT_ARCHIVE_BUCKET",
                "AUDIT_KEY_ID",
            ),
        )
        allow_table(function, parts.data.desk)
        allow_table(function, parts.data.audit)
        # The one function that seals a day; the key's own policy names its role.
        kept = ["audit_logs/", "digests/", "keys/"]
        allow_objects(function, parts.data.audit_archive, read=kept, write=kept)
        allow(function, ["kms:Sign", "kms:GetPublicKey"], [parts.data.signing_key.key_arn])
        allow_objects(
            function,
            parts.data.store,
            read=["minutes/", "chains/", "instruments/", "volatility/", "archive/", "audit_logs/"],
            write=[
                "historical_candles/",
                "daily_candles/",
                "option_chain/",
                "instruments/",
                "volatility/",
                "trade_logs/",
                "audit_logs/",
                "archive/",
            ],
        )
        # It closes the day's last minute itself, with a marker behind the last tick.
        allow(function, ["kinesis:PutRecords", "kinesis:ListShards"], [parts.ticks.stream_arn])
        return function

    def _sessions(self, parts: Foundation) -> DeskFunction:
        function = DeskFunction(
            self,
            parts.source,
            "sessions",
            memory_mb=512,
            # Up to 23 s for each account whose broker hangs.
            timeout_seconds=110,
            failures=parts.queues.dead_letters,
            environment=parts.variables("DESK_TABLE", "NOTIFY_TOPIC_ARN", "SECRET_PREFIX", "PUBLIC_URL"),
        )
        allow_table(function, parts.data.desk, write=True)
        allow_secrets(function, parts.settings, parts.data.secrets_key)
        parts.allow_notify(function)
        return function

    def _heartbeat(self, parts: Foundation) -> DeskFunction:
        outside = parts.settings.heartbeat_url
        function = DeskFunction(
            self,
            parts.source,
            "heartbeat",
            memory_mb=256,
            timeout_seconds=25,
            failures=parts.queues.dead_letters,
            environment=parts.variables("DESK_TABLE")
            | ({} if outside is None else {"HEARTBEAT_URL": outside}),
        )
        allow_table(function, parts.data.desk)
        return function
