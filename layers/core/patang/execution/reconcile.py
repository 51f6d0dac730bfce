"""Reconciling: the order book as the second source, and the end of everything that was left half done."""

from collections.abc import Callable
from datetime import datetime, timedelta

from patang.accounts.funds import CashMovements, note_funds
from patang.accounts.health import counting_failures
from patang.accounts.service import AccountService
from patang.errors import PatangError, SessionExpired
from patang.execution.amendments import enqueue
from patang.execution.consequences import Notice, tell
from patang.execution.intent import OrderIntent
from patang.execution.journal import journal, told_first
from patang.execution.resolution import GRACE, Resolution
from patang.execution.sweeps import Sweeps
from patang.execution.updates import OrderUpdates
from patang.keys import LIVE_INTENTS
from patang.market.sessions import IST
from patang.ports import Broker, BrokerOrder, Clock, IntentQueue, Metrics, Notifier, StateStore
from patang.records import load_index
from patang.settings import Mode, Settings

__all__ = ["Reconciler"]

# Wall time after which an intent that nobody has claimed is told to the lane again.
_UNCLAIMED = timedelta(seconds=10)


class Reconciler:
    """Runs every minute of market hours. Accounts fail one by one; the sweeps run whatever they do.

    Follows orders of the mode in force: the book of another mode would make the rest look lost.
    """

    def __init__(
        self,
        store: StateStore,
        accounts: AccountService,
        broker: Callable[[str, Mode], Broker],
        updates: OrderUpdates,
        resolution: Resolution,
        sweeps: Sweeps,
        queue: IntentQueue,
        settings: Callable[[], Settings],
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._broker = broker
        self._updates = updates
        self._resolution = resolution
        self._sweeps = sweeps
        self._queue = queue
        self._settings = settings
        self._clock = clock
        self._cash = CashMovements(store, clock)
        self._notifier = notifier
        self._metrics = metrics

    def run(self, as_of: datetime) -> dict[str, object]:
        """{"accounts": {account: what came of it}, "swept": {what: how many}} as of this market time."""
        accounts = self._accounts.list()
        enabled = [account.account for account in accounts if account.enabled]
        results: dict[str, str] = {}
        for account in enabled:
            with counting_failures(self._store, self._clock, account):
                results[account] = self._account(account, as_of)
        return {"accounts": results, "swept": self._sweeps.run(accounts, as_of)}

    def _account(self, account: str, as_of: datetime) -> str:
        try:
            # Live intents first: what the book then does not hold was missing after they were written.
            mode = self._settings().mode
            live = load_index(self._store, OrderIntent, LIVE_INTENTS, f"{account}#")
            live = [intent for intent in live if intent.terms.mode == mode]
            book = self._broker(account, mode).orders()
            self._follow(account, book)
            self._resolve(live, book, as_of)
            margins = self._broker(account, mode).margins()
            note_funds(self._store, account, margins, mode, self._clock.now())
            self._cash.by_broker(account, margins, mode, as_of)
        except SessionExpired as error:
            self._tell_once(account, "SESSION_EXPIRED", as_of, str(error))
            return "SESSION_EXPIRED"
        except PatangError as error:
            self._metrics.count("reconcile_failed", account=account, error=f"{type(error).__name__}: {error}")
            return f"FAILED: {error}"
        return f"{len(book)} orders followed"

    def _follow(self, account: str, book: list[BrokerOrder]) -> None:
        for order in book:
            self._updates.apply_order(account, order, "poll")

    def _resolve(self, live: list[OrderIntent], book: list[BrokerOrder], as_of: datetime) -> None:
        now = self._clock.now()
        tags = {order.tag for order in book}
        for intent in live:
            if intent.state == "NEW" and now - intent.written_at >= _UNCLAIMED:
                enqueue(self._queue, intent)
            elif intent.state == "UNKNOWN" or (
                intent.state == "SENDING"
                and intent.sending_at is not None
                and now - intent.sending_at >= GRACE
            ):
                self._resolution.resolve(intent, book)
            elif intent.state == "ACKED" and intent.intent_id not in tags:
                self._resolution.missing(intent, as_of)

    def _tell_once(self, account: str, kind: str, as_of: datetime, text: str) -> None:
        """An event and a notice a day, however often it is found."""
        event = journal(
            account, kind, f"{as_of.astimezone(IST):%Y-%m-%d}", as_of, self._clock.now(), text=text
        )
        if told_first(self._store, event):
            subject = f"{account}: {kind.lower().replace('_', ' ')}"
            tell(self._notifier, self._metrics, [Notice(subject, text, kind.lower())])
