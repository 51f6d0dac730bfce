"""A campaign: days of chaos until enough orders have left, on the emulator's DynamoDB, in a few processes.

Day n of a campaign has the seed "S/n" and its own tables, so that each can be run again alone.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from patang_workbench.chaos.crew import Crew
from patang_workbench.chaos.plan import DayPlan, DayResult

__all__ = ["Report", "campaign", "day_plan"]

# A day is a small ledger on purpose: every look at an account's order book and partition costs with all that
# is in them. Many accounts for a few minutes bring more orders in the same time than few for long.
_ACCOUNTS, _TRADES = 20, 4
# Orders for each entry that every day so far has brought: a campaign starts no day too few.
_FEWEST = 1.5


@dataclass(slots=True)
class Report:
    """What came of a campaign. `failures` tells what was wrong and on which day, `latest` is the day that was
    counted in last."""

    seed: str
    days: int = 0
    latest: int | None = None
    orders: int = 0
    changes: int = 0
    entries: int = 0
    by_hand: int = 0
    requests: Counter[str] = field(default_factory=Counter)
    fills: int = 0
    market_seconds: int = 0
    seconds: float = 0.0
    findings: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    points: Counter[tuple[str, int, str]] = field(default_factory=Counter)
    metrics: Counter[str] = field(default_factory=Counter)
    failures: list[dict[str, Any]] = field(default_factory=list)

    @property
    def clean(self) -> bool:
        return not self.findings.total()

    def add(self, day: int, result: DayResult) -> None:
        """Counts a day in."""
        self.days += 1
        self.latest = day
        self.orders += result.orders
        self.changes += result.changes
        self.entries += result.entries
        self.by_hand += result.by_hand
        self.requests += result.requests
        self.fills += result.fills
        self.market_seconds += result.seconds
        self.faults += result.faults
        self.points += result.points
        self.metrics += result.metrics
        for finding in result.findings:
            self.findings[finding.kind] += 1
            self.failures.append(
                {"day": day, "kind": finding.kind, "account": finding.account, "what": finding.what}
            )

    def as_json(self) -> dict[str, Any]:
        """Flat but for the failures."""
        killed = [point for point in self.points if point[2].startswith("killed")]
        return {
            "seed": self.seed,
            "days": self.days,
            "orders": self.orders,
            "changes": self.changes,
            "entries": self.entries,
            "by_hand": self.by_hand,
            "requests": self.requests.total(),
            **{f"asked_{name}": number for name, number in sorted(self.requests.items())},
            "fills": self.fills,
            "duplicates": self.findings["duplicate"],
            "lost": self.findings["lost"],
            "position_differences": self.findings["position"],
            "unexplained": self.findings["unexplained"],
            "naked_sells": self.findings["naked"],
            **{f"fault_{name}": number for name, number in sorted(self.faults.items())},
            "faults": self.faults.total(),
            "crash_points": len(killed),
            "crash_points_lane": len({point[1:] for point in killed if point[0] == "order_lane"}),
            "market_seconds": self.market_seconds,
            "seconds": round(self.seconds, 1),
            "orders_per_second": round(self.orders / self.seconds, 2) if self.seconds else 0.0,
            "failures": self.failures,
        }


def day_plan(seed: str, day: int, badness: float = 1.0, accounts: int = _ACCOUNTS) -> DayPlan:
    """The plan of one day of a campaign."""
    return DayPlan(f"{seed}/{day}", accounts=accounts, trades=_TRADES, badness=badness)


def campaign(
    orders: int,
    seed: str,
    *,
    badness: float = 1.0,
    accounts: int = _ACCOUNTS,
    processes: int = 2,
    progress: Callable[[Report], None] = lambda _report: None,
) -> Report:
    """Days until that many orders have left. Raises EmulatorError."""
    report, begun = Report(seed), time.monotonic()
    expected, day = int(_FEWEST * _TRADES * accounts), 0
    with Crew(processes) as crew:
        while report.orders < orders or crew.busy:
            while crew.has_room and report.orders + expected * crew.busy < orders:
                crew.begin(day, day_plan(seed, day, badness, accounts))
                day += 1
            for number, result in crew.finished():
                report.add(number, result)
                report.seconds = time.monotonic() - begun
                progress(report)
    report.seconds = time.monotonic() - begun
    return report
