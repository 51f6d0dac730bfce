"""How an account stands before a backtest's first minute."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

__all__ = ["Opening"]


@dataclass(frozen=True, slots=True)
class Opening:
    """What an account has behind it: rupees made by all sales before, the most that was, and when it last
    bought an option."""

    realised: Decimal = Decimal(0)
    peak: Decimal = Decimal(0)
    last_option_entry: datetime | None = None
