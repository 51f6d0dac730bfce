"""Bringing a desk to a stage of a trade by the shortest way that real steps allow."""

from decimal import Decimal
from typing import Any

from patang.approvals.proposal import Proposal
from patang.execution.intent import OrderIntent
from patang.keys import intent_key, proposal_key
from patang.portfolio.position import Position
from patang.records import load
from patang.strategies.signal import Signal
from tests.unit.execution.samples import (
    MORNING,
    close_minute,
    equity_signal,
    open_account,
    proposal_of,
    propose,
)
from tests.unit.execution.trading_desk import TradingDesk

__all__ = ["approved", "bought", "closing", "entry_of", "ready", "submitted", "tell", "the_proposal"]


def ready(desk: TradingDesk, signal: Signal | None = None, quantity: int = 20) -> Proposal:
    """Constructed, in a market whose minute before closed at the signal's price."""
    signal = signal or equity_signal()
    open_account(desk.store)
    proposal = proposal_of(signal, quantity)
    propose(desk.store, proposal)
    quote_at(desk, signal, signal.entry_price)
    assert desk.flow().construct("main", proposal.order_id)["ok"]
    return the_proposal(desk, proposal.order_id)


def quote_at(desk: TradingDesk, signal: Signal, price: Decimal) -> None:
    minute = MORNING.replace(hour=9, minute=59)
    close_minute(desk.store, desk.objects, minute, {f"{signal.exchange}:{signal.symbol}": price})


def approved(desk: TradingDesk, signal: Signal | None = None, quantity: int = 20) -> Proposal:
    proposal = ready(desk, signal, quantity)
    desk.approvals().request("main", proposal.order_id, "approval-token")
    asked = the_proposal(desk, proposal.order_id)
    desk.approvals().decide(
        "main", asked.order_id, "approve", asked.terms_digest or "", "owner", desk.clock.now()
    )
    return the_proposal(desk, proposal.order_id)


def submitted(desk: TradingDesk, signal: Signal | None = None, quantity: int = 20) -> OrderIntent:
    """An entry intent, NEW and on the queue."""
    proposal = approved(desk, signal, quantity)
    assert desk.flow().submit("main", proposal.order_id, "lane-token")["ok"]
    return entry_of(desk)


def bought(desk: TradingDesk, signal: Signal | None = None, quantity: int = 20) -> Position:
    """Filled at the signal's price, told by frames."""
    signal = signal or equity_signal()
    intent = submitted(desk, signal, quantity)
    desk.lane().process({"account": "main", "intent_id": intent.intent_id})
    desk.exchange.prices = {signal.symbol: float(signal.entry_price)}
    desk.exchange.match()
    tell(desk)
    desk.queue.messages.clear()
    (position,) = desk.positions()
    return position


def closing(desk: TradingDesk, signal: Signal | None = None) -> tuple[Position, OrderIntent]:
    """A position whose exit is NEW and on the queue."""
    position = bought(desk, signal)
    desk.exchange.prices = {}
    assert desk.exits().begin(position, "STOP", desk.market_time, Decimal("1489.00"), Decimal("1488.90"))
    (position,) = desk.positions()
    intent = load(desk.store, OrderIntent, intent_key("main", position.exit_intent_id or ""))
    assert intent is not None
    return position, intent


def entry_of(desk: TradingDesk) -> OrderIntent:
    (entry,) = [intent for intent in desk.intents() if intent.kind == "ENTRY"]
    return entry


def the_proposal(desk: TradingDesk, order_id: str = "o-s-infy") -> Proposal:
    proposal = load(desk.store, Proposal, proposal_key("main", order_id))
    assert proposal is not None
    return proposal


def tell(desk: TradingDesk, *frames: dict[str, Any]) -> list[str]:
    """Applies these frames, or all that the exchange has sent so far."""
    told = frames or tuple(desk.exchange.frames)
    desk.exchange.frames.clear()
    return [
        desk.order_updates().apply({"account": "main", "source": "frame", "order": f, "received_at": ""})
        for f in told
    ]
