"""Where the desk's messages go: the owner's mail and telephone, as he gave them."""

import json

import pytest
from pydantic import ValidationError

from infra.app import build
from infra.config import StageSettings


def test_mail_and_telephone_are_subscribed_as_they_are_given(tmp_path):
    given = {"owner_email": "owner@example.com", "owner_phone": "+919812345678"}
    build(outdir=tmp_path, context=given, build_assets=False).synth()
    resources = json.loads((tmp_path / "patang-paper-data.template.json").read_text())["Resources"]
    found = {
        (resource["Properties"]["Protocol"], resource["Properties"]["Endpoint"])
        for resource in resources.values()
        if resource["Type"] == "AWS::SNS::Subscription"
    }
    assert found == {("email", "owner@example.com"), ("sms", "+919812345678")}


def test_the_desks_messages_are_filtered_by_their_way_and_alarms_are_not(tmp_path):
    """A filter lets through no message without attributes, and CloudWatch gives its own none
    (https://docs.aws.amazon.com/sns/latest/dg/attribute-key-matching.html)."""
    given = {"owner_email": "owner@example.com", "owner_phone": "+919812345678"}
    build(outdir=tmp_path, context=given, build_assets=False).synth()

    def read(stack):
        return json.loads((tmp_path / f"patang-paper-{stack}.template.json").read_text())["Resources"]

    subscriptions = [
        (
            each["Properties"]["TopicArn"]["Ref"],
            each["Properties"]["Protocol"],
            each["Properties"].get("FilterPolicy"),
        )
        for each in read("data").values()
        if each["Type"] == "AWS::SNS::Subscription"
    ]
    filtered = {topic for topic, way, policy in subscriptions if policy == {"way": [way]}}
    unfiltered = {topic for topic, _, policy in subscriptions if policy is None}
    assert (len(subscriptions), len(filtered), len(unfiltered)) == (4, 1, 1)
    (messages,), (alarms,) = filtered, unfiltered
    rung = [
        json.dumps(each["Properties"]["AlarmActions"])
        for each in read("operations").values()
        # The parts of a composite call nobody: it does.
        if each["Type"] in ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
        and "AlarmActions" in each["Properties"]
    ]
    assert len(rung) > 30
    assert all(alarms in action and messages not in action for action in rung)


@pytest.mark.parametrize("phone", ["9812345678", "+91 98123 45678", "+0123456789", "home"])
def test_a_telephone_is_given_with_its_country(phone):
    with pytest.raises(ValidationError):
        StageSettings(owner_phone=phone)
