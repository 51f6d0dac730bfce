"""Flatten-all: stop an account's entries, take back what is on its way, and sell everything that is held."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from patang.execution.amendments import Amendments
from patang.execution.intent import OrderIntent
from patang.execution.leaving.exits import Exits
from patang.execution.protection.protector import FLATTEN
from patang.keys import LIVE_INTENTS, OPEN_POSITIONS, mark_key
from patang.portfolio.position import Mark, Position
from patang.ports import StateStore
from patang.records import load, load_index
from patang.risk.halts import Halts
from patang.settings import Settings

__all__ = ["FLATTEN", "Flatten", "Flattened"]


@dataclass(frozen=True, slots=True)
class Flattened:
    """What was begun: ids of positions whose exit this call began, and of entries whose cancel it began.

    `closing` were being sold already.
    """

    account: str
    exits: tuple[str, ...]
    cancels: tuple[str, ...]
    closing: tuple[str, ...]


class Flatten:
    """Safe to repeat: whatever is being cancelled or sold already is left to that. Orders and positions of
    the mode in force only.
    """

    def __init__(
        self,
        store: StateStore,
        halts: Halts,
        exits: Exits,
        amendments: Amendments,
        settings: Callable[[], Settings],
    ) -> None:
        self._store = store
        self._halts = halts
        self._exits = exits
        self._amendments = amendments
        self._settings = settings

    def run(self, account: str, reason: str, actor: str, as_of: datetime) -> Flattened:
        """Halts first, so that the lane drops every entry it has not sent yet; what one that is being sent
        still buys is sold as soon as its fill is heard of, until a person resumes. `as_of` is market time.
        """
        self._halts.halt(account, reason, actor, as_of, flattening=True)
        mode = self._settings().mode
        live = load_index(self._store, OrderIntent, LIVE_INTENTS, f"{account}#")
        cancels = [
            entry.intent_id
            for entry in live
            if entry.kind in ("ENTRY", "ORDER")
            and entry.terms.transaction_type == "BUY"
            and entry.terms.mode == mode
            and self._amendments.cancel(entry, as_of, reason) is not None
        ]
        held = load_index(self._store, Position, OPEN_POSITIONS, f"{account}#")
        held = [position for position in held if position.mode == mode]
        exits = [
            position.position_id
            for position in held
            if position.state == "OPEN" and self._sell(position, as_of, actor)
        ]
        closing = [p.position_id for p in held if p.state == "CLOSING"]
        return Flattened(account, tuple(exits), tuple(cancels), tuple(closing))

    def _sell(self, position: Position, as_of: datetime, actor: str) -> bool:
        """From the last price the guard has seen, else what was paid; the order watch follows the price."""
        mark = load(self._store, Mark, mark_key(position.position_id))
        price, bid = (mark.last_price, mark.bid) if mark else (position.entry_price, None)
        return self._exits.begin(position, FLATTEN, as_of, price, bid, actor)
