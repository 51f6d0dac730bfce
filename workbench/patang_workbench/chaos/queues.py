"""The desk's queues: FIFO to the lane, unordered for updates and polls. What fails comes again."""

import random
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from patang_workbench.chaos.steps import Steps
from patang_workbench.chaos.surroundings import VirtualClock

__all__ = ["LaneQueue", "Message", "StandardQueue", "Tickets"]

# As the queues of the deployed desk (infra/constructs/queues.py).
_LANE_VISIBILITY = timedelta(seconds=60)
_LANE_RECEIVES = 3
_FORGETS_IDS_AFTER = timedelta(minutes=5)
_UPDATE_RECEIVES = 5


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
