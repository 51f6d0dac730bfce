"""A position from its entry to its exit, with what it is worth now, as programs and people read it."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from patang.portfolio.position import Mark, Position

__all__ = ["PositionRecord", "position_record"]

_TWO_PLACES = Decimal("0.01")


class PositionRecord(BaseModel):
    """One position as the specification's schema has it, and where it belongs.

    Money in rupees, slippage rupees a unit, times market times. `entry_fee` and `exit_fee` are all charges of
    their side. `current_price` and what follows it are None without a mark, and once the position is closed.
    `trailing_stop` says whether a stop follows the price, `exit_signal` why it is being left, or was, and at
    which attempt: None while nobody wants to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    account: str
    mode: str
    state: Literal["OPEN", "CLOSING", "CLOSED"]
    strategy: str
    position_id: str
    symbol: str
    exchange: str
    underlying: str
    quantity: int
    open_quantity: int
    entry_price: Decimal
    entry_time: datetime
    entry_order_id: str
    entry_fee: Decimal
    entry_slippage: Decimal
    current_price: Decimal | None
    current_time: datetime | None
    unrealized_pnl: Decimal | None
    unrealized_pnl_pct: Decimal | None
    stop_loss_price: Decimal
    take_profit_price: Decimal
    trailing_stop: bool
    position_type: Literal["LONG"]
    product: str
    exit_signal: dict[str, Any] | None
    exit_time: datetime | None
    exit_order_id: str | None
    exit_price: Decimal | None
    exit_fee: Decimal | None
    exit_slippage: Decimal | None
    realized_pnl: Decimal | None
    trade_duration_minutes: int | None


def position_record(position: Position, mark: Mark | None) -> PositionRecord:
    """`mark` is the guard's last view of it, if there is one. Orders are named by their intents."""
    closed = position.state == "CLOSED"
    seen = None if closed else mark
    paid = position.entry_price * position.open_quantity
    unrealised = None if seen is None else seen.unrealised_pnl
    held = position.exit_time - position.entry_time if closed and position.exit_time else None
    return PositionRecord(
        account=position.account,
        mode=position.mode,
        state=position.state,
        strategy=position.strategy,
        position_id=position.position_id,
        symbol=position.symbol,
        exchange=position.exchange,
        underlying=position.underlying,
        quantity=position.quantity,
        open_quantity=position.open_quantity,
        entry_price=position.entry_price,
        entry_time=position.entry_time,
        entry_order_id=position.entry_intent_id,
        entry_fee=position.entry_charges,
        entry_slippage=position.entry_slippage,
        current_price=None if seen is None else seen.last_price,
        current_time=None if seen is None else seen.as_of,
        unrealized_pnl=unrealised,
        unrealized_pnl_pct=(100 * unrealised / paid).quantize(_TWO_PLACES)
        if unrealised is not None and paid
        else None,
        stop_loss_price=position.stop_loss_price,
        take_profit_price=position.target_price,
        trailing_stop=mark is not None and mark.trailing_stop is not None,
        position_type="LONG",
        product=position.product,
        exit_signal=_exit_signal(position),
        exit_time=position.exit_time,
        exit_order_id=position.exit_intent_id,
        exit_price=position.exit_price,
        exit_fee=position.exit_charges,
        exit_slippage=position.exit_slippage,
        realized_pnl=position.realised_pnl,
        trade_duration_minutes=None if held is None else int(held.total_seconds() // 60),
    )


def _exit_signal(position: Position) -> dict[str, Any] | None:
    if position.exit_reason is None:
        return None
    return {"reason": position.exit_reason, "attempts": position.exit_attempts}
