"""Holding the market back until the desk has caught up, instead of dropping a minute."""

from datetime import datetime, timedelta

from patang.keys import cycle_key
from patang.market.cycle import Cycle, run_id_of
from patang.records import load
from patang_workbench.local_stack.stack import LocalStack

__all__ = ["Pacer"]

_MINUTE = timedelta(minutes=1)
# A minute closes two seconds after its end; the market may go on a little further before its cycle is done,
# so that what is decided at any speed meets the prices that it would meet at the market's own.
_LEAD = timedelta(minutes=1, seconds=6)


class Pacer:
    """Moves the exchange's clock limit behind the last finished trading cycle.

    The market stands still while an order workflow is under way: it may wait for a person.
    """

    def __init__(self, stack: LocalStack, opening: datetime) -> None:
        self._stack = stack
        self._client = stack.emulator.client("stepfunctions")
        self._orders = stack.outputs["OrderWorkflowArn"]
        self._cycles = stack.outputs["TradingCycleArn"].replace(":stateMachine:", ":execution:")
        self.finished = opening
        self._limit: datetime | None = None

    def step(self) -> bool:
        """Look, and move the limit. True while the market is held for an order on its way."""
        while self._is_finished(self.finished + _MINUTE):
            self.finished += _MINUTE
        if self._order_under_way():
            return True
        limit = self.finished + _LEAD
        if limit != self._limit:
            self._stack.exchange.set_clock(limit=limit.isoformat(), paused=False)
            self._limit = limit
        return False

    def _is_finished(self, as_of: datetime) -> bool:
        cycle = load(self._stack.desk.store, Cycle, cycle_key(as_of))
        if cycle is None:
            return False
        return cycle.state == "SKIPPED" or self._has_ended(run_id_of(as_of))

    def _has_ended(self, run_id: str) -> bool:
        try:
            found = self._client.describe_execution(executionArn=f"{self._cycles}:{run_id}")
        except self._client.exceptions.ExecutionDoesNotExist:
            return False
        return bool(found["status"] != "RUNNING")

    def _order_under_way(self) -> bool:
        running = self._client.list_executions(stateMachineArn=self._orders, statusFilter="RUNNING")
        return bool(running["executions"])
