"""What a backtest is told of an account: how it stands before the first minute, what its owner declined."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

__all__ = ["Declined", "Opening"]


@dataclass(frozen=True, slots=True)
class Opening:
    """What an account has behind it: rupees made by all sales before, the most that was, and when it last
    bought an option."""

    realised: Decimal = Decimal(0)
    peak: Decimal = Decimal(0)
    last_option_entry: datetime | None = None


@dataclass(frozen=True, slots=True)
class Declined:
    """Why a proposal comes to nothing, and until when it keeps its room."""

    reason: str
    until: datetime
