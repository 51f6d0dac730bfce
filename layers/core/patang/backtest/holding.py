"""What bars say of a position that is held, and what is told of it once it is closed. Pure."""

from datetime import datetime
from decimal import Decimal

import numpy as np
from numpy.typing import NDArray

from patang.approvals.proposal import Proposal
from patang.backtest.price_bars import PriceBars
from patang.backtest.trade import Prices, Trade
from patang.market.candles import Quote
from patang.market.sessions import IST
from patang.portfolio.ledger import Fill
from patang.portfolio.position import Mark, Position
from patang.strategies.signal import Signal

__all__ = ["base_at", "mark_of", "quote_before", "trade_of", "with_more", "worth_at"]

type Floats = NDArray[np.float64]
type Epochs = NDArray[np.int64]

_MINUTE, _DAY, _IST_AHEAD = 60, 86_400, 5 * 3600 + 1800
_PAISA = Decimal("0.01")


def mark_of(position: Position, bars: PriceBars, as_of: datetime) -> Mark | None:
    """The position's market at `as_of` as the guard would have marked it; None before a bar has closed."""
    now = int(as_of.timestamp())
    row = _closed_by(bars, now)
    if row < 0:
        return None
    price, half = (Decimal(repr(float(column[row]))) for column in (bars.close, bars.half_spread))
    before = bars.row_at(_midnight(now)) - 1
    return Mark(
        position_id=position.position_id,
        account=position.account,
        as_of=_moment(int(bars.starts[row]) + _MINUTE),
        last_price=price,
        bid=max(price - half, position.tick_size),
        previous_close=Decimal(repr(float(bars.close[before]))) if before >= 0 else None,
        unrealised_pnl=(price - position.entry_price) * position.open_quantity - position.entry_charges,
    )


def worth_at(position: Position, bars: PriceBars, moments: Epochs) -> Floats:
    """Rupees that the position could be sold for at each of these moments, epoch seconds, before charges:
    floats, for who looks at many moments."""
    rows = np.searchsorted(bars.starts, moments - _MINUTE, side="right") - 1
    found: Floats = (
        np.where(rows >= 0, bars.close[rows] - bars.half_spread[rows], 0.0) * position.open_quantity
    )
    return found


def base_at(position: Position, bars: PriceBars, as_of: int) -> float:
    """Rupees that the position's result of the day of `as_of` is counted from, or a little more: what was
    paid, or what it was worth when the day began if that was more."""
    midnight = _midnight(as_of)
    before = bars.row_at(midnight) - 1
    carried = position.entry_time.timestamp() < midnight and before >= 0
    price = max(float(position.entry_price), float(bars.close[before]) if carried else 0.0)
    return position.open_quantity * price


def quote_before(signal: Signal, bars: PriceBars, sent: datetime) -> Quote | None:
    """The book at the close of the last bar that begins before `sent`; None without one."""
    row = bars.row_at(int(sent.timestamp())) - 1
    if row < 0:
        return None
    last, half = float(bars.close[row]), float(bars.half_spread[row])
    return Quote(
        identifier=f"{signal.exchange}:{signal.symbol}",
        last_price=last,
        bid=max(last - half, 0.0),
        ask=last + half,
        volume=0,
        oi=0,
        exchange_time=_moment(int(bars.starts[row]) + _MINUTE),
    )


def with_more(before: Fill | None, units: int, price: Decimal, at: datetime) -> Fill:
    """All that one order has sold, once these units have been."""
    quantity = (before.quantity if before else 0) + units
    value = (before.value if before else Decimal(0)) + price * units
    return Fill(quantity, value / quantity, at)


def trade_of(proposal: Proposal, closed: Position, bars_held: int, prices: Prices) -> Trade:
    """A closed position as it is told."""
    signal = proposal.signal
    beyond = (closed.entry_price - signal.entry_price) - (closed.exit_slippage or Decimal(0))
    return Trade(
        trade_id=proposal.order_id,
        strategy=signal.strategy,
        signal_type=signal.signal_type,
        exchange=signal.exchange,
        symbol=signal.symbol,
        underlying=signal.underlying,
        product=signal.product,
        quantity=closed.quantity,
        decided_at=signal.as_of,
        entered_at=closed.entry_time,
        exited_at=closed.exit_time or signal.as_of,
        entry_price=closed.entry_price,
        exit_price=closed.exit_price or Decimal(0),
        stop_loss_price=closed.stop_loss_price,
        target_price=closed.target_price,
        exit_reason=closed.exit_reason or "",
        charges=closed.entry_charges + (closed.exit_charges or Decimal(0)),
        slippage=(beyond * closed.quantity).quantize(_PAISA),
        p_win=signal.confidence,
        expected_return_pct=signal.expected_return_pct,
        expected_net_profit=proposal.expected_net_profit,
        bars_held=bars_held,
        prices=prices,
    )


def _closed_by(bars: PriceBars, moment: int) -> int:
    """The last row that has closed by a moment, -1 for none."""
    return bars.row_at(moment - _MINUTE + 1) - 1


def _midnight(moment: int) -> int:
    return moment - (moment + _IST_AHEAD) % _DAY


def _moment(epoch: int) -> datetime:
    return datetime.fromtimestamp(epoch, IST)
