"""From the outbox into the chain: what (audit_linker) does with a batch of the table's stream."""

import json
from collections.abc import Sequence
from datetime import date

from pydantic import ValidationError

from patang.audit.chain import link
from patang.audit.event import AuditEvent
from patang.ports import Attributes, Clock, DeadLetters, Metrics, StateStore

__all__ = ["AuditLinker"]


class AuditLinker:
    """Links outbox items in the order they come in."""

    def __init__(
        self, audit_store: StateStore, dead_letters: DeadLetters, clock: Clock, metrics: Metrics
    ) -> None:
        self._audit_store = audit_store
        self._dead_letters = dead_letters
        self._clock = clock
        self._metrics = metrics

    def process(self, items: Sequence[Attributes]) -> int:
        """Link these outbox items; returns how many were new. What is no event becomes a dead letter.

        Raises TryAgain when a chain is contended: the stream then delivers the batch again.
        """
        chains: dict[tuple[str, date], list[AuditEvent]] = {}
        for item in items:
            event = self._parsed(item)
            if event is not None:
                chains.setdefault((event.account, event.day), []).append(event)
        linked = sum(link(self._audit_store, *chain, events) for chain, events in chains.items())
        self._measure([event for events in chains.values() for event in events], linked)
        return linked

    def _parsed(self, item: Attributes) -> AuditEvent | None:
        try:
            return AuditEvent.model_validate(dict(item))
        except ValidationError as error:
            data = json.dumps(item, default=str).encode()
            self._dead_letters.send("audit_linker", data, f"not an outbox event: {error}")
            self._metrics.count("audit_events_unreadable")
            return None

    def _measure(self, events: Sequence[AuditEvent], linked: int) -> None:
        self._metrics.count("audit_events_linked", linked)
        if events:
            oldest = min(event.written_at for event in events)
            age = (self._clock.now() - oldest).total_seconds()
            self._metrics.duration_ms("audit_unlinked_age_ms", max(age, 0.0) * 1000)
