"""What happens on the desk, a line an event, read from its audit log."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from patang.audit.event import AuditEvent
from patang.audit.log import AuditLog

__all__ = ["EventFeed"]

type Sentence = Callable[[Mapping[str, Any]], str]

_SENTENCES: Mapping[str, Sentence] = {
    "PROPOSED": lambda d: (
        f"signal     {d['signal_id']}: {d['quantity']} proposed, p_win {d['confidence']:.2f}, "
        f"expected {d['expected_net_profit']} rupees after {d['expected_charges']} of charges"
    ),
    "APPROVAL_ASKED": lambda d: f"approval   {_terms(d)}: waits for the owner",
    "APPROVAL_APPROVED": lambda d: f"approval   {_terms(d)}: yes",
    "APPROVAL_DECLINED": lambda d: f"approval   {_terms(d)}: no",
    "APPROVAL_EXPIRED": lambda d: f"approval   {_terms(d)}: nobody answered",
    "ORDER_SENDING": lambda d: f"order      {d['intent_id']} leaves",
    "ORDER_REJECTED": lambda d: f"order      {d['intent_id']} rejected: {d.get('message')}",
    "ORDER_CANCELLED": lambda d: f"order      {d['intent_id']} cancelled",
    "POSITION_ENTERED": lambda d: (
        f"fill       {d['quantity']} {d['symbol']} bought at {d['entry_price']}, "
        f"stop {d['stop_loss_price']}, target {d['target_price']}"
    ),
    "PROTECT_WANTED": lambda d: (
        f"protection {d['quantity']} {d['symbol']}: a stop at {d['trigger_price']} for the broker to keep"
    ),
    "GTT_PLACE_WANTED": lambda d: (
        f"protection {d['quantity']} {d['symbol']}: a trigger at {d['trigger_price']} and "
        f"{d['target_price']} for the broker to keep"
    ),
    "EXIT_BEGUN": lambda d: f"exit       {d['symbol']}: {d['reason']} at {d['last_price']}",
    "POSITION_CLOSED": lambda d: (
        f"closed     {d['quantity']} {d['symbol']} sold at {_rupees(d['exit_price'])} ({d['reason']}): "
        f"{_rupees(d['realised_pnl'])} rupees after {_rupees(d['charges'])} of charges"
    ),
    "PROPOSAL_CONCLUDED": lambda d: f"order      {d['order_id']} ended: {d.get('outcome')}",
    "STALE_DATA": lambda _: "alarm      no tick has come for too long",
}


def _rupees(amount: str | float) -> str:
    return f"{Decimal(str(amount)):.2f}"


def _terms(details: Mapping[str, Any]) -> str:
    terms = details.get("terms") or {}
    parts = (terms.get(name) for name in ("transaction_type", "quantity", "tradingsymbol", "price"))
    return " ".join(str(part) for part in parts if part is not None)


class EventFeed:
    """New events since the last look, as (market time HH:MM:SS, sentence)."""

    def __init__(self, log: AuditLog, account: str, day: date) -> None:
        self._log = log
        self._account = account
        self._day = day
        self._after = 0

    def news(self) -> Iterator[tuple[str, str]]:
        """Sentences of what a person follows; other events are passed over."""
        for entry in self._log.page(self._account, self._day, after=self._after):
            self._after = entry.sequence
            event = AuditEvent.model_validate_json(entry.event_json)
            sentence = _SENTENCES.get(event.kind)
            if sentence is not None:
                yield f"{event.as_of:%H:%M:%S}", sentence(event.details)
