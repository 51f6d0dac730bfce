"""What the gates say: their names in order, a refusal with its numbers, and the count of them by day."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from patang.keys import day_key
from patang.portfolio.account_state import AccountDay
from patang.ports import StateStore, Write
from patang.records import create, load, replace

__all__ = ["GATES", "Refusal", "count_refusals"]

# In the order in which they are asked, with what each refuses; docs/concepts/risk.md shows the same table.
GATES: Mapping[str, str] = {
    "DAILY_LOSS_LIMIT": "the day's loss has reached its limit, today",
    "MAX_DRAWDOWN": "the loss from the highest result has reached its limit",
    "MARGIN_INSUFFICIENT": "the broker's free funds do not pay for the smallest order and the buffer",
    "MAX_CONCURRENT_REACHED": "as many positions and orders on their way as allowed",
    "HIGH_LATENCY": "the median of the last five calls to the broker is too slow",
    "TOO_MANY_EXCEPTIONS": "too many unexpected errors in one minute, today",
    "MARKET_CLOSED": "outside the hours, in the first minute, or in a break",
    "STALE_DATA": "the minute was closed late or not at all, or the market has moved on",
    "SESSION_EXPIRED": "the account has no live session at the broker",
    "EGRESS_IP_MISMATCH": "orders would not leave from the address registered with the broker",
    "MODEL_REFUSED": "a model is missing, changed or foreign, or its confidence is too little",
    "MODEL_NOT_PROMOTED": "in mode live, the model has not passed its gates and is for demonstration only",
    "HALTED": "a person has halted the account",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A no: the gate, a sentence for a person, and the numbers that decided it."""

    gate: str
    text: str
    numbers: Mapping[str, Decimal | float | int | str]

    def __str__(self) -> str:
        return f"{self.gate}: {self.text}"


def count_refusals(store: StateStore, account: str, day: date, refusals: Mapping[str, int]) -> Write:
    """The write that adds these refusals, by gate, to the account's day."""
    known = load(store, AccountDay, day_key(account, day))
    result = known or AccountDay(account=account, day=day)
    counted = result.evolve(refusals=dict(Counter(result.refusals) + Counter(refusals)))
    return create(counted) if known is None else replace(counted)
