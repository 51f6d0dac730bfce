"""The settings as the desk table keeps them: the newest version, and every version there was."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from patang.errors import SettingsError
from patang.keys import settings_key, settings_version_key
from patang.ports import Attributes, Key, Put, StateStore
from patang.records import Record, load
from patang.settings.effective import with_values
from patang.settings.tree import Settings

__all__ = [
    "SettingChange",
    "StoredSettings",
    "accepted",
    "explain",
    "last_number",
    "load_version",
    "newest",
    "read",
    "versions",
]

_VERSION = settings_version_key(0).sort.rstrip("0")


class SettingChange(BaseModel):
    """One setting that a version changed; values as JSON has them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str
    old: Any = None
    new: Any = None


class StoredSettings(Record):
    """A version of the settings: the whole tree, who wrote it and when, and what it changed.

    `held`: the limits that it loosened, with the values (JSON's) that hold until `held_until`, in market
    time.
    """

    document: str
    version: int = 0
    written_at: datetime | None = None
    written_by: str = ""
    note: str = ""
    changes: tuple[SettingChange, ...] = ()
    held: dict[str, Any] = Field(default_factory=dict)
    held_until: datetime | None = None

    def key(self) -> Key:
        return settings_key()

    def kept(self) -> Put:
        """The write that keeps this version for good, beside the newest."""
        return Put(settings_version_key(self.version), self.model_dump(mode="json", exclude_none=True))

    def wanted(self) -> Settings:
        """What was asked for. Raises SettingsError that names each wrong field and its value."""
        try:
            return Settings.model_validate_json(self.document)
        except ValidationError as error:
            raise SettingsError(f"the desk's settings are wrong: {explain(error)}") from error

    def is_holding(self, now: datetime) -> bool:
        """Whether limits still wait at this market time."""
        return bool(self.held) and self.held_until is not None and now < self.held_until

    def in_force(self, now: datetime) -> Settings:
        """What holds at this market time. Raises SettingsError."""
        return self._with_held() if self.is_holding(now) else self.wanted()

    def is_right(self) -> bool:
        """Whether this code accepts what was asked for and what waits."""
        try:
            self._with_held()
        except SettingsError:
            return False
        return True

    def _with_held(self) -> Settings:
        wanted = self.wanted()
        try:
            return with_values(wanted, self.held)
        except ValidationError as error:
            raise SettingsError(f"what waits in the desk's settings is wrong: {explain(error)}") from error


def read(attributes: Attributes) -> StoredSettings:
    """An item as a version. Raises SettingsError for one that a hand, or another Patang, wrote otherwise."""
    try:
        return StoredSettings.model_validate(dict(attributes))
    except ValidationError as error:
        raise SettingsError(f"the item of the desk's settings is wrong: {explain(error)}") from error


def newest(store: StateStore) -> StoredSettings | None:
    """The newest version; None where nothing is stored. Raises SettingsError if its item cannot be read."""
    attributes = store.get(settings_key())
    return None if attributes is None else read(attributes)


def last_number(store: StateStore) -> int:
    """The highest number that a version has, also one that cannot be read; 0 where there is none."""
    kept = store.query(settings_key().partition, prefix=_VERSION, newest_first=True, limit=1)
    found = (item.get("version") for item in (store.get(settings_key()) or {}, *kept))
    return max((number for number in found if isinstance(number, int)), default=0)


def accepted(store: StateStore) -> Iterator[StoredSettings]:
    """The versions that this code accepts, the newest first, whether or not it was written by hand."""
    for attributes in _items(store):
        with suppress(SettingsError):
            stored = read(attributes)
            if stored.is_right():
                yield stored


def versions(store: StateStore, limit: int, before: int | None = None) -> list[StoredSettings]:
    """The newest `limit` versions, or of those before a number, newest first."""
    found = store.query(
        settings_key().partition,
        prefix=_VERSION,
        newest_first=True,
        limit=limit,
        after=None if before is None else settings_version_key(before).sort,
    )
    return [read(attributes) for attributes in found]


def load_version(store: StateStore, version: int) -> StoredSettings | None:
    """One version, or None if there is none of that number."""
    return load(store, StoredSettings, settings_version_key(version))


def explain(error: ValidationError) -> str:
    """Each wrong field with its value and what is wrong with it."""
    told = []
    for wrong in error.errors(include_url=False):
        path, value = ".".join(map(str, wrong["loc"])), wrong["input"]
        if wrong["type"] == "extra_forbidden":
            told.append(f"{path} = {value!r}: there is no such setting")
        elif isinstance(value, dict):
            # What is wrong with a whole section names its fields and their values itself.
            told.append(f"{path}: {wrong['msg']}" if path else wrong["msg"])
        else:
            told.append(f"{path or 'the whole'} = {value!r}: {wrong['msg']}")
    return "; ".join(told)


def _items(store: StateStore) -> Iterator[Attributes]:
    """What is stored, the newest first; the versions are looked up only by who wants more than that."""
    attributes = store.get(settings_key())
    if attributes is not None:
        yield attributes
    yield from store.query(settings_key().partition, prefix=_VERSION, newest_first=True)
