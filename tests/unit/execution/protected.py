"""A desk whose lane, exchange and updates are let run until nothing moves, for tests of what rests."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from patang.execution.intent import OrderIntent
from patang.keys import intent_key, mark_key
from patang.portfolio.position import Mark, Position
from patang.portfolio.protection import Protection
from patang.ports import Put
from patang.records import load
from patang.strategies.signal import Signal
from tests.unit.execution.samples import equity_signal
from tests.unit.execution.stages import submitted, tell
from tests.unit.execution.trading_desk import TradingDesk

__all__ = [
    "carried_signal",
    "entered",
    "intents",
    "keep",
    "laid",
    "live_sells",
    "mark",
    "position",
    "pump",
    "resting",
    "seen",
]


def carried_signal() -> Signal:
    """A share that may be kept over night."""
    return equity_signal(holding_period="swing", exit_by=None)


def pump(desk: TradingDesk, rounds: int = 12) -> None:
    """The lane takes what is queued, the exchange matches, its frames are applied: until all is quiet."""
    for _ in range(rounds):
        waiting = list(desk.queue.messages)
        desk.queue.messages.clear()
        for _, _, body in waiting:
            desk.lane().process(body)
        desk.exchange.match()
        moved = bool(waiting or desk.exchange.frames)
        tell(desk)
        if not moved and not desk.queue.messages:
            return
    raise AssertionError("it never comes to rest")


def entered(desk: TradingDesk, signal: Signal | None = None, quantity: int = 20, **changes: Any) -> Position:
    """Bought at the signal's price, with its protection confirmed."""
    signal = signal or equity_signal(**changes)
    desk.exchange.prices[signal.symbol] = float(signal.entry_price)
    submitted(desk, signal, quantity)
    pump(desk)
    return position(desk)


def position(desk: TradingDesk) -> Position:
    (found,) = desk.positions()
    return found


def resting(desk: TradingDesk) -> Protection:
    found = position(desk).protection
    assert found is not None
    return found


def laid(desk: TradingDesk) -> OrderIntent:
    found = load(desk.store, OrderIntent, intent_key("main", resting(desk).intent_id))
    assert found is not None
    return found


def intents(desk: TradingDesk, *kinds: str) -> list[OrderIntent]:
    return [intent for intent in desk.intents() if intent.kind in kinds]


def keep(desk: TradingDesk) -> None:
    found = position(desk)
    desk.protector().keep(found.account, found.position_id, desk.market_time)


def mark(desk: TradingDesk, price: float, trailing: str | None = None, at: datetime | None = None) -> None:
    """The guard's view of the one position."""
    found = position(desk)
    view = Mark(
        position_id=found.position_id,
        account=found.account,
        as_of=at or desk.market_time,
        last_price=Decimal(str(price)),
        bid=Decimal(str(price)) - Decimal("0.10"),
        unrealised_pnl=Decimal(0),
        trailing_stop=None if trailing is None else Decimal(trailing),
    )
    desk.store.write(Put(mark_key(found.position_id), view.model_dump(mode="json", exclude_none=True)))


def seen(desk: TradingDesk, price: float, *, after: float = 1) -> None:
    """The price moves, for the exchange and for the guard."""
    desk.pass_time(after)
    desk.exchange.prices = dict.fromkeys(desk.exchange.prices, price)
    mark(desk, price)
    desk.exchange.match()


def live_sells(desk: TradingDesk) -> int:
    """Units that orders and triggers at the exchange may still sell."""
    orders = sum(
        order["quantity"] - order["filled_quantity"]
        for order in desk.exchange.book.values()
        if order["transaction_type"] == "SELL" and order["status"] in ("OPEN", "TRIGGER PENDING")
    )
    waiting = [gtt for gtt in desk.exchange.triggers.values() if gtt.status == "active"]
    return orders + sum(max(leg.quantity for leg in gtt.request.legs) for gtt in waiting)
