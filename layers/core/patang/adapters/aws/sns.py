"""Notifier on an SNS topic, whose subscribers are the owner's mail and phone."""

from typing import Any

__all__ = ["SnsNotifier"]

_SUBJECT_LIMIT = 100


class SnsNotifier:
    """`client` is a boto3 SNS client."""

    def __init__(self, client: Any, topic: str) -> None:
        self._client = client
        self._topic = topic

    def send(self, subject: str, text: str) -> None:
        # SNS takes printable ASCII of at most 100 characters as a subject and refuses the rest.
        printable = subject.encode("ascii", "replace").decode().replace("\n", " ")[:_SUBJECT_LIMIT]
        self._client.publish(TopicArn=self._topic, Subject=printable, Message=text)
