"""What the law asks of a day: terms, rates and the exemption, with their sources (`rules.csv`).

Shares are long-term when held for more than twelve months "immediately preceding the date of transfer"
(Income-tax Act 1961, s. 2(42A)); both days are those of the contract notes (CBDT circular 704 of 28 April
1995). Sold on the anniversary of the purchase they were held for twelve months, and no more.
"""

import csv
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Literal, Self

from patang.errors import BadInput, StopTrading

__all__ = ["FIRST_YEAR", "GRANDFATHERED_UNTIL", "FinancialYear", "Rule", "Term", "rule_of", "term_of"]

type Term = Literal["short", "long"]

# Bought by this day, shares may be taken to have cost what they were worth on it (s. 55(2)(ac)).
GRANDFATHERED_UNTIL = date(2018, 1, 31)
# Before it long-term gains were exempt (s. 10(38)), which is another return than this one.
FIRST_YEAR = 2018

# The days by which advance tax is due end the periods that the return asks gains by (s. 234C).
_PERIOD_ENDS = ((6, 15), (9, 15), (12, 15), (3, 15), (3, 31))


@dataclass(frozen=True, slots=True)
class Rule:
    """`amount` in percent, of an exemption in rupees; `section` is where it stands."""

    amount: Decimal
    section: str
    source: str


@dataclass(frozen=True, slots=True)
class FinancialYear:
    """1 April to 31 March; `start` is the year in which it begins."""

    start: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """From "2026-27". Raises BadInput for anything else, and for years before 2018-19."""
        begin, _, end = text.partition("-")
        if not (
            begin.isascii() and begin.isdigit() and len(begin) == 4 and end == f"{(int(begin) + 1) % 100:02d}"
        ):
            raise BadInput(f"{text!r} is no financial year: write it as 2026-27, from April to March")
        if not FIRST_YEAR <= int(begin) < 2100:
            raise BadInput(f"the year {text} is not covered: years from {cls(FIRST_YEAR)} on are")
        return cls(int(begin))

    @classmethod
    def of(cls, day: date) -> Self:
        """The year in which a day lies."""
        return cls(day.year if day.month >= 4 else day.year - 1)

    @property
    def first(self) -> date:
        """1 April."""
        return date(self.start, 4, 1)

    @property
    def last(self) -> date:
        """31 March of the next year."""
        return date(self.start + 1, 3, 31)

    @property
    def periods(self) -> tuple[date, ...]:
        """The last days of the five periods by which the return asks for gains."""
        return tuple(date(self.start + (month < 4), month, day) for month, day in _PERIOD_ENDS)

    def holds(self, day: date) -> bool:
        """Whether the day lies in it."""
        return self.first <= day <= self.last

    def __str__(self) -> str:
        return f"{self.start}-{(self.start + 1) % 100:02d}"


def term_of(bought: date, sold: date) -> Term:
    """Whether shares of that day were held for more than twelve months when they were sold."""
    # Who bought on 29 February has held for twelve months on the last day of the next one.
    leap = (bought.month, bought.day) == (2, 29)
    anniversary = date(bought.year + 1, 3, 1) if leap else bought.replace(year=bought.year + 1)
    return "long" if sold > anniversary else "short"


def rule_of(what: Literal["short", "long", "exemption"], day: date) -> Rule:
    """The one rule of that day. Raises StopTrading where none is known."""
    rows = [row for row in _table() if row["what"] == what]
    of_the_day = [row for row in rows if row["from"] <= day.isoformat() <= (row["until"] or "9999")]
    if len(of_the_day) != 1:
        raise StopTrading(
            f"{len(of_the_day)} rules for {what} on {day}: exactly one is needed in "
            "patang/reports/taxes/rules.csv before gains of this day can be told"
        )
    [row] = of_the_day
    return Rule(Decimal(row["amount"]), row["section"], row["source"])


@cache
def _table() -> tuple[dict[str, str], ...]:
    rows = files("patang.reports.taxes").joinpath("rules.csv").read_text(encoding="utf-8")
    return tuple(csv.DictReader(rows.splitlines()))
