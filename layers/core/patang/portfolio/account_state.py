"""What the risk manager knows of an account: its state, reservations, the day's result."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from patang.keys import day_key, risk_key
from patang.portfolio.position import Position
from patang.portfolio.position_book import PositionBook
from patang.ports import Key
from patang.records import Record
from patang.settings import Mode

__all__ = ["AccountDay", "ModeResults", "Reservation", "RiskState", "Standing"]

type Standing = Literal["ACTIVE", "REDUCING", "HALTED"]


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


class ModeResults(BaseModel):
    """What an account has made in a mode other than the one it is in: the three totals of `RiskState`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    realised_total: Decimal = Decimal(0)
    peak_realised: Decimal = Decimal(0)
    net_paid_in: Decimal = Decimal(0)


class RiskState(Record):
    """An account's standing state of risk. Reservations are by order_id, their symbol is the underlying.

    ACTIVE: entries and exits. REDUCING: exits only, until the market day `halted_day` is over. HALTED: exits
    only, until a person resumes. `gate` is the reason an entry is refused with, `halt_reason` the sentence,
    `halted_by` the person or the breaker. `flattening`: everything is to be sold, also what
    is still bought, until a person resumes. `loss_day` is the last day whose loss reached its limit: nobody
    reopens that day. `last_option_entry` is the market time of the latest fill of an option's entry.

    `realised_total` is what was made or lost since the account began, after charges; `peak_realised` its
    highest value since a person last accepted a drawdown. Neither holds pay-ins and pay-outs, `net_paid_in`.
    `results_mode` says in which mode these three were made: another mode begins with none. `other_results`
    keeps them meanwhile, so that a way through another mode forgets no loss.

    `programs_resumed`: how often a program has taken a stop back on `programs_resumed_day`.

    `book` says which positions are open; None where nobody has looked them up yet.
    """

    account: str
    state: Standing = "ACTIVE"
    gate: str | None = None
    halt_reason: str | None = None
    halted_by: str | None = None
    halted_day: date | None = None
    flattening: bool = False
    loss_day: date | None = None
    programs_resumed: int = 0
    programs_resumed_day: date | None = None
    reservations: dict[str, Reservation] = Field(default_factory=dict)
    last_option_entry: datetime | None = None
    realised_total: Decimal = Decimal(0)
    peak_realised: Decimal = Decimal(0)
    net_paid_in: Decimal = Decimal(0)
    results_mode: Mode | None = None
    other_results: dict[Mode, ModeResults] = Field(default_factory=dict)
    book: PositionBook | None = None

    @model_validator(mode="before")
    @classmethod
    def _before_there_were_states(cls, stored: Any) -> Any:
        """Items of the first form say only whether they are halted."""
        if not isinstance(stored, dict) or "halted" not in stored or "state" in stored:
            return stored
        rest = {name: value for name, value in stored.items() if name != "halted"}
        if not stored["halted"]:
            return rest
        lasting = stored.get("halted_day") is None
        return rest | {"state": "HALTED" if lasting else "REDUCING", "gate": "HALTED"}

    @property
    def halted(self) -> bool:
        """Whether entries were stopped, for the day or until somebody resumes."""
        return self.state != "ACTIVE"

    def key(self) -> Key:
        return risk_key(self.account)

    def is_halted_on(self, day: date) -> bool:
        """Whether no entry may be made on this market day."""
        return self.halted and (self.halted_day is None or self.halted_day >= day)

    def with_position(self, position: Position) -> Self:
        """This state once the position was opened, closed or opened again; who has no book gets none, because
        one position does not say which others there are."""
        if self.book is None:
            return self
        return self.model_copy(update={"book": self.book.with_position(position)})

    def in_mode(self, mode: Mode) -> Self:
        """This state with what was made, lost and paid in in this mode."""
        if self.results_mode in (None, mode):
            return self
        left = ModeResults(
            realised_total=self.realised_total,
            peak_realised=self.peak_realised,
            net_paid_in=self.net_paid_in,
        )
        others = {**self.other_results, self.results_mode: left}
        found = others.pop(mode, ModeResults())
        return self.evolve(**found.model_dump(), results_mode=mode, other_results=others)

    def with_result(self, closed: Position, pnl: Decimal) -> Self:
        """This state once `pnl` rupees after charges of a closed position are added to what its mode made."""
        standing = self.in_mode(closed.mode)
        total = standing.realised_total + pnl
        peak = max(standing.peak_realised, total)
        results = {"realised_total": total, "peak_realised": peak, "results_mode": closed.mode}
        return standing.model_copy(update=results).with_position(closed)


class AccountDay(Record):
    """An account's result of one day, in rupees after charges; refusals are counted a gate.

    `realised_pnl` is the whole result of the positions closed that day; `earlier_pnl` the part of it that
    arose before the day, on positions that were carried into it. `by_mode` splits what the day itself made.
    """

    account: str
    day: date
    realised_pnl: Decimal = Decimal(0)
    earlier_pnl: Decimal = Decimal(0)
    charges: Decimal = Decimal(0)
    closed_trades: int = 0
    refusals: dict[str, int] = Field(default_factory=dict)
    by_mode: dict[str, Decimal] = Field(default_factory=dict)

    def key(self) -> Key:
        return day_key(self.account, self.day)

    def made_in(self, mode: Mode) -> Decimal:
        """What the day's closed trades made within the day, in this mode.

        A day of the first form does not say in which mode: all of it counts.
        """
        if not self.by_mode:
            return self.realised_pnl - self.earlier_pnl
        return self.by_mode.get(mode, Decimal(0))
