"""What an account made of each signal of a cycle, with the numbers that decided.

Amounts are told here, to be read: rupees as numbers, rounded to the paisa. Nothing is calculated with them.
"""

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict

from patang.risk.expected_profit import ExpectedProfit
from patang.risk.sizing import Sizing

__all__ = [
    "AccountDecision",
    "AccountDecisions",
    "GateDecision",
    "ProfitTold",
    "SizeTold",
    "profit_told",
    "size_told",
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class SizeTold(_Part):
    """Units, and the bound that set them; `bounds` are the units that each bound alone would allow."""

    quantity: int
    lot_size: int
    binding: str
    bounds: dict[str, float]
    risk_amount: float
    exposure: float


class ProfitTold(_Part):
    """The expected profit and what it is made of, in rupees; `charges` by component."""

    gross: float
    charges: dict[str, float]
    spread: float
    slippage: float
    net: float
    break_even_pct: float


class AccountDecision(_Part):
    """One signal. `outcome` is PROPOSED or the gate that said no; `told` is the gate's sentence and `numbers`
    what it measured, with its limit."""

    signal_id: str
    outcome: str
    order_id: str | None = None
    told: str = ""
    numbers: dict[str, float | str] = {}
    sizing: SizeTold | None = None
    profit: ProfitTold | None = None


class AccountDecisions(_Part):
    """One account's answer to a cycle; `decisions` are in the order of the signals' ids."""

    schema_version: int = 1
    account: str
    run_id: str
    as_of: datetime
    refusals: dict[str, int]
    decisions: tuple[AccountDecision, ...]


class GateDecision(_Part):
    """A cycle that was not looked at, for everybody: the gate with its sentence, and what it has seen.

    `numbers` are the counts and the limits that they were held against, `shards` whether each shard's minute
    was closed late, by its name.
    """

    schema_version: int = 1
    run_id: str
    as_of: datetime
    gate: str
    reason: str
    numbers: dict[str, float | str]
    shards: dict[str, bool]


def size_told(sizing: Sizing, lot_size: int) -> SizeTold:
    """A size as it is kept."""
    return SizeTold(
        quantity=sizing.quantity,
        lot_size=lot_size,
        binding=sizing.binding,
        bounds=_told(sizing.bounds),
        risk_amount=round(float(sizing.risk_amount), 2),
        exposure=round(float(sizing.exposure), 2),
    )


def profit_told(profit: ExpectedProfit) -> ProfitTold:
    """An expected profit as it is kept; charges that are nothing are left out."""
    components = {part.name: getattr(profit.charges, part.name) for part in fields(profit.charges)}
    charged = {name: amount for name, amount in components.items() if amount}
    return ProfitTold(
        gross=round(float(profit.gross), 2),
        charges=_told(charged | {"total": profit.charges.total}),
        spread=round(float(profit.spread), 2),
        slippage=round(float(profit.slippage), 2),
        net=round(float(profit.net), 2),
        break_even_pct=round(float(profit.break_even_pct), 4),
    )


def _told(amounts: Mapping[str, Decimal]) -> dict[str, float]:
    return {name: round(float(amount), 2) for name, amount in amounts.items()}
