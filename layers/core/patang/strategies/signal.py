"""A signal: what a strategy wants to buy, why, and on which terms."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from patang.keys import signal_partition
from patang.ports import Key
from patang.records import Record
from patang.strategies.registry import known_strategy

__all__ = ["Signal"]


class Signal(Record):
    """One wish to enter (long only). Prices in rupees a unit; percentages of the entry price.

    `confidence` is the calibrated probability to win, p_win. `refused` names the gates that said no and is
    empty for a signal that goes on to the accounts. `undefined` says why a feature is not among `features`.
    """

    signal_id: str
    as_of: datetime
    strategy: Annotated[str, AfterValidator(known_strategy)]
    signal_type: Literal["CALL", "PUT", "BUY"]
    symbol: str
    underlying: str
    exchange: str
    instrument_token: int
    lot_size: int
    tick_size: Decimal
    expiry: date | None = None
    entry_price: Decimal
    stop_loss_price: Decimal
    target_price: Decimal
    bid: Decimal
    ask: Decimal
    expected_return_pct: float
    confidence: float
    holding_period: Literal["intraday", "swing"]
    exit_by: datetime | None = None
    reason: str
    model_version: str
    features: dict[str, float]
    undefined: dict[str, str] = Field(default_factory=dict)
    refused: tuple[str, ...] = ()

    def key(self) -> Key:
        return Key(signal_partition(self.as_of.date()), f"{self.as_of:%H%M}#{self.signal_id}")
