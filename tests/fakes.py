"""Hand-written stand-ins for every port: in memory, with the real ports' promises and failures."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from patang.errors import BadInput, Refused
from patang.market.sessions import IST
from patang.ports import (
    Absent,
    Attributes,
    Channel,
    Delete,
    EventKind,
    Key,
    Matches,
    Put,
    Subscription,
    Write,
    WriteConflict,
)
from patang.ports.client_documents import ClientDocument

__all__ = [
    "FixedClock",
    "MemoryDocuments",
    "MemoryObjects",
    "MemorySecrets",
    "MemoryStore",
    "RecordedDeadLetters",
    "RecordedIntentQueue",
    "RecordedMessenger",
    "RecordedMetrics",
    "RecordedNotifier",
    "RecordedPollQueue",
    "RecordedStream",
    "RecordedUpdateQueue",
    "RecordedWorkflows",
]


class MemoryStore:
    """A StateStore: conditional, all-or-nothing, JSON types only, as the table keeps them."""

    def __init__(self) -> None:
        self.items: dict[Key, dict[str, Any]] = {}
        self.places: dict[Key, Key] = {}
        self.writes = 0

    def get(self, key: Key) -> Attributes | None:
        item = self.items.get(key)
        return None if item is None else json.loads(json.dumps(item))

    def get_many(self, keys: Sequence[Key]) -> list[Attributes | None]:
        return [self.get(key) for key in keys]

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        newest_first: bool = False,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Attributes]:
        sorts = sorted(
            (key.sort for key in self.items if key.partition == partition and key.sort.startswith(prefix)),
            reverse=newest_first,
        )
        if after is not None:
            sorts = [sort for sort in sorts if (sort < after if newest_first else sort > after)]
        found = [self.get(Key(partition, sort)) for sort in sorts[:limit]]
        return [item for item in found if item is not None]

    def query_index(self, partition: str, *, prefix: str = "") -> list[Attributes]:
        places = sorted(
            ((place.sort, key) for key, place in self.places.items() if place.partition == partition),
            key=lambda pair: pair[0],
        )
        found = [self.get(key) for sort, key in places if sort.startswith(prefix)]
        return [item for item in found if item is not None]

    def write(self, *writes: Write) -> None:
        failed = [write.key for write in writes if not self._holds(write)]
        if failed:
            raise WriteConflict(failed)
        for write in writes:
            self._apply(write)
        self.writes += 1

    def _holds(self, write: Write) -> bool:
        item = self.items.get(write.key)
        match write.expect:
            case None:
                return True
            case Absent():
                return item is None
            case Matches(values):
                return item is not None and all(item.get(name) == value for name, value in values.items())

    def _apply(self, write: Write) -> None:
        self.places.pop(write.key, None)
        match write:
            case Delete(key):
                self.items.pop(key, None)
            case Put(key, attributes, index):
                self.items[key] = json.loads(json.dumps(dict(attributes)))
                if index is not None:
                    self.places[key] = index


class MemoryObjects:
    """An ObjectStore."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}

    def put(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> None:
        self.blobs[path] = content

    def get(self, path: str) -> bytes | None:
        return self.blobs.get(path)

    def list(self, prefix: str) -> list[str]:
        return sorted(path for path in self.blobs if path.startswith(prefix))


class MemoryDocuments:
    """ClientDocuments: a web in which stands what is put into `pages`, by address."""

    def __init__(self) -> None:
        self.pages: dict[str, ClientDocument] = {}

    def fetch(self, url: str) -> ClientDocument:
        if url not in self.pages:
            raise Refused(f"there is no document at {url}")
        return self.pages[url]


class MemorySecrets:
    """A SecretStore."""

    def __init__(self) -> None:
        self.secrets: dict[str, dict[str, str]] = {}

    def get(self, name: str) -> Mapping[str, str] | None:
        return self.secrets.get(name)

    def put(self, name: str, values: Mapping[str, str]) -> None:
        self.secrets[name] = dict(values)

    def delete(self, name: str) -> None:
        self.secrets.pop(name, None)


class FixedClock:
    """A Clock that moves only when told to."""

    def __init__(self, now: datetime = datetime(2026, 8, 18, 10, 0, tzinfo=IST)) -> None:
        self.moment = now

    def now(self) -> datetime:
        return self.moment

    def advance(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


class RecordedMessenger:
    """A Messenger that keeps what it was given; `found`: who is subscribed, or what looking for it raises."""

    topics: tuple[str, ...] = ("messages", "alarms")

    def __init__(self) -> None:
        self.sent: list[tuple[str, str, frozenset[Channel]]] = []
        self.found: tuple[Subscription, ...] | Exception = ()
        self.broken: Exception | None = None

    def deliver(self, subject: str, text: str, channels: frozenset[Channel]) -> None:
        if self.broken is not None:
            raise self.broken
        self.sent.append((subject, text, channels))

    def subscriptions(self) -> tuple[Subscription, ...]:
        if isinstance(self.found, Exception):
            raise self.found
        return self.found

    def confirm(self, topic: str, token: str) -> None:
        raise BadInput(f"{topic} takes no {token}: nothing waits to be confirmed")


class RecordedNotifier:
    """A Notifier that keeps what was sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, str]] = []
        self.kinds: list[EventKind] = []

    def send(self, subject: str, text: str, kind: EventKind) -> None:
        self.sent.append((subject, text))
        self.kinds.append(kind)


class RecordedMetrics:
    """A Metrics that keeps sums of counts and lists of durations."""

    def __init__(self) -> None:
        self.counts: dict[str, float] = {}
        self.durations: dict[str, list[float]] = {}

    def count(self, name: str, value: float = 1, **details: str) -> None:
        self.counts[name] = self.counts.get(name, 0) + value

    def duration_ms(self, name: str, value: float, **details: str) -> None:
        self.durations.setdefault(name, []).append(value)

    def alarm(self, name: str, **details: str) -> None:
        self.count(name)


class RecordedWorkflows:
    """A Workflows that keeps what was started and which tokens were answered; a token is answered once."""

    def __init__(self) -> None:
        self.started: dict[str, tuple[str, dict[str, Any]]] = {}
        self.answers: dict[str, dict[str, Any]] = {}

    def start(self, workflow: str, name: str, payload: Mapping[str, Any]) -> bool:
        if name in self.started:
            return False
        self.started[name] = (workflow, dict(payload))
        return True

    def succeed(self, task_token: str, output: Mapping[str, Any]) -> bool:
        if task_token in self.answers:
            return False
        self.answers[task_token] = dict(output)
        return True


class RecordedIntentQueue:
    """An IntentQueue that keeps (group, intent id, body) in order."""

    def __init__(self) -> None:
        self.messages: list[tuple[str, str, dict[str, Any]]] = []

    def enqueue(self, group: str, intent_id: str, body: Mapping[str, Any]) -> None:
        self.messages.append((group, intent_id, dict(body)))


class RecordedUpdateQueue:
    """An UpdateQueue that keeps what was sent."""

    def __init__(self) -> None:
        self.updates: list[dict[str, Any]] = []

    def send(self, updates: Sequence[Mapping[str, Any]]) -> None:
        self.updates.extend(dict(update) for update in updates)


class RecordedStream:
    """A TickStream that keeps its records; a lane has many keys."""

    def __init__(self) -> None:
        self.records: list[tuple[str, bytes]] = []
        self.marks: list[bytes] = []

    def lane(self, key: str) -> str:
        return key[:1]

    def put(self, records: Sequence[tuple[str, bytes]]) -> None:
        self.records.extend(records)

    def mark(self, data: bytes) -> None:
        self.marks.append(data)


class RecordedDeadLetters:
    """A DeadLetters that keeps (source, data, reason)."""

    def __init__(self) -> None:
        self.letters: list[tuple[str, bytes, str]] = []

    def send(self, source: str, data: bytes, reason: str) -> None:
        self.letters.append((source, data, reason))


class RecordedPollQueue:
    """A PollQueue that keeps (ticket, delay in seconds)."""

    def __init__(self) -> None:
        self.tickets: list[tuple[dict[str, Any], int]] = []

    def send(self, ticket: Mapping[str, Any], delay_seconds: int) -> None:
        self.tickets.append((dict(ticket), delay_seconds))
