"""An order of a day that is over, of which nobody has heard how it ended: what is held tells.

The broker's order book is empty each morning. An order that was filled in its day's last moments, while the
desk could not hear of it, shows only in what the account holds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from patang.execution.following.consequences import Notice, name_of, tell
from patang.execution.following.updates import OrderUpdates
from patang.execution.intent import OrderIntent
from patang.execution.lane.resolution import Resolution
from patang.execution.reconciliation.book import Book, line_of
from patang.execution.reconciliation.ledger import read_ledger
from patang.execution.reconciliation.record import Reconciliation
from patang.keys import reconciliation_key
from patang.market.sessions import IST
from patang.ports import Broker, BrokerOrder, Metrics, Notifier, StateStore
from patang.records import load
from patang.settings import Mode

__all__ = ["EarlierDays"]


@dataclass(frozen=True, slots=True)
class EarlierDays:
    """Ends orders of earlier days, filled or not."""

    store: StateStore
    broker: Callable[[str, Mode], Broker]
    updates: OrderUpdates
    resolution: Resolution
    notifier: Notifier
    metrics: Metrics

    def end(self, intent: OrderIntent, as_of: datetime) -> None:
        """Ends an acknowledged order that is not in the book of the day of `as_of`. Raises as the reads of
        Broker do.

        What its line has more (bought) or less (sold) than it should have without it, up to what was left of
        it, is its fill, at its limit. More than that nobody can tell apart: it alarms, and the comparison of
        holdings decides.
        """
        left = intent.terms.quantity - intent.filled_quantity
        found = self._unaccounted(intent, as_of)
        if found is None or not 0 < found <= left:
            if found is None or found > left:
                text = f"{name_of(intent)} is of an earlier day, and nobody knows whether it was filled."
                tell(
                    self.notifier, self.metrics, [Notice("An order's end is unknown", text, "order_missing")]
                )
            self.resolution.missing(intent, as_of)
            return
        self.updates.apply_order(intent.account, _filled(intent, found), "holdings")

    def _unaccounted(self, intent: OrderIntent, as_of: datetime) -> int | None:
        """Units that its line has beyond (bought) or short of (sold) everything that is known; None where
        that was not compared on the order's own day after it was written."""
        terms = intent.terms
        known = load(self.store, Reconciliation, reconciliation_key(intent.account))
        if known is None or known.mode != terms.mode or not _covers(known, intent):
            return None
        broker = self.broker(intent.account, terms.mode)
        book = Book((), (), broker.positions(), broker.holdings(), {}, ())
        line = line_of(terms.exchange, terms.tradingsymbol, terms.product)
        ours = read_ledger(self.store, intent.account, terms.mode, as_of).held()[line]
        others = sum(
            foreign.quantity
            for foreign in known.foreign
            if line_of(foreign.exchange, foreign.symbol, foreign.product) == line
        )
        more = book.net()[line] - ours - others
        return more if terms.transaction_type == "BUY" else -more


def _covers(known: Reconciliation, intent: OrderIntent) -> bool:
    same_day = known.as_of.astimezone(IST).date() == intent.as_of.astimezone(IST).date()
    return same_day and known.as_of >= intent.as_of


def _filled(intent: OrderIntent, units: int) -> BrokerOrder:
    terms, filled = intent.terms, intent.filled_quantity + units
    return BrokerOrder(
        order_id=intent.broker_order_id or "",
        tag=intent.intent_id,
        status="COMPLETE" if filled == terms.quantity else "CANCELLED",
        exchange=terms.exchange,
        tradingsymbol=terms.tradingsymbol,
        transaction_type=terms.transaction_type,
        quantity=terms.quantity,
        filled_quantity=filled,
        # Nobody has told the price: it counts at its limit.
        average_price="0",
        status_message="filled on its day, as what is held tells",
        updated_at=intent.as_of,
    )
