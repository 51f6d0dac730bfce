"""Leaving a position: whoever wants to, only one wins the transition from OPEN to CLOSING."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from patang.approvals.proposal import OrderTerms
from patang.execution.amendments import Amendments, enqueue
from patang.execution.ids import intent_id
from patang.execution.intent import OrderIntent
from patang.execution.journal import DESK, journal
from patang.execution.prices import exit_limit, is_option
from patang.keys import intent_key, position_key
from patang.portfolio.position import Position
from patang.ports import Clock, IntentQueue, StateStore, Write
from patang.records import change, create, load, replace

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
        the best price.

        False if the position is not open any more: somebody else has begun to close it, or has closed it.
        `reason` is one of patang.strategies.exits or a person's; prices in rupees, `as_of` market time.
        """
        intent = change(
            self._store, lambda: self._decide(position, reason, as_of, last_price, bid, actor, exit_price)
        )
        if intent is None:
            return False
        enqueue(self._queue, intent)
        self._stop_buying(position, as_of)
        return True

    def _decide(
        self,
        position: Position,
        reason: str,
        as_of: datetime,
        last_price: Decimal,
        bid: Decimal | None,
        actor: str,
        exit_price: Decimal | None,
    ) -> tuple[OrderIntent | None, Sequence[Write]]:
        current = load(self._store, Position, position_key(position.account, position.position_id))
        if current is None or current.state != "OPEN":
            return None, ()
        now = self._clock.now()
        attempt = current.exit_attempts + 1
        exit_id = intent_id(current.account, "exit", as_of.date(), current.position_id, attempt)
        option = is_option(current.exchange, current.symbol)
        price = exit_price or exit_limit(last_price, bid, current.tick_size, option=option)
        intent = OrderIntent(
            account=current.account,
            intent_id=exit_id,
            kind="EXIT",
            terms=OrderTerms(
                account=current.account,
                mode=current.mode,
                exchange=current.exchange,
                tradingsymbol=current.symbol,
                transaction_type="SELL",
                quantity=current.open_quantity,
                order_type="LIMIT",
                product=current.product,
                price=price,
            ),
            as_of=as_of,
            written_at=now,
            expected_price=last_price,
            bid=bid,
            position_id=current.position_id,
            reason=reason,
        )
        closing = current.evolve(
            state="CLOSING", exit_intent_id=exit_id, exit_reason=reason, exit_attempts=attempt
        )
        event = journal(
            current.account,
            "EXIT_BEGUN",
            exit_id,
            as_of,
            now,
            actor,
            position_id=current.position_id,
            intent_id=exit_id,
            symbol=current.symbol,
            quantity=current.open_quantity,
            reason=reason,
            last_price=last_price,
            limit_price=price,
        )
        return intent, (create(intent), replace(closing), event)

    def _stop_buying(self, position: Position, as_of: datetime) -> None:
        """An entry that is still filling must not go on while its position is sold."""
        entry = load(self._store, OrderIntent, intent_key(position.account, position.entry_intent_id))
        if entry is not None and not entry.is_final:
            self._amendments.cancel(entry, as_of, "its position is being closed")
