"""When the owner must be called: something was lost, is late, or failed where money is at stake."""

from collections.abc import Mapping
from typing import Final

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.config import StageSettings
from infra.constructs.desk_metrics import DeskMetrics
from infra.stacks.trading import TradingStack

__all__ = ["Alarms"]

_LATE_MS = 60_000

# Alarms that ring when the metric of a service is counted at all: service, metric, what it means.
_COUNTED: Final[Mapping[str, tuple[str, str, str]]] = {
    "order-unknown": (
        "order_lane",
        "order_unknown",
        "An order's fate is unknown: it is looked up by its tag and never sent again; look at the broker",
    ),
    "exit-failed": (
        "order_updates",
        "exit_failed",
        "An exit ended before all was sold; the guard sells again: see that it does",
    ),
    "stray-exit": (
        "order_updates",
        "stray_exit",
        "A sell order too many is being cancelled: look at the account's positions at the broker",
    ),
    "stale-data": (
        "reconciler",
        "stale_data",
        "No tick has come for too long in market hours: no new entries until they flow again",
    ),
    "ticks-shed": (
        "ingester",
        "ticks_shed",
        "The tick stream took too little for too long and ticks were dropped: bars have gaps",
    ),
    "raw-ticks-shed": (
        "ingester",
        "raw_ticks_shed",
        "The store took too little for too long: the archive of raw ticks has a hole",
    ),
    "bad-frames": (
        "ingester",
        "bad_frames",
        "The ticker sent what cannot be decoded: its ticks are missing, bars have gaps",
    ),
    "instruments-left-out": (
        "ingester",
        "instruments_left_out",
        "More is to be watched than one key may: the options farthest from the money bring no ticks",
    ),
    "price-break": (
        "guard",
        "price_break",
        "A share that is held was restated overnight: its levels were adjusted, or wait for your ratio",
    ),
    "preflight-failed": (
        "morning",
        "preflight_failed",
        "The morning's checks failed: no new entries today until it is run again and passes",
    ),
    "morning-problem": (
        "morning",
        "morning_problem",
        "The morning went on without something: a share, a history, hours to come; its log line says what",
    ),
    "archive-problem": (
        "archive",
        "archive_problem",
        "Something is missing in the day's archive; the metric's line in the log says what",
    ),
}


class Alarms(Construct):
    """Each alarm tells what it means and where to look. Missing data is fine: at night nothing runs."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: StageSettings,
        trading: TradingStack,
        action: cloudwatch.IAlarmAction,
    ) -> None:
        super().__init__(scope, construct_id)
        self._prefix = settings.prefix
        self._action = action
        metrics = DeskMetrics(settings)
        for name, queue in (
            ("dead-letters", trading.queues.dead_letters),
            ("orders-dead-letters", trading.queues.orders_dead_letters),
        ):
            self._alarm(
                name,
                queue.metric_approximate_number_of_messages_visible(statistic="Maximum"),
                "A message could not be read or was tried in vain; its bytes are in the queue",
            )
        for function in ("features", "guard", "audit_linker"):
            self._alarm(
                f"{function.replace('_', '-')}-late",
                metrics.function(function, "IteratorAge", "Maximum"),
                f"({function}) reads its stream a minute late or more",
                threshold=_LATE_MS,
                periods=2,
            )
        for function in ("order_lane", "guard", "order_updates", "order_workflow", "reconciler"):
            self._alarm(
                f"{function.replace('_', '-')}-errors",
                metrics.function(function, "Errors"),
                f"({function}) raised or timed out; expected outcomes are results, so this is a fault",
            )
        orders = trading.order_path.workflow.machine
        cycles = trading.decisions.cycle.machine
        for name, metric, what in (
            ("order-workflow-failed", orders.metric_failed(statistic="Sum"), "An order workflow failed"),
            ("order-workflow-timed-out", orders.metric_timed_out(statistic="Sum"), "An order workflow hung"),
            ("trading-cycle-failed", cycles.metric_failed(statistic="Sum"), "A trading cycle failed"),
        ):
            self._alarm(name, metric, f"{what}: its execution's history names the step")
        for name, (service, metric, description) in _COUNTED.items():
            self._alarm(name, metrics.desk(service, metric), description)
        self._alarm(
            "stream-gaps",
            metrics.desk("features", "stream_gaps"),
            "Ticks were missing three minutes in a row: highs and lows of bars, and flows, may be wrong",
            periods=3,
        )
        self._alarm(
            "audit-unlinked",
            metrics.desk("audit_linker", "audit_unlinked_age_ms", "Maximum"),
            "An event waited a minute or longer to join the audit chain",
            threshold=_LATE_MS,
        )

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        description: str,
        *,
        threshold: int = 1,
        periods: int = 1,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name.title().replace("-", ""),
            alarm_name=f"{self._prefix}-{name}",
            alarm_description=description,
            metric=metric,
            threshold=threshold,
            evaluation_periods=periods,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(self._action)
