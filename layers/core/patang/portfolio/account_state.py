"""What the risk manager knows of an account: halts, reservations, the day's result."""

from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field

from patang.keys import day_key, risk_key
from patang.ports import Key
from patang.records import Record

__all__ = ["AccountDay", "Reservation", "RiskState"]


class Reservation(BaseModel):
    """What is held for an order on its way: rupees it may cost and lose, and one place among the positions.

    Of a partly filled order it is what may still be bought. `option` says whose places it counts among,
    `intent_id` names the order's intent once there is one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    symbol: str
    strategy: str
    option: bool = False
    exposure: Decimal
    risk_amount: Decimal = Decimal(0)
    as_of: datetime
    intent_id: str | None = None


class RiskState(Record):
    """An account's standing state of risk. Reservations are by order_id, their symbol is the underlying.

    A halt with a `halted_day` ends with that market day.
    """

    account: str
    halted: bool = False
    halt_reason: str | None = None
    halted_by: str | None = None
    halted_day: date | None = None
    reservations: dict[str, Reservation] = Field(default_factory=dict)
    last_option_entry: datetime | None = None
    realised_total: Decimal = Decimal(0)
    peak_realised: Decimal = Decimal(0)

    def key(self) -> Key:
        return risk_key(self.account)

    def is_halted_on(self, day: date) -> bool:
        """Whether no entry may be made on this market day."""
        return self.halted and (self.halted_day is None or self.halted_day >= day)


class AccountDay(Record):
    """An account's result of one day, in rupees after charges; refusals are counted a gate."""

    account: str
    day: date
    realised_pnl: Decimal = Decimal(0)
    charges: Decimal = Decimal(0)
    closed_trades: int = 0
    refusals: dict[str, int] = Field(default_factory=dict)

    def key(self) -> Key:
        return day_key(self.account, self.day)
