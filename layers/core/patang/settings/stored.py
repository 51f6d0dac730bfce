"""The settings as the desk table keeps them: the newest version, and every version there was."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from patang.errors import SettingsError
from patang.keys import settings_key, settings_version_key
from patang.ports import Key, Put, StateStore
from patang.records import Record, load, load_all
from patang.settings.effective import with_values
from patang.settings.tree import Settings

__all__ = [
    "SettingChange",
    "StoredSettings",
    "accepted",
    "explain",
    "load_version",
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
        wanted = self.wanted()
        return with_values(wanted, self.held) if self.is_holding(now) else wanted


def accepted(store: StateStore) -> Iterator[StoredSettings]:
    """The versions that this code accepts, the newest first, whether or not it was written by hand."""
    newest = load(store, StoredSettings, settings_key())
    if newest is not None and _is_right(newest):
        yield newest
    yield from filter(_is_right, versions(store))


def versions(store: StateStore, limit: int | None = None) -> list[StoredSettings]:
    """The newest `limit` versions, or all there are, newest first."""
    partition = settings_key().partition
    return load_all(store, StoredSettings, partition, _VERSION, newest_first=True, limit=limit)


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


def _is_right(stored: StoredSettings) -> bool:
    try:
        stored.wanted()
    except SettingsError:
        return False
    return True
