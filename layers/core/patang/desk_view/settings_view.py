"""The settings as they are shown and changed: each with its unit, its range, and when a change holds."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from patang.accounts.account import Account
from patang.desk_view.paging import Page, cursor_at, place_of
from patang.desk_view.settings_said import said
from patang.desk_view.views import Moment, ShownModel
from patang.errors import BadInput, Refused, SettingsError
from patang.identity.principal import Principal
from patang.identity.rights import OwnerNeeded, in_person
from patang.ports import StateStore
from patang.settings import Settings
from patang.settings.changes import SettingsChanges
from patang.settings.edits import SET_BY_OPERATOR, edited
from patang.settings.effective import only_tightened, plain
from patang.settings.names import name_of
from patang.settings.stored import StoredSettings, load_version, versions
from patang.settings.table import Row, table

__all__ = [
    "SettingDiff",
    "SettingView",
    "SettingsPage",
    "SettingsPreview",
    "SettingsReturn",
    "SettingsVersion",
    "SettingsView",
]

_NO_LIMIT = "at once"


class SettingView(ShownModel):
    """A setting. `value` holds now. Where something waits, `waiting` is what it will be from `waits_until`
    (market time) on; null there may be a value, none. `holds` says in words when a change of it takes effect;
    `by_operator`: no route changes it. `name` is what people call it, `value_said` and `waiting_said` are
    the values as they read them, with their unit."""

    path: str
    name: str
    value: Any
    value_said: str
    waiting: Any = None
    waiting_said: str | None = None
    waits_until: Moment | None = None
    default: str
    unit: str
    allowed: str
    holds: str
    by_operator: bool
    description: str


class SettingDiff(ShownModel):
    """A setting that a version changes. `waits_until`: the limit is loosened, and `meanwhile` is what holds
    until then (market time); null where the change holds at once. `name` is what people call the setting,
    what ends in `_said` are the values as they read them, with their unit."""

    path: str
    name: str
    old: Any = None
    old_said: str
    new: Any = None
    new_said: str
    waits_until: Moment | None = None
    meanwhile: Any = None
    meanwhile_said: str | None = None


class SettingsVersion(ShownModel):
    """A version of the settings, as it was asked for. Version 0 is the safe defaults."""

    version: int
    written_at: Moment | None = None
    written_by: str = ""
    note: str = ""
    changes: tuple[SettingDiff, ...] = ()


class SettingsView(ShownModel):
    """The whole tree, and the version that asked for it."""

    version: SettingsVersion
    settings: tuple[SettingView, ...]


class SettingsPreview(ShownModel):
    """What a change would do: nothing is stored yet. `version` is the one that was read."""

    version: int
    changes: tuple[SettingDiff, ...]


class SettingsReturn(ShownModel):
    """What leads back to an older version: `changes` (values by path) on top of version `based_on`, to be
    tried out and stored like any other. `kept`: the settings, by their names, that stay what they are, since
    only whoever deploys the desk changes them."""

    version: int
    based_on: int
    changes: dict[str, Any]
    kept: tuple[str, ...] = ()


class SettingsPage:
    """Reads the settings, and changes some of them. `accounts` gives those of the desk."""

    def __init__(
        self, store: StateStore, changes: SettingsChanges, accounts: Callable[[], Sequence[Account]]
    ) -> None:
        self._store = store
        self._changes = changes
        self._accounts = accounts

    def whole(self) -> SettingsView:
        """What holds now. Raises SettingsError while the newest version is wrong."""
        stored, waiting = self._changes.stored(), self._changes.pending()
        values = plain(self._changes.in_force())
        until = None if stored is None else stored.held_until
        return SettingsView(
            version=_version(stored),
            settings=tuple(
                _setting(
                    row,
                    values[row.path],
                    _waits(row.path, waiting[row.path], until) if row.path in waiting else {},
                )
                for row in table()
            ),
        )

    def newest(self) -> SettingsVersion:
        """The version that asks for what is set. Raises SettingsError if it cannot be read."""
        return _version(self._changes.stored())

    def may_change(self, principal: Principal) -> bool:
        """Whether the settings are this one's to change, whatever his credential."""
        return self._runs_the_desk(principal, self._wanted().data_account)

    def preview(self, values: Mapping[str, Any], based_on: int, actor: str) -> SettingsPreview:
        """What a change would do now. Raises what `change` raises, and writes nothing."""
        planned = self._changes.preview(edited(self._wanted(), values), actor, based_on=based_on)
        return SettingsPreview(version=based_on, changes=_diffs(planned))

    def change(
        self, values: Mapping[str, Any], based_on: int, note: str, principal: Principal
    ) -> SettingsVersion:
        """Store these values by path as the next version. They hold for every account of the desk, so the
        owner of the one that supplies its data changes them; his token may tighten limits and no more.

        Raises OwnerNeeded for anybody else, WrongSettings with what is wrong at each field, Overtaken if
        another version is stored by now, Refused for a mode while something is open.
        """
        before = self._wanted()
        if not self.may_change(principal):
            raise OwnerNeeded("settings are the whole desk's: the owner of its data account changes them")
        wanted = edited(before, values)
        if not only_tightened(wanted, before):
            in_person(principal, "changing more than limits, or making one looser,")
        return _version(self._changes.put(wanted, principal.actor, note, based_on=based_on))

    def history(self, cursor: str | None, limit: int) -> Page[SettingsVersion]:
        """The versions, the newest first."""
        place = place_of(cursor, 1)
        if place is not None and not place[0].isdecimal():
            raise BadInput(f"the cursor names version {place[0]!r}: begin without one")
        found = versions(self._store, limit + 1, None if place is None else min(int(place[0]), 10**8 - 1))
        shown = found[:limit]
        following = cursor_at(str(shown[-1].version)) if len(found) > limit else None
        return Page(items=tuple(map(_version, shown)), next=following)

    def version(self, number: int) -> SettingsVersion | None:
        """One version with what it changed, or None."""
        found = load_version(self._store, number)
        return None if found is None else _version(found)

    def back_to(self, number: int) -> SettingsReturn | None:
        """What leads back to a version; None where there is none of that number. Raises Refused for one that
        the desk does not accept any more."""
        found = load_version(self._store, number)
        # Read once: the changes are on top of the version that is named beside them.
        newest = self._changes.stored()
        if found is None or newest is None:
            return None
        try:
            then, now = plain(found.wanted()), plain(newest.wanted())
        except SettingsError as error:
            raise Refused(f"there is no way back to version {number}: {error}") from error
        differs = {path: value for path, value in then.items() if now[path] != value}
        return SettingsReturn(
            version=number,
            based_on=newest.version,
            changes={path: value for path, value in differs.items() if path not in SET_BY_OPERATOR},
            kept=tuple(name_of(path) for path in differs if path in SET_BY_OPERATOR),
        )

    def _runs_the_desk(self, principal: Principal, data_account: str) -> bool:
        """Where there is no such account, it is only whose all accounts are."""
        known = self._accounts()
        owners = {account.principal for account in known if account.account == data_account}
        return (owners or {account.principal for account in known}) == {principal.name}

    def _wanted(self) -> Settings:
        stored = self._changes.stored()
        return Settings() if stored is None else stored.wanted()


def _version(stored: StoredSettings | None) -> SettingsVersion:
    if stored is None:
        return SettingsVersion(version=0, note="the safe defaults: nothing is stored")
    return SettingsVersion(
        version=stored.version,
        written_at=stored.written_at,
        written_by=stored.written_by,
        note=stored.note,
        changes=_diffs(stored),
    )


def _diffs(stored: StoredSettings) -> tuple[SettingDiff, ...]:
    return tuple(
        SettingDiff(
            path=change.path,
            name=name_of(change.path),
            old=change.old,
            old_said=said(change.path, change.old),
            new=change.new,
            new_said=said(change.path, change.new),
            **_meanwhile(stored, change.path),
        )
        for change in stored.changes
    )


def _meanwhile(stored: StoredSettings, path: str) -> dict[str, Any]:
    if path not in stored.held:
        return {}
    holds = stored.held[path]
    return {"waits_until": stored.held_until, "meanwhile": holds, "meanwhile_said": said(path, holds)}


def _waits(path: str, value: Any, until: datetime | None) -> dict[str, Any]:
    return {"waiting": value, "waiting_said": said(path, value), "waits_until": until}


def _setting(row: Row, value: Any, waits: Mapping[str, Any]) -> SettingView:
    return SettingView(
        path=row.path,
        name=name_of(row.path),
        value=value,
        value_said=said(row.path, value),
        default=row.default,
        unit=row.unit,
        allowed=row.allowed,
        holds=_holds(row),
        by_operator=row.path in SET_BY_OPERATOR,
        description=row.description,
        **waits,
    )


def _holds(row: Row) -> str:
    if row.path == "mode":
        return "at once, while nothing is open"
    if row.looser == _NO_LIMIT:
        return _NO_LIMIT
    return f"at once if tighter; looser ({row.looser}) from the next session on"
