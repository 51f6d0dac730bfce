"""Subscriptions that wait, or that the link in any mail ends: the emulator confirms at once."""

import pytest

from patang.ports import Channel, Subscription
from patang_workbench.deployment.standing_checks import subscriptions_finding

MAIL, ALARMS = ("messages", "email", "o***@example.com"), ("alarms", "email", "o***@example.com")


class Topics:
    """A messenger with these subscriptions."""

    topics = ("messages", "alarms")

    def __init__(self, *found: Subscription) -> None:
        self._found = found

    def subscriptions(self) -> tuple[Subscription, ...]:
        return self._found

    def deliver(self, subject: str, text: str, channels: frozenset[Channel]) -> None:
        raise AssertionError("a doctor sends nothing")

    def confirm(self, topic: str, token: str) -> None:
        raise AssertionError("a doctor confirms nothing")


HEARD = Subscription(*MAIL, confirmed=True, sign_in_to_end=True)
ALARMED = Subscription(*ALARMS, confirmed=True, sign_in_to_end=True)


@pytest.mark.parametrize(
    ("found", "status", "words"),
    [
        ((HEARD, ALARMED), "ok", "2 are confirmed, for messages and alarms"),
        ((), "fail", "nobody hears messages and alarms"),
        (
            (HEARD, Subscription(*ALARMS, confirmed=False)),
            "fail",
            "alarms; waits: alarms to o***@example.com",
        ),
        (
            (HEARD, ALARMED, Subscription("messages", "sms", "***210", confirmed=False)),
            "warn",
            "waits to be confirmed: messages to ***210",
        ),
        (
            (HEARD, Subscription(*ALARMS, confirmed=True, sign_in_to_end=False)),
            "warn",
            "the link in any mail",
        ),
    ],
)
def test_whether_somebody_hears_is_told_with_what_to_do(
    found: tuple[Subscription, ...], status: str, words: str
) -> None:
    told = subscriptions_finding(Topics(*found))
    assert told.status == status
    assert words in told.found
    assert ("patang notifications confirm" in told.to_do) is (status != "ok")
