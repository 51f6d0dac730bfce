"""A trading cycle: what the desk decides once a closed minute."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from patang.keys import cycle_key
from patang.ports import Key
from patang.records import Record

__all__ = ["Cycle", "run_id_of"]


def run_id_of(as_of: datetime) -> str:
    """The cycle's name, which is also the name of its workflow: one a minute of market time, for ever."""
    return f"{as_of:%Y-%m-%d-%H%M}"


class Cycle(Record):
    """One cycle, as of the end of the minute that it looks at.

    SKIPPED: the minute closed outside the hours, or only together with a later one; no workflow was started.
    `signals` counts those that went on to the accounts, `refusals` those that did not, by gate.
    """

    run_id: str
    as_of: datetime
    state: Literal["STARTED", "FINISHED", "SKIPPED"]
    reason: str | None = None
    signals: int = 0
    proposals: int = 0
    refusals: dict[str, int] = Field(default_factory=dict)

    def key(self) -> Key:
        return cycle_key(self.as_of)
