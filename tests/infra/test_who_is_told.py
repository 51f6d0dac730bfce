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


@pytest.mark.parametrize("phone", ["9812345678", "+91 98123 45678", "+0123456789", "home"])
def test_a_telephone_is_given_with_its_country(phone):
    with pytest.raises(ValidationError):
        StageSettings(owner_phone=phone)
