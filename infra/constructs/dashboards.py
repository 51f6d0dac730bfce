"""Three dashboards a stage: what is traded, whether ticks and orders keep their time, what it costs."""

from collections.abc import Sequence
from typing import Final

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.config import StageSettings
from infra.constructs.desk_function import FUNCTION_LAYERS
from infra.constructs.desk_metrics import DeskMetrics
from infra.stacks.data import DataStack
from infra.stacks.trading import TradingStack

__all__ = ["Dashboards"]

_DAY: Final = Duration.days(1)
# Milliseconds: docs/concepts/feature-state.md, docs/concepts/orders.md, and the cycle's own time-outs.
_CLOSE_BUDGET, _ORDER_BUDGET = 50, 315
_SIGNALS_LIMIT, _RISK_LIMIT = 40_000, 20_000
# A tick is packed each second, and a stream is read once a second: two and what they take.
_TICK_BUDGET = 3_000


class Dashboards(Construct):
    """Named as the stage is, with -trading, -pipeline and -cost."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        settings: StageSettings,
        data: DataStack,
        trading: TradingStack,
    ) -> None:
        super().__init__(scope, construct_id)
        self._metrics = DeskMetrics(settings)
        self._settings = settings
        self._dashboard("trading", self._trading())
        self._dashboard("pipeline", self._pipeline(trading))
        self._dashboard("cost", self._cost(data, trading))

    def _dashboard(self, name: str, rows: Sequence[Sequence[cloudwatch.IWidget]]) -> None:
        cloudwatch.Dashboard(
            self,
            name.title(),
            dashboard_name=f"{self._settings.prefix}-{name}",
            widgets=[list(row) for row in rows],
        )

    def _trading(self) -> list[list[cloudwatch.IWidget]]:
        """47 series; with more than 50 a dashboard is charged for."""
        desk = self._metrics.desk

        def latest(name: str) -> cloudwatch.Metric:
            return desk("reconciler", name, "Maximum")

        def met(*names: str) -> list[cloudwatch.Metric]:
            return [desk("desk", name) for name in names]

        return [
            [
                _graph("Made today and open, rupees", latest("day_result_inr"), latest("unrealised_inr")),
                _graph("Exposure, rupees", latest("exposure_inr")),
                _graph("Slippage of the day, rupees", latest("slippage_inr")),
            ],
            [
                _graph("Positions", latest("open_positions")),
                _graph("Breaker", latest("accounts_stopped"), *met("breaker_opened")),
                _graph("Books", *met("reconciliation_mismatch"), desk("reconciler", "stale_data")),
            ],
            [
                _graph("Signals", desk("signals", "signals"), desk("signals", "refusals")),
                _graph("Proposals and refusals", desk("risk", "proposals"), desk("risk", "refusals")),
                _graph("Cycles", desk("features", "cycle_started"), desk("features", "cycle_skipped")),
            ],
            [
                _graph(
                    "Approvals",
                    desk("order_workflow", "approvals_asked"),
                    desk("api", "approval_decisions"),
                    *met("approval_failed"),
                ),
                _graph(
                    "Orders and fills",
                    desk("order_lane", "lane_intents"),
                    desk("order_updates", "order_updates"),
                    desk("order_workflow", "orders_concluded"),
                ),
                _graph(
                    "Orders in doubt",
                    desk("order_lane", "order_unknown"),
                    *met("order_unresolved", "order_missing"),
                ),
            ],
            [
                _graph("Exits", desk("guard", "exits_begun"), *met("exit_failed", "exit_in_vain")),
                _graph("Protection", *met("unprotected_position", "protection_lost")),
            ],
        ]

    def _pipeline(self, trading: TradingStack) -> list[list[cloudwatch.IWidget]]:
        desk, function = self._metrics.desk, self._metrics.function
        queues = trading.queues
        return [
            [
                _graph("Ticks", desk("features", "ticks"), desk("features", "late_ticks")),
                _graph(
                    "What ticks are missing",
                    *(
                        desk("ingester", name)
                        for name in ("reconnects", "bad_frames", "ticks_shed", "raw_ticks_shed")
                    ),
                    desk("features", "stream_gaps"),
                ),
                _graph(
                    "Age of a tick when (features) has it, ms",
                    desk("features", "tick_age_ms", "p50"),
                    desk("features", "tick_age_ms", "Maximum"),
                    budget=_TICK_BUDGET,
                ),
            ],
            [
                _graph(
                    "Age of streams, ms",
                    *(
                        function(name, "IteratorAge", "Maximum").with_(label=name)
                        for name in ("features", "guard", "audit_linker")
                    ),
                ),
                _graph(
                    "Minute close, ms",
                    desk("features", "minute_close_ms", "p50"),
                    desk("features", "minute_close_ms", "Maximum"),
                    budget=_CLOSE_BUDGET,
                ),
                _graph("Signals, ms", function("signals", "Duration", "Maximum"), budget=_SIGNALS_LIMIT),
            ],
            [
                _graph("Risk, ms", function("risk", "Duration", "Maximum"), budget=_RISK_LIMIT),
                _graph(
                    "From the yes to the broker's answer, ms",
                    desk("order_lane", "order_latency", "Maximum"),
                    desk("order_lane", "order_waited", "Maximum"),
                    desk("order_lane", "order_sent", "Maximum"),
                    budget=_ORDER_BUDGET,
                ),
                _graph("Cold starts", desk("desk", "cold_starts")),
            ],
            [
                _graph(
                    "Waiting, seconds",
                    *(
                        queue.metric_approximate_age_of_oldest_message(label=label)
                        for label, queue in (
                            ("orders", queues.orders),
                            ("order updates", queues.order_updates),
                            ("polls", queues.polls),
                        )
                    ),
                ),
                _graph(
                    "Dead letters",
                    *(
                        queue.metric_approximate_number_of_messages_visible(label=label)
                        for label, queue in (
                            ("dead letters", queues.dead_letters),
                            ("dead orders", queues.orders_dead_letters),
                        )
                    ),
                ),
                _graph(
                    "Alive",
                    desk("heartbeat", "heartbeat"),
                    desk("heartbeat", "market_closed"),
                    desk("reconciler", "reconciled"),
                ),
            ],
            [
                _graph("Errors", *(function(name, "Errors").with_(label=name) for name in FUNCTION_LAYERS)),
                # Which of them is throttled hangs on chance: the quota is the account's.
                _graph("Throttles", self._metrics.named("AWS/Lambda", "Throttles")),
            ],
        ]

    def _cost(self, data: DataStack, trading: TradingStack) -> list[list[cloudwatch.IWidget]]:
        function, named = self._metrics.function, self._metrics.named
        calls = [function(name, "Invocations").with_(label=name, period=_DAY) for name in FUNCTION_LAYERS]
        times = [function(name, "Duration").with_(label=name, period=_DAY) for name in FUNCTION_LAYERS]
        table = {"TableName": data.desk.table_name}
        bill = cloudwatch.Metric(
            namespace="AWS/Billing",
            metric_name="EstimatedCharges",
            dimensions_map={"Currency": "USD"},
            statistic="Maximum",
            period=_DAY,
            # AWS tells of bills there alone.
            region="us-east-1",
        )
        machines = {
            "cycles": trading.decisions.cycle.machine,
            "orders": trading.order_path.workflow.machine,
        }
        return [
            [
                _graph("The month's bill so far, USD, all of the account", bill),
                _graph("Calls of functions a day", *calls),
                _graph("Time of functions a day, ms", *times),
            ],
            [
                _graph(
                    "Tick stream, bytes a day",
                    named("AWS/Kinesis", "IncomingBytes", StreamName=trading.ticks.stream_name).with_(
                        period=_DAY
                    ),
                ),
                _graph(
                    "Desk table, units a day",
                    *(
                        named("AWS/DynamoDB", f"Consumed{what}CapacityUnits", **table).with_(period=_DAY)
                        for what in ("Read", "Write")
                    ),
                ),
                _graph(
                    "Workflows a day",
                    *(
                        machine.metric_started(statistic="Sum", period=_DAY, label=label)
                        for label, machine in machines.items()
                    ),
                ),
            ],
            [
                _graph(
                    "Messages a day",
                    *(
                        named("AWS/SNS", "NumberOfMessagesPublished", TopicName=topic.topic_name).with_(
                            period=_DAY
                        )
                        for topic in (data.notify, data.alarms)
                    ),
                ),
                # All groups of the region: each byte is billed as it comes in, whoever wrote it.
                _graph("Logs, bytes a day", named("AWS/Logs", "IncomingBytes").with_(period=_DAY)),
            ],
        ]


def _graph(title: str, *metrics: cloudwatch.IMetric, budget: int | None = None) -> cloudwatch.GraphWidget:
    lines = [] if budget is None else [cloudwatch.HorizontalAnnotation(value=budget, label="budget")]
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8, height=6, left_annotations=lines)
