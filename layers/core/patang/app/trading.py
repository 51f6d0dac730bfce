"""Risk, and the way of an order to the broker and out of a position, wired."""

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from patang.accounts.funds import CashMovements
from patang.adapters.echo import echoed_address
from patang.app.following import Following
from patang.approvals.decisions import Decisions
from patang.execution.graduation import Graduations
from patang.execution.guarding.levels import PersonsLevels
from patang.execution.guarding.order_watch import OrderWatch
from patang.execution.guarding.price_breaks import PriceBreaks
from patang.execution.lane.order_lane import OrderLane
from patang.execution.lane.rate_tokens import RateTokens
from patang.execution.lane.second_try import SecondTry
from patang.execution.lane.tokens import LaneTokens
from patang.execution.leaving.flatten import Flatten
from patang.execution.order_flow import OrderFlow
from patang.execution.orders.live_market import LiveMarket
from patang.execution.preflight.egress import EgressObserver, EgressProbes
from patang.execution.quotes import Quotes
from patang.risk.gate import RiskGate
from patang.risk.service import RiskService

if TYPE_CHECKING:
    from patang.execution.guarding.guard import GuardService
    from patang.execution.preflight.service import PreflightService

__all__ = ["Trading"]


class Trading(Following):
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

    def cash_movements(self) -> CashMovements:
        return CashMovements(self.store, self.clock)

    def risk_gate(self) -> RiskGate:
        return RiskGate(self.store, self.objects, self.clock, self.settings, self.halts(), self.metrics)

    def risk(self) -> RiskService:
        return RiskService(self.store, self.objects, self.clock, self.settings, self.halts(), self.metrics)

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

    def price_breaks(self) -> PriceBreaks:
        return PriceBreaks(self.store, self.clock, self.notifier, self.metrics)

    def persons_levels(self) -> PersonsLevels:
        return PersonsLevels(self.store, self.protector(), self.standing_settings, self.clock)

    def flatten(self) -> Flatten:
        return Flatten(self.store, self.halts(), self.exits(), self.amendments(), self.standing_settings)

    def guard(self) -> "GuardService":
        return self._guard

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
