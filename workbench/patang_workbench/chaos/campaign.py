"""A campaign: days of chaos until enough orders have left, on the emulator's DynamoDB, in two processes.

Day n of a campaign has the seed "S/n" and its own tables, so that each can be run again alone.
"""

import multiprocessing
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from patang.adapters.aws.dynamodb import DynamoStore
from patang_workbench.chaos.day import ChaosDay
from patang_workbench.chaos.dynamodb import WireDynamo, create_table
from patang_workbench.chaos.plan import DayPlan, DayResult
from patang_workbench.local_stack.emulator import Emulator
from patang_workbench.local_stack.processes import Keeper

__all__ = ["Report", "campaign", "day_plan", "emulator", "run_day"]

_PROJECT = Path(__file__).resolve().parents[3]
# Orders that an account has brought on every day so far: a campaign starts no day too few.
_FEWEST = 12


@dataclass(slots=True)
class Report:
    """What came of a campaign. `failures` tells what was wrong and on which day."""

    seed: str
    days: int = 0
    orders: int = 0
    changes: int = 0
    entries: int = 0
    by_hand: int = 0
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
        self.orders += result.orders
        self.changes += result.changes
        self.entries += result.entries
        self.by_hand += result.by_hand
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


def day_plan(seed: str, day: int, badness: float = 1.0, accounts: int = 14) -> DayPlan:
    """The plan of one day of a campaign."""
    return DayPlan(f"{seed}/{day}", accounts=accounts, trades=8, badness=badness)


@contextmanager
def emulator() -> Iterator[Emulator]:
    """An AWS emulator for the campaign alone. Raises EmulatorError where it is not installed."""
    with Keeper() as keeper:
        python = _PROJECT / ".emulator" / "bin" / "python"
        found = Emulator(python, Path(tempfile.mkdtemp(prefix="patang-chaos-")), keeper)
        try:
            found.wait_ready()
            yield found
        finally:
            found.stop()


def run_day(endpoint: str, plan: DayPlan) -> DayResult:
    """One day on tables of its own."""
    client = WireDynamo(endpoint)
    tables = [create_table(client, purpose, plan.seed) for purpose in ("desk", "auth")]
    desk, auth = (DynamoStore(client, name) for name in tables)
    try:
        return ChaosDay(plan, desk, auth).run()
    finally:
        for name in tables:
            client.call("DeleteTable", {"TableName": name})


def campaign(
    orders: int,
    seed: str,
    *,
    badness: float = 1.0,
    accounts: int = 14,
    processes: int = 2,
    progress: Callable[[Report], None] = lambda _report: None,
) -> Report:
    """Days until that many orders have left. Raises EmulatorError."""
    report, begun = Report(seed), time.monotonic()
    context = multiprocessing.get_context("spawn")
    with emulator() as aws, ProcessPoolExecutor(processes, mp_context=context) as pool:
        running = {}
        day = 0
        while report.orders < orders or running:
            while len(running) < processes and report.orders + _FEWEST * accounts * len(running) < orders:
                plan = day_plan(seed, day, badness, accounts)
                running[pool.submit(_quiet_day, aws.endpoint, plan)] = day
                day += 1
            if not running:
                continue
            done = next(as_completed(running))
            report.add(running.pop(done), done.result())
            report.seconds = time.monotonic() - begun
            progress(report)
    report.seconds = time.monotonic() - begun
    return report


def _quiet_day(endpoint: str, plan: DayPlan) -> DayResult:
    result = run_day(endpoint, plan)
    # It is long, and told only of a day that somebody looks at.
    result.history = []
    return result
