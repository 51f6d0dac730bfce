"""What becomes of orders, wired: updates, protection, and the comparison with the broker's books."""

from patang.alerts.seen import AlertsWatch
from patang.app.requesting import Requesting
from patang.approvals.service import ApprovalService
from patang.execution.conclusion import Conclusion
from patang.execution.following.updates import OrderUpdates
from patang.execution.lane.resolution import Resolution
from patang.execution.lane.sweep import IntentSweep
from patang.execution.protection.protector import Protector
from patang.execution.protection.stop_watch import StopWatch
from patang.execution.protection.triggered import TriggerWatch
from patang.execution.reconciliation.asking import Reconciliations
from patang.execution.reconciliation.comparison import Comparison
from patang.execution.reconciliation.earlier_days import EarlierDays
from patang.execution.reconciliation.follower import BookFollower
from patang.execution.reconciliation.outside import OutsideSales
from patang.execution.reconciliation.polling import Polling
from patang.execution.reconciliation.reconciler import Reconciler
from patang.execution.sweeps import Sweeps
from patang.risk.halts import Halts

__all__ = ["Following"]


class Following(Requesting):
    """From an order that has left to a position whose books agree with the broker's."""

    def halts(self) -> Halts:
        return Halts(self.store, self.clock, self.standing_settings, lambda: self.notifier, self.metrics)

    def approvals(self) -> ApprovalService:
        return ApprovalService(
            self.store,
            lambda: self.auth_store,
            self.workflows,
            self.notifier,
            self.settings,
            self.public_url,
            self.clock,
            self.metrics,
        )

    def protector(self) -> Protector:
        return Protector(
            self.store,
            self.intent_queue,
            self.exits(),
            self.standing_settings,
            self.clock,
            self.metrics,
        )

    def order_updates(self) -> OrderUpdates:
        return OrderUpdates(
            self.store,
            self.amendments(),
            self.protector(),
            self.reconciliations(),
            self.clock,
            self.notifier,
            self.metrics,
        )

    def trigger_watch(self) -> TriggerWatch:
        return TriggerWatch(self.store, self.protector(), self.clock, self.notifier, self.metrics)

    def reconciler(self) -> Reconciler:
        sweeps = Sweeps(
            self.store,
            self.approvals(),
            self.workflows,
            self._conclusion(),
            self._intent_sweep(),
            self.protector(),
            lambda account: self.request_decisions().sweep(account),
            self.standing_settings,
            self.clock,
            self.notifier,
            self.metrics,
        )
        return Reconciler(
            self.store,
            self.accounts(),
            self._follower(),
            self._comparison(),
            self._alerts_watch(),
            self.polling(),
            sweeps,
            self.clock,
            self.notifier,
            self.metrics,
        )

    def reconciliations(self) -> Reconciliations:
        return Reconciliations(self.store, lambda: self.poll_queue)

    def polling(self) -> Polling:
        return Polling(
            self.store,
            lambda: self.poll_queue,
            self._follower,
            self.standing_settings,
            self.clock,
            self.metrics,
        )

    def outside_sales(self) -> OutsideSales:
        return OutsideSales(
            self.store, self.protector(), self.amendments(), self.clock, self.notifier, self.metrics
        )

    def _follower(self) -> BookFollower:
        return BookFollower(
            self.store,
            self.broker,
            self.order_updates(),
            self._resolution(),
            self.trigger_watch(),
            StopWatch(self.store, self.clock, self.notifier, self.metrics),
            EarlierDays(
                self.store,
                self.broker,
                self.order_updates(),
                self._resolution(),
                self.halts(),
                self.notifier,
                self.metrics,
            ),
            self.intent_queue,
            self.standing_settings,
            self.clock,
        )

    def _comparison(self) -> Comparison:
        return Comparison(
            self.store,
            self.broker,
            self._follower(),
            self.outside_sales(),
            self.halts(),
            self.standing_settings,
            self.clock,
            self.notifier,
            self.metrics,
            self.pause,
        )

    def _resolution(self) -> Resolution:
        return Resolution(
            self.store, self.broker, self.order_updates(), self.clock, self.notifier, self.metrics
        )

    def _intent_sweep(self) -> IntentSweep:
        return IntentSweep(
            self.store,
            self.intent_queue,
            self._resolution(),
            self.workflows,
            self.clock,
            self.notifier,
            self.metrics,
        )

    def _conclusion(self) -> Conclusion:
        return Conclusion(self.store, self.clock, self.notifier, self.metrics)

    def _alerts_watch(self) -> AlertsWatch:
        # Here, not at the top: most functions are deployed without the client's layer.
        from patang.adapters.kite.alerts import KiteAlerts

        # Of the broker in every mode: what is made on paper's desk is real too.
        return AlertsWatch(
            self.store, lambda account: KiteAlerts(self._kite_calls(account, None)), self.clock, self.metrics
        )
