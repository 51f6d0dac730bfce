"""The day's login and its end: reminding of it in the morning, giving the token up in the evening."""

from collections.abc import Callable
from datetime import datetime, time, timedelta

from patang.accounts.service import AccountService
from patang.errors import SessionExpired
from patang.execution.journal import DESK, journal, told_first
from patang.market.sessions import IST, Session, session_on
from patang.ports import Clock, Metrics, Notifier, StateStore
from patang.settings import Settings

__all__ = ["DailyLogin"]

# The archive, the day's charges and the books are done by then.
_AFTER_CLOSE = timedelta(minutes=30)


class DailyLogin:
    """`check` asks the broker whether an account's session lives; it notes a dead one and raises
    SessionExpired."""

    def __init__(
        self,
        store: StateStore,
        accounts: AccountService,
        check: Callable[[str], None],
        settings: Callable[[], Settings],
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._check = check
        self._settings = settings
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def by_schedule(self, moment: datetime) -> dict[str, object]:
        """What a time of a day (market time, IST) asks for: before the market opens a reminder for each
        account that is not logged in, after the day's end the logout of each that still is.

        {"reminded": accounts} or {"logged_out": accounts}. Repeating a time does nothing new.
        """
        settings = self._settings()
        session = session_on(moment.date(), overrides=settings.sessions)
        if session is None:
            return {"reason": "no session today"}
        ends_at = _ends_at(session, settings)
        accounts = [account.account for account in self._accounts.list() if account.enabled]
        if moment < session.open and moment.astimezone(IST).time() < time(12):
            return {"reminded": [name for name in accounts if self._remind(name, moment)]}
        if ends_at is not None and moment >= ends_at:
            return {"logged_out": [name for name in accounts if self._log_out(name, ends_at)]}
        return {"reason": "nothing is due"}

    def _remind(self, account: str, moment: datetime) -> bool:
        if self._is_logged_in(account):
            return False
        at = f"{moment.astimezone(IST):%Y-%m-%d#%H%M}"
        event = journal(account, "LOGIN_REMINDED", at, moment, self._clock.now())
        if not told_first(self._store, event):
            return False
        address = self._accounts.login_address(account) or "the desk's page"
        try:
            text = f"No Kite session today, so no entries: {address}"
            self._notifier.send(f"Log in: {account}", text, "session")
        except Exception as error:
            # The next reminder, and the preflight, say it again; the other accounts are still to be told.
            self._metrics.alarm("notification_failed", error=type(error).__name__, subject="login")
        return True

    def _is_logged_in(self, account: str) -> bool:
        if not self._accounts.is_live(account):
            return False
        try:
            self._check(account)
        except SessionExpired:
            return False
        except Exception as error:
            # Who cannot be asked has not said no; and the other accounts are still to be looked at.
            self._metrics.count("session_not_checked", account=account, error=type(error).__name__)
        return True

    def _log_out(self, account: str, ends_at: datetime) -> bool:
        """A login that came later is somebody's who wants something of the evening: it stays until six."""
        session = self._accounts.session(account)
        if session is None or session.logged_in_at >= ends_at:
            return False
        try:
            return self._accounts.log_out(account, DESK)
        except Exception as error:
            # The next time of the schedule tries again, and six o'clock ends it anyway; the others go on.
            self._metrics.count("logout_failed", account=account, error=type(error).__name__)
            return False


def _ends_at(session: Session, settings: Settings) -> datetime | None:
    """When sessions of the day are given up; None where they are left to end by themselves."""
    if settings.kite.logout_at is None:
        return None
    wanted = datetime.combine(session.day, time.fromisoformat(settings.kite.logout_at), IST)
    return max(wanted, session.close + _AFTER_CLOSE)
