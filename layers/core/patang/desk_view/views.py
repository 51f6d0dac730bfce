"""What people and assistants see of the desk: flat models, amounts as numbers in rupees, times in IST.

These models are the answers of the HTTP API and of the MCP tools alike. Text in them (symbols, reasons,
labels, messages of the broker) is data from outside and is shown as text.
"""

from typing import Any, Literal

from patang.desk_view.risk_views import RiskView
from patang.desk_view.shown import Moment, Rupees, ShownModel

__all__ = [
    "ApprovalView",
    "DataView",
    "EventView",
    "GlanceView",
    "LightsView",
    "Moment",
    "OrderView",
    "PnlView",
    "PositionView",
    "ProtectionView",
    "Rupees",
    "SessionView",
    "ShownModel",
    "SignalView",
    "StatusView",
]


class SessionView(ShownModel):
    """An account's session at the broker. `state` is ACTIVE, EXPIRED or MISSING."""

    account: str
    label: str
    state: str
    valid_until: Moment | None = None


class DataView(ShownModel):
    """How fresh the market data is: the market's time as the guard saw it last, `age_seconds` ago."""

    market_time: Moment | None = None
    age_seconds: float | None = None
    stale: bool = True


class LightsView(ShownModel):
    """What every page shows of the desk. `heard_at` is when the market's time was seen last."""

    mode: str
    profile: str
    sessions: tuple[SessionView, ...]
    data: DataView
    heard_at: Moment | None


class PnlView(ShownModel):
    """Result of the market day over the principal's accounts. `realised` is after `charges`."""

    realised: Rupees
    unrealised: Rupees
    charges: Rupees
    total: Rupees
    closed_trades: int


class ProtectionView(ShownModel):
    """What rests at the broker for a position: `kind` SL (a stop order) or GTT (stop and target). `state` is
    LAYING, RESTING, LIFTING or GONE, since the market time `since`; prices are rupees a unit."""

    kind: str
    state: str
    since: Moment
    quantity: int
    trigger_price: Rupees
    target_price: Rupees | None = None


class PositionView(ShownModel):
    """A position with the guard's last mark. `state` is OPEN, CLOSING or CLOSED. `resting` is what the broker
    would sell it by if the desk were away; null where nothing was ever laid. `trailing_stop` is in force
    where it is above the stop; `by_hand` names the levels, stop or target, that a person has set."""

    account: str
    position_id: str
    state: str
    strategy: str
    exchange: str
    symbol: str
    product: str
    quantity: int
    entry_price: Rupees
    entry_time: Moment
    stop_loss_price: Rupees
    target_price: Rupees
    by_hand: tuple[str, ...] = ()
    trailing_stop: Rupees | None = None
    tick_size: Rupees
    last_price: Rupees | None = None
    marked_at: Moment | None = None
    unrealised_pnl: Rupees | None = None
    exit_by: Moment | None = None
    exit_price: Rupees | None = None
    exit_time: Moment | None = None
    exit_reason: str | None = None
    realised_pnl: Rupees | None = None
    charges: Rupees
    resting: ProtectionView | None = None


class OrderView(ShownModel):
    """An order the desk asked, or asks, the broker for."""

    account: str
    intent_id: str
    kind: str
    state: str
    exchange: str
    symbol: str
    transaction_type: str
    quantity: int
    filled_quantity: int
    order_type: str
    product: str
    price: Rupees | None = None
    trigger_price: Rupees | None = None
    average_price: Rupees | None = None
    as_of: Moment
    order_id: str | None = None
    broker_order_id: str | None = None
    broker_status: str | None = None
    reason: str = ""
    message: str = ""


class SignalView(ShownModel):
    """A wish of a strategy to enter, passed on to the accounts or refused; `refused` names the gates.

    `model_promoted`: the model has passed the gates of its training; else it is for demonstration only, and
    in mode live no account proposes an order on it.
    `features` is empty where only an overview was asked for.
    """

    signal_id: str
    as_of: Moment
    strategy: str
    signal_type: str
    exchange: str
    symbol: str
    entry_price: Rupees
    stop_loss_price: Rupees
    target_price: Rupees
    confidence: float
    expected_return_pct: float
    reason: str
    refused: tuple[str, ...] = ()
    model_version: str
    model_promoted: bool = False
    features: dict[str, float]


class ApprovalView(ShownModel):
    """What waits for its owner's yes, which has to name `terms_digest`. `kind`: a proposal of the desk's
    own, or a request of `asked_by`. `mode`: where the order would go, live or paper.

    Of a proposal it tells the trade that is expected, of a request all that is known: `lines` are its orders
    as they would be sent, `value`, `margin_needed` and `exposure_after` (beside `exposure_limit`) what they
    come to. What one kind does not know is null.
    """

    kind: Literal["proposal", "request"] = "proposal"
    account: str
    mode: str
    order_id: str
    title: str
    state: str
    exchange: str | None = None
    symbol: str | None = None
    transaction_type: str | None = None
    quantity: int | None = None
    order_type: str | None = None
    product: str | None = None
    validity: str | None = None
    price: Rupees | None = None
    trigger_price: Rupees | None = None
    strategy: str | None = None
    signal_type: str | None = None
    stop_loss_price: Rupees | None = None
    target_price: Rupees | None = None
    confidence: float | None = None
    expected_net_profit: Rupees | None = None
    expected_charges: Rupees | None = None
    risk_amount: Rupees | None = None
    asked_by: str | None = None
    lines: tuple[str, ...] = ()
    estimated_price: Rupees | None = None
    value: Rupees | None = None
    margin_needed: Rupees | None = None
    exposure_after: Rupees | None = None
    exposure_limit: Rupees | None = None
    reason: str
    features: dict[str, float]
    as_of: Moment
    asked_at: Moment | None = None
    expires_at: Moment | None = None
    seconds_left: int
    terms_digest: str


class EventView(ShownModel):
    """An entry of the audit log."""

    account: str
    sequence: int
    kind: str
    as_of: Moment
    actor: str
    details: dict[str, Any]
    hash: str


class GlanceView(ShownModel):
    """All of the desk at a glance but its risk. `profile` other than "safe" is a demonstration or a loosened
    set of limits. `subscription_problems`: why its messages may not reach their owner, as last looked at.
    `models_not_promoted`: in mode live, the models on which nothing is proposed, by the day's preflight."""

    generated_at: Moment
    mode: str
    profile: str
    approval_mode: str
    sessions: tuple[SessionView, ...]
    data: DataView
    pnl: PnlView
    positions: tuple[PositionView, ...]
    closed: tuple[PositionView, ...]
    approvals: tuple[ApprovalView, ...]
    signals: tuple[SignalView, ...]
    events: tuple[EventView, ...]
    subscription_problems: tuple[str, ...] = ()
    models_not_promoted: str = ""


class StatusView(GlanceView):
    """The desk at a glance, with the risk of each account."""

    risk: tuple[RiskView, ...]
