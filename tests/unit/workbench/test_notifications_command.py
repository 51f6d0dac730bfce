"""`patang notifications` on a pretended SNS."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from patang.app import Desk
from patang_workbench.cli import main, notifications


class Desks:
    """A desk with both topics; what SNS is asked to confirm is kept, as moto confirms nothing."""

    def __init__(self) -> None:
        self.sns = boto3.client("sns")
        self.messages, self.alarms = (
            self.sns.create_topic(Name=name)["TopicArn"] for name in ("messages", "alarms")
        )
        self.desk = Desk({"NOTIFY_TOPIC_ARN": self.messages, "ALARM_TOPIC_ARN": self.alarms})
        self.asked: list[dict[str, Any]] = []
        self.refusal: ClientError | None = None
        self.desk.messenger._client.confirm_subscription = self._confirm

    def _confirm(self, **asked: Any) -> None:
        if self.refusal:
            raise self.refusal
        self.asked.append(asked)


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Desks]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-south-1")
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    with mock_aws():
        found = Desks()
        monkeypatch.setattr(notifications, "deployed_desk", lambda _stage: found.desk)
        yield found


def test_status_lists_each_subscription_and_whether_it_stands(
    aws: Desks, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["notifications", "status"]) == 1
    assert capsys.readouterr().out == "messages: reaches nobody\nalarms: reaches nobody\n"
    for topic in (aws.messages, aws.alarms):
        aws.sns.subscribe(TopicArn=topic, Protocol="sms", Endpoint="+919812345678")
    assert main(["notifications", "status", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["unheard"] == []
    assert told["subscriptions"][0] == {
        "topic": "messages",
        "channel": "sms",
        "place": "***678",
        "state": "stands",
    }


def test_one_that_waits_is_told(
    aws: Desks, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    row = {"SubscriptionArn": "PendingConfirmation", "Protocol": "email", "Endpoint": "owner@example.com"}
    monkeypatch.setattr(aws.desk.messenger, "_rows", lambda _topic: [row])
    assert main(["notifications", "status"]) == 1
    out = capsys.readouterr().out
    assert "messages by email to o***@example.com: waits to be confirmed" in out
    assert "alarms: reaches nobody" in out


def test_a_subscription_is_confirmed_so_that_ending_it_takes_a_sign_in(
    aws: Desks, capsys: pytest.CaptureFixture[str]
) -> None:
    link = f"https://sns.ap-south-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn={aws.alarms}&Token=t1"
    assert main(["notifications", "confirm", "--url", link]) == 0
    assert main(["notifications", "confirm", "--token", "t2", "--json"]) == 0
    assert main(["notifications", "confirm", "--token", "t3", "--topic", "alarms"]) == 0
    assert aws.asked == [
        {"TopicArn": topic, "Token": token, "AuthenticateOnUnsubscribe": "true"}
        for topic, token in ((aws.alarms, "t1"), (aws.messages, "t2"), (aws.alarms, "t3"))
    ]
    assert '{"confirmed": true}' in capsys.readouterr().out


def test_what_cannot_be_confirmed_is_said(aws: Desks, capsys: pytest.CaptureFixture[str]) -> None:
    foreign = "https://sns.ap-south-1.amazonaws.com/?TopicArn=arn:aws:sns:ap-south-1:1:foreign&Token=t"
    assert main(["notifications", "confirm", "--url", foreign]) == 1
    assert "none of this desk's topics" in capsys.readouterr().err
    assert main(["notifications", "confirm", "--url", "https://sns.example/?Token=t"]) == 1
    assert "no TopicArn" in capsys.readouterr().err
    aws.refusal = ClientError({"Error": {"Code": "InvalidParameter", "Message": "Invalid token"}}, "Confirm")
    assert main(["notifications", "confirm", "--token", "old"]) == 1
    assert "Invalid token" in capsys.readouterr().err
    assert aws.asked == []
