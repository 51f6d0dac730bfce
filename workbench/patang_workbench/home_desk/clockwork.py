"""The schedules of the deployed desk on this machine: the minute's reconciliation, the morning, the login."""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta

from patang.errors import PatangError, StopTrading
from patang.execution.market_clock import market_time
from patang.market.sessions import IST
from patang_workbench.home_desk.desk import HomeDesk
from patang_workbench.local_stack.schedules import Cron

__all__ = ["SCHEDULES", "HomeClockwork"]

_log = logging.getLogger("patang.home")

# By the names of the settings in infra/config.py, and the same hours.
SCHEDULES: Mapping[str, str] = {
    "login_reminder": "cron(15,45 8 ? * * *)",
    "morning": "cron(30,45 8 ? * MON-FRI *)",
    "late_morning": "cron(0,15,30,45 9-14 ? * MON-FRI *)",
    "preflight": "cron(* 9-15 ? * MON-FRI *)",
    "reconcile": "cron(* 9-15 ? * MON-FRI *)",
    "archive": "cron(50 15 ? * MON-FRI *)",
    "logout": "cron(0,30 12-22 ? * * *)",
}

_LOOK_SECONDS = 1.0
# After a start, and after a login that comes late, nobody waits for a quarter of an hour.
_PREPARE_SECONDS = 5.0
_MINUTE = timedelta(minutes=1)
_END_SECONDS = 10.0
# A day with all that was said in it; who was away for longer begins with now.
_CAUGHT_UP = timedelta(minutes=2)
_INDEX = "NSE:NIFTY 50"


class HomeClockwork:
    """Calls what is due, one after the other, from `start` until `end`.

    Minutes are the wall's; of a simulated market they are its own, as its ticks (or, before the first, its
    quotes) tell them.
    """

    def __init__(self, desk: HomeDesk) -> None:
        self._desk = desk
        self._stop = threading.Event()
        self._crons = {name: Cron.parse(expression) for name, expression in SCHEDULES.items()}
        self._seen: datetime | None = None
        self._prepared: dict[str, int] = {}
        self._thread = threading.Thread(target=self._run, name="home-clockwork", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """What is under way is finished."""
        self._stop.set()
        self._thread.join(_END_SECONDS)

    def due(self, moment: datetime) -> Iterator[tuple[str, datetime]]:
        """(schedule, minute) of the minutes since the last look, the latest of each schedule; the first look
        is at its own minute alone."""
        minute = moment.replace(second=0, microsecond=0)
        after = self._seen
        if after is None or not timedelta(0) <= minute - after <= _CAUGHT_UP:
            after = minute - _MINUTE
        self._seen = minute
        latest: dict[str, datetime] = {}
        while after < minute:
            after += _MINUTE
            latest |= {name: after for name, cron in self._crons.items() if cron.matches(after)}
        yield from latest.items()

    def prepare(self, moment: datetime) -> None:
        """The day's universe as soon as the account that supplies data has logged in: once a login."""
        account = self._desk.standing_settings().data_account
        session = self._desk.accounts().session(account)
        if session is None or not session.is_live(self._desk.clock.now()):
            return
        if self._prepared.get(account) != session.version:
            _log.info("preparing %s: %s", moment.date(), self._desk.morning().catch_up(moment))
            self._prepared[account] = session.version

    def moment(self) -> datetime | None:
        """Market time, IST; None while nobody knows it: a simulated market that has not been heard of."""
        desk = self._desk
        if not desk.standing_settings().simulated_market:
            return desk.clock.now().astimezone(IST)
        try:
            return market_time(desk.store)
        except StopTrading:
            quote = desk.market_data().quotes([_INDEX])[_INDEX]
            told = quote.get("timestamp")
            # The broker's times carry no offset: they are India's.
            return told.replace(tzinfo=IST) if isinstance(told, datetime) else None

    def _run(self) -> None:
        while not self._stop.wait(_LOOK_SECONDS):
            try:
                moment = self.moment()
                if moment is not None:
                    self.prepare(moment)
                    for name, minute in self.due(moment):
                        self._call(name, minute)
            except PatangError as error:
                # Above all: nobody has logged in yet.
                _log.debug("nothing is due: %s", error)
                self._stop.wait(_PREPARE_SECONDS)
            except Exception:
                # One schedule that fails must not end the others: deployed, each has its own function.
                _log.exception("the clockwork goes on")
                self._stop.wait(_PREPARE_SECONDS)

    def _call(self, name: str, minute: datetime) -> None:
        calls: Mapping[str, Callable[[], object]] = {
            "login_reminder": lambda: self._desk.daily_login().by_schedule(minute),
            "logout": lambda: self._log_out(minute),
            "morning": lambda: self._desk.morning().catch_up(minute),
            "late_morning": lambda: self._desk.morning().catch_up(minute),
            "preflight": lambda: self._desk.preflight().by_schedule(minute),
            "reconcile": lambda: self._reconcile(minute),
            "archive": lambda: self._archive(minute),
        }
        try:
            _log.debug("%s of %s: %s", name, minute, calls[name]())
        except PatangError as error:
            _log.warning("%s of %s: %s", name, f"{minute:%H:%M}", error)
        finally:
            self._desk.notifications().flush()

    def _log_out(self, minute: datetime) -> object:
        # First, as deployed: whatever a mail comes to, nobody stays logged in for it.
        done = self._desk.daily_login().by_schedule(minute)
        return done | {"reports": self._desk.day_mail().run(minute)}

    def _archive(self, minute: datetime) -> object:
        done = self._desk.archive().run(minute)
        self._desk.tidy()
        return done

    def _reconcile(self, minute: datetime) -> object:
        now = self._desk.clock.now()
        for store in (self._desk.store, self._desk.auth_store):
            store.expire(now)
        done = self._desk.reconciler().run(minute) | {"charges": self._desk.charge_check().run(minute)}
        return done | {"reports": self._desk.day_mail().run(minute)}
