"""The desk and the broker side by side: each minute of market hours, after each login, and when asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from patang.accounts.funds import CashMovements, note_funds
from patang.accounts.health import counting_failures
from patang.accounts.seen import note_holdings, note_margins
from patang.accounts.service import AccountService
from patang.alerts.seen import AlertsWatch
from patang.errors import PatangError, SessionExpired
from patang.execution.following.consequences import Notice, tell
from patang.execution.journal import journal, told_first
from patang.execution.reconciliation.comparison import Comparison
from patang.execution.reconciliation.follower import BookFollower
from patang.execution.reconciliation.polling import Polling
from patang.execution.reconciliation.record import Reconciliation
from patang.execution.sweeps import Sweeps
from patang.market.sessions import IST
from patang.portfolio.day_curve import note_curve
from patang.ports import Clock, Metrics, Notifier, StateStore, WriteConflict

__all__ = ["Reconciler"]


class Reconciler:
    """Accounts fail one by one; the sweeps run whatever they do."""

    def __init__(
        self,
        store: StateStore,
        accounts: AccountService,
        follower: BookFollower,
        comparison: Comparison,
        alerts: AlertsWatch,
        polling: Polling,
        sweeps: Sweeps,
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._follower = follower
        self._comparison = comparison
        self._alerts = alerts
        self._polling = polling
        self._sweeps = sweeps
        self._clock = clock
        self._cash = CashMovements(store, clock)
        self._notifier = notifier
        self._metrics = metrics

    def run(self, as_of: datetime) -> dict[str, object]:
        """{"accounts": {account: what came of it}, "swept": {what: how many}} as of this market time."""
        accounts = self._accounts.list()
        results = {a.account: self._account(a.account, as_of) for a in accounts if a.enabled}
        for account in results:
            self._draw(account, as_of)
        return {"accounts": results, "swept": self._sweeps.run(accounts, as_of)}

    def ask(self, accounts: Sequence[str] = ()) -> list[dict[str, Any]]:
        """The verdict of now on these accounts, or on all that are enabled, as JSON. One that cannot be
        compared says why in `error`, and is not clean.

        Raises BadInput for an account that there is not, StopTrading as Polling.market_time does.
        """
        named = [self._accounts.account(account).account for account in accounts]
        asked = named or [account.account for account in self._accounts.list() if account.enabled]
        as_of = self._polling.market_time()
        return [self._answer(account, as_of) for account in asked]

    def _answer(self, account: str, as_of: datetime) -> dict[str, Any]:
        try:
            found = self._compare(account, as_of)
        except PatangError as error:
            return {"account": account, "clean": False, "error": f"{type(error).__name__}: {error}"}
        return found.model_dump(mode="json", exclude={"schema_version", "revision"})

    def _account(self, account: str, as_of: datetime) -> str:
        try:
            with counting_failures(self._store, self._clock, account):
                found = self._compare(account, as_of)
        except SessionExpired as error:
            self._tell_of_the_end(account, as_of, str(error))
            return "SESSION_EXPIRED"
        except PatangError as error:
            self._metrics.count("reconcile_failed", account=account, error=f"{type(error).__name__}: {error}")
            return f"FAILED: {error}"
        self._alerts.refresh(account)
        verdict = "agree" if found.clean else f"DIFFER: {found.reason}"
        return f"{found.checked.get('orders', 0)} orders followed, books {verdict}"

    def _compare(self, account: str, as_of: datetime) -> Reconciliation:
        self._follower.follow(account, as_of, "poll")
        found, book = self._comparison.run(account, as_of)
        worth, now = book.holdings_value(), self._clock.now()
        note_funds(self._store, account, book.margins, found.mode, now, worth)
        note_holdings(self._store, account, found.mode, book.holdings, now)
        note_margins(self._store, account, found.mode, book.margins, now)
        self._cash.by_broker(account, book.margins, found.mode, as_of)
        if self._follower.live(account):
            self._polling.begin(account)
        return found

    def _draw(self, account: str, as_of: datetime) -> None:
        """The minute's point of the day's curve, whatever became of the comparison."""
        try:
            note_curve(self._store, account, as_of)
        except WriteConflict:
            # A point less in a drawing holds nobody up.
            self._metrics.count("curve_not_kept", account=account)

    def _tell_of_the_end(self, account: str, as_of: datetime, text: str) -> None:
        """An event and a notice a day and session, however often it is found over."""
        session = self._accounts.session(account)
        which = f"{as_of.astimezone(IST):%Y-%m-%d}#{session.version if session else 0}"
        event = journal(account, "SESSION_EXPIRED", which, as_of, self._clock.now(), text=text)
        if told_first(self._store, event):
            notice = Notice(f"{account}: session expired", text, "session_expired")
            tell(self._notifier, self._metrics, [notice])
