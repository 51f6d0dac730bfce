"""The owner's mail: what the desk sent to its topic, and the approval links in it."""

import json
import re
from typing import Any

__all__ = ["Outbox"]

_LINK = re.compile(r"https?://\S+/approvals/[\w-]+")


class Outbox:
    """Reads the queue that is subscribed to the topic of notifications. `client` is a boto3 SQS client."""

    def __init__(self, client: Any, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def links(self) -> list[str]:
        """Approval links that have arrived since the last look."""
        reply = self._client.receive_message(QueueUrl=self._queue_url, MaxNumberOfMessages=10)
        found: list[str] = []
        for message in reply.get("Messages", []):
            self._client.delete_message(QueueUrl=self._queue_url, ReceiptHandle=message["ReceiptHandle"])
            found += _LINK.findall(json.loads(message["Body"])["Message"])
        return found
