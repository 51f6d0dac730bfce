"""The services wired to memory, with a fuse that can kill a process at any step it does to the world."""

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from patang.accounts.service import AccountService
from patang.alerts.seen import AlertsWatch
from patang.approvals.proposal import OrderTerms
from patang.approvals.service import ApprovalService
from patang.execution.amendments import Amendments
from patang.execution.conclusion import Conclusion
from patang.execution.following.updates import OrderUpdates
from patang.execution.guarding.guard import GuardService
from patang.execution.guarding.order_watch import OrderWatch
from patang.execution.guarding.position_watch import PositionWatch
from patang.execution.guarding.price_breaks import PriceBreaks
from patang.execution.intent import OrderIntent
from patang.execution.lane.order_lane import OrderLane
from patang.execution.lane.rate_tokens import RateTokens
from patang.execution.lane.resolution import Resolution
from patang.execution.lane.second_try import SecondTry
from patang.execution.lane.sweep import IntentSweep
from patang.execution.lane.tokens import LaneTokens
from patang.execution.leaving.exits import Exits
from patang.execution.order_flow import OrderFlow
from patang.execution.orders.market_facts import MarketFacts
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
from patang.keys import account_partition, day_key, risk_key
from patang.portfolio.account_state import AccountDay, RiskState
from patang.portfolio.position import Position
from patang.ports import Write, WriteConflict
from patang.records import load, load_all
from patang.risk.halts import Halts
from patang.settings import KiteSettings, Mode, Settings
from tests.fakes import (
    FixedClock,
    MemoryObjects,
    MemorySecrets,
    MemoryStore,
    RecordedDeadLetters,
    RecordedIntentQueue,
    RecordedMetrics,
    RecordedNotifier,
    RecordedPollQueue,
    RecordedUpdateQueue,
    RecordedWorkflows,
)
from tests.unit.execution.broker import ExchangeBroker
from tests.unit.execution.samples import MORNING


class Killed(BaseException):
    """The process is gone; no handler of exceptions sees it."""


class Fuse:
    """Counts what is done to the world and kills before or after one of those steps."""

    def __init__(self) -> None:
        self.steps = 0
        self.active = True
        self.contention = random.Random()
        self.contended = 0.0
        self.kill: Callable[[int], str] = lambda step: ""

    @contextmanager
    def spared(self) -> Iterator[None]:
        """What is done in here is neither counted nor disturbed."""
        self.active = False
        yield
        self.active = True

    def guard[**P, R](self, act: Callable[P, R]) -> Callable[P, R]:
        def fused(*args: P.args, **kwargs: P.kwargs) -> R:
            if not self.active:
                return act(*args, **kwargs)
            self.steps += 1
            if act.__name__ == "write" and self.contention.random() < self.contended:
                raise WriteConflict(())
            fate = self.kill(self.steps)
            if fate == "before":
                raise Killed
            done = act(*args, **kwargs)
            if fate == "after":
                raise Killed
            return done

        return fused


class OneWriteAnItem(MemoryStore):
    """Refuses, as DynamoDB does, a transaction that writes an item twice."""

    def write(self, *writes: Write) -> None:
        keys = [write.key for write in writes]
        assert len(keys) == len(set(keys)), f"one transaction writes an item twice: {keys}"
        super().write(*writes)


class TradingDesk:
    """One account's desk. Its services are made anew at each use, as a cold process would.

    `store` defaults to memory; a test on the real adapter brings its own.
    """

    def __init__(self, store: Any = None, **settings: Any) -> None:
        self.clock = FixedClock(MORNING)
        self.market_time = MORNING
        self.settings = Settings(
            kite=KiteSettings(root="http://127.0.0.1:1"), **({"mode": "simulator"} | settings)
        )
        self.store, self.auth_store = store or OneWriteAnItem(), OneWriteAnItem()
        self.objects, self.secrets = MemoryObjects(), MemorySecrets()
        self.queue, self.updates_queue = RecordedIntentQueue(), RecordedUpdateQueue()
        self.polls = RecordedPollQueue()
        self.workflows, self.notifier = RecordedWorkflows(), RecordedNotifier()
        self.metrics, self.dead_letters = RecordedMetrics(), RecordedDeadLetters()
        self.exchange = ExchangeBroker(lambda: self.market_time, self.clock.now)
        self.facts: MarketFacts | None = None
        self.fuse = Fuse()
        for port, names in (
            (self.store, ("write",)),
            (self.auth_store, ("write",)),
            (self.queue, ("enqueue",)),
            (self.updates_queue, ("send",)),
            (self.workflows, ("start", "succeed")),
            (self.notifier, ("send",)),
            (self.exchange, ("place", "modify", "cancel", "place_gtt", "modify_gtt", "delete_gtt")),
        ):
            for name in names:
                setattr(port, name, self.fuse.guard(getattr(port, name)))

    def pass_time(self, seconds: float) -> None:
        """Market and wall time go together."""
        self.clock.advance(seconds)
        self.market_time += timedelta(seconds=seconds)

    def between_looks(self, seconds: float) -> None:
        """What happens while the reconciler waits to look again; a test may put something here."""
        self.pass_time(seconds)

    def get_settings(self) -> Settings:
        return self.settings

    def broker(self, account: str, mode: Mode) -> ExchangeBroker:
        return self.exchange

    def approvals(self) -> ApprovalService:
        return ApprovalService(
            self.store,
            lambda: self.auth_store,
            self.workflows,
            self.notifier,
            self.get_settings,
            lambda: "https://desk.example",
            self.clock,
            self.metrics,
        )

    def sweep_requests(self, account: str) -> int:
        """Nobody has asked for an order here."""
        return 0

    def conclusion(self) -> Conclusion:
        return Conclusion(self.store, self.clock, self.notifier, self.metrics)

    def flow(self) -> OrderFlow:
        return OrderFlow(
            self.store,
            Quotes(self.store, self.objects),
            self.exchange.quote,
            self.broker,
            self.approvals(),
            self.conclusion(),
            self.queue,
            self.workflows,
            self.get_settings,
            self.clock,
            self.metrics,
        )

    def amendments(self) -> Amendments:
        return Amendments(self.store, self.queue, self.clock)

    def order_updates(self) -> OrderUpdates:
        return OrderUpdates(
            self.store,
            self.amendments(),
            self.protector(),
            Reconciliations(self.store, lambda: self.polls),
            self.clock,
            self.notifier,
            self.metrics,
        )

    def trigger_watch(self) -> TriggerWatch:
        return TriggerWatch(self.store, self.protector(), self.clock, self.notifier, self.metrics)

    def stop_watch(self) -> StopWatch:
        return StopWatch(self.store, self.clock, self.notifier, self.metrics)

    def protector(self) -> Protector:
        return Protector(self.store, self.queue, self.exits(), self.get_settings, self.clock, self.metrics)

    def resolution(self) -> Resolution:
        return Resolution(
            self.store, self.broker, self.order_updates(), self.clock, self.notifier, self.metrics
        )

    def lane_tokens(self) -> LaneTokens:
        return LaneTokens(RateTokens(self.store), self.queue, self.clock, self.clock.advance, self.metrics)

    def market_facts(self, terms: OrderTerms, as_of: datetime) -> MarketFacts | None:
        return self.facts

    def second_try(self) -> SecondTry:
        return SecondTry(self.store, self.market_facts, self.queue, self.clock, self.metrics)

    def lane(self) -> OrderLane:
        return OrderLane(
            self.store,
            self.broker,
            self.resolution(),
            self.protector(),
            self.lane_tokens(),
            self.second_try(),
            self.polling(),
            self.workflows,
            self.get_settings,
            lambda: self.settings,
            self.clock,
            self.notifier,
            self.metrics,
        )

    def exits(self) -> Exits:
        return Exits(self.store, self.queue, self.amendments(), self.clock)

    def price_breaks(self) -> PriceBreaks:
        return PriceBreaks(self.store, self.clock, self.notifier, self.metrics)

    def order_watch(self) -> OrderWatch:
        return OrderWatch(
            self.store,
            self.amendments(),
            self.protector(),
            self.queue,
            self.get_settings,
            self.clock,
            self.notifier,
            self.metrics,
        )

    def guard(self, paper: Callable[[], Any] = lambda: None) -> GuardService:
        watch = PositionWatch(self.store, self.exits(), self.price_breaks(), self.get_settings, self.metrics)
        return GuardService(
            self.store,
            watch,
            self.order_watch(),
            paper,
            self.updates_queue,
            self.dead_letters,
            self.get_settings,
            self.clock,
            self.metrics,
        )

    def intent_sweep(self) -> IntentSweep:
        return IntentSweep(
            self.store, self.queue, self.resolution(), self.workflows, self.clock, self.notifier, self.metrics
        )

    def follower(self) -> BookFollower:
        return BookFollower(
            self.store,
            self.broker,
            self.order_updates(),
            self.resolution(),
            self.trigger_watch(),
            self.stop_watch(),
            EarlierDays(
                self.store,
                self.broker,
                self.order_updates(),
                self.resolution(),
                self.halts(),
                self.notifier,
                self.metrics,
            ),
            self.queue,
            self.get_settings,
            self.clock,
        )

    def halts(self) -> Halts:
        return Halts(self.store, self.clock, self.get_settings, lambda: self.notifier, self.metrics)

    def outside_sales(self) -> OutsideSales:
        return OutsideSales(
            self.store, self.protector(), self.amendments(), self.clock, self.notifier, self.metrics
        )

    def comparison(self) -> Comparison:
        return Comparison(
            self.store,
            self.broker,
            self.follower(),
            self.outside_sales(),
            self.halts(),
            self.get_settings,
            self.clock,
            self.notifier,
            self.metrics,
            self.between_looks,
        )

    def polling(self) -> Polling:
        return Polling(
            self.store, lambda: self.polls, self.follower, self.get_settings, self.clock, self.metrics
        )

    def reconciler(self) -> Reconciler:
        accounts = AccountService(
            self.store,
            self.secrets,
            self.clock,
            None,
            secret_prefix="t",
            login_root=lambda: "",
        )
        sweeps = Sweeps(
            self.store,
            self.approvals(),
            self.workflows,
            self.conclusion(),
            self.intent_sweep(),
            self.protector(),
            self.sweep_requests,
            self.get_settings,
            self.clock,
            self.notifier,
            self.metrics,
        )
        return Reconciler(
            self.store,
            accounts,
            self.follower(),
            self.comparison(),
            AlertsWatch(self.store, lambda _: self.exchange, self.clock, self.metrics),
            self.polling(),
            sweeps,
            self.clock,
            self.notifier,
            self.metrics,
        )

    def intents(self, account: str = "main") -> list[OrderIntent]:
        return load_all(self.store, OrderIntent, account_partition(account), "INTENT#")

    def positions(self, account: str = "main") -> list[Position]:
        return load_all(self.store, Position, account_partition(account), "POSITION#")

    def risk(self, account: str = "main") -> RiskState:
        return load(self.store, RiskState, risk_key(account)) or RiskState(account=account)

    def day(self, account: str = "main") -> AccountDay:
        day = self.market_time.date()
        return load(self.store, AccountDay, day_key(account, day)) or AccountDay(account=account, day=day)

    def events(self, account: str = "main") -> list[str]:
        partition = f"OUTBOX#{account}#{self.market_time.date().isoformat()}"
        return [str(item["kind"]) for item in self.store.query(partition)]
