"""What an account's orders and positions of a day were, read from where the desk keeps them."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import date

from patang.approvals.proposal import Proposal
from patang.execution.ids import intent_prefixes
from patang.execution.intent import PLACING, OrderIntent
from patang.keys import account_partition, fill_key, intent_key, mark_key, position_key, proposal_key
from patang.market.sessions import IST
from patang.portfolio.position import Mark, Position
from patang.ports import StateStore
from patang.records import load, load_all
from patang.trade_log.execution import OrderExecution, order_execution
from patang.trade_log.fill import OrderFill
from patang.trade_log.position_record import PositionRecord, position_record
from patang.trade_log.results import Result, results

__all__ = ["DayLog"]


class DayLog:
    """Reads one account at a time. Days are market days, an order's by the intent that asked for it."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    def executions(self, account: str, day: date) -> list[OrderExecution]:
        """Orders placed, or wanted and not placed, by when they were written; changes of orders are none."""
        intents = [intent for intent in self._intents(account, day) if intent.kind in PLACING]
        intents.sort(key=lambda intent: (intent.written_at, intent.intent_id))
        fills = self.fills(account, day)
        of_order: dict[str, list[OrderFill]] = defaultdict(list)
        for fill in fills:
            of_order[fill.intent_id].append(fill)
        return [
            order_execution(intent, self.proposal_behind(intent), of_order[intent.intent_id])
            for intent in intents
        ]

    def fills(self, account: str, day: date) -> list[OrderFill]:
        """Fills of the day's orders, in the order in which they were heard of."""
        found = [
            fill
            for prefix in intent_prefixes(day)
            for fill in load_all(
                self._store, OrderFill, account_partition(account), _up_to(fill_key(account, prefix, 0).sort)
            )
        ]
        return sorted(found, key=lambda fill: (fill.heard_at, fill.intent_id, fill.filled_quantity))

    def positions(self, account: str, day: date) -> list[PositionRecord]:
        """Positions that were open on the day, or were entered or closed on it."""
        return [
            position_record(position, load(self._store, Mark, mark_key(position.position_id)))
            for position in self._positions(account)
            if _lived_on(position, day)
        ]

    def results(self, account: str, start: date, end: date) -> tuple[Result, ...]:
        """Profit and loss of what was closed from `start` to `end`, both included."""
        return results(self.closed_between(account, start, end))

    def closed_between(self, account: str, start: date, end: date) -> list[Position]:
        """Positions that were closed from `start` to `end`, both included."""
        return [
            position
            for position in self._positions(account)
            if position.state == "CLOSED"
            and position.exit_time is not None
            and start <= position.exit_time.astimezone(IST).date() <= end
        ]

    def closed(self, account: str, day: date) -> list[Position]:
        """Positions that were closed on the day."""
        return self.closed_between(account, day, day)

    def proposal_behind(self, intent: OrderIntent) -> Proposal | None:
        """The proposal behind an order: its own, or that of the entry whose position it sells."""
        order_id = intent.order_id
        if order_id is None and intent.position_id is not None:
            position = load(self._store, Position, position_key(intent.account, intent.position_id))
            entry = None if position is None else position.entry_intent_id
            bought = entry and load(self._store, OrderIntent, intent_key(intent.account, entry))
            order_id = bought.order_id if bought else None
        return (
            None if order_id is None else load(self._store, Proposal, proposal_key(intent.account, order_id))
        )

    def _intents(self, account: str, day: date) -> Iterator[OrderIntent]:
        for prefix in intent_prefixes(day):
            key = intent_key(account, prefix)
            yield from load_all(self._store, OrderIntent, key.partition, key.sort)

    def _positions(self, account: str) -> list[Position]:
        key = position_key(account, "")
        return load_all(self._store, Position, key.partition, key.sort)


def _up_to(sort: str) -> str:
    """The part of a fill's sort key that the orders of a day share."""
    return sort.rpartition("#")[0]


def _lived_on(position: Position, day: date) -> bool:
    entered = position.entry_time.astimezone(IST).date()
    if position.state != "CLOSED" or position.exit_time is None:
        return entered <= day
    return entered <= day <= position.exit_time.astimezone(IST).date()
