"""A message to see whether messages arrive: sent at once, told where, counted, audited, its owner's alone."""

from datetime import timedelta

import pytest

from patang.audit.event import AuditEvent
from patang.errors import TryAgain
from patang.keys import outbox_partition
from patang.ports import Subscription
from patang.records import load_all

PATH = "/api/notifications/test"
MAIL = Subscription("messages", "email", "a***@example.com", confirmed=True)
ALARMS = Subscription("alarms", "email", "b***@example.com", confirmed=True)
PHONE = Subscription("messages", "sms", "***210", confirmed=False)


@pytest.fixture
def messenger(desk):
    desk.messenger.found = (MAIL, ALARMS, PHONE)
    return desk.messenger


@pytest.fixture
def ask(owner):
    headers = {"X-CSRF-Token": owner.csrf}
    return lambda *channels: owner.post(PATH, json={"channels": channels}, headers=headers)


def told(desk) -> list[AuditEvent]:
    found = load_all(desk.store, AuditEvent, outbox_partition("DESK", desk.clock.now().date()))
    return [one for one in found if one.kind == "MESSAGE_TESTED"]


def test_what_was_sent_where_is_said_and_audited(ask, messenger, desk):
    answer = ask("email", "sms")
    assert answer.status_code == 200
    assert answer.json() == {
        "sent_at": "2026-08-18T10:47:30+05:30",
        "ways": [
            {"channel": "email", "places": ["a***@example.com"], "waiting": []},
            {"channel": "sms", "places": [], "waiting": ["***210"]},
        ],
        "message": "Sent by e-mail to a***@example.com. By SMS it reaches nobody: ***210 has not confirmed "
        "the subscription.",
    }
    text = "person:asha asked for this test message at 10:47 IST. Nothing has happened."
    assert messenger.sent == [("Test message", text, frozenset({"email", "sms"}))]
    [event] = told(desk)
    assert (event.actor, event.details) == ("person:asha", {"ways": "email, sms"})


def test_a_way_that_is_named_twice_is_one(ask, messenger, desk):
    assert ask("email", "email").json()["message"] == "Sent by e-mail to a***@example.com."
    assert [event.details for event in told(desk)] == [{"ways": "email"}]


def test_a_way_without_an_address_and_one_that_nobody_knows_are_told(ask, messenger, desk):
    messenger.found = ()
    assert ask("sms").json()["message"] == "By SMS it reaches nobody: no address of that kind is subscribed."
    desk.clock.advance(61)
    messenger.found = TryAgain("the subscriptions cannot be listed")
    answer = ask("email").json()
    assert (answer["ways"], answer["message"]) == (None, "Sent by e-mail. Whom it reaches is not known here.")
    desk.clock.advance(61)
    messenger.topics = ()
    assert ask("email").json()["ways"] is None, "a desk at home has no topics"


def test_one_a_minute_and_ten_a_day(ask, messenger, desk):
    assert ask("email").status_code == 200
    desk.clock.advance(59)
    refused = ask("email")
    assert (refused.status_code, refused.json()["error_type"]) == (429, "RateLimitError")
    assert "within the last minute" in refused.json()["message"]
    for _ in range(9):
        desk.clock.advance(60)
        assert ask("email").status_code == 200
    desk.clock.advance(60)
    assert "10 test messages were sent today" in ask("email").json()["message"]
    assert len(messenger.sent) == len(told(desk)) == 10
    desk.clock.moment += timedelta(days=1)
    # His session is over by then: another day is asked of the desk itself.
    assert desk.message_trial().send(("email",), "person:asha", desk.clock.now()).ways[0].channel == "email"


def test_one_that_could_not_be_sent_is_told_and_counts(ask, messenger, desk, caplog):
    messenger.broken = RuntimeError("an address of the cloud's")
    answer = ask("email")
    assert answer.status_code == 503
    assert "was not taken (RuntimeError)" in answer.json()["message"]
    assert "address of the cloud" not in answer.text
    assert "an address of the cloud's" in caplog.text, "the answer leads to the log"
    messenger.broken = None
    assert ask("email").status_code == 429
    assert len(told(desk)) == 1


def test_it_is_sent_for_the_owner_of_the_data_account_alone(sign_in, stranger, bearer, messenger, desk):
    ravi = sign_in("other", "XY5678")
    wish = {"channels": ["email"]}
    answer = ravi.post(PATH, json=wish, headers={"X-CSRF-Token": ravi.csrf})
    assert answer.status_code == 403
    assert stranger.post(PATH, json=wish, headers=bearer("trade", "read")).status_code == 403
    assert stranger.post(PATH, json=wish).status_code == 401
    assert (told(desk), messenger.sent) == ([], [])
    assert stranger.post(PATH, json=wish, headers=bearer("admin")).status_code == 200


@pytest.mark.parametrize("channels", [[], ["pigeon"], ["email", "sms", "email"], "email", None])
def test_a_way_that_there_is_not_is_refused(owner, messenger, channels):
    answer = owner.post(PATH, json={"channels": channels}, headers={"X-CSRF-Token": owner.csrf})
    assert answer.status_code == 422
    assert messenger.sent == []


def test_the_page_offers_it_to_whom_it_is_for(owner, sign_in):
    form = 'data-api="POST /api/notifications/test"'
    assert form in owner.get("/settings/notifications").text
    assert form not in owner.get("/settings/limits").text
    assert form not in sign_in("other", "XY5678").get("/settings/notifications").text
