"""After the close: word that the day's report is there, and on a month's last session the month's."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple, Protocol

from patang.desk_view.money import rupees
from patang.errors import PatangError
from patang.execution.following.consequences import Notice, tell
from patang.execution.journal import journal, told_first
from patang.market.session_override import SessionOverride
from patang.market.sessions import is_open, session_on
from patang.ports import Clock, Metrics, Notifier, StateStore
from patang.public_address import known_address
from patang.reports.desk_report import DeskReport
from patang.reports.desk_reports import DeskReports
from patang.settings import Settings
from patang.settings.changes import DESK_CHAIN

__all__ = ["DayMail"]

# The day's charges are compared five minutes after the close; what is late is on the page all the same.
_AFTER_THE_CLOSE = timedelta(minutes=10)


class DayMail:
    """SNS attaches nothing: a message has the sums and the address of the page. `accounts` are those that
    trade, `public_url` where the desk is reached."""

    def __init__(
        self,
        store: StateStore,
        accounts: Callable[[], Sequence[str]],
        reports: DeskReports,
        settings: Callable[[], Settings],
        public_url: Callable[[], str],
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._reports = reports
        self._settings = settings
        self._public_url = public_url
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def run(self, as_of: datetime) -> tuple[str, ...]:
        """Which reports were told of now: the first run after the close tells, the rest of the day nothing.
        What cannot be told (no rates of the day, no address) is counted, and tried again."""
        try:
            return self._run(as_of)
        except PatangError as error:
            self._metrics.count("report_not_mailed", error=f"{type(error).__name__}: {error}")
            return ()

    def _run(self, as_of: datetime) -> tuple[str, ...]:
        settings, day = self._settings(), as_of.date()
        session = session_on(day, overrides=settings.sessions)
        if session is None or as_of < session.close + _AFTER_THE_CLOSE:
            return ()
        told = []
        if settings.notifications.daily_report and self._tell(_daily(day), as_of):
            told.append("daily")
        if (
            settings.notifications.monthly_report
            and _is_last_of_month(day, settings.sessions)
            and self._tell(_monthly(day), as_of)
        ):
            told.append("monthly")
        return tuple(told)

    def _tell(self, period: "_Period", as_of: datetime) -> bool:
        event = journal(
            DESK_CHAIN, "REPORT_TOLD", period.which, as_of, self._clock.now(), report=period.which
        )
        if self._store.get(event.key) is not None:
            return False
        # Before it is written that it was told: what raises here is tried again.
        address = f"{known_address(self._public_url())}/reports/{period.which}"
        reports = [period.of(self._reports, account) for account in self._accounts()]
        if not told_first(self._store, event):
            return False
        text = "\n".join([*map(_line, reports), "", address])
        notice = Notice(f"Report of {period.name}: {_sum(reports)}", text, kind="report")
        tell(self._notifier, self._metrics, [notice])
        return True


class _Made(Protocol):
    def __call__(self, reports: DeskReports, account: str) -> DeskReport: ...


class _Period(NamedTuple):
    """`which` is the page's place below /reports."""

    which: str
    name: str
    of: _Made


def _daily(day: date) -> _Period:
    return _Period(f"daily/{day}", f"{day:%d %b %Y}", lambda reports, account: reports.daily((account,), day))


def _monthly(day: date) -> _Period:
    return _Period(
        f"monthly/{day:%Y-%m}", f"{day:%B %Y}", lambda reports, account: reports.monthly((account,), day)
    )


def _is_last_of_month(day: date, overrides: Sequence[SessionOverride]) -> bool:
    """Whether no session follows in the month; of a year whose holidays are unknown by its weekdays."""
    following = day + timedelta(days=1)
    while following.month == day.month:
        if is_open(following, overrides):
            return False
        following += timedelta(days=1)
    return True


def _line(report: DeskReport) -> str:
    [account] = report.accounts
    total = report.total
    if not total.trades:
        return f"{account} ({report.mode}): no trade closed, charges {rupees(report.charges_total)}"
    return (
        f"{account} ({report.mode}): {_trades(total.trades)}, {total.wins} won, "
        f"{rupees(total.net, signed=True)} after {rupees(total.charges)} of charges; "
        f"slippage {rupees(total.slippage)}"
    )


def _sum(reports: Sequence[DeskReport]) -> str:
    count = sum(report.total.trades for report in reports)
    net = sum((report.total.net for report in reports), Decimal(0))
    return f"{_trades(count)}, {rupees(net, signed=True)}" if count else "no trade"


def _trades(count: int) -> str:
    return f"{count} trade" if count == 1 else f"{count} trades"
