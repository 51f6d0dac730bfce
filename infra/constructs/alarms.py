"""When the owner must be called: something was lost, is late, or failed where money is at stake."""

from collections.abc import Mapping
from typing import Final

from constructs import Construct

from infra.config import StageSettings
from infra.constructs.alarm import AlarmMaker
from infra.constructs.counted_alarms import COUNTED
from infra.constructs.desk_function import FUNCTION_LAYERS
from infra.constructs.desk_metrics import DeskMetrics
from infra.constructs.market_silence import MarketSilence
from infra.stacks.data import DataStack
from infra.stacks.trading import TradingStack

__all__ = ["Alarms"]

_LATE_MS: Final = 60_000
# Seconds that the oldest message may have waited. An exit waits with the entries of its account.
_WAITED: Final[Mapping[str, int]] = {"orders": 30, "order-updates": 60, "polls": 120}


class Alarms(Construct):
    """Each alarm tells what it means and where to read on. Missing data is fine but where silence is what
    rings."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: StageSettings,
        data: DataStack,
        trading: TradingStack,
        make: AlarmMaker,
    ) -> None:
        super().__init__(scope, construct_id)
        self._make = AlarmMaker(self, make.prefix, make.action)
        self._metrics = DeskMetrics(settings)
        self._queues(trading)
        self._streams(trading)
        self._functions()
        self._workflows(trading)
        self._platform(data)
        for name, (service, metric, meaning) in COUNTED.items():
            self._make.at_least(name, self._metrics.desk(service, metric), meaning)
        self._lateness()
        MarketSilence(self, "Silence", self._make, self._metrics)

    def _queues(self, trading: TradingStack) -> None:
        queues = trading.queues
        for name, queue in (
            ("dead-letters", queues.dead_letters),
            ("orders-dead-letters", queues.orders_dead_letters),
        ):
            self._make.at_least(
                name,
                queue.metric_approximate_number_of_messages_visible(statistic="Maximum"),
                "A message could not be read or was tried in vain; its bytes are in the queue",
            )
        for name, queue in (
            ("orders", queues.orders),
            ("order-updates", queues.order_updates),
            ("polls", queues.polls),
        ):
            self._make.at_least(
                f"{name}-waiting",
                queue.metric_approximate_age_of_oldest_message(statistic="Maximum"),
                f"A message has waited {_WAITED[name]} seconds or longer in the queue of {name}: its reader "
                "is slow, throttled or fails",
                threshold=_WAITED[name],
            )

    def _streams(self, trading: TradingStack) -> None:
        for function in ("features", "guard", "audit_linker"):
            self._make.at_least(
                f"{_dashed(function)}-late",
                self._metrics.function(function, "IteratorAge", "Maximum"),
                f"({function}) reads its stream a minute late or more",
                threshold=_LATE_MS,
                # What waits for the audit chain has no second reader that would tell of it.
                periods=1 if function == "audit_linker" else 2,
            )
        self._make.at_least(
            "stream-throttled",
            self._metrics.named(
                "AWS/Kinesis", "WriteProvisionedThroughputExceeded", StreamName=trading.ticks.stream_name
            ),
            "For three minutes the tick stream has refused records: too few shards for what is watched",
            periods=3,
        )

    def _functions(self) -> None:
        for function in FUNCTION_LAYERS:
            self._make.at_least(
                f"{_dashed(function)}-errors",
                self._metrics.function(function, "Errors"),
                f"({function}) raised or timed out; expected outcomes are results, so this is a fault",
            )
        # One for all: what throttles one function is the account's quota, which all of them share.
        self._make.at_least(
            "functions-throttled",
            self._metrics.named("AWS/Lambda", "Throttles"),
            "A call of a function was refused: more run at once in this account and region than its quota "
            "allows",
        )

    def _workflows(self, trading: TradingStack) -> None:
        orders = trading.order_path.workflow.machine
        cycles = trading.decisions.cycle.machine
        for name, metric, what in (
            ("order-workflow-failed", orders.metric_failed(statistic="Sum"), "An order workflow failed"),
            ("order-workflow-timed-out", orders.metric_timed_out(statistic="Sum"), "An order workflow hung"),
            ("trading-cycle-failed", cycles.metric_failed(statistic="Sum"), "A trading cycle failed"),
            ("trading-cycle-timed-out", cycles.metric_timed_out(statistic="Sum"), "A trading cycle hung"),
        ):
            self._make.at_least(name, metric, f"{what}: its execution's history names the step")

    def _platform(self, data: DataStack) -> None:
        for name, metric in (
            ("table-throttled-writes", "WriteThrottleEvents"),
            ("table-throttled-reads", "ReadThrottleEvents"),
        ):
            self._make.at_least(
                name,
                self._metrics.named("AWS/DynamoDB", metric, TableName=data.desk.table_name),
                "For two minutes the desk's table has refused requests; they come again: all is late",
                periods=2,
            )
        self._make.at_least(
            "api-failing",
            self._metrics.named("AWS/ApiGateway", "5xx", ApiId=data.api.api_id),
            "Pages, approvals or assistants were answered with a fault in each of two minutes: a yes may "
            "not get through",
            periods=2,
        )
        self._make.at_least(
            "messages-undelivered",
            self._metrics.named("AWS/SNS", "NumberOfNotificationsFailed", TopicName=data.notify.topic_name),
            "A message of the desk reached the topic and not the owner's mail or telephone",
        )

    def _lateness(self) -> None:
        self._make.at_least(
            "stream-gaps",
            self._metrics.desk("features", "stream_gaps"),
            "Ticks were missing three minutes in a row: highs and lows of bars, and flows, may be wrong",
            periods=3,
        )


def _dashed(function: str) -> str:
    return function.replace("_", "-")
