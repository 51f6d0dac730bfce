"""What is held or ordered, by any account."""

from patang.execution.intent import OrderIntent
from patang.keys import LIVE_INTENTS, OPEN_POSITIONS, account_partition
from patang.portfolio.position import Position
from patang.ports import StateStore
from patang.records import load_all, load_index

__all__ = ["held_identifiers", "latest_positions"]

_RECENT_POSITIONS = 100


def held_identifiers(store: StateStore) -> set[str]:
    """EXCHANGE:TRADINGSYMBOL of every open position and of every order that has not ended."""
    positions = load_index(store, Position, OPEN_POSITIONS)
    orders = [intent.terms for intent in load_index(store, OrderIntent, LIVE_INTENTS)]
    return {f"{p.exchange}:{p.symbol}" for p in positions} | {
        f"{terms.exchange}:{terms.tradingsymbol}" for terms in orders
    }


def latest_positions(store: StateStore, account: str) -> tuple[Position, ...]:
    """The latest, open and closed, by strongly consistent read; where there are more, older open ones by the
    index, which has seen them long ago.
    """
    newest = load_all(
        store,
        Position,
        account_partition(account),
        "POSITION#",
        newest_first=True,
        limit=_RECENT_POSITIONS,
    )
    known = {position.position_id: position for position in newest}
    if len(newest) < _RECENT_POSITIONS:
        return tuple(known.values())
    for position in load_index(store, Position, OPEN_POSITIONS, f"{account}#"):
        known.setdefault(position.position_id, position)
    return tuple(known.values())
