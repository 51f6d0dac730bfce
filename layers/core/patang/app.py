"""The composition root: environment in, wired services out. The only module that knows the adapters.

Each deployed function makes one Desk when its instance starts and asks it for the one service it calls.
Everything is built on first use, so that a function needs only the environment its own service needs.
"""

import os
import time
from collections.abc import Callable, Mapping
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import boto3
from botocore.config import Config

from patang.accounts.funds import CashMovements
from patang.accounts.health import note_call
from patang.accounts.service import AccountService
from patang.adapters.aws.dynamodb import DynamoStore, plain
from patang.adapters.aws.kinesis import KinesisReader, KinesisStream
from patang.adapters.aws.s3 import S3Objects
from patang.adapters.aws.secretsmanager import SecretsManager
from patang.adapters.aws.sns import SnsNotifier
from patang.adapters.aws.sqs import SqsDeadLetters, SqsIntentQueue, SqsPollQueue, SqsUpdateQueue
from patang.adapters.aws.stepfunctions import StepFunctions
from patang.adapters.echo import echoed_address
from patang.adapters.kite.login import KiteLogin
from patang.adapters.system import EmbeddedMetrics, SystemClock
from patang.approvals.proposal import OrderTerms
from patang.approvals.service import ApprovalService
from patang.audit.linker import AuditLinker
from patang.audit.log import AuditLog
from patang.desk_view.explanations import Explanations
from patang.desk_view.service import DeskView
from patang.errors import SettingsError, TryAgain
from patang.execution.amendments import Amendments
from patang.execution.conclusion import Conclusion
from patang.execution.exits import Exits
from patang.execution.flatten import Flatten
from patang.execution.graduation import Graduations
from patang.execution.intent_sweep import IntentSweep
from patang.execution.lane import OrderLane
from patang.execution.lane_tokens import LaneTokens
from patang.execution.order_flow import OrderFlow
from patang.execution.order_watch import OrderWatch
from patang.execution.orders.live_market import LiveMarket
from patang.execution.orders.market_facts import MarketFacts, facts_of
from patang.execution.preflight.egress import EgressObserver, EgressProbes
from patang.execution.price_breaks import PriceBreaks
from patang.execution.protection import Protector
from patang.execution.quotes import Quotes
from patang.execution.rate_tokens import RateTokens
from patang.execution.reconciliation.asking import Reconciliations
from patang.execution.reconciliation.comparison import Comparison
from patang.execution.reconciliation.earlier_days import EarlierDays
from patang.execution.reconciliation.follower import BookFollower
from patang.execution.reconciliation.outside import OutsideSales
from patang.execution.reconciliation.polling import Polling
from patang.execution.reconciliation.reconciler import Reconciler
from patang.execution.resolution import Resolution
from patang.execution.second_try import SecondTry
from patang.execution.sweeps import Sweeps
from patang.execution.triggered import TriggerWatch
from patang.execution.updates import OrderUpdates
from patang.identity.sign_in import SignIn
from patang.identity.tokens import Tokens
from patang.market.instrument_dumps import find_listing
from patang.market.instruments import Instrument, Universe
from patang.ports import (
    Attributes,
    Broker,
    Clock,
    DeadLetters,
    IntentQueue,
    MarketData,
    Metrics,
    Notifier,
    ObjectStore,
    PaperMatcher,
    PollQueue,
    SecretStore,
    StateStore,
    StreamReader,
    TableWriter,
    TickStream,
    UpdateQueue,
    Workflows,
)
from patang.risk.gate import RiskGate
from patang.risk.halts import Halts
from patang.risk.service import RiskService
from patang.settings import KiteSettings, Mode, Settings
from patang.settings.changes import SettingsChanges
from patang.settings.reader import SettingsReader

if TYPE_CHECKING:
    from patang.adapters.kite.broker import KiteBroker
    from patang.adapters.kite.calls import KiteCalls
    from patang.execution.guard import GuardService
    from patang.execution.orders.foreign_holdings import ForeignHoldings
    from patang.execution.orders.persons_orders import PersonsOrders
    from patang.execution.preflight.service import PreflightService
    from patang.features.morning import MorningService
    from patang.features.service import FeatureService
    from patang.market.archive import ArchiveService
    from patang.risk.charge_check import ChargeCheck
    from patang.strategies.service import SignalService

__all__ = ["Desk"]

# Shorter than any function's own time-out, so that a slow service is told from a slow function.
_AWS_CALLS = Config(connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3})


class Desk:
    """What one process of the desk is wired to. `environment` defaults to the process's own."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._brokers: dict[tuple[str, Mode], Broker] = {}
        self._calls: dict[tuple[str, Mode | None], KiteCalls] = {}
        self._universes: dict[date, Universe] = {}

    def variable(self, name: str) -> str:
        """A variable of the environment. Raises SettingsError that names it if it is missing."""
        value = self._environment.get(name)
        if not value:
            raise SettingsError(
                f"the environment variable {name} is not set: the function was deployed without it"
            )
        return value

    def _client(self, service: Any) -> Any:
        # `Any`: the name is one of some four hundred literals to the type stubs.
        return boto3.client(service, config=_AWS_CALLS)

    @property
    def pause(self) -> Callable[[float], None]:
        """Lets so many seconds of wall time pass."""
        return time.sleep

    def settings(self) -> Settings:
        """What entries go by, at most five seconds old. Raises SettingsError while the stored settings are
        wrong: no entry is made then."""
        return self._reader.current()

    def standing_settings(self) -> Settings:
        """What exits, the following of orders and what they need go by: the last good settings while the
        stored ones are wrong. Raises SettingsError if there never were good ones."""
        return self._reader.standing()

    def settings_changes(self) -> SettingsChanges:
        return SettingsChanges(self.store, self.clock)

    @cached_property
    def _reader(self) -> SettingsReader:
        return SettingsReader(self.store, self.clock)

    def public_url(self) -> str:
        """Where the desk is reached from outside, without a slash at the end; empty when nobody has said."""
        return (self.standing_settings().public_url or self._environment.get("PUBLIC_URL") or "").rstrip("/")

    @cached_property
    def store(self) -> StateStore:
        return DynamoStore(self._client("dynamodb"), self.variable("DESK_TABLE"))

    @cached_property
    def auth_store(self) -> StateStore:
        return DynamoStore(self._client("dynamodb"), self.variable("AUTH_TABLE"))

    @cached_property
    def audit_store(self) -> StateStore:
        return DynamoStore(self._client("dynamodb"), self.variable("AUDIT_TABLE"))

    @cached_property
    def objects(self) -> ObjectStore:
        return S3Objects(self._client("s3"), self.variable("STORE_BUCKET"))

    @cached_property
    def secrets(self) -> SecretStore:
        return SecretsManager(self._client("secretsmanager"), self._environment.get("SECRET_KEY_ID"))

    @cached_property
    def clock(self) -> Clock:
        return SystemClock()

    @cached_property
    def metrics(self) -> Metrics:
        return EmbeddedMetrics(self.variable("POWERTOOLS_SERVICE_NAME"), self.variable("STAGE"))

    @cached_property
    def notifier(self) -> Notifier:
        return SnsNotifier(self._client("sns"), self.variable("NOTIFY_TOPIC_ARN"))

    @cached_property
    def workflows(self) -> Workflows:
        # Without it a function can only answer tasks: order workflows are started by the trading cycle.
        cycle = self._environment.get("TRADING_CYCLE_ARN")
        return StepFunctions(self._client("stepfunctions"), {"trading_cycle": cycle} if cycle else {})

    @cached_property
    def intent_queue(self) -> IntentQueue:
        return SqsIntentQueue(self._client("sqs"), self.variable("ORDER_QUEUE_URL"))

    @cached_property
    def update_queue(self) -> UpdateQueue:
        return SqsUpdateQueue(self._client("sqs"), self.variable("ORDER_UPDATES_QUEUE_URL"))

    @cached_property
    def poll_queue(self) -> PollQueue:
        return SqsPollQueue(self._client("sqs"), self.variable("POLL_QUEUE_URL"))

    @cached_property
    def dead_letters(self) -> DeadLetters:
        return SqsDeadLetters(self._client("sqs"), self.variable("DEAD_LETTER_QUEUE_URL"))

    @cached_property
    def tick_stream(self) -> TickStream:
        return KinesisStream(self._client("kinesis"), self.variable("TICK_STREAM"))

    @cached_property
    def stream_reader(self) -> StreamReader:
        return KinesisReader(self._client("kinesis"), self.variable("TICK_STREAM"))

    @cached_property
    def tables(self) -> TableWriter:
        # Here, not at the top: pyarrow is deployed with (archive) and the ingester alone.
        from patang.adapters.parquet import ParquetTables

        return ParquetTables()

    @staticmethod
    def stored_item(image: Attributes) -> Attributes:
        """What was stored, from an image in the notation of the table's stream."""
        return plain(image)

    def audit_linker(self) -> AuditLinker:
        return AuditLinker(self.audit_store, self.dead_letters, self.clock, self.metrics)

    def audit_log(self) -> AuditLog:
        return AuditLog(self.store, self.audit_store)

    def features(self) -> "FeatureService":
        """One a process: its memory of the shards is what makes it fast."""
        return self._features

    def morning(self) -> "MorningService":
        from patang.features.morning import MorningService

        return MorningService(
            self.store,
            self.objects,
            self.clock,
            self.metrics,
            self.standing_settings,
            self.market_data,
            self.check_session,
        )

    def preflight(self) -> "PreflightService":
        # Here, not at the top: the models' inputs are arrays, which few functions carry.
        from patang.execution.preflight.service import PreflightService
        from patang.model.artifact import verify

        return PreflightService(
            self.store,
            self.accounts().list,
            lambda account: self._kite_broker(account, None).session(),
            self.broker,
            EgressProbes(self.store, self.intent_queue, self.clock, self.pause).ask,
            lambda: verify(Path(self.variable("MODEL_PATH"))),
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

    def archive(self) -> "ArchiveService":
        from patang.audit.export import AuditExport
        from patang.market.archive import ArchiveService
        from patang.trade_log.day_log import DayLog
        from patang.trade_log.export import TradeLogExport

        return ArchiveService(
            self.store,
            self.objects,
            self.tick_stream,
            self.stream_reader,
            self.tables,
            TradeLogExport(DayLog(self.store), self.objects, self.tables),
            AuditExport(self.audit_log(), self.objects),
            self.metrics,
            self.standing_settings,
            time.sleep,
        )

    def desk_view(self) -> DeskView:
        return DeskView(
            self.store,
            self.accounts(),
            self.audit_log(),
            self.clock,
            self.standing_settings,
            self.settings,
        )

    def explanations(self) -> Explanations:
        return Explanations(self.store, self.objects)

    def sign_in(self) -> SignIn:
        return SignIn(self.auth_store, self.accounts(), self.clock, self._session_opened)

    def _session_opened(self, account: str) -> None:
        try:
            self.reconciliations().ask([account])
        except Exception as error:
            # The login stands; the minute's reconciliation comes anyway.
            self.metrics.count("reconciliation_not_asked", error=type(error).__name__)

    def tokens(self) -> Tokens:
        return Tokens(self.store, self.auth_store, self.accounts(), self.clock)

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

    def exits(self) -> Exits:
        return Exits(self.store, self.intent_queue, self.amendments(), self.clock)

    def persons_orders(self) -> "PersonsOrders":
        # Here, not at the top: only what takes requests of people needs their rules.
        from patang.execution.orders.intent_states import IntentStates
        from patang.execution.orders.order_desk import OrderDesk
        from patang.execution.orders.persons_orders import PersonsOrders
        from patang.execution.orders.request_book import RequestBook

        desk = OrderDesk(
            self.store,
            self.broker,
            LiveMarket(self.market_data).quotes,
            self._listed,
            self.settings,
            self.standing_settings,
            self.clock,
        )
        book = RequestBook(self.store, self.intent_queue, self.clock)
        return PersonsOrders(desk, book, self.exits(), IntentStates(self.store, self.clock, time.sleep))

    def foreign_holdings(self) -> "ForeignHoldings":
        from patang.execution.orders.foreign_holdings import ForeignHoldings

        return ForeignHoldings(self.store, self.broker, self.persons_orders(), self.standing_settings)

    def price_breaks(self) -> PriceBreaks:
        return PriceBreaks(self.store, self.clock, self.notifier, self.metrics)

    def flatten(self) -> Flatten:
        return Flatten(self.store, self.halts(), self.exits(), self.amendments(), self.standing_settings)

    def amendments(self) -> Amendments:
        return Amendments(self.store, self.intent_queue, self.clock)

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
            EarlierDays(
                self.store,
                self.broker,
                self.order_updates(),
                self._resolution(),
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

    def charge_check(self) -> "ChargeCheck":
        # Here, not at the top: one function alone asks the broker what it has charged.
        from patang.risk.charge_check import ChargeCheck

        return ChargeCheck(
            self.store,
            self.accounts(),
            self.broker,
            lambda account: self._kite_broker(account, None),
            self.standing_settings,
            self.clock,
            self.notifier,
            self.metrics,
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
        from patang.execution.guard import GuardService
        from patang.execution.position_watch import PositionWatch

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

    def signals(self) -> "SignalService":
        return self._signals

    def accounts(self) -> AccountService:
        return self._accounts

    def broker(self, account: str, mode: Mode | None = None) -> Broker:
        """The account's broker in a mode (None: the one in force): on paper, or Kite.

        Kite's answers only while the settings are in that mode, because they say whether its address is a
        simulator's or the real one. Otherwise its calls raise TryAgain, and nothing has been sent.
        """
        mode = mode or self.standing_settings().mode
        if (account, mode) not in self._brokers:
            made = self._paper_broker(account) if mode == "paper" else self._kite_broker(account, mode)
            self._brokers[account, mode] = made
        return self._brokers[account, mode]

    def market_data(self) -> MarketData:
        """Quotes, history and instruments, from the account that supplies data."""
        from patang.adapters.kite.market_data import KiteMarketData

        return KiteMarketData(self._kite_calls(self.standing_settings().data_account, None))

    def check_session(self, account: str) -> None:
        """Asks the broker whether the account's session lives. Notes a dead one and raises SessionExpired."""
        self._kite_broker(account, None).profile()

    def paper_matcher(self) -> PaperMatcher:
        from patang.adapters.paper.exchange import PaperExchange

        return PaperExchange(self.store, self.clock)

    @cached_property
    def _signals(self) -> "SignalService":
        # Here, not at the top: only one function is deployed with the model's layer.
        from patang.model.signal_model import load_models
        from patang.strategies.registry import strategies
        from patang.strategies.service import SignalService

        folder = Path(self.variable("MODEL_PATH"))
        return SignalService(
            self.store,
            self.objects,
            strategies(),
            lambda: load_models(folder),
            self.settings,
            self.clock,
            self.metrics,
        )

    @cached_property
    def _features(self) -> "FeatureService":
        # Here, not at the top: numpy is in the layers of few functions.
        from patang.features.closing import MinuteCloser
        from patang.features.service import FeatureService

        closer = MinuteCloser(self.store, self.objects, self.stream_reader, self.workflows, self.metrics)
        return FeatureService(
            self.store,
            self.objects,
            self.stream_reader,
            closer,
            self.dead_letters,
            self.settings,
            self.metrics,
        )

    @cached_property
    def _accounts(self) -> AccountService:
        return AccountService(
            self.store,
            self.secrets,
            self.clock,
            KiteLogin(self._kite_settings),
            secret_prefix=self.variable("SECRET_PREFIX"),
            login_root=lambda: self._kite_settings().login_root,
        )

    def _kite_settings(self, mode: Mode | None = None) -> KiteSettings:
        settings = self.standing_settings()
        if mode is not None and mode != settings.mode:
            raise TryAgain(f"the desk has gone from mode {mode} to {settings.mode}: nothing was sent")
        return settings.kite

    def _paper_broker(self, account: str) -> Broker:
        from patang.adapters.paper.broker import PaperBroker

        return PaperBroker(account, self.store, self.clock, self.standing_settings, self._universe_of)

    def _facts(self, terms: OrderTerms, as_of: datetime) -> MarketFacts | None:
        """The market of an order as it is now; None for an instrument that is not of the day's universe."""
        universe = self._universe_of(as_of.date())
        identifier = f"{terms.exchange}:{terms.tradingsymbol}"
        instrument = universe.by_identifier().get(identifier) if universe else None
        if instrument is None:
            return None
        quote = LiveMarket(self.market_data).quote(identifier)
        return facts_of(instrument, quote, as_of, self.standing_settings())

    def _listed(self, exchange: str, tradingsymbol: str, as_of: datetime) -> Instrument | None:
        """What is watched, else what the newest dump lists."""
        universe = self._universe_of(as_of.date())
        watched = universe.by_identifier() if universe else {}
        if f"{exchange}:{tradingsymbol}" in watched:
            return watched[f"{exchange}:{tradingsymbol}"]
        listing = find_listing(self.objects, as_of.date(), exchange, tradingsymbol)
        return None if listing is None else listing.instrument()

    def _universe_of(self, day: date) -> Universe | None:
        if day not in self._universes:
            from patang.market.universe import load_universe

            found = load_universe(self.store, self.objects, day)
            if found is None:
                return None
            self._universes = {day: found}
        return self._universes[day]

    def _kite_broker(self, account: str, mode: Mode | None) -> "KiteBroker":
        from patang.adapters.kite.broker import KiteBroker

        return KiteBroker(self._kite_calls(account, mode))

    def _note_call(self, account: str, milliseconds: float) -> None:
        try:
            note_call(self.store, account, milliseconds, self.clock.now())
        except Exception as error:
            # The call was made and its answer matters; a missing measurement only leaves a gate open.
            self.metrics.count("call_not_noted", error=type(error).__name__)

    def _kite_calls(self, account: str, mode: Mode | None) -> "KiteCalls":
        # Here and above, not at the top: most functions are deployed without the client's layer.
        if (account, mode) not in self._calls:
            from patang.adapters.kite.calls import KiteCalls

            self._calls[account, mode] = KiteCalls(
                lambda: self._accounts.credentials(account),
                lambda used: self._accounts.mark_expired(account, used.version),
                lambda: self._kite_settings(mode),
                self.metrics,
                # Calls for market data are large; they say nothing of how long an order would take.
                measured=None if mode is None else lambda took: self._note_call(account, took),
            )
        return self._calls[account, mode]
