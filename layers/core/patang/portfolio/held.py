"""What is held or ordered, by any account."""

from patang.execution.intent import OrderIntent
from patang.keys import LIVE_INTENTS, OPEN_POSITIONS
from patang.portfolio.position import Position
from patang.ports import StateStore
from patang.records import load_index

__all__ = ["held_identifiers"]


def held_identifiers(store: StateStore) -> set[str]:
    """EXCHANGE:TRADINGSYMBOL of every open position and of every order that has not ended."""
    positions = load_index(store, Position, OPEN_POSITIONS)
    orders = [intent.terms for intent in load_index(store, OrderIntent, LIVE_INTENTS)]
    return {f"{p.exchange}:{p.symbol}" for p in positions} | {
        f"{terms.exchange}:{terms.tradingsymbol}" for terms in orders
    }
