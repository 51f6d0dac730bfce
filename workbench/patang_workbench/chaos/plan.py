"""What a day of the campaign is to be, and what has come of it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date

from patang_workbench.chaos.verdict import Finding

__all__ = ["SESSION", "DayPlan", "DayResult"]

SESSION = date(2026, 8, 18)


@dataclass(frozen=True, slots=True)
class DayPlan:
    """A day by its seed. `trades` is how many entries each account makes, `badness` how often things fail,
    `asks` the chance that an account's owner asks the desk for something in a market second.
    """

    seed: str
    accounts: int = 12
    trades: int = 8
    badness: float = 1.0
    asks: float = 0.06


@dataclass(slots=True)
class DayResult:
    """What came of a day. `orders` left for the exchange: orders and triggers, not changes of them;
    `by_hand` are those that the owner has placed past the desk. `requests`: what
    people have asked the desk for, by kind and answer. `history` tells of each account what was done, oldest
    first.
    """

    orders: int = 0
    changes: int = 0
    entries: int = 0
    by_hand: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    fills: int = 0
    seconds: int = 0
    findings: list[Finding] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    points: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    metrics: Counter[str] = field(default_factory=Counter)
    history: list[tuple[str, str]] = field(default_factory=list)
