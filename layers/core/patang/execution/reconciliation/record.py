"""What a comparison of the desk with the broker has found, as it is kept."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from patang.keys import reconciliation_day_key, reconciliation_key
from patang.ports import Key
from patang.records import Record
from patang.settings import Mode

__all__ = ["Difference", "DifferenceKind", "ForeignPosition", "Reconciliation", "ReconciliationChange"]

type DifferenceKind = Literal[
    "ORDER_WITHOUT_INTENT",
    "DUPLICATE_ORDER",
    "ORDER_MISSING",
    "ORDER_DIFFERS",
    "TRADES_DIFFER",
    "ENTRY_WITHOUT_POSITION",
    "POSITION_DIFFERS_FROM_ORDERS",
    "HOLDING_SHORT",
    "OVERSOLD",
    "PROTECTION_MISSING",
    "SELLS_EXCEED_HOLDING",
    "GTT_WITHOUT_POSITION",
    "FUNDS",
]


class Difference(BaseModel):
    """One thing that the two sides tell differently. `symbol` is EXCHANGE:TRADINGSYMBOL:PRODUCT, or an order.

    `explained` says why it is so where that is known; None is what nobody can explain.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: DifferenceKind
    symbol: str
    ours: str
    brokers: str
    explained: str | None = None

    def __str__(self) -> str:
        why = f" ({self.explained})" if self.explained else ""
        return f"{self.kind} {self.symbol}: ours {self.ours}, the broker's {self.brokers}{why}"


class ForeignPosition(BaseModel):
    """What the account holds beyond the desk's positions; `quantity` is below zero when it is short.

    `price` is rupees a unit, the last one known. `traded`: it stands among the day's positions and uses the
    account's margin; shares that lie settled in the demat account do not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    exchange: str
    symbol: str
    product: str
    quantity: int
    price: Decimal
    multiplier: int = 1
    traded: bool = True

    @property
    def value(self) -> Decimal:
        """Rupees it is worth, or owes."""
        return abs(self.quantity) * self.price * self.multiplier

    def is_of(self, underlying: str) -> bool:
        """Whether it is this share, or a contract on it: NAME, then the digits of its expiry."""
        return re.fullmatch(rf"{re.escape(underlying)}(\d\d[0-9A-Z]*)?", self.symbol) is not None


class _Findings(Record):
    account: str
    mode: Mode
    as_of: datetime
    looked_at: datetime
    checked: dict[str, int] = Field(default_factory=dict)
    differences: tuple[Difference, ...] = ()
    foreign: tuple[ForeignPosition, ...] = ()
    looks: int = 1
    clean: bool

    @property
    def unexplained(self) -> tuple[Difference, ...]:
        """The differences that nobody can explain."""
        return tuple(found for found in self.differences if found.explained is None)

    @property
    def reason(self) -> str:
        """A sentence on what cannot be explained; empty where nothing is."""
        return "; ".join(map(str, self.unexplained))[:400]


class Reconciliation(_Findings):
    """The latest comparison of an account. `checked` counts what the broker told of orders, trades,
    positions, holdings, funds and gtts; `looks` says how often it was looked at before the verdict.

    `clean`: every difference is explained. `clean_since` is the market time of the first of the clean
    comparisons without one between that was not; None while it is not clean.
    `as_of` is market time, `looked_at` wall time.
    """

    clean_since: datetime | None = None

    def key(self) -> Key:
        return reconciliation_key(self.account)

    def same_as(self, other: "Reconciliation | None") -> bool:
        """Whether it says of the account what `other` says."""
        return other is not None and (self.mode, self.clean, self.differences) == (
            other.mode,
            other.clean,
            other.differences,
        )


class ReconciliationChange(_Findings):
    """A comparison that found something else than the one before it, kept by its moment."""

    def key(self) -> Key:
        return reconciliation_day_key(self.account, self.as_of)

    @classmethod
    def of(cls, found: Reconciliation) -> Self:
        """What is kept of a comparison."""
        values: dict[str, Any] = {name: getattr(found, name) for name in _Findings.model_fields}
        return cls.model_validate(values | {"revision": 0})
