"""What the owner is told, by which way, when, and in how many messages."""

from datetime import datetime, timedelta

import pytest

from patang.errors import SettingsError, TryAgain
from patang.market.sessions import IST
from patang.notifications.masking import masked
from patang.notifications.policy import URGENT, is_quiet
from patang.notifications.service import Notifications
from patang.notifications.subscriptions import SubscriptionCheck, last_report
from patang.ports import Subscription
from patang.settings import Settings
from patang.settings.notifications import NotificationSettings
from tests.fakes import FixedClock, MemoryStore, RecordedMetrics, RecordedNotifier

NOON = datetime(2026, 8, 18, 12, 0, tzinfo=IST)
BOTH, MAIL, PHONE = frozenset({"email", "sms"}), frozenset({"email"}), frozenset({"sms"})


class Post:
    """A Messenger that keeps what it delivered, and fails as often as it is told to."""

    def __init__(self) -> None:
        self.sent, self.failures = [], 0
        self.listed: tuple[Subscription, ...] | Exception = ()

    topics = ("messages",)

    def deliver(self, subject, text, channels):
        if self.failures:
            self.failures -= 1
            raise TryAgain("no post")
        self.sent.append((subject, text, channels))

    def subscriptions(self):
        if isinstance(self.listed, Exception):
            raise self.listed
        return self.listed


class Told:
    def __init__(self, now: datetime = NOON, **settings) -> None:
        self.store, self.post, self.clock = MemoryStore(), Post(), FixedClock(now)
        self.metrics = RecordedMetrics()
        self.settings = Settings(notifications=NotificationSettings(**settings))

    def service(self) -> Notifications:
        """Made anew at each use, as another instance would."""
        return Notifications(self.store, self.post, lambda: self.settings, self.clock, self.metrics)

    def say(self, subject="Position entered", kind="position", text="of it") -> None:
        self.service().send(subject, text, kind)

    @property
    def subjects(self) -> list[str]:
        return [subject for subject, _, _ in self.post.sent]


@pytest.mark.parametrize("kind", sorted(URGENT))
def test_what_is_urgent_goes_at_once_alone_and_at_any_hour(kind):
    told = Told(NOON.replace(hour=3), email=(), sms=("approval",))
    for _ in range(3):
        told.say("Look", kind)
    ways = BOTH if kind == "approval" else MAIL
    assert told.post.sent == [("Look", "of it", ways)] * 3
    assert told.store.items == {}


@pytest.mark.parametrize(
    ("settings", "ways"),
    [
        ({}, MAIL),
        ({"email": ()}, None),
        ({"sms": ("position",)}, BOTH),
        ({"sms": ("position",), "email": ()}, PHONE),
    ],
)
def test_the_settings_say_which_way_an_event_goes(settings, ways):
    told = Told(**settings)
    told.say()
    assert [channels for _, _, channels in told.post.sent] == ([] if ways is None else [ways])


def test_those_of_a_kind_that_come_close_make_one_message_with_a_count():
    told = Told()
    for minute, subject in enumerate(["Position entered", "Position closed", "Position entered"]):
        told.say(subject, text=f"number {minute}")
        told.clock.advance(60)
    told.say("Order refused", "order")
    assert told.subjects == ["Position entered", "Order refused"]
    assert told.service().flush() == 0
    told.clock.advance(120)
    assert told.service().flush() == 1
    assert told.service().flush() == 0
    subject, text, _ = told.post.sent[-1]
    assert subject == "2 messages: Position closed, Position entered"
    assert text == "12:01 Position closed: number 1\n12:02 Position entered: number 2"


def test_the_next_takes_those_that_wait_along():
    told = Told()
    for minutes in (0, 1, 5):
        told.clock.moment = NOON + timedelta(minutes=minutes)
        told.say()
    assert told.subjects == ["Position entered", "2 messages: Position entered (2)"]
    assert told.service().flush() == 0


def test_nothing_is_merged_where_nothing_is_to_be():
    told = Told(merge_minutes=0)
    told.say()
    told.say()
    assert told.subjects == ["Position entered"] * 2


@pytest.mark.parametrize(
    ("at", "quiet"), [("21:59", False), ("22:00", True), ("00:00", True), ("06:59", True), ("07:00", False)]
)
def test_quiet_hours_go_over_midnight(at, quiet):
    moment = datetime.fromisoformat(f"2026-08-18T{at}:00+05:30")
    assert is_quiet(moment, NotificationSettings()) == quiet


def test_there_need_be_no_quiet_hours():
    settings = NotificationSettings(quiet_from="22:00", quiet_until="22:00")
    assert not any(is_quiet(NOON.replace(hour=hour), settings) for hour in range(24))


def test_what_comes_at_night_is_told_in_the_morning():
    told = Told(NOON.replace(hour=23))
    told.say()
    told.say("Position closed")
    assert told.subjects == []
    assert told.service().flush() == 0
    told.clock.advance(8 * 3600)
    assert told.service().flush() == 1
    assert told.subjects == ["2 messages: Position entered, Position closed"]


def test_a_flood_is_counted():
    told = Told(NOON.replace(hour=23))
    for number in range(60):
        told.say(text=f"{number} {'x' * 5000}")
    told.clock.advance(8 * 3600)
    told.service().flush()
    ((subject, text, _),) = told.post.sent
    assert subject == "60 messages: Position entered (40)"
    assert text.endswith("and 20 more: see the audit log")
    assert len(text) < 45_000


def test_what_could_not_be_sent_waits_for_the_next_minute():
    told = Told(NOON.replace(hour=23))
    told.say()
    told.clock.advance(8 * 3600)
    told.post.failures = 1
    assert told.service().flush() == 0
    assert told.metrics.counts == {"notification_failed": 1}
    told.clock.advance(301)
    assert told.service().flush() == 1
    assert told.subjects == ["Position entered"]


def test_what_was_held_is_not_lost_with_the_message_that_took_it_along():
    told = Told()
    told.say()
    told.say("Position closed")
    told.clock.advance(301)
    told.post.failures = 1
    with pytest.raises(TryAgain):
        told.say("Position entered", text="third")
    told.clock.advance(60)
    assert told.service().flush() == 1
    assert told.subjects == ["Position entered", "2 messages: Position closed, Position entered"]


def test_who_dies_while_sending_loses_nothing():
    """A function's time is over in the middle of a call to SNS that hangs."""
    told = Told(NOON.replace(hour=23))
    told.say()
    told.clock.advance(8 * 3600)
    deliver = told.post.deliver

    def dies(*_):
        raise KeyboardInterrupt

    told.post.deliver = dies
    with pytest.raises(KeyboardInterrupt):
        told.service().flush()
    told.post.deliver = deliver
    assert told.service().flush() == 0, "it may still be under way"
    told.clock.advance(60)
    assert told.service().flush() == 1
    assert told.subjects == ["Position entered"]


@pytest.mark.parametrize("kind", sorted(URGENT))
def test_what_is_urgent_and_could_not_be_sent_is_tried_again_each_minute_also_at_night(kind):
    told = Told(NOON.replace(hour=23))
    told.post.failures = 2
    with pytest.raises(TryAgain):
        told.say("Look", kind)
    assert told.service().flush() == 0
    told.clock.advance(60)
    assert told.service().flush() == 1
    assert told.subjects == ["Look"]
    told.clock.advance(60)
    assert told.service().flush() == 0


def test_what_comes_while_others_are_sent_is_not_taken_for_sent():
    told = Told()
    told.say()
    told.say("Position closed")
    told.clock.advance(301)
    deliver = told.post.deliver

    def meanwhile(*message):
        told.post.deliver = deliver
        told.say("Position entered", text="meanwhile")
        deliver(*message)

    told.post.deliver = meanwhile
    told.service().flush()
    told.clock.advance(301)
    told.service().flush()
    assert [text for _, text, _ in told.post.sent] == ["of it", "of it", "meanwhile"]


def test_one_message_alone_is_told_whole():
    told = Told()
    told.say("The day's preflight does not pass", "data", "x" * 3000)
    assert len(told.post.sent[0][1]) == 3000


def test_two_instances_send_what_is_held_once():
    told = Told()
    told.say()
    told.say("Position closed")
    told.clock.advance(301)
    first, second = told.service(), told.service()
    deliver = told.post.deliver

    def meanwhile(*message):
        told.post.deliver = deliver
        second.flush()
        deliver(*message)

    told.post.deliver = meanwhile
    first.flush()
    assert told.subjects == ["Position entered", "Position closed"]


def test_no_table_and_no_settings_take_a_message_from_nobody(monkeypatch):
    told = Told()

    def broken(*_):
        raise TryAgain("throttled")

    monkeypatch.setattr(told.store, "write", broken)
    told.say()
    told.say()
    assert told.subjects == ["Position entered"] * 2

    def wrong():
        raise SettingsError("wrong")

    for settings in (wrong, broken):
        Notifications(told.store, told.post, settings, told.clock, told.metrics).send("Look", "now", "alarm")
    assert told.subjects[-2:] == ["Look"] * 2


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("user AB1234 logged in", "user AB**34 logged in"),
        ("ABC123, AB1234.", "AB**23, AB**34."),
        ("BUY 65 NIFTY26AUG24500CE", "BUY 65 NIFTY26AUG24500CE"),
        ("order 260818000123456 E260818ABCDEF0123456", "order 260818000123456 E260818ABCDEF0123456"),
        ("at 1500.00 in main", "at 1500.00 in main"),
        ("token a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6", "token (hidden)"),
        ("patang_abcdefghijklmnopqrstuvwxyz-_0123", "(hidden)"),
        ("see https://desk.example/approvals/AB1234-x_y", "see https://desk.example/approvals/AB1234-x_y"),
        ("a" * 32, "a" * 32),
    ],
)
def test_user_ids_and_tokens_are_not_told_in_clear(text, shown):
    assert masked(text) == shown
    told = Told()
    told.say("Look", "alarm", text)
    assert told.post.sent[0][1] == shown


# --- whether somebody still gets them

MAILED = Subscription("messages", "email", "o***@example.com", confirmed=True, sign_in_to_end=True)
WAITS = Subscription("messages", "email", "o***@example.com", confirmed=False)
BY_LINK = Subscription("messages", "email", "o***@example.com", confirmed=True, sign_in_to_end=False)
CALLED = Subscription("messages", "sms", "***210", confirmed=True)


def check(told: Told, *found: Subscription, expected=("email", "sms")):
    notifier = RecordedNotifier()
    told.post.listed = found
    problems = SubscriptionCheck(told.store, told.post, notifier, expected, told.clock, told.metrics).run()
    assert len(notifier.sent) == bool(problems)
    return problems


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ((MAILED, CALLED), ()),
        ((WAITS, CALLED), ("waits to be confirmed",)),
        ((CALLED,), ("email of messages: nobody is subscribed any more",)),
        ((), ("email of messages: nobody", "sms of messages: nobody")),
        ((WAITS, MAILED, CALLED), ()),
    ],
)
def test_a_subscription_that_does_not_stand_is_told(found, said):
    told = Told()
    problems = check(told, *found)
    assert len(problems) == len(said)
    assert all(words in problem for words, problem in zip(said, problems, strict=True))
    assert ("subscription_missing" in told.metrics.counts) == bool(said)
    report = last_report(told.store)
    assert report is not None
    assert report.problems == problems


def test_it_is_looked_at_once_a_day_and_again_where_nobody_could_look():
    told = Told()
    told.post.listed = TryAgain("throttled")
    notifier = RecordedNotifier()
    daily = SubscriptionCheck(told.store, told.post, notifier, ("email",), told.clock, told.metrics)
    assert daily.run() == ()
    told.post.listed = ()
    assert len(daily.run()) == 1
    assert daily.run() == ()
    told.clock.advance(86_400)
    assert len(daily.run()) == 1
    assert len(notifier.sent) == 2


def test_where_nobody_was_subscribed_nothing_is_missed():
    assert check(Told(), expected=()) == ()


def test_one_that_a_scanner_can_end_is_warned_of():
    told = Told()
    assert check(told, BY_LINK, CALLED) == ()
    report = last_report(told.store)
    assert report is not None
    assert report.warnings == (
        "email of messages to o***@example.com ends by the link in any mail: confirm it with a sign-in",
    )
