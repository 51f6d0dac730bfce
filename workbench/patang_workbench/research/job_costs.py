"""What a distributed run costs, told before it starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Final

from patang.backtest.jobs import Job
from patang_workbench.research.job_plans import Plan

__all__ = ["PRICES", "PRICES_OF", "RunCost", "cost_of", "seconds_of_one"]

# US dollars in ap-south-1 before tax, without free tiers.
PRICES_OF: Final = "2026-11"
PRICES: Final = {
    "lambda_gb_second": 0.0000133334,  # arm64
    "lambda_request": 0.20 / 1e6,
    "state_transition": 0.0285 / 1e3,
    "s3_put": 0.005 / 1e3,
    "s3_get": 0.0004 / 1e3,
}
# A child execution starts, calls the worker, and ends.
_TRANSITIONS: Final = 3
# The first call, and what the workflow tries again.
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class RunCost:
    """`dollars` if each of the `jobs` takes `seconds`; `at_most` if each needs all its time on every try."""

    jobs: int
    seconds: float
    memory_mb: int
    dollars: float
    at_most: float

    def __str__(self) -> str:
        gigabytes = self.memory_mb / 1024
        return (
            f"{self.jobs} jobs of about {self.seconds:.2f} s at {gigabytes:g} GB: "
            f"{self.jobs * self.seconds * gigabytes:,.0f} GB-s, about {self.dollars:.4f} USD; at most "
            f"{self.at_most:,.2f} USD if every job used its whole time on every try "
            f"(prices of {PRICES_OF}, ap-south-1, before tax, without free tiers)"
        )


def cost_of(jobs: Sequence[Job], inputs: int, seconds: float, memory_mb: int, time_limit: int) -> RunCost:
    """The cost of these jobs and of putting `inputs` objects; a job takes `seconds`, `time_limit` at most."""

    def dollars(each: float, tries: int) -> float:
        job = (
            each * memory_mb / 1024 * PRICES["lambda_gb_second"]
            + PRICES["lambda_request"]
            + PRICES["s3_get"] * 3  # is it done, its input, and what a person collects
            + PRICES["s3_put"]
        )
        transitions = (_TRANSITIONS + tries - 1) * PRICES["state_transition"]
        # The manifest, and the map's own report in three parts.
        once = (inputs + 4) * PRICES["s3_put"]
        return len(jobs) * (tries * job + transitions) + once if jobs else 0.0

    return RunCost(len(jobs), seconds, memory_mb, dollars(seconds, 1), dollars(time_limit, _TRIES))


def seconds_of_one(plan: Plan, jobs: Sequence[Job]) -> float:
    """How long the middle one of the jobs takes in this process, what is loaded once left out."""
    if not jobs:
        return 0.0
    middle = jobs[len(jobs) // 2]
    plan.here(middle)
    began = perf_counter()
    plan.here(middle)
    return perf_counter() - began
