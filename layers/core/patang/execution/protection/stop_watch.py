"""Holds resting stops against their rows in the broker's book.

A broker takes a change before the exchange has, and of a stop that he cuts he may refuse a part: what then
rests is not what was asked for, and only the book says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from patang.execution.following.consequences import Notice, tell
from patang.execution.journal import journal
from patang.execution.protection.rules import is_of_an_earlier_day, retry_pause
from patang.keys import OPEN_POSITIONS
from patang.portfolio.position import Position
from patang.portfolio.protection import Protection
from patang.ports import BrokerOrder, Clock, Metrics, Notifier, StateStore, Write
from patang.records import change, load, load_index, replace
from patang.settings import Mode

__all__ = ["StopWatch"]

# Market time that the exchange gets to take what the broker has taken.
_TAKEN_WITHIN = timedelta(seconds=30)
_ENDED = frozenset({"COMPLETE", "REJECTED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class _Rest:
    """What rests by the book: units, and the lowest trigger and limit, rupees."""

    quantity: int
    trigger: Decimal
    limit: Decimal

    def is_as(self, believed: Protection) -> bool:
        prices = (believed.trigger_price, believed.limit_price)
        return self.quantity == believed.quantity and (self.trigger, self.limit) == prices


class StopWatch:
    """Two steps, so that nothing is judged by a book of before: `resting`, then the book, then `compare`."""

    def __init__(self, store: StateStore, clock: Clock, notifier: Notifier, metrics: Metrics) -> None:
        self._store = store
        self._clock = clock
        self._notifier = notifier
        self._metrics = metrics

    def resting(self, account: str, mode: Mode, as_of: datetime) -> list[Position]:
        """The positions whose stop is believed to rest, unchanged for a while."""
        held = load_index(self._store, Position, OPEN_POSITIONS, f"{account}#")
        return [position for position in held if position.mode == mode and _is_settled(position, as_of)]

    def compare(self, seen: Sequence[Position], book: Sequence[BrokerOrder], as_of: datetime) -> int:
        """Corrects what is believed of the stops of positions that were `seen` before the book was read; the
        protector then asks for what is missing, after a pause that grows. How many were corrected."""
        found = 0
        for position in seen:
            laid = position.protection
            rest = None if laid is None else _rest_of(laid, book)
            if laid is None or rest is None:
                continue
            if rest.is_as(laid):
                if laid.refusals and _is_asked_again(laid):
                    self._confirm(position)
            elif self._correct(position, rest, as_of):
                found += 1
                self._tell(position, laid, rest)
        return found

    def _confirm(self, seen: Position) -> None:
        """What was refused before rests by now: the next refusal is a first one."""
        change(self._store, lambda: self._confirmed(seen))

    def _confirmed(self, seen: Position) -> tuple[None, Sequence[Write]]:
        position = load(self._store, Position, seen.key())
        laid = None if position is None else position.protection
        if position is None or laid is None or position.revision != seen.revision:
            return None, ()
        return None, (replace(position.evolve(protection=laid.model_copy(update={"refusals": 0}))),)

    def _correct(self, seen: Position, rest: _Rest, as_of: datetime) -> bool:
        return change(self._store, lambda: self._corrected(seen, rest, as_of))

    def _corrected(self, seen: Position, rest: _Rest, as_of: datetime) -> tuple[bool, Sequence[Write]]:
        position = load(self._store, Position, seen.key())
        laid = None if position is None else position.protection
        if position is None or laid is None or position.revision != seen.revision:
            return False, ()
        believed = {
            "quantity": rest.quantity,
            "trigger_price": rest.trigger,
            "limit_price": rest.limit,
            "refusals": laid.refusals + 1,
            "retry_at": as_of + retry_pause(laid.refusals),
        }
        event = journal(
            position.account,
            "PROTECTION_CORRECTED",
            f"{position.position_id}#{position.revision}",
            as_of,
            self._clock.now(),
            position_id=position.position_id,
            intent_id=laid.intent_id,
            symbol=position.symbol,
            believed=[laid.quantity, laid.trigger_price, laid.limit_price],
            rests=[rest.quantity, rest.trigger, rest.limit],
        )
        return True, (replace(position.evolve(protection=laid.model_copy(update=believed))), event)

    def _tell(self, position: Position, laid: Protection, rest: _Rest) -> None:
        text = (
            f"The stop of {position.open_quantity} {position.symbol} rests for {rest.quantity} at "
            f"{rest.trigger}, not for {laid.quantity} at {laid.trigger_price}: the exchange has not taken "
            "all that was asked for. It is asked for again."
        )
        tell(self._notifier, self._metrics, [Notice("Protection refused", text, "protection_refused")])


def _is_settled(position: Position, as_of: datetime) -> bool:
    laid = position.protection
    if laid is None or position.state != "OPEN" or laid.kind != "SL" or laid.state != "RESTING":
        return False
    if laid.amended_by is not None or is_of_an_earlier_day(laid, as_of):
        return False
    return as_of >= max(laid.since, laid.amended_at or laid.since) + _TAKEN_WITHIN


def _is_asked_again(laid: Protection) -> bool:
    """Whether the last word of it is of after the latest refusal's pause."""
    return laid.retry_at is None or max(laid.since, laid.amended_at or laid.since) >= laid.retry_at


def _rest_of(laid: Protection, book: Sequence[BrokerOrder]) -> _Rest | None:
    """What rests by the live rows of a stop; None where there are none, or one waits for no trigger: that it
    has ended or sells is told by other ways."""
    rows = [
        order
        for order in book
        if laid.intent_id == order.tag or (laid.broker_order_id == order.order_id and not order.tag)
    ]
    live = [order for order in rows if order.status not in _ENDED]
    if not live or any(order.status != "TRIGGER PENDING" or order.filled_quantity for order in live):
        return None
    trigger, limit = (min(_rupees(order, name) for order in live) for name in ("trigger_price", "price"))
    if trigger <= 0 or limit <= 0:
        return None
    return _Rest(sum(order.quantity for order in live), trigger, limit)


def _rupees(order: BrokerOrder, name: str) -> Decimal:
    return Decimal(str(order.raw.get(name) or 0))
