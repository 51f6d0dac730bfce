"""Changing the settings: each change a version, told to the audit log in the same transaction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from patang.accounts.account import Account
from patang.audit.event import AuditEvent
from patang.errors import Refused, SettingsError
from patang.keys import LIVE_INTENTS, OPEN_POSITIONS, account_key, risk_key, settings_key
from patang.portfolio.account_state import RiskState
from patang.ports import Absent, Attributes, Clock, Matches, Put, StateStore, Write
from patang.records import change, create, load, load_all, replace
from patang.settings.effective import effective, held_back, plain
from patang.settings.stored import SettingChange, StoredSettings, accepted, last_number, newest, read
from patang.settings.tree import Settings
from patang.settings.waiting import holding, market_moment, waits_until

__all__ = ["DESK_CHAIN", "Overtaken", "SettingsChanges"]

# What is no account's joins a chain of the audit log that is the desk's own; no account has a name like this.
DESK_CHAIN = "DESK"


class Overtaken(Refused):
    """Somebody else has changed the settings since they were read."""


class SettingsChanges:
    """The one place where settings are written."""

    def __init__(self, store: StateStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def put(
        self, settings: Settings, actor: str, note: str = "", *, based_on: int | None = None
    ) -> StoredSettings:
        """Stores `settings` as the next version; the version in the table where they change nothing.

        A limit that they loosen waits for the next session (`waits_until`), by whatever way they come.
        `based_on`: the version that was read before they were changed (0: none was stored).
        Raises Refused if they change the mode, or go from the market to a simulator or back, while
        something is open; Overtaken if another version than `based_on` is stored by now; WriteConflict if
        the state kept changing meanwhile.
        """

        def decide() -> tuple[StoredSettings, Sequence[Write]]:
            attributes = self._store.get(settings_key())
            old = None if attributes is None else self._old(attributes)
            _holds(based_on, old)
            if old is not None and old.version and old.document == settings.model_dump_json():
                return old, ()
            before = self._before(old)
            new = self._next(settings, old, actor, note)
            same = before is not None and _same_market(before, settings)
            guards = () if same else self._nothing_open(before, settings)
            current = Put(settings_key(), new.kept().attributes, expect=_unchanged(attributes))
            kept = Put(new.kept().key, new.kept().attributes, expect=Absent())
            return new, (current, kept, create(_event(new)), *guards)

        return change(self._store, decide)

    def preview(self, settings: Settings, actor: str, *, based_on: int) -> StoredSettings:
        """The version that `put` would store now: what it changes, and what would wait until when.

        Writes nothing. Raises what `put` raises.
        """
        attributes = self._store.get(settings_key())
        old = None if attributes is None else self._old(attributes)
        _holds(based_on, old)
        before = self._before(old)
        if before is None or not _same_market(before, settings):
            self._nothing_open(before, settings)
        return self._next(settings, old, actor, "")

    def stored(self) -> StoredSettings | None:
        """The newest version; None where nothing is stored. Raises SettingsError if it cannot be read."""
        return newest(self._store)

    def in_force(self) -> Settings:
        """What holds now. Raises SettingsError if the newest version is wrong."""
        stored = self.stored()
        return Settings() if stored is None else holding(self._store, self._clock, stored)

    def pending(self) -> dict[str, Any]:
        """The limits that wait for the next session: by path, what they will be then (JSON's values)."""
        stored = self.stored()
        if stored is None or not stored.held:
            return {}
        wanted, now = plain(stored.wanted()), plain(self.in_force())
        return {path: wanted[path] for path in stored.held if wanted[path] != now[path]}

    def _old(self, attributes: Attributes) -> StoredSettings:
        """The version in the table; one that asks for nothing right where the item cannot be read."""
        try:
            return read(attributes)
        except SettingsError:
            return StoredSettings(document="", version=last_number(self._store))

    def _before(self, old: StoredSettings | None) -> Settings | None:
        """What is in force now; None if what is stored is wrong and nothing before it was right."""
        if old is None:
            return Settings()
        last = next(accepted(self._store), None)
        return None if last is None else holding(self._store, self._clock, last)

    def _next(self, settings: Settings, old: StoredSettings | None, actor: str, note: str) -> StoredSettings:
        held, until = self._held(settings, old)
        return StoredSettings(
            version=1 + (old.version if old else 0),
            document=settings.model_dump_json(),
            written_at=self._clock.now(),
            written_by=actor,
            note=note,
            changes=_changes(_wanted(old), settings),
            held=held,
            held_until=until,
        )

    def _held(self, settings: Settings, old: StoredSettings | None) -> tuple[dict[str, Any], datetime | None]:
        """The limits that wait, by path what holds meanwhile (JSON's values), and until when."""
        last = self._last_of_market(settings, old)
        moment = None if last is None else market_moment(self._store, self._clock, last)
        until = None if moment is None else waits_until(moment)
        if last is None or until is None:
            return {}, None
        now = plain(effective(settings, last))
        held = {entry.path: now[entry.path] for entry in held_back(settings, last)}
        return held, until if held else None

    def _last_of_market(self, settings: Settings, old: StoredSettings | None) -> Settings | None:
        """What a loosening is measured by: what held last where `settings` trade, in the market or in a
        simulator; the safe defaults where nothing was ever said of it. None for a desk that has not begun."""
        for stored in accepted(self._store):
            if stored.wanted().simulated_market == settings.simulated_market:
                return holding(self._store, self._clock, stored)
        begun = old is not None or any(state is not None for state in self._risk_states().values())
        return Settings() if begun else None

    def _risk_states(self) -> dict[str, RiskState | None]:
        """By account; an account has one from its first order, or its first halt, on."""
        accounts = load_all(self._store, Account, account_key("").partition)
        return {a.account: load(self._store, RiskState, risk_key(a.account)) for a in accounts}

    def _nothing_open(self, before: Settings | None, settings: Settings) -> tuple[Write, ...]:
        """What makes sure, within the transaction, that nothing of another mode is open: what was bought in
        one mode is guarded and sold in that mode only.

        An order on its way is reserved in its account's state of risk, and becomes a position with that
        state's next revision: while the revision stands that was read first, nothing can have come.
        """
        found = self._risk_states()
        items = [*self._store.query_index(OPEN_POSITIONS), *self._store.query_index(LIVE_INTENTS)]
        if before is None:
            # Nobody knows what the mode was: what is open says it.
            held = sum(_mode_of(item) != settings.mode for item in items)
        else:
            held = len(items) or sum(len(state.reservations) for state in found.values() if state)
        if held:
            mode = before.mode if before else "another than the new one"
            raise Refused(
                f"{held} positions or orders are open in mode {mode}: close them before mode {settings.mode}"
            )
        return tuple(
            create(RiskState(account=account)) if state is None else replace(state)
            for account, state in found.items()
        )


def _holds(based_on: int | None, old: StoredSettings | None) -> None:
    found = old.version if old is not None else 0
    if based_on is not None and based_on != found:
        raise Overtaken(f"the settings are at version {found} by now, not {based_on}: read them again")


def _same_market(before: Settings, settings: Settings) -> bool:
    return before.mode == settings.mode and before.simulated_market == settings.simulated_market


def _mode_of(item: Attributes) -> object:
    """The mode of a stored position, or of the terms of a stored intent."""
    return item.get("mode") or item.get("terms", {}).get("mode")


def _unchanged(attributes: Attributes | None) -> Absent | Matches:
    """That the newest version is still the one that was read; one written by hand has no number."""
    if attributes is None:
        return Absent()
    name = next((name for name in ("version", "document") if name in attributes), None)
    return Matches(attributes if name is None else {name: attributes[name]})


def _event(new: StoredSettings) -> AuditEvent:
    now = new.written_at
    if now is None:
        raise ValueError(f"version {new.version} of the settings was written at no time")
    changes = {entry.path: [str(entry.old), str(entry.new)] for entry in new.changes}
    details = {"version": new.version, "changes": changes, "note": new.note}
    if new.held_until is not None:
        details |= {"held": sorted(new.held), "held_until": new.held_until.isoformat()}
    return AuditEvent(
        event_id=f"settings#{new.version}",
        account=DESK_CHAIN,
        kind="SETTINGS_CHANGED",
        # A person changes settings in wall time; there is no market moment to it.
        as_of=now,
        written_at=now,
        actor=new.written_by,
        details=details,
    )


def _wanted(old: StoredSettings | None) -> Settings:
    """What the version before asked for; the defaults where it was wrong or there was none."""
    try:
        return Settings() if old is None else old.wanted()
    except SettingsError:
        return Settings()


def _changes(old: Settings, new: Settings) -> tuple[SettingChange, ...]:
    before, after = plain(old), plain(new)
    return tuple(
        SettingChange(path=path, old=before[path], new=value)
        for path, value in after.items()
        if before[path] != value
    )
