"""What is shown of an account's risk: its state, what it uses of each limit, what keeps entries away."""

from typing import Literal

from patang.desk_view.shown import Moment, Rupees, ShownModel

__all__ = ["BudgetView", "EachEntryView", "LimitName", "RestraintView", "RiskSummary", "RiskView"]

type LimitName = Literal[
    "daily_loss",
    "loss_at_stops",
    "drawdown",
    "exposure",
    "positions",
    "options",
    "underlying",
    "strategy",
    "cash",
    "funds",
    "losing_stops",
    "broker_latency",
    "errors",
    "orders_asked",
    "value_asked",
    "programs_alone",
]


class BudgetView(ShownModel):
    """What is used of one limit; an entry that would go beyond it is made smaller or refused. `of` is the
    underlying or the strategy where the limit is of one, `setting` what is changed to change it.

    daily_loss: lost today. loss_at_stops: lost today once every stop is hit, those of orders on their way
    too, of the same limit. drawdown: below the highest result. exposure, underlying, strategy: invested and
    reserved. cash: invested, reserved and lost by open positions, of the capital without the buffer. funds:
    reserved, or the buffer, of what the broker last told as free. losing_stops: within the window of the
    guard that pauses entries. broker_latency: median of the last five calls. errors: unexpected ones within
    a minute. orders_asked, value_asked, programs_alone: of the day's orders by hand and by programs, not of
    entries. `used` and `allowed` are null where nobody has told them.
    """

    limit: LimitName
    of: str | None = None
    used: float | None
    allowed: float | None
    unit: Literal["rupees", "count", "milliseconds"]
    setting: str


class RestraintView(ShownModel):
    """Something beside the limits that keeps entries away now, or only those `of` an underlying or a
    strategy: the `gate` that refuses them, until when (market time) if that is known, and why."""

    gate: str
    of: str | None = None
    until: Moment | None = None
    told: str


class EachEntryView(ShownModel):
    """What every single entry must keep to: what it may lose at its stop with charges, the least probability
    to win and the least profit to expect after charges. `one_lot`: it is of one lot, the account being in its
    first live sessions."""

    may_lose: Rupees
    least_confidence: float
    least_profit: Rupees
    one_lot: bool


class RiskSummary(ShownModel):
    """An account's state of risk: ACTIVE, REDUCING (exits only, for the day) or HALTED (exits only, until a
    person resumes). `blocked_by` is the gate that lets no new position in now, or null, and
    `blocked_because` its sentence with the numbers.

    Losses and exposures are positive rupees beside their limits. `options` of the open and reserved positions
    are options; of the underlyings that the desk holds or is buying, `fullest_underlying` has the largest
    exposure, `underlying_exposure`.
    """

    account: str
    state: str
    blocked_by: str | None
    blocked_because: str | None = None
    halted: bool
    halt_reason: str | None = None
    halted_by: str | None = None
    capital: Rupees
    daily_loss: Rupees
    daily_loss_limit: Rupees
    drawdown: Rupees
    drawdown_limit: Rupees
    reserved_exposure: Rupees
    open_exposure: Rupees
    exposure_limit: Rupees
    open_positions: int
    reservations: int
    positions_limit: int
    options: int
    options_limit: int
    fullest_underlying: str | None
    underlying_exposure: Rupees
    underlying_exposure_limit: Rupees
    closed_trades_today: int
    refusals_today: dict[str, int]


class RiskView(RiskSummary):
    """An account's state of risk with every limit (`budgets`) and what else keeps entries away
    (`restraints`), the market being closed too, which is no trouble."""

    budgets: tuple[BudgetView, ...]
    restraints: tuple[RestraintView, ...]
    each_entry: EachEntryView
