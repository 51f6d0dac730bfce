"""What was checked before the open. Entries with real money need it passed."""

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from patang.keys import preflight_key
from patang.ports import Key
from patang.records import Record

__all__ = ["Check", "Preflight"]


class Check(BaseModel):
    """One thing that was checked, and what was found."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    passed: bool
    found: str


class Preflight(Record):
    """The checks of a day; `reason` says what failed. `scheduled_time` is market time, `ran_at` wall time."""

    day: date
    mode: str
    scheduled_time: datetime
    ran_at: datetime
    passed: bool
    checks: tuple[Check, ...]
    reason: str | None = None

    def key(self) -> Key:
        return preflight_key(self.day)
