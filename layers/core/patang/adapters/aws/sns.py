"""Notifier on an SNS topic, whose subscribers are the owner's mail and phone."""

import json
import re
from typing import Any

from patang.ports import EventKind

__all__ = ["SnsNotifier", "short_message"]

_SUBJECT_LIMIT = 100
# SNS cuts what is longer into parts of its own choosing, between words and through links. Two parts of 153
# characters are what a telephone shows as one message
# (https://docs.aws.amazon.com/sns/latest/dg/sms_sms-to-phone.html).
_SHORT_LIMIT = 306
_LINK = re.compile(r"https?://\S+")
# Outside of the telephone's own alphabet a part holds 67 characters instead of 153.
_SPELT = {"₹": "Rs ", "−": "-", "–": "-", "’": "'", "…": "..."}
# In that alphabet, but taking two places each, or not in it at all.
_NOT_PLAIN = re.compile(r"[^ -~]|[\[\]{}\\^~|`]")


class SnsNotifier:
    """`client` is a boto3 SNS client."""

    def __init__(self, client: Any, topic: str) -> None:
        self._client = client
        self._topic = topic

    def send(self, subject: str, text: str, kind: EventKind) -> None:
        # SNS takes printable ASCII of at most 100 characters as a subject and refuses the rest.
        printable = subject.encode("ascii", "replace").decode().replace("\n", " ")[:_SUBJECT_LIMIT]
        by_protocol = {"default": text, "sms": short_message(subject, text)}
        self._client.publish(
            TopicArn=self._topic,
            Subject=printable,
            Message=json.dumps(by_protocol),
            MessageStructure="json",
        )


def short_message(subject: str, text: str) -> str:
    """What a telephone is sent: at most 306 plain characters, the first link whole and at the end.

    A link too long for that is left out: a piece of one leads nowhere, and the mail has it.
    """
    link = _LINK.search(text)
    address = link.group() if link is not None and len(link.group()) <= _SHORT_LIMIT // 2 + 60 else ""
    words = " ".join(_LINK.sub("", f"{subject}: {text}").split())
    for sign, spelt in _SPELT.items():
        words = words.replace(sign, spelt)
    words = _NOT_PLAIN.sub("?", words)
    room = _SHORT_LIMIT - len(address) - bool(address)
    if len(words) > room:
        words = f"{words[: room - 3].rsplit(' ', 1)[0]}..."
    return f"{words} {address}".strip()
