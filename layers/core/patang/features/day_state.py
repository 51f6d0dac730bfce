"""A day's first state: from the morning's seed or the universe alone, in the hours that hold that day."""

from collections.abc import Callable
from dataclasses import astuple
from datetime import date

import numpy as np

from patang.errors import BadInput, SettingsError, StopTrading
from patang.features.pointer import load_seed
from patang.features.state import FeatureState
from patang.market.instrument_hours import InstrumentHours, hours_of
from patang.market.session_override import SessionOverride
from patang.market.sessions import Session, previous_session, session_on
from patang.market.universe import load_universe
from patang.ports import Metrics, ObjectStore, StateStore
from patang.settings import Settings

__all__ = ["DayStates"]


class DayStates:
    """Hours are the calendar's and what the owner has said of single days in the settings.

    Settings that do not parse are no reason to stop closing minutes: what they last said holds.
    """

    def __init__(
        self, store: StateStore, objects: ObjectStore, settings: Callable[[], Settings], metrics: Metrics
    ) -> None:
        self._store = store
        self._objects = objects
        self._settings = settings
        self._metrics = metrics
        self._said: tuple[SessionOverride, ...] = ()

    def begin(self, day: date, before: FeatureState | None) -> FeatureState | None:
        """The day's state, with what the morning could not read from the state of the session before.

        None on a day without session, universe or calendar.
        """
        overrides = self._overrides()
        try:
            session = session_on(day, overrides=overrides)
            state = None if session is None else self._first(session, overrides)
        except StopTrading as error:
            self._metrics.count("calendar_unknown", reason=str(error))
            return None
        if state is not None and before is not None and _is_session_before(before.session, day, overrides):
            inherited = state.inherit(before)
            if inherited:
                self._metrics.count("indicators_inherited", inherited)
        return state

    def keep_hours(self, state: FeatureState) -> None:
        """Let a state keep its day's hours. If that day is not known or closed now, it keeps those it has."""
        overrides, day = self._overrides(), state.session.day
        try:
            session = session_on(day, overrides=overrides)
            hours = hours_of(state.universe.instruments, day, overrides)
        except (StopTrading, BadInput):
            return
        if session is None or (session == state.session and _same(hours, state.hours)):
            return
        state.keep_hours(session, hours)
        self._metrics.count("session_hours_changed", until=f"{session.close:%H:%M}")

    def _first(self, session: Session, overrides: tuple[SessionOverride, ...]) -> FeatureState | None:
        """The day's seed, or without one the universe alone, not warmed up."""
        try:
            seed = load_seed(self._objects, session.day)
        except BadInput as error:
            self._metrics.count("feature_seed_unreadable", reason=str(error))
            seed = None
        if seed is not None:
            return seed
        try:
            universe = load_universe(self._store, self._objects, session.day)
            if universe is not None:
                return FeatureState(universe, session, hours_of(universe.instruments, session.day, overrides))
        except BadInput as error:
            self._metrics.count("universe_unreadable", reason=str(error))
            return None
        self._metrics.count("universe_missing", day=session.day.isoformat())
        return None

    def _overrides(self) -> tuple[SessionOverride, ...]:
        try:
            self._said = self._settings().sessions
        except SettingsError as error:
            self._metrics.count("settings_unreadable", reason=str(error))
        return self._said


def _is_session_before(session: Session, day: date, overrides: tuple[SessionOverride, ...]) -> bool:
    try:
        return session.day == previous_session(day, overrides).day
    except StopTrading:
        return False


def _same(one: InstrumentHours, other: InstrumentHours) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(astuple(one), astuple(other), strict=True))
