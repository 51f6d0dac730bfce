"""What AWS charges for a unit in Mumbai: a dated table, each row with its source."""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Final

__all__ = ["REGION", "UnitPrice", "unit_prices"]

REGION: Final = "ap-south-1"
_TABLE: Final = Path(__file__).with_name("unit_prices.csv")


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """US dollars before tax for one `unit`, as of `day`.

    `free` units a month are charged to nobody, in every account and without an end (AWS's always-free
    allowance); all stages of an account share them. `verified`: a bill or AWS's own price list had the
    number for this region; otherwise it is the best that was known.
    """

    name: str
    service: str
    usd: Decimal
    unit: str
    free: Decimal
    usage_type: str
    day: date
    verified: bool
    source: str


@cache
def unit_prices() -> dict[str, UnitPrice]:
    """The table by name."""
    with _TABLE.open(newline="") as file:
        return {row["name"]: _price(row) for row in csv.DictReader(file)}


def _price(row: dict[str, str]) -> UnitPrice:
    return UnitPrice(
        name=row["name"],
        service=row["service"],
        usd=Decimal(row["usd"]),
        unit=row["unit"],
        free=Decimal(row["free_a_month"]),
        usage_type=row["usage_type"],
        day=date.fromisoformat(row["day"]),
        verified={"yes": True, "no": False}[row["verified"]],
        source=row["source"],
    )
