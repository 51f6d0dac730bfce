"""A position of an account, from its first fill until it is flat."""

from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.keys import OPEN_POSITIONS, mark_key, position_key
from patang.portfolio.protection import Protection
from patang.ports import Key
from patang.records import Record
from patang.settings import Mode

__all__ = ["ByHand", "Mark", "OutsideSale", "Position", "PriceBreak"]

type ByHand = Literal["stop", "target"]


class PriceBreak(BaseModel):
    """A share's price that the exchange restated overnight: what we had kept of the session before, what we
    are told it was, rupees a unit. `ratio` says how many shares one has become ("1:2"), None while nobody
    knows: until then the position's levels mean nothing, and no price sells it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    day: date
    kept: Decimal
    told: Decimal
    ratio: str | None = None


class OutsideSale(BaseModel):
    """Units of a position that are gone from the account without an order of the desk, and not booked yet:
    whatever may still sell them has to be taken away first. `price` is rupees a unit, None where nobody knows
    it; `time` is market time. `product` is set where they were not sold, but converted to it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    units: int
    price: Decimal | None = None
    time: datetime
    cause: str
    product: Literal["CNC", "MIS", "NRML"] | None = None


class Position(Record):
    """A long position. Money in rupees; charges are those of both legs so far.

    OPEN -> CLOSING (exactly one exit intent has won) -> CLOSED; CLOSING -> OPEN when that exit ended
    before all was sold. `quantity` is what was bought, `exited_quantity` what was sold of it,
    `exit_value` for how much, `exit_value_expected` what it was to bring by the prices that its orders
    were decided at. After an exit that was refused the guard waits until the market time
    `exit_blocked_until`. `exit_wanted_by` is the person who wanted the exit of `exit_reason`, None where the
    desk did. `mode` is where it was bought, and the only place where it can be sold.
    `exited_earlier` is what was sold before the day of `exit_time`, for `exit_value_earlier` and with
    `exit_charges_earlier`. `protection` is what rests at the broker for it, None where nothing was ever
    laid. `outside` is what its owner has sold by hand. `by_hand` are the levels that a person has set, which
    no later fill of the entry takes back.
    """

    account: str
    position_id: str
    mode: Mode
    state: Literal["OPEN", "CLOSING", "CLOSED"] = "OPEN"
    strategy: str
    exchange: str
    symbol: str
    underlying: str
    instrument_token: int
    lot_size: int
    tick_size: Decimal
    product: Literal["CNC", "MIS", "NRML"]
    expiry: date | None = None
    quantity: int
    entry_price: Decimal
    entry_time: datetime
    entry_intent_id: str
    entry_charges: Decimal
    entry_slippage: Decimal
    stop_loss_price: Decimal
    target_price: Decimal
    by_hand: tuple[ByHand, ...] = ()
    exit_by: datetime | None = None
    exit_intent_id: str | None = None
    exit_reason: str | None = None
    exit_wanted_by: str | None = None
    exit_attempts: int = 0
    exit_blocked_until: datetime | None = None
    exited_quantity: int = 0
    exit_value: Decimal = Decimal(0)
    exit_value_expected: Decimal = Decimal(0)
    exit_price: Decimal | None = None
    exit_time: datetime | None = None
    exit_charges: Decimal | None = None
    exit_slippage: Decimal | None = None
    exited_earlier: int = 0
    exit_value_earlier: Decimal = Decimal(0)
    exit_charges_earlier: Decimal = Decimal(0)
    realised_pnl: Decimal | None = None
    booked_charges: Decimal = Decimal(0)
    price_break: PriceBreak | None = None
    protection: Protection | None = None
    outside: OutsideSale | None = None

    @property
    def open_quantity(self) -> int:
        """Units still held."""
        gone = 0 if self.outside is None else self.outside.units
        return self.quantity - self.exited_quantity - gone

    @property
    def price_exits_suspended(self) -> bool:
        """Whether its levels are of other shares than the market's price, and nobody has said of which."""
        return self.price_break is not None and self.price_break.ratio is None

    def key(self) -> Key:
        return position_key(self.account, self.position_id)

    def index(self) -> Key | None:
        if self.state == "CLOSED":
            return None
        return Key(OPEN_POSITIONS, f"{self.account}#{self.position_id}")


class Mark(Record):
    """The guard's last view of an open position: prices and unrealised P&L in rupees.

    `bid` is None where nobody bids, `previous_close` where no tick has told it. `high_price` is the highest
    since the entry, `trailing_stop` the stop that follows it and is never lowered. `earlier_price` is the
    last one of the day `earlier_day`, before that of `as_of`.
    """

    position_id: str
    account: str
    as_of: datetime
    last_price: Decimal
    bid: Decimal | None = None
    previous_close: Decimal | None = None
    unrealised_pnl: Decimal
    high_price: Decimal | None = None
    trailing_stop: Decimal | None = None
    earlier_price: Decimal | None = None
    earlier_day: date | None = None

    def key(self) -> Key:
        return mark_key(self.position_id)
