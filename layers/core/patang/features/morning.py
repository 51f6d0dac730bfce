"""The morning's work: what to watch today, its history, and whether the day may be traded."""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from patang.errors import PatangError, StopTrading
from patang.features.day_universe import DayUniverse
from patang.features.minute_history import MinuteHistory
from patang.features.pointer import save_seed
from patang.features.price_breaks import suspected_rebasing
from patang.features.state import FeatureState
from patang.features.volatility_years import volatility_years
from patang.keys import account_key, preflight_key
from patang.market.instrument_hours import hours_of
from patang.market.instruments import Universe
from patang.market.minutes import load_minute
from patang.market.preflight import EGRESS_IP, MORNING, Check, Preflight
from patang.market.sessions import Session, previous_session, session_on, unknown_ahead
from patang.market.universe import save_universe
from patang.ports import Clock, MarketData, Metrics, ObjectStore, StateStore, WriteConflict
from patang.records import create, load, replace
from patang.settings import Settings

__all__ = ["MorningService"]

_ATTEMPTS = 5
# The check that the universe is chosen and the state of its features seeded; kept by every later preflight.
_PREPARED = "instruments"

# Of the ten minutes that (morning) has, so that what was read is still stepped through and kept.
_HISTORY_TIME = timedelta(minutes=7)

# So long before a day that would stop trading its hours are asked for, every morning.
_DAYS_AHEAD = 30


class MorningService:
    """Runs before the open, or as soon as somebody has logged in; running it again replaces what it left, and
    asks for no history twice.

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

    def catch_up(self, moment: datetime) -> dict[str, Any]:
        """`run`, unless the day is prepared already: a login that comes late still gets its day."""
        known = load(self._store, Preflight, preflight_key(moment.date()))
        if known is not None and any(c.name == _PREPARED and c.passed for c in known.checks):
            return {"ok": True, "day": known.day.isoformat(), "reason": "prepared already"}
        return self.run(moment)

    def run(self, moment: datetime) -> dict[str, Any]:
        """Prepare the session of `moment`'s day (market time, IST); says what was done and what was not."""
        settings = self._settings()
        day = moment.date()
        calendar, session = _calendar_check(day, settings)
        if session is None and calendar.passed:
            return {"ok": True, "day": day.isoformat(), "reason": "no session today"}
        checks = [calendar, self._account_check(settings)]
        self._checked(checks, "session", lambda: self._session_check(settings))
        prepared: dict[str, Any] = {}
        self._checked(checks, _PREPARED, lambda: self._prepare(session, settings, prepared))
        if settings.mode == "live":
            checks.append(_egress_check(settings))
        preflight = self._conclude(moment, settings, tuple(checks))
        return {"ok": preflight.passed, "day": day.isoformat(), "reason": preflight.reason, **prepared}

    def _checked(self, checks: list[Check], name: str, look: Callable[[], str]) -> None:
        try:
            checks.append(Check(name=name, passed=True, found=look()))
        except PatangError as error:
            checks.append(Check(name=name, passed=False, found=str(error)))

    def _account_check(self, settings: Settings) -> Check:
        name = settings.data_account
        known = self._store.get(account_key(name))
        found = "registered" if known else f"the account {name!r}, which supplies data, is not registered"
        return Check(name="data_account", passed=known is not None, found=found)

    def _session_check(self, settings: Settings) -> str:
        self._check_session(settings.data_account)
        return "the broker knows the session"

    def _prepare(self, session: Session | None, settings: Settings, prepared: dict[str, Any]) -> str:
        """Choose and keep the universe, then the seed of the feature state."""
        if session is None:
            raise StopTrading("the day's hours are not known")
        day = DayUniverse(self._store, self._objects, self._market_data())
        ahead = unknown_ahead(session.day, _DAYS_AHEAD, settings.sessions)
        problems: list[str] = [] if ahead is None else [ahead]
        prepared["problems"] = problems
        closes = self._closes_before(session, settings, problems)
        chosen = day.choose(session, settings, closes)
        universe = chosen.universe
        problems += chosen.problems
        prepared["instruments"] = len(universe.instruments)
        if not universe.instruments:
            raise StopTrading(f"nothing to watch: {'; '.join(problems)}")
        save_universe(self._store, self._objects, universe)
        problems += _rebased(day, universe, closes)
        state = FeatureState(
            universe, session, hours_of(universe.instruments, session.day, settings.sessions)
        )
        underlyings = sorted({i.underlying for i in universe.instruments if i.is_option})
        years = volatility_years(self._objects, self._market_data(), chosen.vix_token, underlyings, session)
        state.know_volatility(years.years)
        problems += years.problems
        prepared["warmed_up"] = self._warm_up(state, universe, session, settings, problems)
        save_seed(self._objects, state)
        for problem in problems:
            self._metrics.count("morning_problem", problem=problem)
        return f"{prepared['instruments']} instruments, {prepared['warmed_up']} warmed up"

    def _closes_before(
        self, session: Session, settings: Settings, problems: list[str]
    ) -> Mapping[str, float]:
        """Closes by symbol of the session before, as its last minute left them; empty on the first day."""
        try:
            before = previous_session(session.day, settings.sessions)
            closed = load_minute(self._objects, self._store, before.last_minute())
        except PatangError as error:
            problems.append(f"the closes of the session before are not known: {error}")
            return {}
        return {candle.symbol: candle.close for minute in closed for candle in minute.candles_day}

    def _warm_up(
        self,
        state: FeatureState,
        universe: Universe,
        session: Session,
        settings: Settings,
        problems: list[str],
    ) -> int:
        """Returns how many symbols have history."""
        history = MinuteHistory(self._objects, self._market_data(), self._clock)
        spots = [i for i in universe.instruments if i.is_spot]
        found = history.read(spots, session, settings.sessions, self._clock.now() + _HISTORY_TIME)
        problems += found.problems
        state.warm_up(found.bars)
        self._metrics.count("histories_asked", found.asked)
        return sum(len(bars) > 0 for bars in found.bars.values())

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
            by=MORNING,
            simulated=settings.simulated_market,
        )
        for _ in range(_ATTEMPTS):
            before = load(self._store, Preflight, preflight.key())
            latest = preflight if before is None else preflight.in_place_of(before)
            if before is not None and before.address_refused is not None:
                latest = latest.evolve(address_refused=before.address_refused)
            try:
                self._store.write(create(latest) if before is None else replace(latest))
            except WriteConflict:
                continue
            # The address is observed by the preflight, at nine.
            wrong = [check.name for check in checks if not check.passed and check.name != EGRESS_IP]
            self._metrics.count("morning_failed" if wrong else "morning_passed")
            return latest
        raise WriteConflict([preflight.key()])


def _calendar_check(day: date, settings: Settings) -> tuple[Check, Session | None]:
    try:
        session = session_on(day, overrides=settings.sessions)
    except StopTrading as error:
        return Check(name="calendar", passed=False, found=str(error)), None
    hours = "no session" if session is None else f"{session.open:%H:%M} to {session.close:%H:%M}"
    return Check(name="calendar", passed=True, found=hours), session


def _rebased(day: DayUniverse, universe: Universe, closes: Mapping[str, float]) -> list[str]:
    """An answer that does not come costs the note alone."""
    try:
        return suspected_rebasing(closes, day.share_quotes(universe)) if closes else []
    except PatangError as error:
        return [f"whether shares were rebased overnight is not known: {error}"]


def _egress_check(settings: Settings) -> Check:
    registered = settings.registered_egress_ip
    if registered is None:
        found = "registered_egress_ip is not set: register the desk's address with the broker and set it"
    else:
        found = f"{registered} is registered, but the address that orders leave from is not observed yet"
    return Check(name=EGRESS_IP, passed=False, found=found)
