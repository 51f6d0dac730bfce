"""An order of a day that is over, of which nobody has heard how it ended: what is held tells.

The broker's order book is empty each morning. An order that was filled in its day's last moments, while the
desk could not hear of it, shows only in what the account holds. Where that does not tell either, the account
enters nothing until a person has looked.
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
from patang.risk.halts import RECONCILER, Halts
from patang.settings import Mode

__all__ = ["UNKNOWN_ORDER", "EarlierDays"]

UNKNOWN_ORDER = "UNKNOWN_ORDER"
"""The gate of an account of which an order of an earlier day may have been filled and nobody knows."""


@dataclass(frozen=True, slots=True)
class EarlierDays:
    """Ends orders and conversions of earlier days, filled or not."""

    store: StateStore
    broker: Callable[[str, Mode], Broker]
    updates: OrderUpdates
    resolution: Resolution
    halts: Halts
    notifier: Notifier
    metrics: Metrics

    def end(self, intent: OrderIntent, as_of: datetime) -> None:
        """Ends an acknowledged order that is not in the book of the day of `as_of`, or a conversion of which
        nobody has heard. Raises as the reads of Broker do.

        What its line has more (bought) or less (sold) than it should have without it, up to what was left of
        it, is its fill, at its limit. More than that nobody can tell apart: it alarms. Of a sale the
        comparison of holdings decides; of a purchase it would take what was bought for its owner's, so that
        the account enters nothing until a person resumes. So it is with a conversion: its line is another.
        """
        left = intent.terms.quantity - intent.filled_quantity
        known = None if intent.kind == "CONVERT" else self._known(intent)
        found = None if known is None else self._more(intent, as_of, known)
        if found is not None and 0 < found <= left:
            self.updates.apply_order(intent.account, _filled(intent, found), "holdings")
            return
        doubtful = found is None or found > left
        if doubtful:
            self._doubt(intent, left, as_of)
        self.resolution.missing(intent, as_of, doubtful=doubtful)

    def _doubt(self, intent: OrderIntent, left: int, as_of: datetime) -> None:
        terms = intent.terms
        what = "done" if intent.kind == "CONVERT" else "filled"
        text = f"{name_of(intent)} is of an earlier day, and nobody knows whether it was {what}."
        if terms.transaction_type == "BUY" or intent.kind == "CONVERT":
            held = _told(terms.tradingsymbol, self._more(intent, as_of), left)
            text = f"{text} {held} Look at the account at the broker, then resume it."
            self.halts.reduce(intent.account, UNKNOWN_ORDER, text, RECONCILER, as_of)
        tell(self.notifier, self.metrics, [Notice("An order's end is unknown", text, "order_missing")])

    def _known(self, intent: OrderIntent) -> Reconciliation | None:
        """What was compared on the order's own day after it was written."""
        known = load(self.store, Reconciliation, reconciliation_key(intent.account))
        if known is None or known.mode != intent.terms.mode or not _covers(known, intent):
            return None
        return known

    def _more(self, intent: OrderIntent, as_of: datetime, known: Reconciliation | None = None) -> int:
        """Units that its line has beyond (bought) or short of (sold) all that the desk holds, and all that is
        `known` to be of others."""
        terms = intent.terms
        broker = self.broker(intent.account, terms.mode)
        book = Book((), (), broker.positions(), broker.holdings(), {}, ())
        line = line_of(terms.exchange, terms.tradingsymbol, terms.product)
        ours = read_ledger(self.store, intent.account, terms.mode, as_of).held()[line]
        others = sum(
            foreign.quantity
            for foreign in (() if known is None else known.foreign)
            if line_of(foreign.exchange, foreign.symbol, foreign.product) == line
        )
        more = book.net()[line] - ours - others
        return more if terms.transaction_type == "BUY" else -more


def _told(symbol: str, more: int, asked: int) -> str:
    """What the account holds of it that is none of the desk's."""
    if more == asked:
        return f"The broker holds exactly these {asked} {symbol} beside the desk's: nothing guards them."
    if more > 0:
        return f"The broker holds {more} {symbol} beside the desk's: nothing guards them."
    return f"The broker holds no {symbol} of that product beside the desk's."


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
