"""What a backtest did: its trades, its capital day by day, and what it did not do and why."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict

from patang.settings import Settings

__all__ = ["BacktestResult", "DayResult", "Prices", "Trade"]

# Whether the traded instrument's own prices were recorded, or were made from its underlying by a model.
type Prices = Literal["recorded", "modelled"]


class _Value(BaseModel):
    # A score that is not a number must come back from a file as it went: JSON has no word for it.
    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")


class Trade(_Value):
    """A long position from its first fill until it was flat.

    Prices are averages of its fills in rupees a unit, amounts rupees of the whole quantity. `charges` are
    those of both legs; `slippage` is what the fills cost beyond the prices that were decided at (the spread's
    other half is in it). `exit_reason` is END where the history ended before the position did.
    """

    trade_id: str
    strategy: str
    signal_type: Literal["CALL", "PUT", "BUY"]
    exchange: str
    symbol: str
    underlying: str
    product: Literal["MIS", "NRML", "CNC"]
    quantity: int
    decided_at: datetime
    entered_at: datetime
    exited_at: datetime
    entry_price: Decimal
    exit_price: Decimal
    stop_loss_price: Decimal
    target_price: Decimal
    exit_reason: str
    charges: Decimal
    slippage: Decimal
    p_win: float
    expected_return_pct: float
    expected_net_profit: Decimal
    bars_held: int
    prices: Prices

    @property
    def gross_pnl(self) -> Decimal:
        """Rupees before charges."""
        return (self.exit_price - self.entry_price) * self.quantity

    @property
    def net_pnl(self) -> Decimal:
        """Rupees after charges."""
        return self.gross_pnl - self.charges

    @property
    def net_return_pct(self) -> Decimal:
        """Net result in percent of what was paid for the position."""
        return 100 * self.net_pnl / (self.entry_price * self.quantity)


class DayResult(_Value):
    """The end of a session. `equity`: capital, realised result and open positions at their worth, rupees."""

    day: date
    equity: Decimal
    realised: Decimal
    open_positions: int


class BacktestResult(_Value):
    """A whole run. `refusals` counts each gate's no; `skipped` are sessions left out, with the reason.

    `models` are the versions of the models that were asked, by strategy; `source` names the history.
    `learned_until` is the last day of this market that a strategy's model was trained on: what came on it,
    and before, the model has been told.
    """

    version: Literal[1] = 1
    source: str
    first: date
    last: date
    seed: int
    settings: Settings
    models: Mapping[str, str]
    learned_until: Mapping[str, date] = {}
    capital: Decimal
    bars: int
    cycles: int
    trades: tuple[Trade, ...]
    days: tuple[DayResult, ...]
    refusals: Mapping[str, int]
    skipped: Mapping[date, str]

    @property
    def modelled_share(self) -> float:
        """The part of the trades whose prices were made by a model: with any, no model is promoted on it."""
        if not self.trades:
            return 0.0
        return sum(trade.prices == "modelled" for trade in self.trades) / len(self.trades)

    @property
    def foreknown_sessions(self) -> int:
        """Sessions that a model had learned from, or from what came after them."""
        last = max(self.learned_until.values(), default=date.min)
        return sum(told.day <= last for told in self.days)
