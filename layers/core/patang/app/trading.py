"""Risk, approval and execution, wired."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from patang.accounts.funds import CashMovements
from patang.adapters.echo import echoed_address
from patang.alerts.seen import AlertsWatch
from patang.approvals.decisions import Decisions
from patang.approvals.service import ApprovalService
from patang.execution.conclusion import Conclusion
from patang.execution.following.updates import OrderUpdates
from patang.execution.graduation import Graduations
from patang.execution.guarding.levels import PersonsLevels
from patang.execution.guarding.order_watch import OrderWatch
from patang.execution.guarding.price_breaks import PriceBreaks
from patang.execution.lane.order_lane import OrderLane
from patang.execution.lane.rate_tokens import RateTokens
from patang.execution.lane.resolution import Resolution
from patang.execution.lane.second_try import SecondTry
from patang.execution.lane.sweep import IntentSweep
from patang.execution.lane.tokens import LaneTokens
from patang.execution.leaving.flatten import Flatten
from patang.execution.order_flow import OrderFlow
from patang.execution.orders.live_market import LiveMarket
from patang.execution.preflight.egress import EgressObserver, EgressProbes
from patang.execution.protection.protector import Protector
from patang.execution.protection.stop_watch import StopWatch
from patang.execution.protection.triggered import TriggerWatch
from patang.execution.quotes import Quotes
from patang.execution.reconciliation.asking import Reconciliations
from patang.execution.reconciliation.comparison import Comparison
from patang.execution.reconciliation.earlier_days import EarlierDays
from patang.execution.reconciliation.follower import BookFollower
from patang.execution.reconciliation.outside import OutsideSales
from patang.execution.reconciliation.polling import Polling
from patang.execution.reconciliation.reconciler import Reconciler
from patang.execution.sweeps import Sweeps
from patang.risk.gate import RiskGate
from patang.risk.halts import Halts
from patang.risk.service import RiskService

if TYPE_CHECKING:
    from patang.execution.guarding.guard import GuardService
    from patang.execution.preflight.service import PreflightService
from patang.app.requesting import Requesting

__all__ = ["Trading"]


class Trading(Requesting):
    """Everything between a signal and a closed position."""

    def preflight(self) -> "PreflightService":
        # Here, not at the top: the models' inputs are arrays, which few functions carry.
        from patang.execution.preflight.service import PreflightService
        from patang.model.deployed import verified

        return PreflightService(
            self.store,
            self.accounts().list,
            lambda account: self._kite_broker(account, None).session(),
            self.broker,
            EgressProbes(self.store, self.intent_queue, self.clock, self.pause).ask,
            lambda day: verified(self.store, Path(self.variable("MODEL_PATH")), day),
            self.standing_settings,
            self.public_url,
            self.clock,
            self.notifier,
            self.metrics,
        )

    def egress_observer(self) -> EgressObserver:
        return EgressObserver(self.store, echoed_address, self.standing_settings, self.clock)

    def graduations(self) -> Graduations:
        return Graduations(self.store, self.clock)

    def halts(self) -> Halts:
        return Halts(self.store, self.clock, self.standing_settings, lambda: self.notifier, self.metrics)

    def cash_movements(self) -> CashMovements:
        return CashMovements(self.store, self.clock)

    def risk_gate(self) -> RiskGate:
        return RiskGate(self.store, self.objects, self.clock, self.settings, self.halts(), self.metrics)

    def risk(self) -> RiskService:
        return RiskService(self.store, self.objects, self.clock, self.settings, self.halts(), self.metrics)

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

    def decisions(self) -> Decisions:
        """The owner's word on whatever waits for it."""
        return Decisions(
            self.store,
            lambda: self.auth_store,
            self.approvals(),
            self.request_decisions(),
            self.standing_settings,
            self.clock,
        )

    def order_flow(self) -> OrderFlow:
        return OrderFlow(
            self.store,
            Quotes(self.store, self.objects),
            LiveMarket(self.market_data).quote,
            self.broker,
            self.approvals(),
            self._conclusion(),
            self.intent_queue,
            self.workflows,
            self.settings,
            self.clock,
            self.metrics,
        )

    def order_lane(self) -> OrderLane:
        return OrderLane(
            self.store,
            self.broker,
            self._resolution(),
            self.protector(),
            LaneTokens(RateTokens(self.store), self.intent_queue, self.clock, self.pause, self.metrics),
            SecondTry(self.store, self._facts, self.intent_queue, self.clock, self.metrics),
            self.polling(),
            self.workflows,
            self.settings,
            self.standing_settings,
            self.clock,
            self.notifier,
            self.metrics,
        )

    def warm_lane(self) -> None:
        """Makes what the first order of a process would wait for: imports, clients, the connection to the
        table, each account's broker. Reads no intent, and asks nothing of a broker.
        """
        self.order_lane()
        mode = self.standing_settings().mode
        for account in self.accounts().list():
            if account.enabled:
                self.broker(account.account, mode)

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

    def protector(self) -> Protector:
        return Protector(
            self.store,
            self.intent_queue,
            self.exits(),
            self.standing_settings,
            self.clock,
            self.metrics,
        )

    def price_breaks(self) -> PriceBreaks:
        return PriceBreaks(self.store, self.clock, self.notifier, self.metrics)

    def persons_levels(self) -> PersonsLevels:
        return PersonsLevels(self.store, self.protector(), self.standing_settings, self.clock)

    def flatten(self) -> Flatten:
        return Flatten(self.store, self.halts(), self.exits(), self.amendments(), self.standing_settings)

    def guard(self) -> "GuardService":
        return self._guard

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

    def _alerts_watch(self) -> AlertsWatch:
        # Here, not at the top: most functions are deployed without the client's layer.
        from patang.adapters.kite.alerts import KiteAlerts

        # Of the broker in every mode: what is made on paper's desk is real too.
        return AlertsWatch(
            self.store, lambda account: KiteAlerts(self._kite_calls(account, None)), self.clock, self.metrics
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

    @cached_property
    def _guard(self) -> "GuardService":
        # Here, not at the top: it reads ticks with numpy, which most functions do not carry.
        from patang.execution.guarding.guard import GuardService
        from patang.execution.guarding.position_watch import PositionWatch

        watch = PositionWatch(
            self.store, self.exits(), self.price_breaks(), self.standing_settings, self.metrics
        )
        orders = OrderWatch(
            self.store,
            self.amendments(),
            self.protector(),
            self.intent_queue,
            self.standing_settings,
            self.clock,
            self.notifier,
            self.metrics,
        )
        return GuardService(
            self.store,
            watch,
            orders,
            self.paper_matcher,
            self.update_queue,
            self.dead_letters,
            self.standing_settings,
            self.clock,
            self.metrics,
        )
