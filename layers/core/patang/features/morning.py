"""The morning's work: what to watch today, its history, and whether the day may be traded."""

from collections.abc import Callable, Iterable
from datetime import datetime
from decimal import Decimal
from typing import Any

from patang.errors import PatangError, StopTrading
from patang.features.indicators import WARM_UP_BARS
from patang.features.pointer import save_seed
from patang.features.state import FeatureState
from patang.features.warm_up import minute_bars
from patang.keys import account_key
from patang.market.instruments import Instrument
from patang.market.preflight import Check, Preflight
from patang.market.sessions import Session, previous_session, session_on
from patang.market.universe import Choice, choose_universe, index_identifiers, save_universe
from patang.ports import Clock, MarketData, Metrics, ObjectStore, StateStore, WriteConflict
from patang.records import create, load, replace
from patang.settings import Settings

__all__ = ["MorningService"]

_ATTEMPTS = 5

# Sessions looked back for the warm-up: a session has 375 minutes, but a muhurat or a halted one has fewer.
_SESSIONS_BACK = 3


class MorningService:
    """Runs once before the open; running it again replaces what it left.

    `check_session` raises while the broker's session of an account is not valid; `market_data` keeps the
    broker's limits (historical candles: three requests a second of wall time).
    """

    def __init__(
        self,
        store: StateStore,
        objects: ObjectStore,
        clock: Clock,
        metrics: Metrics,
        settings: Callable[[], Settings],
        market_data: Callable[[], MarketData],
        check_session: Callable[[str], None],
    ) -> None:
        self._store = store
        self._objects = objects
        self._clock = clock
        self._metrics = metrics
        self._settings = settings
        self._market_data = market_data
        self._check_session = check_session

    def run(self, moment: datetime) -> dict[str, Any]:
        """Prepare the session of `moment`'s day (market time, IST); says what was done and what was not."""
        settings = self._settings()
        day = moment.date()
        checks: list[Check] = []
        known = self._checked(checks, "calendar", lambda: _session_text(session_on(day)))
        if known and session_on(day) is None:
            return {"ok": True, "day": day.isoformat(), "reason": "no session today"}
        checks.append(self._account_check(settings))
        self._checked(checks, "session", lambda: self._session_check(settings))
        prepared: dict[str, Any] = {}
        self._checked(checks, "instruments", lambda: self._prepare(moment, settings, prepared))
        if settings.mode == "live":
            checks.append(_egress_check(settings))
        preflight = self._conclude(moment, settings, tuple(checks))
        return {"ok": preflight.passed, "day": day.isoformat(), "reason": preflight.reason, **prepared}

    def _checked(self, checks: list[Check], name: str, look: Callable[[], str]) -> bool:
        try:
            checks.append(Check(name=name, passed=True, found=look()))
        except PatangError as error:
            checks.append(Check(name=name, passed=False, found=str(error)))
        return checks[-1].passed

    def _account_check(self, settings: Settings) -> Check:
        name = settings.data_account
        known = self._store.get(account_key(name))
        found = "registered" if known else f"the account {name!r}, which supplies data, is not registered"
        return Check(name="data_account", passed=known is not None, found=found)

    def _session_check(self, settings: Settings) -> str:
        self._check_session(settings.data_account)
        return "the broker knows the session"

    def _prepare(self, moment: datetime, settings: Settings, prepared: dict[str, Any]) -> str:
        """Choose and keep the universe, then the seed of the feature state."""
        session = session_on(moment.date())
        if session is None:
            raise StopTrading(f"there is no session on {moment.date()}")
        choice = self._choose(session, settings)
        prepared["instruments"] = len(choice.universe.instruments)
        prepared["problems"] = list(choice.problems)
        if not choice.universe.instruments:
            raise StopTrading(f"nothing to watch: {'; '.join(choice.problems)}")
        save_universe(self._store, self._objects, choice.universe)
        state = FeatureState(choice.universe, session)
        watched = [i for i in choice.universe.instruments if i.is_spot]
        prepared["warmed_up"] = self._warm_up(state, watched, session, prepared["problems"])
        save_seed(self._objects, state)
        for problem in prepared["problems"]:
            self._metrics.count("morning_problem", problem=problem)
        return f"{prepared['instruments']} instruments, {prepared['warmed_up']} warmed up"

    def _choose(self, session: Session, settings: Settings) -> Choice:
        data = self._market_data()
        names = index_identifiers(settings)
        quotes = data.quotes(list(names.values())) if names else {}
        last = {
            symbol: Decimal(str(quotes[name]["last_price"]))
            for symbol, name in names.items()
            if name in quotes and quotes[name].get("last_price")
        }
        cash, derivatives = data.instruments("NSE"), data.instruments("NFO")
        return choose_universe(session.day, cash, derivatives, last, settings)

    def _warm_up(
        self, state: FeatureState, watched: Iterable[Instrument], session: Session, problems: list[str]
    ) -> int:
        data, warmed, back = self._market_data(), 0, session
        for _ in range(_SESSIONS_BACK):
            back = previous_session(back.day)
        histories = {}
        for instrument in watched:
            try:
                rows = data.candles(instrument.instrument_token, back.open, session.open, "minute")
            except PatangError as error:
                problems.append(f"no history of {instrument.symbol}: {error}")
                continue
            bars = minute_bars(row for row in rows if row["date"] < session.open)
            histories[instrument.symbol] = bars
            warmed += bool(len(bars))
            if len(bars) < WARM_UP_BARS:
                problems.append(
                    f"{instrument.symbol} has {len(bars)} of the {WARM_UP_BARS} bars of its warm-up"
                )
        state.warm_up(histories)
        return warmed

    def _conclude(self, moment: datetime, settings: Settings, checks: tuple[Check, ...]) -> Preflight:
        failed = [f"{check.name}: {check.found}" for check in checks if not check.passed]
        preflight = Preflight(
            day=moment.date(),
            mode=settings.mode,
            scheduled_time=moment,
            ran_at=self._clock.now(),
            passed=not failed,
            reason="; ".join(failed) or None,
            checks=checks,
        )
        for _ in range(_ATTEMPTS):
            before = load(self._store, Preflight, preflight.key())
            latest = preflight.evolve(revision=before.revision if before else 0)
            try:
                self._store.write(create(latest) if before is None else replace(latest))
            except WriteConflict:
                continue
            self._metrics.count("preflight_passed" if latest.passed else "preflight_failed")
            return latest
        raise WriteConflict([preflight.key()])


def _session_text(session: Session | None) -> str:
    return "no session" if session is None else f"{session.open:%H:%M} to {session.close:%H:%M}"


def _egress_check(settings: Settings) -> Check:
    registered = settings.registered_egress_ip
    if registered is None:
        found = "registered_egress_ip is not set: register the desk's address with the broker and set it"
    else:
        found = f"{registered} is registered, but the address that orders leave from is not observed yet"
    return Check(name="egress_ip", passed=False, found=found)
