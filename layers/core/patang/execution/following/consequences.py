"""What a change of an order brings with it: writes that belong together, and what to tell the owner."""

from dataclasses import dataclass, field
from datetime import datetime

from patang.errors import StopTrading
from patang.execution.following.fill_price import presumed
from patang.execution.intent import OrderIntent
from patang.portfolio.ledger import Fill
from patang.ports import EventKind, Metrics, Notifier, Write

__all__ = ["Notice", "Settlement", "fill_of", "name_of", "position_id_of", "tell"]


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the owner should hear of, once the change is written. `alarm` names an alarm's metric;
    `kind` says how urgent it is, and left out is an alarm or the word on an order.
    """

    subject: str
    text: str
    alarm: str | None = None
    kind: EventKind | None = None

    @property
    def event(self) -> EventKind:
        return self.kind or ("order" if self.alarm is None else "alarm")


@dataclass(slots=True)
class Settlement:
    """Writes that belong together, and what to say when they are done.

    `stray`: the order works against the position's state and has to be cancelled.
    """

    writes: list[Write] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    stray: bool = False


def position_id_of(entry: OrderIntent) -> str:
    """The id of the position that an entry opens: the intent's own, as a position."""
    return f"P{entry.intent_id[1:]}"


def fill_of(intent: OrderIntent, time: datetime) -> Fill | None:
    """The intent's fills so far, None if there are none; at the price presumed where none was told."""
    if intent.filled_quantity == 0:
        return None
    price = intent.average_price or intent.presumed_price or presumed(intent)
    if price is None:
        raise StopTrading(f"order {intent.intent_id} was filled at a price that nobody knows")
    return Fill(intent.filled_quantity, price, time)


def name_of(intent: OrderIntent) -> str:
    """How an order is called when a person reads of it."""
    terms = intent.terms
    return f"{terms.transaction_type} {terms.quantity} {terms.tradingsymbol} ({intent.intent_id})"


def tell(notifier: Notifier, metrics: Metrics, notices: list[Notice]) -> None:
    """Sends notices of what is written already. One that cannot be sent is counted and undoes nothing."""
    for notice in notices:
        if notice.alarm is not None:
            metrics.alarm(notice.alarm, text=notice.text)
        try:
            notifier.send(notice.subject, notice.text, notice.event)
        except Exception as error:
            # Whatever failed, the change stands and must not be told as failed to those who wait for it.
            # The text stays out of the log: an approval's holds its link.
            metrics.alarm("notification_failed", error=type(error).__name__, subject=notice.subject)
