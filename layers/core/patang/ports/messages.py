"""Streams, queues, workflows and notices: how the parts of the desk reach each other and the owner."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

__all__ = [
    "Channel",
    "Clock",
    "DeadLetters",
    "EventKind",
    "IntentQueue",
    "Messenger",
    "Metrics",
    "Notifier",
    "PollQueue",
    "StreamReader",
    "Subscription",
    "TickStream",
    "UpdateQueue",
    "Workflows",
]


class Clock(Protocol):
    """Wall time: approvals, tokens, leases, rate limits. Never a trading decision."""

    def now(self) -> datetime:
        """Timezone-aware, IST."""
        ...


# approval: a yes is asked for. alarm: somebody should look now. halt: entries were stopped or resumed.
# session: a login is due. position: one was entered or left. order: one did not do what was wanted. data: the
# market's data or the day's preflight is not as it should be. report: figures of a day.
type EventKind = Literal["approval", "alarm", "halt", "session", "position", "order", "data", "report"]

type Channel = Literal["email", "sms"]


class Notifier(Protocol):
    """Where the desk says what its owner should hear of."""

    def send(self, subject: str, text: str, kind: EventKind) -> None: ...


@dataclass(frozen=True, slots=True)
class Subscription:
    """One who hears the desk's messages, or CloudWatch's alarms (`topic`). `place` is his address with most
    of it left out. `sign_in_to_end`: whether ending it takes a sign-in, None where nobody knows."""

    topic: str
    channel: str
    place: str
    confirmed: bool
    sign_in_to_end: bool | None = None


class Messenger(Protocol):
    """The way to the owner's mail and telephone."""

    def deliver(self, subject: str, text: str, channels: frozenset[Channel]) -> None: ...

    @property
    def topics(self) -> tuple[str, ...]:
        """Names of what is subscribed to."""
        ...

    def subscriptions(self) -> tuple[Subscription, ...]:
        """Who is subscribed now. Raises TryAgain."""
        ...

    def confirm(self, topic: str, token: str) -> None:
        """Confirms a subscription of that topic (its name, or the address in the confirming link), so that
        only a signed-in person ends it. Raises BadInput for another's topic or a token that is not taken."""
        ...


class Metrics(Protocol):
    """Counts and values; names in snake_case, few dimensions, details as metadata."""

    def count(self, name: str, value: float = 1, **details: str) -> None: ...

    def duration_ms(self, name: str, value: float, **details: str) -> None: ...

    def alarm(self, name: str, **details: str) -> None:
        """Something that the owner is called for: one series a stage, whichever function has met it."""
        ...


class TickStream(Protocol):
    """The stream that carries ticks to the desk."""

    def lane(self, key: str) -> str:
        """The part of the stream that a partition key leads to: keys of one lane may share a record.

        May change after `put` has raised. Raises TryAgain.
        """
        ...

    def put(self, records: Sequence[tuple[str, bytes]]) -> None:
        """(partition key, packed record) pairs; retries the part that failed, raises TryAgain at the end.

        Also raises it when the lanes have changed: put together anew, everything has to be put again.
        """
        ...

    def mark(self, data: bytes) -> None:
        """One copy of `data` on every shard, behind everything put before."""
        ...


class StreamReader(Protocol):
    """Reading the tick stream again, to rebuild what an instance has forgotten."""

    def shards(self) -> list[str]:
        """The ids of the stream's open shards."""
        ...

    def read(self, shard: str, after: str | None, until: str) -> Iterator[tuple[str, bytes]]:
        """(sequence number, data) behind `after` (None: from the oldest kept) and before `until`.

        Raises BadInput if `after` is no sequence number of this stream.
        """
        ...


class DeadLetters(Protocol):
    """Where a message that does not parse is kept with its bytes."""

    def send(self, source: str, data: bytes, reason: str) -> None: ...


class Workflows(Protocol):
    """Starting workflows and answering their waiting tasks."""

    def start(self, workflow: str, name: str, payload: Mapping[str, Any]) -> bool:
        """`workflow` is trading_cycle. False if one of that name was started before."""
        ...

    def succeed(self, task_token: str, output: Mapping[str, Any]) -> bool:
        """False if the task no longer waits."""
        ...


class IntentQueue(Protocol):
    """The lane's FIFO queue: ids only, in order within a group."""

    def enqueue(self, group: str, intent_id: str, body: Mapping[str, Any]) -> None: ...


class UpdateQueue(Protocol):
    """Order frames, postbacks and polled orders on their way to (order_updates)."""

    def send(self, updates: Sequence[Mapping[str, Any]]) -> None: ...


class PollQueue(Protocol):
    """Tickets to (reconciler): look at an account, in a few seconds."""

    def send(self, ticket: Mapping[str, Any], delay_seconds: int) -> None:
        """At most 900 seconds."""
        ...
