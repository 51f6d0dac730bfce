"""What is shown of trading at length: a position, an order's way, fills, results, funds."""

from datetime import date
from typing import Literal

from patang.desk_view.views import Moment, OrderView, PositionView, Rupees, ShownModel

__all__ = [
    "CurvePoint",
    "FillView",
    "FundsView",
    "OrderStep",
    "OrderStory",
    "PnlCurve",
    "PnlDay",
    "PnlGroup",
    "PnlGrouping",
    "PnlReport",
    "PositionDetail",
    "PositionLevels",
]

type PnlGrouping = Literal["strategy", "symbol", "day", "mode", "account"]


class PositionDetail(PositionView):
    """A position at length. `open_quantity` is what is still held; slippage is rupees a unit, a loss positive
    for the entry and negative for the exit."""

    mode: str
    underlying: str
    open_quantity: int
    entry_intent_id: str
    entry_slippage: Rupees
    exit_intent_id: str | None = None
    exit_attempts: int
    exit_slippage: Rupees | None = None
    protection: str | None = None


class PositionLevels(ShownModel):
    """A position with its levels as they are from now on, what they were, and `message`, which says what was
    changed. `limits_passed` are limits of risk that they were set beyond, in sentences."""

    message: str
    stop_before: Rupees
    target_before: Rupees
    limits_passed: tuple[str, ...] = ()
    position: PositionDetail


class FillView(ShownModel):
    """A fill as it was heard of: `as_of` is market time, `heard_at` wall time, `source` who brought it."""

    account: str
    intent_id: str
    broker_order_id: str | None = None
    order_kind: str
    mode: str
    exchange: str
    symbol: str
    product: str
    transaction_type: str
    quantity: int
    price: Rupees
    filled_quantity: int
    average_price: Rupees
    slippage: Rupees | None = None
    slippage_pct: Rupees | None = None
    as_of: Moment
    heard_at: Moment
    source: str


class OrderStep(ShownModel):
    """A step of an order's way. `at` is wall time, `as_of` market time; of some steps one is not known."""

    what: str
    at: Moment | None = None
    as_of: Moment | None = None
    by: str
    note: str = ""


class OrderStory(ShownModel):
    """An order from the signal to the comparison with the broker.

    `slippage` is the average fill price less the expected one in rupees a unit. Latencies are wall time:
    `api_latency_ms` of the call to the broker, `decided_in_ms` from asking to the owner's answer,
    `sent_in_ms` from the written intent to its sending, `filled_in_ms` from there to the last fill.
    `reconciled`: whether a comparison since the last fill found both sides alike; null before there is one.
    """

    order: OrderView
    signal_id: str | None = None
    position_id: str | None = None
    placed_by: str
    user_confirmed: bool
    expected_price: Rupees | None = None
    slippage: Rupees | None = None
    slippage_pct: Rupees | None = None
    api_latency_ms: float | None = None
    decided_in_ms: float | None = None
    sent_in_ms: float | None = None
    filled_in_ms: float | None = None
    reconciled: bool | None = None
    steps: tuple[OrderStep, ...]
    fills: tuple[FillView, ...]


class PnlDay(ShownModel):
    """Result of a market day. `realised` is after `charges`; `unrealised` is zero of a day that is over."""

    day: date
    realised: Rupees
    unrealised: Rupees
    charges: Rupees
    total: Rupees
    closed_trades: int


class CurvePoint(ShownModel):
    """A closed trade, or a day's: what it made after charges, and the sum so far."""

    at: Moment
    realised: Rupees
    cumulative: Rupees
    trades: int
    symbol: str | None = None
    position_id: str | None = None


class PnlCurve(ShownModel):
    """Points in the order of time; days on which nothing was closed have none."""

    start: date
    end: date
    points: tuple[CurvePoint, ...]


class PnlGroup(ShownModel):
    """Trades that were closed, by what they were grouped. `gross` is before charges; `slippage` is what both
    legs lost against the prices they were decided at."""

    name: str
    trades: int
    wins: int
    quantity: int
    gross: Rupees
    charges: Rupees
    realised: Rupees
    slippage: Rupees


class PnlReport(ShownModel):
    """Groups in the order of their names, and all of them together."""

    start: date
    end: date
    by: PnlGrouping
    groups: tuple[PnlGroup, ...]
    total: PnlGroup


class FundsView(ShownModel):
    """What the broker told last of an account's funds, in rupees; null where it told nothing.

    `net` is free for equity and derivatives, `cash` of it paid in, `used` blocked by orders and positions,
    `holdings_value` what settled shares were worth. `capital` is what percentages are of, `net_paid_in` the
    pay-ins less the pay-outs since the account began.
    """

    account: str
    mode: str
    capital: Rupees
    net_paid_in: Rupees
    net: Rupees | None = None
    cash: Rupees | None = None
    used: Rupees | None = None
    holdings_value: Rupees | None = None
    told_at: Moment | None = None
