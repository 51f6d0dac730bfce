"""What a day's comparison with its replay has told: read without the engine that made it."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from patang.errors import BadInput
from patang.ports import ObjectStore

__all__ = [
    "Cause",
    "DayParity",
    "Side",
    "SignalDifference",
    "TradeParity",
    "keep_told",
    "told_of",
]

type Cause = Literal["", "OWNER", "FILL", "HELD_OVERNIGHT", "SETTINGS", "LATE", "UNEXPLAINED"]

_FOLDER = "parity"


class _Value(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SignalDifference(_Value):
    """Something that one telling of a cycle has and the other has otherwise, or not at all.

    `what` is a signal's id, or STRATEGY SUBJECT of what was left alone; `field` is where they differ, empty
    where a telling lacks it.
    """

    as_of: datetime
    what: str
    field: str
    recorded: str | None
    replayed: str | None


class Side(_Value):
    """One telling of a trade. Rupees; what has not come about is None."""

    quantity: int
    entry_time: datetime
    entry_price: Decimal
    exit_time: datetime | None
    exit_price: Decimal | None
    exit_reason: str | None
    charges: Decimal
    net_pnl: Decimal | None


class TradeParity(_Value):
    """One proposal of the day, or of its replay alone.

    `differences` say what is not the same, `cause` what accounts for it: nothing to account for, the owner,
    how bars take orders to fill (the day's prices lie in the range of their minutes and it has sold when its
    bars made it sell, or the two accounts held different things when they proposed), a position of another
    day, settings that were changed in the course of the day, or nothing that is known. LATE: it was sold
    after its bars had made it go, or not at all; nobody knows why, and it counts as unexplained.
    """

    order_id: str
    signal_id: str
    symbol: str
    outcome: str
    recorded: Side | None
    replayed: Side | None
    differences: tuple[str, ...]
    cause: Cause


class DayParity(_Value):
    """How an account's day compares with its replay.

    `cycles` were decided on both times; `not_replayed` have no minute on record, or one with a hole.
    """

    day: date
    account: str
    cycles: int
    not_replayed: int
    signals: tuple[SignalDifference, ...]
    trades: tuple[TradeParity, ...]
    carried: tuple[str, ...]

    @property
    def compared(self) -> int:
        """Trades that either telling has."""
        return sum(trade.recorded is not None or trade.replayed is not None for trade in self.trades)

    @property
    def unexplained(self) -> int:
        """Differences without a known cause, of signals and of trades."""
        return len(self.signals) + sum(trade.cause in ("LATE", "UNEXPLAINED") for trade in self.trades)


def keep_told(objects: ObjectStore, found: Iterable[DayParity]) -> None:
    """Keeps each account's comparison of its day, in the place of an earlier one."""
    for one in found:
        content = one.model_dump_json().encode()
        objects.put(_path(one.account, one.day), content, content_type="application/json")


def told_of(objects: ObjectStore, account: str, day: date) -> DayParity | None:
    """How an account's day compared; None where nothing was kept. Raises BadInput for another version's."""
    path = _path(account, day)
    content = objects.get(path)
    if content is None:
        return None
    try:
        return DayParity.model_validate_json(content)
    except ValidationError as error:
        raise BadInput(f"{path} is of another version ({error}): run `patang parity` again") from error


def _path(account: str, day: date) -> str:
    return f"{_FOLDER}/{day}/{account}.json"
