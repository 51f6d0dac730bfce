"""Messenger on an SNS topic, whose subscribers are the owner's mail and phone."""

import json
import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from patang.errors import BadInput, TryAgain
from patang.ports import Channel, Subscription

__all__ = ["SnsMessenger", "short_message"]

_SUBJECT_LIMIT = 100
# What a telephone shows as one message, and what is paid as one
# (https://docs.aws.amazon.com/sns/latest/dg/sms_sms-to-phone.html). SNS cuts what is longer into parts of its
# own choosing, between words and through links.
_SHORT_LIMIT = 160
_LEAST_WORDS = 30
# Without what a sentence puts behind it.
_LINK = re.compile(r"https?://\S*[^\s.,;:!?)\]'\"]")
# Outside of the telephone's own alphabet a message holds 70 characters instead of 160.
_SPELT = {"₹": "Rs ", "−": "-", "–": "-", "’": "'", "…": "..."}
# In that alphabet, but taking two places each, or not in it at all.
_NOT_PLAIN = re.compile(r"[^ -~]|[\[\]{}\\^~|`]")
_NOT_PRINTABLE = re.compile(r"[^ -~]")
# The attribute that the subscriptions' filters go by.
_WAY = "way"


class SnsMessenger:
    """`client` is a boto3 SNS client. `alarms` is the topic of CloudWatch's own messages: those have no
    attributes, and a filter lets through no message without any."""

    def __init__(self, client: Any, topic: str, alarms: str | None = None) -> None:
        self._client = client
        self._topic = topic
        self._topics = {"messages": topic} | ({} if alarms is None else {"alarms": alarms})

    @property
    def topics(self) -> tuple[str, ...]:
        return tuple(self._topics)

    def deliver(self, subject: str, text: str, channels: frozenset[Channel]) -> None:
        # SNS takes printable ASCII of at most 100 characters as a subject and refuses the rest.
        words = " ".join(_NOT_PRINTABLE.sub(" ", subject.encode("ascii", "replace").decode()).split())
        printable = words[:_SUBJECT_LIMIT] or "Patang"
        by_protocol = {"default": text, "sms": short_message(subject, text)}
        ways = {"DataType": "String.Array", "StringValue": json.dumps(sorted(channels))}
        self._client.publish(
            TopicArn=self._topic,
            Subject=printable,
            Message=json.dumps(by_protocol),
            MessageStructure="json",
            MessageAttributes={_WAY: ways},
        )

    def subscriptions(self) -> tuple[Subscription, ...]:
        try:
            return tuple(
                self._subscription(name, row)
                for name, topic in self._topics.items()
                for row in self._rows(topic)
            )
        except (ClientError, BotoCoreError) as error:
            raise TryAgain(f"the subscriptions cannot be listed: {type(error).__name__}") from error

    def confirm(self, topic: str, token: str) -> None:
        address = self._topics.get(topic, topic)
        if address not in self._topics.values():
            raise BadInput(f"{topic} is none of this desk's topics ({', '.join(self._topics)})")
        try:
            self._client.confirm_subscription(TopicArn=address, Token=token, AuthenticateOnUnsubscribe="true")
        except (ClientError, BotoCoreError) as error:
            raise BadInput(f"the subscription is not confirmed: {error}") from error

    def _rows(self, topic: str) -> list[dict[str, str]]:
        pages = self._client.get_paginator("list_subscriptions_by_topic").paginate(TopicArn=topic)
        rows = [row for page in pages for row in page["Subscriptions"]]
        return [row for row in rows if row["SubscriptionArn"] != "Deleted"]

    def _subscription(self, topic: str, row: dict[str, str]) -> Subscription:
        confirmed = row["SubscriptionArn"].startswith("arn:")
        signed = self._takes_sign_in(row["SubscriptionArn"]) if confirmed else None
        return Subscription(topic, row["Protocol"], _place(row["Endpoint"]), confirmed, signed)

    def _takes_sign_in(self, subscription: str) -> bool | None:
        try:
            found = self._client.get_subscription_attributes(SubscriptionArn=subscription)
        except ClientError:
            # Whether it stands is known; this is a detail of it.
            return None
        told = found["Attributes"].get("ConfirmationWasAuthenticated")
        return None if told is None else told == "true"


def short_message(subject: str, text: str) -> str:
    """What a telephone is sent: at most 160 plain characters, the first link whole and at the end.

    Words give way to the link. One that leaves no room for any is left out: a piece of one leads nowhere,
    and the mail has it.
    """
    link = _LINK.search(text)
    fits = link is not None and len(link.group()) <= _SHORT_LIMIT - _LEAST_WORDS - 1
    address = link.group() if link is not None and fits else ""
    words = " ".join(_LINK.sub("", f"{subject}: {text}").split())
    for sign, spelt in _SPELT.items():
        words = words.replace(sign, spelt)
    words = _NOT_PLAIN.sub("?", words)
    room = _SHORT_LIMIT - len(address) - bool(address)
    if len(words) > room:
        words = f"{words[: room - 3].rsplit(' ', 1)[0]}..."
    return f"{words} {address}".strip()


def _place(endpoint: str) -> str:
    """An address that its owner knows again and nobody else learns."""
    name, at, host = endpoint.partition("@")
    return f"{name[:1]}***@{host}" if at else f"***{endpoint[-3:]}"
