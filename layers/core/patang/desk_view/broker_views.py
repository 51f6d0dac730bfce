"""What is shown of an account at the broker, as the desk has last seen it, and of the day's result."""

from datetime import date

from patang.desk_view.views import Moment, Rupees, ShownModel

__all__ = [
    "AlertView",
    "AlertsView",
    "HoldingView",
    "HoldingsView",
    "MarginView",
    "MarginsView",
    "PnlMoment",
    "PnlThroughDay",
]


class HoldingView(ShownModel):
    """A share in the demat account. `quantity` is settled, `t1_quantity` on its way, `used_quantity` sold
    today, `collateral_quantity` pledged. `value`, `pnl` and `day_change` are of the first two, in rupees;
    null where the broker tells no price."""

    exchange: str
    symbol: str
    quantity: int
    t1_quantity: int
    used_quantity: int
    collateral_quantity: int
    average_price: Rupees
    last_price: Rupees | None = None
    value: Rupees | None = None
    pnl: Rupees | None = None
    pnl_pct: float | None = None
    day_change: Rupees | None = None
    day_change_pct: float | None = None


class HoldingsView(ShownModel):
    """An account's shares as the broker told them at `told_at`, the most valuable first; null before he has.

    `value`, `cost`, `pnl` and `day_change` are sums over the rows that have a price, null where none has;
    `unpriced` is how many have none, `left_out` how many more there are than are kept.
    """

    account: str
    mode: str | None = None
    told_at: Moment | None = None
    value: Rupees | None = None
    cost: Rupees | None = None
    pnl: Rupees | None = None
    day_change: Rupees | None = None
    unpriced: int = 0
    left_out: int = 0
    rows: tuple[HoldingView, ...] = ()


class MarginView(ShownModel):
    """Funds of a segment in rupees, null where the broker tells nothing. `net` is what new orders may use,
    `used` what is blocked of the rest; from `exposure` on it is said for what."""

    segment: str
    enabled: bool
    net: Rupees | None = None
    cash: Rupees | None = None
    opening_balance: Rupees | None = None
    collateral: Rupees | None = None
    paid_in: Rupees | None = None
    used: Rupees | None = None
    exposure: Rupees | None = None
    span: Rupees | None = None
    option_premium: Rupees | None = None
    delivery: Rupees | None = None
    holding_sales: Rupees | None = None
    realised: Rupees | None = None
    unrealised: Rupees | None = None
    paid_out: Rupees | None = None


class MarginsView(ShownModel):
    """An account's funds as the broker told them at `told_at`; no segments before he has."""

    account: str
    mode: str | None = None
    told_at: Moment | None = None
    segments: tuple[MarginView, ...] = ()


class AlertView(ShownModel):
    """An alert at the broker: `attribute` of exchange:symbol `operator` `constant` in rupees, or `right`,
    another instrument. `type` is simple (it notifies) or ato (it places orders); `times` it has gone off."""

    uuid: str
    type: str
    name: str
    status: str
    exchange: str
    symbol: str
    attribute: str
    operator: str
    constant: Rupees | None = None
    right: str | None = None
    times: int
    made_at: Moment | None = None
    changed_at: Moment | None = None


class AlertsView(ShownModel):
    """An account's alerts as they were at `told_at`, the newest first; null before they were looked at.
    `left_out` is how many more there are than are kept."""

    account: str
    told_at: Moment | None = None
    left_out: int = 0
    alerts: tuple[AlertView, ...] = ()


class PnlMoment(ShownModel):
    """A minute of the market day. `realised` is after `charges`, `total` with what was open by then."""

    at: Moment
    realised: Rupees
    unrealised: Rupees
    charges: Rupees
    total: Rupees


class PnlThroughDay(ShownModel):
    """The result over the accounts as it went, a point a minute; minutes in which an open position had no
    price are left out."""

    day: date
    points: tuple[PnlMoment, ...]
