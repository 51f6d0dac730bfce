"""The preflight of a day: at 09:00, again each minute until it has passed, and whenever a person asks.

One record a day, that of the latest run. What fails blocks entries with its reason; exits never ask.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from patang.accounts.account import Account
from patang.errors import TryAgain
from patang.execution.following.consequences import Notice, tell
from patang.execution.graduation import Graduations
from patang.execution.journal import DESK, journal
from patang.execution.lane.rate_tokens import RateTokens
from patang.execution.preflight.account_checks import (
    consent_check,
    funds_check,
    rate_check,
    reconciliation_check,
    session_check,
)
from patang.execution.preflight.desk_checks import (
    calendar_check,
    data_due_from,
    egress_check,
    instruments_check,
    market_data_check,
    model_checks,
    skew_check,
)
from patang.execution.preflight.egress import EgressProbe
from patang.keys import preflight_key
from patang.market.preflight import EGRESS_IP, MORNING, Check, Preflight
from patang.market.sessions import Session
from patang.ports import Broker, BrokerSession, Clock, Metrics, Notifier, StateStore, Write
from patang.records import change, create, load, replace
from patang.settings import Mode, Settings
from patang.settings.changes import DESK_CHAIN

__all__ = ["PreflightService"]


class PreflightService:
    """`accounts` tells who trades, `session` asks the broker of an account's session, `broker` gives its
    broker in a mode, `egress` has the lane's address observed, `models` verifies the models that are
    deployed on a day and names them."""

    def __init__(
        self,
        store: StateStore,
        accounts: Callable[[], tuple[Account, ...]],
        session: Callable[[str], BrokerSession],
        broker: Callable[[str, Mode], Broker],
        egress: Callable[[], EgressProbe],
        models: Callable[[date], Mapping[str, bool]],
        settings: Callable[[], Settings],
        public_url: Callable[[], str],
        clock: Clock,
        notifier: Notifier,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._accounts = accounts
        self._session = session
        self._broker = broker
        self._egress = egress
        self._models = models
        self._settings = settings
        self._public_url = public_url
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics
        self._tokens = RateTokens(store)
        self._graduations = Graduations(store, clock)

    def by_schedule(self, moment: datetime) -> dict[str, Any]:
        """The run of a minute (market time, IST): nothing is done while today's stands and holds."""
        settings = self._settings()
        known = load(self._store, Preflight, preflight_key(moment.date()))
        if known is not None and _stands(known, settings, moment) and not self._unseen(known):
            return _told(known)
        calendar, session = calendar_check(moment.date(), settings)
        if session is None and calendar.passed:
            return {"ok": True, "day": moment.date().isoformat(), "reason": "no session today"}
        return _told(self.run(moment))

    def run(self, moment: datetime, by: str = DESK) -> Preflight:
        """Makes every check now and keeps what was found. `by` a person: what the broker has refused of the
        address in the day is forgotten, because he says that it is mended."""
        settings = self._settings()
        before = load(self._store, Preflight, preflight_key(moment.date()))
        refused = before.address_refused if before is not None and by == DESK else None
        calendar, session = calendar_check(moment.date(), settings)
        checks = [calendar, *self._of_desk(moment, settings, session, before, refused)]
        checks += self._of_accounts(moment, settings)
        again = None
        if session is not None and moment < data_due_from(session, settings):
            again = data_due_from(session, settings)
        found = _concluded(moment, settings, tuple(checks)).evolve(
            ran_at=self._clock.now(), by=by, again_at=again, address_refused=refused
        )
        return self._keep(found, settings, before.address_refused if before is not None else None)

    def _unseen(self, known: Preflight) -> bool:
        """Whether an account was enabled since."""
        seen = {check.account for check in known.checks}
        return any(account.enabled and account.account not in seen for account in self._accounts())

    def _of_desk(
        self,
        moment: datetime,
        settings: Settings,
        session: Session | None,
        before: Preflight | None,
        refused: str | None,
    ) -> list[Check]:
        earlier = {check.name: check for check in before.checks} if before is not None else {}
        checks = [
            egress_check(settings, refused, self._egress),
            instruments_check(self._store, moment.date(), earlier.get("instruments")),
            *model_checks(lambda: self._models(moment.date()), settings),
        ]
        if session is not None:
            now = self._clock.now()
            checks.append(market_data_check(self._store, settings, session, moment, now))
        return checks

    def _of_accounts(self, moment: datetime, settings: Settings) -> list[Check]:
        accounts = [account for account in self._accounts() if account.enabled]
        if not accounts:
            to_do = "register one: `patang accounts add`"
            return [Check(name="accounts", passed=False, found="no account is enabled", to_do=to_do)]
        data_first = sorted(accounts, key=lambda account: account.account != settings.data_account)
        checks: list[Check] = []
        for account in data_first:
            checks += self._of_account(account, moment, settings, skew=account is data_first[0])
        return checks

    def _of_account(
        self, account: Account, moment: datetime, settings: Settings, *, skew: bool
    ) -> list[Check]:
        name, asked = account.account, self._clock.now()
        sign_in = f"{self._public_url()}{account.login_path}"
        alive, told = session_check(account, lambda: self._session(name), sign_in)
        checks = [alive]
        if told is not None and skew:
            checks.append(skew_check(told, asked, self._clock.now(), settings))
        if told is not None:
            consent = consent_check(name, told.profile, settings)
            checks += [] if consent is None else [consent]
        # A broker that has not answered for the session is not waited for again: the others wait behind it.
        asked_too = told is not None or settings.mode == "paper"
        margins = self._broker(name, settings.mode).margins if asked_too else _unasked
        checks.append(funds_check(name, margins))
        checks.append(rate_check(self._tokens, name, self._clock.now(), settings))
        checks.append(reconciliation_check(self._store, name, moment.date(), settings))
        if settings.mode == "live":
            checks.append(self._graduations.check(name, moment.date()))
        return checks

    def _keep(self, found: Preflight, settings: Settings, seen: str | None) -> Preflight:
        """In the place of the day's earlier runs; the owner hears once of each failure that lasts a minute.

        `seen` is what was known of a refused address when the checks began.
        """

        def decide() -> tuple[tuple[Preflight, bool], list[Write]]:
            before = load(self._store, Preflight, found.key())
            if before is None:
                return (found, False), [create(found), self._event(found), *self._told_accounts(None, found)]
            if before.address_refused not in (None, seen):
                # The broker has refused an order while these checks were made: they did not see that.
                return (before, False), []
            lasts = before.by != MORNING and not before.passed and not found.passed
            news = lasts and found.reason != before.told
            told = found.reason if news else before.told
            kept = found.in_place_of(before).evolve(runs=before.runs + 1, told=told)
            writes: list[Write] = [replace(kept)]
            if (kept.passed, kept.reason) != (before.passed, before.reason) or kept.by != DESK:
                writes.append(self._event(kept))
            writes += self._told_accounts(before, kept)
            return (kept, news), writes

        kept, news = change(self._store, decide)
        if news:
            text = f"No entry is made in mode {settings.mode}: {kept.reason}. Exits go on."
            notices = [Notice("The day's preflight does not pass", text, "preflight_failed", "data")]
            tell(self._notifier, self._metrics, notices)
        self._metrics.count("preflight_run", passed=str(kept.passed), by=kept.by)
        return kept

    def _event(self, preflight: Preflight) -> Write:
        # Every principal may read the desk's chain: of an account it says no more than that it failed.
        failed = [check.name if check.account else str(check) for check in preflight.failures]
        return journal(
            DESK_CHAIN,
            "PREFLIGHT",
            f"{preflight.day}#{preflight.runs}",
            preflight.scheduled_time,
            self._clock.now(),
            preflight.by,
            passed=preflight.passed,
            mode=preflight.mode,
            reason="; ".join(dict.fromkeys(failed)) or None,
        )

    def _told_accounts(self, before: Preflight | None, after: Preflight) -> list[Write]:
        """An event for each account of which something else is found now: in its own chain, by its name."""
        names = {check.account: None for check in after.checks if check.account is not None}
        return [
            journal(
                name,
                "PREFLIGHT",
                f"{after.day}#{after.runs}",
                after.scheduled_time,
                self._clock.now(),
                after.by,
                passed=not reason,
                mode=after.mode,
                reason=reason or None,
            )
            for name in names
            if (reason := _wrong_with(after, name)) != ("" if before is None else _wrong_with(before, name))
        ]


def _wrong_with(preflight: Preflight, account: str) -> str:
    return "; ".join(str(check) for check in preflight.failures if check.account == account)


def _stands(known: Preflight, settings: Settings, moment: datetime) -> bool:
    """Whether the day's record need not be made anew."""
    egress = next((check for check in known.checks if check.name == EGRESS_IP), None)
    registered = settings.registered_egress_ip
    same = settings.mode == known.mode and egress is not None
    moved = egress is not None and registered is not None and egress.expected != registered
    due = known.again_at is not None and moment >= known.again_at
    return same and not moved and not due and not known.failures


def _concluded(moment: datetime, settings: Settings, checks: tuple[Check, ...]) -> Preflight:
    stopping = [check for check in checks if check.stops and check.product is None]
    return Preflight(
        day=moment.date(),
        mode=settings.mode,
        scheduled_time=moment,
        ran_at=moment,
        passed=not stopping,
        reason="; ".join(map(str, stopping)) or None,
        checks=checks,
        simulated=settings.simulated_market,
    )


def _unasked() -> Mapping[str, Any]:
    raise TryAgain("not asked: the session did not answer")


def _told(preflight: Preflight) -> dict[str, Any]:
    return {"ok": preflight.passed, "day": preflight.day.isoformat(), "reason": preflight.reason}
