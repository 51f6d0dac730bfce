"""Leaving a position: whoever wants to, only one wins the transition from OPEN to CLOSING."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from patang.execution.amendments import Amendments, enqueue
from patang.execution.intent import OrderIntent
from patang.execution.journal import DESK, journal
from patang.execution.leaving.closing import Step, closing
from patang.execution.protection.intents import ExitWish
from patang.keys import intent_key, position_key
from patang.portfolio.position import Position
from patang.ports import Clock, IntentQueue, StateStore, Write
from patang.records import change, load

__all__ = ["Exits"]


class Exits:
    """Begins exits; the lane sends them and the order updates close the position."""

    def __init__(self, store: StateStore, queue: IntentQueue, amendments: Amendments, clock: Clock) -> None:
        self._store = store
        self._queue = queue
        self._amendments = amendments
        self._clock = clock

    def begin(
        self,
        position: Position,
        reason: str,
        as_of: datetime,
        last_price: Decimal,
        bid: Decimal | None = None,
        actor: str = DESK,
        exit_price: Decimal | None = None,
    ) -> bool:
        """Sells all that is held, at the limit `exit_price`; without one, within the market protection below
        the best price. What rests at the broker for it becomes the sell, or is taken away before it.

        False if the position is not open any more: somebody else has begun to close it, or has closed it.
        `reason` is one of patang.strategies.exits or a person's; prices in rupees, `as_of` market time.
        """
        wish = ExitWish(reason, last_price, bid, actor, exit_price)
        step = change(self._store, lambda: self._decide(position, wish, as_of))
        if step is None:
            return False
        for asked in step.asked:
            enqueue(self._queue, asked)
        self.stop_buying(position, as_of)
        return True

    def stop_buying(self, position: Position, as_of: datetime) -> None:
        """An entry that is still filling must not go on while its position is sold. Asked once: one that
        stands too long is cancelled again by its watch."""
        entry = load(self._store, OrderIntent, intent_key(position.account, position.entry_intent_id))
        if entry is not None and not entry.is_final and entry.cancels == 0:
            self._amendments.cancel(entry, as_of, "its position is being closed")

    def _decide(
        self, position: Position, wish: ExitWish, as_of: datetime
    ) -> tuple[Step | None, Sequence[Write]]:
        current = load(self._store, Position, position_key(position.account, position.position_id))
        if current is None or current.state != "OPEN" or current.open_quantity <= 0:
            return None, ()
        laid, now = self._laid(current), self._clock.now()
        step = closing(current, laid, wish, as_of, now)
        event = journal(
            current.account,
            "EXIT_BEGUN",
            f"{current.position_id}#{step.position.exit_attempts}",
            as_of,
            now,
            wish.actor,
            position_id=current.position_id,
            intent_id=step.position.exit_intent_id,
            asked=step.asked[0].kind if step.asked else None,
            symbol=current.symbol,
            quantity=current.open_quantity,
            reason=wish.reason,
            last_price=wish.last_price,
            limit_price=wish.limit(current),
        )
        return step, (*step.writes(), event)

    def _laid(self, position: Position) -> OrderIntent | None:
        resting = position.protection
        if resting is None or not resting.may_sell:
            return None
        return load(self._store, OrderIntent, intent_key(position.account, resting.intent_id))
