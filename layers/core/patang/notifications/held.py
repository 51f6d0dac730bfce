"""Messages of a kind that wait to go together, as all instances of the desk share them."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from patang.market.sessions import IST
from patang.ports import EventKind, Key
from patang.records import Record

__all__ = ["HeldMessages", "Message", "merged"]

# An item takes 400 KB; what comes after these is counted.
_MOST_KEPT = 40
_LONGEST = 1000
_PARTITION = "NOTIFICATIONS"


class Message(BaseModel):
    """One message; `at` is wall time."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    subject: str
    text: str
    at: datetime


class HeldMessages(Record):
    """`last_sent_at`: when a message of this kind went last. `more` were held beyond those that are kept.
    Until `claimed_until` an instance is sending the first of them. Wall time."""

    kind: EventKind
    last_sent_at: datetime | None = None
    held: tuple[Message, ...] = ()
    more: int = 0
    claimed_until: datetime | None = None

    def key(self) -> Key:
        return Key(_PARTITION, f"HELD#{self.kind}")

    def holding(self, message: Message) -> "HeldMessages":
        """With one more."""
        if len(self.held) >= _MOST_KEPT:
            return self.evolve(more=self.more + 1)
        kept = message.model_copy(update={"text": message.text[:_LONGEST]})
        return self.evolve(held=[*self.held, kept])

    def without(self, sent: "HeldMessages", now: datetime) -> "HeldMessages":
        """After all that was held in `sent` has gone; what came meanwhile stays."""
        held, more = self.held[len(sent.held) :], self.more - sent.more
        return self.evolve(held=held, more=more, last_sent_at=now, claimed_until=None)


def merged(messages: Sequence[Message], more: int) -> tuple[str, str]:
    """Subject and text of one message for all of these; one alone stays as it is."""
    if len(messages) == 1 and not more:
        return messages[0].subject, messages[0].text
    counts = Counter(message.subject for message in messages)
    subjects = ", ".join(subject if n == 1 else f"{subject} ({n})" for subject, n in counts.items())
    lines = [f"{message.at.astimezone(IST):%H:%M} {message.subject}: {message.text}" for message in messages]
    if more:
        lines.append(f"and {more} more: see the audit log")
    return f"{len(messages) + more} messages: {subjects}", "\n".join(lines)
