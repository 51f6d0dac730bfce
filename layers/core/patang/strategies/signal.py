"""A signal: what a strategy wants to buy, why, and on which terms."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from patang.keys import signal_partition
from patang.model.contributions import Explained
from patang.ports import Key
from patang.records import Record
from patang.strategies.registry import known_strategy
from patang.strategies.rules import KeptRule

__all__ = ["Signal"]


class Signal(Record):
    """One wish to enter (long only). Prices in rupees a unit; percentages of the entry price.

    `confidence` is the calibrated probability to win, p_win. `refused` names the gates that said no and is
    empty for a signal that goes on to the accounts. `undefined` says why a feature is not among `features`.
    `rules` are those that let it through, with their numbers. `model_promoted`: the model behind it has
    passed every gate of its training; in mode live no other's signal is proposed. What the specification
    calls by other names is there as properties.
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
    model_promoted: bool = False
    features: dict[str, float]
    undefined: dict[str, str] = Field(default_factory=dict)
    refused: tuple[str, ...] = ()
    rules: tuple[KeptRule, ...] = ()
    contributions: Explained | None = None

    @property
    def is_option(self) -> bool:
        return self.signal_type != "BUY"

    @property
    def product(self) -> Literal["MIS", "NRML", "CNC"]:
        """For the day MIS; what may be kept is NRML, of shares CNC."""
        if self.holding_period == "intraday":
            return "MIS"
        return "NRML" if self.is_option else "CNC"

    @property
    def timestamp(self) -> datetime:
        """When it was decided, in market time."""
        return self.as_of

    @property
    def strategy_source(self) -> Literal["F&O", "Equity"]:
        """The part of the market it is from."""
        return "F&O" if self.is_option else "Equity"

    @property
    def target_profit_pct(self) -> Decimal:
        """The gain at the target, in percent of the entry price."""
        return 100 * (self.target_price / self.entry_price - 1)

    @property
    def model_features(self) -> dict[str, float]:
        """What the model was told, and what stands beside it."""
        return self.features

    @property
    def audit_trail(self) -> str:
        """Every rule that it passed and the model's answer, in one line."""
        return ", ".join([*map(str, self.rules), f"P(win)={self.confidence:.2f}"])

    def key(self) -> Key:
        return Key(signal_partition(self.as_of.date()), f"{self.as_of:%H%M}#{self.signal_id}")
