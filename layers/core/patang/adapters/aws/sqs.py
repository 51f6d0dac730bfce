"""The queues: intents to the lane (FIFO), order updates, dead letters."""

import base64
import json
from collections.abc import Mapping, Sequence
from itertools import batched
from typing import Any

from patang.errors import TryAgain

__all__ = ["SqsDeadLetters", "SqsIntentQueue", "SqsPollQueue", "SqsUpdateQueue"]

_BATCH = 10
_LETTER_BYTES = 150_000


class SqsIntentQueue:
    """IntentQueue on a FIFO queue."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def enqueue(self, group: str, intent_id: str, body: Mapping[str, Any]) -> None:
        # The queue forgets an id after five minutes. That is only thrift: the intent's conditional claim is
        # what keeps a repeated message from sending twice.
        self._client.send_message(
            QueueUrl=self._queue_url,
            MessageBody=json.dumps(dict(body)),
            MessageGroupId=group,
            MessageDeduplicationId=intent_id,
        )


class SqsUpdateQueue:
    """UpdateQueue on a standard queue."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, updates: Sequence[Mapping[str, Any]]) -> None:
        for batch in batched(updates, _BATCH, strict=False):
            entries = [
                {"Id": str(n), "MessageBody": json.dumps(dict(update))} for n, update in enumerate(batch)
            ]
            reply = self._client.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
            if reply.get("Failed"):
                reasons = {failure.get("Code") for failure in reply["Failed"]}
                raise TryAgain(
                    f"{len(reply['Failed'])} of {len(entries)} order updates not queued: {reasons}"
                )


class SqsPollQueue:
    """PollQueue on a standard queue."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, ticket: Mapping[str, Any], delay_seconds: int) -> None:
        self._client.send_message(
            QueueUrl=self._queue_url, MessageBody=json.dumps(dict(ticket)), DelaySeconds=delay_seconds
        )


class SqsDeadLetters:
    """DeadLetters on a queue: the bytes travel as base64, with where they came from and what was wrong."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def send(self, source: str, data: bytes, reason: str) -> None:
        letter = {
            "source": source,
            "reason": reason,
            "size": len(data),
            "data": base64.b64encode(data[:_LETTER_BYTES]).decode(),
        }
        self._client.send_message(QueueUrl=self._queue_url, MessageBody=json.dumps(letter))
