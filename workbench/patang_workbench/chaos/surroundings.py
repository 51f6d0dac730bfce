"""What stands around the desk's services: a clock, queues that deliver again, workflows, a store that may
fail. Each thing done to them is a numbered step."""

import random
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, override

from patang.ports import (
    Attributes,
    DeadLetters,
    Key,
    Metrics,
    Notifier,
    ObjectStore,
    StateStore,
    Workflows,
    Write,
)
from patang_workbench.chaos.steps import Steps

__all__ = [
    "Counted",
    "FragileStore",
    "KeptObjects",
    "KeptSecrets",
    "LaneQueue",
    "Letters",
    "Message",
    "Owner",
    "StandardQueue",
    "Tasks",
    "Tickets",
    "VirtualClock",
]

# As the queues of the deployed desk (infra/constructs/queues.py).
_LANE_VISIBILITY = timedelta(seconds=60)
_LANE_RECEIVES = 3
_FORGETS_IDS_AFTER = timedelta(minutes=5)
_UPDATE_RECEIVES = 5


class VirtualClock:
    """Wall time that only moves when `seconds` does."""

    def __init__(self, begin: datetime, seconds: Callable[[], float]) -> None:
        self._begin = begin
        self._seconds = seconds

    def now(self) -> datetime:
        return self._begin + timedelta(seconds=self._seconds())


class FragileStore:
    """A StateStore each of whose calls is a step."""

    def __init__(self, store: StateStore, steps: Steps) -> None:
        self._store = store
        self._steps = steps

    def get(self, key: Key) -> Attributes | None:
        return self._steps.take(lambda: self._store.get(key), stores=True)

    def get_many(self, keys: Sequence[Key]) -> list[Attributes | None]:
        return self._steps.take(lambda: self._store.get_many(keys), stores=True)

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        newest_first: bool = False,
        limit: int | None = None,
        after: str | None = None,
    ) -> list[Attributes]:
        return self._steps.take(
            lambda: self._store.query(
                partition, prefix=prefix, newest_first=newest_first, limit=limit, after=after
            ),
            stores=True,
        )

    def query_index(self, partition: str, *, prefix: str = "") -> list[Attributes]:
        return self._steps.take(lambda: self._store.query_index(partition, prefix=prefix), stores=True)

    def write(self, *writes: Write) -> None:
        self._steps.take(lambda: self._store.write(*writes), writes=True, stores=True)


@dataclass(slots=True)
class Message:
    """One message on its way; `since` is when it may be received."""

    body: Mapping[str, Any]
    since: datetime
    receives: int = 0


class LaneQueue:
    """A FIFO queue: in order within a group, whose next message waits while its first is tried again."""

    def __init__(self, steps: Steps, clock: VirtualClock) -> None:
        self._steps = steps
        self._clock = clock
        self._seen: dict[str, datetime] = {}
        self.groups: dict[str, deque[Message]] = {}
        self.dead: list[Mapping[str, Any]] = []

    def enqueue(self, group: str, intent_id: str, body: Mapping[str, Any]) -> None:
        self._steps.take(lambda: self._accept(group, intent_id, body))

    def ready(self) -> list[str]:
        """Groups whose first message may be received now."""
        now = self._clock.now()
        return [name for name, waiting in self.groups.items() if waiting and waiting[0].since <= now]

    def receive(self, group: str) -> Message:
        """The first message of a group, which then waits until it has been dealt with or its time is over."""
        message = self.groups[group][0]
        message.receives += 1
        message.since = self._clock.now() + _LANE_VISIBILITY
        return message

    def delete(self, group: str) -> None:
        """The first message was dealt with."""
        self.groups[group].popleft()

    def give_up(self, group: str) -> None:
        """The first message was not dealt with: it comes again, three times in all."""
        if self.groups[group][0].receives >= _LANE_RECEIVES:
            self.dead.append(self.groups[group].popleft().body)

    def redeliver(self, group: str) -> None:
        """The first message was dealt with and comes again all the same."""
        self.groups[group][0].since = self._clock.now() + timedelta(seconds=1)

    @property
    def waiting(self) -> int:
        return sum(map(len, self.groups.values()))

    def _accept(self, group: str, intent_id: str, body: Mapping[str, Any]) -> None:
        now = self._clock.now()
        told = self._seen.get(intent_id)
        if told is not None and now - told < _FORGETS_IDS_AFTER:
            return
        self._seen[intent_id] = now
        self.groups.setdefault(group, deque()).append(Message(dict(body), now))


class StandardQueue:
    """A queue without order: what failed comes again after `visibility`."""

    def __init__(self, steps: Steps, clock: VirtualClock, chance: random.Random, visibility: float) -> None:
        self._steps = steps
        self._clock = clock
        self._chance = chance
        self._visibility = timedelta(seconds=visibility)
        self._waiting: list[Message] = []
        self.dead: list[Mapping[str, Any]] = []

    def send(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        self._steps.take(lambda: self.put(bodies))

    def put(self, bodies: Sequence[Mapping[str, Any]], delay: float = 0.0) -> None:
        """Adds messages that may be received after seconds; no step of anybody."""
        since = self._clock.now() + timedelta(seconds=delay)
        self._waiting += [Message(dict(body), since) for body in bodies]

    def take(self) -> Message | None:
        """One of the oldest few that may be received."""
        now = self._clock.now()
        due = [message for message in self._waiting if message.since <= now][:4]
        if not due:
            return None
        message = self._chance.choice(due)
        self._waiting.remove(message)
        message.receives += 1
        return message

    def failed(self, message: Message) -> None:
        """It comes again, five times in all."""
        if message.receives >= _UPDATE_RECEIVES:
            self.dead.append(message.body)
            return
        message.since = self._clock.now() + self._visibility
        self._waiting.append(message)

    @property
    def waiting(self) -> int:
        return len(self._waiting)


@dataclass(slots=True)
class Tickets:
    """The poll queue. Its tickets come late, some of them too late: polling is the second source, and on a
    good day would find out everything before the others."""

    steps: Steps
    queue: StandardQueue
    chance: random.Random

    def send(self, ticket: Mapping[str, Any], delay_seconds: int) -> None:
        late = delay_seconds * self.chance.uniform(1, 10)
        self.steps.take(lambda: self.queue.put([ticket], late))


class Tasks(Workflows):
    """Waiting tasks of workflows: each is answered once."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.answers: dict[str, Mapping[str, Any]] = {}

    @override
    def start(self, workflow: str, name: str, payload: Mapping[str, Any]) -> bool:
        return False

    def succeed(self, task_token: str, output: Mapping[str, Any]) -> bool:
        return self._steps.take(lambda: self._answer(task_token, output))

    def _answer(self, task_token: str, output: Mapping[str, Any]) -> bool:
        if task_token in self.answers:
            return False
        self.answers[task_token] = dict(output)
        return True


@dataclass(slots=True)
class Owner(Notifier):
    """Who is told; keeps how often, by subject."""

    steps: Steps
    told: Counter[str] = field(default_factory=Counter)

    @override
    def send(self, subject: str, text: str) -> None:
        def told() -> None:
            self.told[subject] += 1

        self.steps.take(told)


@dataclass(slots=True)
class Counted(Metrics):
    """Metrics as sums."""

    sums: Counter[str] = field(default_factory=Counter)

    @override
    def count(self, name: str, value: float = 1, **details: str) -> None:
        self.sums[name] += int(value)

    @override
    def duration_ms(self, name: str, value: float, **details: str) -> None:
        """Durations of virtual time say nothing."""

    @override
    def alarm(self, name: str, **details: str) -> None:
        self.sums[name] += 1


@dataclass(slots=True)
class KeptSecrets:
    """Secrets in memory."""

    kept: dict[str, dict[str, str]] = field(default_factory=dict)

    def get(self, name: str) -> Mapping[str, str] | None:
        return self.kept.get(name)

    def put(self, name: str, values: Mapping[str, str]) -> None:
        self.kept[name] = dict(values)


@dataclass(slots=True)
class KeptObjects(ObjectStore):
    """Blobs in memory."""

    blobs: dict[str, bytes] = field(default_factory=dict)

    @override
    def put(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> None:
        self.blobs[path] = content

    def get(self, path: str) -> bytes | None:
        return self.blobs.get(path)

    def list(self, prefix: str) -> list[str]:
        return sorted(path for path in self.blobs if path.startswith(prefix))


@dataclass(slots=True)
class Letters(DeadLetters):
    """Dead letters."""

    reasons: list[str] = field(default_factory=list)

    @override
    def send(self, source: str, data: bytes, reason: str) -> None:
        self.reasons.append(f"{source}: {reason}")
