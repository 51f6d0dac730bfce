"""How much a desk of 500 symbols and one account uses: a dated table, each row with how it was found."""

import csv
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final, Literal, cast

from patang.market.sessions import is_open

__all__ = ["HOURS_A_MONTH", "Volume", "sessions_a_month", "volumes"]

# As AWS counts a month in its own estimates.
HOURS_A_MONTH: Final = Decimal(730)
_TABLE: Final = Path(__file__).with_name("volumes.csv")
_YEAR: Final = 365

type How = Literal["measured", "counted", "bound", "assumed"]


@dataclass(frozen=True, slots=True)
class Volume:
    """One number. `how`: measured or counted by `command`, or a bound that is above what is expected, or
    assumed, where nothing here can tell."""

    name: str
    value: Decimal
    unit: str
    how: How
    day: date
    command: str
    note: str


@cache
def volumes() -> dict[str, Volume]:
    """The table by name."""
    with _TABLE.open(newline="") as file:
        return {row["name"]: _volume(row) for row in csv.DictReader(file)}


def sessions_a_month(day: date) -> Decimal:
    """Trading days of the year before `day`, by the exchange's calendar, over twelve."""
    opened = sum(is_open(day - timedelta(days=back)) for back in range(1, _YEAR + 1))
    return Decimal(opened) / 12


def _volume(row: dict[str, str]) -> Volume:
    return Volume(
        name=row["name"],
        value=Decimal(row["value"]),
        unit=row["unit"],
        how=cast(How, row["how"]),
        day=date.fromisoformat(row["day"]),
        command=row["command"],
        note=row["note"],
    )
