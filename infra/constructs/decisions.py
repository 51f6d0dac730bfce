"""What a cycle asks: the model for signals, the risk manager for permission and size."""

from constructs import Construct

from infra.constructs.desk_function import DeskFunction
from infra.constructs.foundation import Foundation
from infra.constructs.order_workflow import OrderWorkflow
from infra.constructs.permissions import allow_objects, allow_table
from infra.constructs.trading_cycle import TradingCycle

__all__ = ["Decisions"]


class Decisions(Construct):
    """(signals), (risk) and the trading cycle that calls them.

    `model_path` is the folder of model artifacts as the function sees it.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        parts: Foundation,
        *,
        orders: OrderWorkflow,
        model_path: str,
    ) -> None:
        super().__init__(scope, construct_id)
        self.signals = DeskFunction(
            self,
            parts.source,
            "signals",
            memory_mb=1769,
            timeout_seconds=40,
            environment=parts.variables("DESK_TABLE", "STORE_BUCKET") | {"MODEL_PATH": model_path},
        )
        allow_table(self.signals, parts.data.desk, write=True)
        allow_objects(self.signals, parts.data.store, read=["minutes/", "universe/"], write=["decisions/"])

        self.risk = DeskFunction(
            self,
            parts.source,
            "risk",
            memory_mb=512,
            timeout_seconds=25,
            environment=parts.variables("DESK_TABLE", "STORE_BUCKET", "NOTIFY_TOPIC_ARN"),
        )
        allow_table(self.risk, parts.data.desk, write=True)
        allow_objects(self.risk, parts.data.store, write=["decisions/"])
        parts.allow_notify(self.risk)

        self.cycle = TradingCycle(
            self,
            "Cycle",
            parts.settings,
            risk=self.risk.live,
            signals=self.signals.live,
            order_workflow=orders.machine,
        )
