"""What was checked before the open. Entries with real money need it passed."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from patang.keys import preflight_key
from patang.ports import Key, StateStore
from patang.records import Record, load

__all__ = ["EGRESS_IP", "MODEL_PROMOTED", "MORNING", "Check", "Preflight", "load_preflight"]

# The check that entries and screens know by name: whether orders leave from the registered address.
EGRESS_IP = "egress_ip"

# The check that screens tell apart: whether every model may decide about real money.
MODEL_PROMOTED = "model_promoted"

# Who writes the day's record first: what (morning) has found while it prepared the day.
MORNING = "morning"


class Check(BaseModel):
    """One thing that was checked: what was found, what was expected, and what to do where it is not so.

    `account` is whose it is; None is the desk's, and stops every account. `product` is set where only orders
    of that product need it. One that does not `block` is shown and stops nothing in the mode it was made in.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    passed: bool
    found: str
    expected: str = ""
    to_do: str = ""
    account: str | None = None
    product: str | None = None
    blocks: bool = True

    @property
    def stops(self) -> bool:
        """Whether it keeps orders from leaving."""
        return self.blocks and not self.passed

    def __str__(self) -> str:
        whose = f" of {self.account}" if self.account else ""
        return f"{self.name}{whose}: {self.found}"


class Preflight(Record):
    """The checks of a day, of the latest run of `runs`; it ends with the day.

    `passed`: no check stops every order; `reason` says what failed. `scheduled_time` and `again_at` are
    market time (from `again_at` on the checks are to be made anew, for what was not due yet), `ran_at` is
    wall time, `by` who asked for it. `address_refused` is what the broker has said in the day of the address
    that an order came from: no later run passes by itself, a person's does. `told` is the failure that the
    owner has been told of. `simulated`: the market was a simulator's. `mixed`: an earlier run of the day was
    made in another mode, or of another market.
    """

    day: date
    mode: str
    scheduled_time: datetime
    ran_at: datetime
    passed: bool
    checks: tuple[Check, ...]
    reason: str | None = None
    by: str = "patang"
    runs: int = 1
    again_at: datetime | None = None
    address_refused: str | None = None
    told: str | None = None
    simulated: bool = False
    mixed: bool = False

    def key(self) -> Key:
        return preflight_key(self.day)

    def in_place_of(self, before: "Preflight") -> Self:
        """As it is stored where an earlier run of its day stands."""
        same = (self.mode, self.simulated) == (before.mode, before.simulated)
        return self.evolve(revision=before.revision, mixed=before.mixed or not same)

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that keep some order from leaving."""
        return tuple(check for check in self.checks if check.stops)

    def seen_by(self, accounts: Sequence[str]) -> Self:
        """As the owner of these accounts is shown it: the desk's checks and theirs."""
        own = tuple(check for check in self.checks if check.account is None or check.account in accounts)
        shown = self.model_copy(update={"checks": own})
        # What the owner was told, and the reason of all, may name the accounts of others.
        why = "; ".join(map(str, shown.failures)) or None
        return shown.model_copy(update={"reason": why, "told": None})


def load_preflight(store: StateStore, day: date) -> Preflight | None:
    """The latest result of a market day; None before its first."""
    return load(store, Preflight, preflight_key(day))
