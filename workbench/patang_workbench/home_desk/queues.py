"""The desk's queues in its file: what waits is there after a restart, and whichever process works takes
it."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from patang.ports import Clock
from patang_workbench.home_desk.database import Database

__all__ = [
    "DEAD",
    "HomeDeadLetters",
    "HomeIntentQueue",
    "HomePollQueue",
    "HomeQueue",
    "HomeUpdateQueue",
    "Message",
]

DEAD = "dead"
_LETTER_BYTES = 150_000
_RECEIVE = """
UPDATE messages SET since = :now + :hidden, receives = receives + 1 WHERE number = (
    SELECT number FROM messages AS one WHERE queue = :queue AND since <= :now AND NOT (
        :ordered AND EXISTS (
            SELECT 1 FROM messages AS other
            WHERE other.queue = :queue AND other.groupname = one.groupname AND other.number < one.number
        )
    ) ORDER BY number LIMIT 1
) RETURNING number, body, receives
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One message that was received, for the `receives`th time."""

    number: int
    body: Mapping[str, Any]
    receives: int


class HomeQueue:
    """A queue that delivers at least once. In order within a group, whose next message waits until the first
    has been dealt with; without groups in no order that counts.

    `hidden_seconds`: how long whoever has received a message has for it; `most`: how often it is received
    before it goes to the dead letters.
    """

    def __init__(
        self, database: Database, name: str, clock: Clock, *, ordered: bool, hidden_seconds: float, most: int
    ) -> None:
        self._database = database
        self._name = name
        self._clock = clock
        self._ordered = ordered
        self._hidden = hidden_seconds
        self._most = most

    def send(self, bodies: Sequence[Mapping[str, Any]], group: str = "", delay: float = 0.0) -> None:
        """Adds messages, which may be received after a delay in seconds."""
        since = self._clock.now().timestamp() + delay
        rows = [(self._name, group, json.dumps(dict(body)), since) for body in bodies]
        with self._database.transaction() as connection:
            connection.executemany(
                "INSERT INTO messages (queue, groupname, body, since) VALUES (?, ?, ?, ?)", rows
            )

    def receive(self) -> Message | None:
        """The oldest message that may be received now; nobody else gets it meanwhile."""
        now = self._clock.now().timestamp()
        # Most looks find nothing, and hold nobody up.
        if not self._database.rows(
            "SELECT 1 FROM messages WHERE queue = ? AND since <= ? LIMIT 1", self._name, now
        ):
            return None
        with self._database.transaction() as connection:
            found = connection.execute(
                _RECEIVE, {"queue": self._name, "now": now, "hidden": self._hidden, "ordered": self._ordered}
            ).fetchone()
        return None if found is None else Message(found[0], json.loads(found[1]), found[2])

    def delete(self, message: Message) -> None:
        """It was dealt with."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM messages WHERE number = ?", (message.number,))

    def give_back(self, message: Message, seconds: float) -> bool:
        """It was not dealt with: it comes again after a while. False where it has been received often
        enough, and is a dead letter now."""
        dead = message.receives >= self._most
        since = self._clock.now().timestamp() + seconds
        with self._database.transaction() as connection:
            if dead:
                connection.execute("UPDATE messages SET queue = ? WHERE number = ?", (DEAD, message.number))
            else:
                connection.execute("UPDATE messages SET since = ? WHERE number = ?", (since, message.number))
        return not dead

    def forget(self, before: datetime) -> None:
        """Lets go of what has waited since before a moment."""
        with self._database.transaction() as connection:
            connection.execute(
                "DELETE FROM messages WHERE queue = ? AND since < ?", (self._name, before.timestamp())
            )

    def waiting(self) -> int:
        """Messages that are not dealt with yet."""
        [(count,)] = self._database.rows("SELECT count(*) FROM messages WHERE queue = ?", self._name)
        return int(str(count))


class HomeIntentQueue:
    """IntentQueue."""

    def __init__(self, queue: HomeQueue) -> None:
        self._queue = queue

    def enqueue(self, group: str, intent_id: str, body: Mapping[str, Any]) -> None:
        # No id is remembered: the intent's conditional claim is what keeps a message from sending twice.
        del intent_id
        self._queue.send([body], group)


class HomeUpdateQueue:
    """UpdateQueue."""

    def __init__(self, queue: HomeQueue) -> None:
        self._queue = queue

    def send(self, updates: Sequence[Mapping[str, Any]]) -> None:
        self._queue.send(updates)


class HomePollQueue:
    """PollQueue."""

    def __init__(self, queue: HomeQueue) -> None:
        self._queue = queue

    def send(self, ticket: Mapping[str, Any], delay_seconds: int) -> None:
        self._queue.send([ticket], delay=delay_seconds)


class HomeDeadLetters:
    """DeadLetters beside the queues: nobody receives them, and a person finds them in the file."""

    def __init__(self, queue: HomeQueue) -> None:
        self._queue = queue

    def send(self, source: str, data: bytes, reason: str) -> None:
        kept = base64.b64encode(data[:_LETTER_BYTES]).decode()
        self._queue.send([{"source": source, "reason": reason, "size": len(data), "data": kept}])
