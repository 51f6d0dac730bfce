"""The first dashboard: is the desk alive, what does it trade, does anything fail."""

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from infra.config import StageSettings
from infra.constructs.desk_function import FUNCTION_LAYERS
from infra.constructs.desk_metrics import DeskMetrics
from infra.stacks.trading import TradingStack

__all__ = ["DeskDashboard"]


class DeskDashboard(Construct):
    """One dashboard a stage, named as the stage is."""

    def __init__(
        self, scope: Construct, construct_id: str, settings: StageSettings, trading: TradingStack
    ) -> None:
        super().__init__(scope, construct_id)
        metrics = DeskMetrics(settings)
        cloudwatch.Dashboard(
            self,
            "Dashboard",
            dashboard_name=settings.prefix,
            widgets=[
                [
                    _graph(
                        "Ticks",
                        metrics.desk("ingester", "ticks"),
                        metrics.desk("ingester", "raw_ticks"),
                        metrics.desk("features", "late_ticks"),
                    ),
                    _graph(
                        "Minute close, ms",
                        metrics.desk("features", "minute_close_ms", "p50"),
                        metrics.desk("features", "minute_close_ms", "Maximum"),
                    ),
                    _graph(
                        "Cycles",
                        metrics.desk("features", "cycle_started"),
                        metrics.desk("features", "cycle_skipped"),
                        metrics.desk("reconciler", "stale_data"),
                    ),
                ],
                [
                    _graph(
                        "What ticks are missing",
                        *(
                            metrics.desk("ingester", name)
                            for name in ("reconnects", "bad_frames", "ticks_shed", "raw_ticks_shed")
                        ),
                        metrics.desk("features", "stream_gaps"),
                    ),
                    _graph(
                        "Feature state",
                        metrics.desk("features", "feature_state_rebuilt"),
                        metrics.desk("features", "feature_state_unreadable"),
                        metrics.desk("features", "unknown_instrument"),
                    ),
                    _graph(
                        "Mornings and archive",
                        metrics.desk("morning", "morning_problem"),
                        metrics.desk("archive", "archived_candles"),
                        metrics.desk("archive", "archive_problem"),
                    ),
                ],
                [
                    _graph(
                        "Signals and proposals",
                        metrics.desk("signals", "signals"),
                        metrics.desk("risk", "proposals"),
                        metrics.desk("risk", "refusals"),
                    ),
                    _graph(
                        "Approvals and orders",
                        metrics.desk("order_workflow", "approvals_asked"),
                        metrics.desk("api", "approval_decisions"),
                        metrics.desk("order_lane", "lane_intents"),
                        metrics.desk("order_updates", "order_updates"),
                        metrics.desk("guard", "exits_begun"),
                    ),
                    _graph(
                        "Lane, ms",
                        metrics.desk("order_lane", "order_waited", "Maximum"),
                        metrics.desk("order_lane", "order_sent", "p50"),
                        metrics.desk("order_lane", "order_sent", "Maximum"),
                    ),
                ],
                [
                    _graph(
                        "Errors of functions",
                        *(metrics.function(name, "Errors").with_(label=name) for name in FUNCTION_LAYERS),
                    ),
                    _graph(
                        "Age of streams, ms",
                        *(
                            metrics.function(name, "IteratorAge", "Maximum").with_(label=name)
                            for name in ("features", "guard", "audit_linker")
                        ),
                    ),
                    _graph(
                        "Waiting messages",
                        *(
                            queue.metric_approximate_number_of_messages_visible(label=label)
                            for label, queue in (
                                ("orders", trading.queues.orders),
                                ("order updates", trading.queues.order_updates),
                                ("dead letters", trading.queues.dead_letters),
                                ("dead orders", trading.queues.orders_dead_letters),
                            )
                        ),
                    ),
                ],
            ],
        )


def _graph(title: str, *metrics: cloudwatch.IMetric) -> cloudwatch.GraphWidget:
    return cloudwatch.GraphWidget(title=title, left=list(metrics), width=8, height=6)
