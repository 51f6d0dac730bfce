"""Whether the desk's messages still reach somebody: looked at once a day.

Mail scanners press what they find, and a subscription that was confirmed by its link alone ends by a link
alone: every mail carries one. Confirmed by a call with AuthenticateOnUnsubscribe, ending it takes a sign-in
(https://docs.aws.amazon.com/sns/latest/api/API_ConfirmSubscription.html).
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from itertools import product

from patang.errors import PatangError
from patang.market.sessions import IST
from patang.ports import Clock, Key, Messenger, Metrics, Notifier, StateStore, Subscription
from patang.records import Record, create, load, replace

__all__ = ["SubscriptionCheck", "SubscriptionReport", "last_report"]


class SubscriptionReport(Record):
    """What the newest look found: wall time, and sentences of what is wrong."""

    checked_at: datetime
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    def key(self) -> Key:
        return _KEY

    @property
    def day(self) -> date:
        return self.checked_at.astimezone(IST).date()


_KEY = Key("NOTIFICATIONS", "SUBSCRIPTIONS")


def last_report(store: StateStore) -> SubscriptionReport | None:
    """What the newest look found; None before the first."""
    return load(store, SubscriptionReport, _KEY)


class SubscriptionCheck:
    """`expected` are the channels that the deployment has subscribed the owner by."""

    def __init__(
        self,
        store: StateStore,
        messenger: Messenger,
        notifier: Notifier,
        expected: Sequence[str],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._notifier = notifier
        self._expected = expected
        self._clock = clock
        self._metrics = metrics

    def run(self) -> tuple[str, ...]:
        """The problems of the day's first look, each alarmed; nothing the rest of the day. What cannot be
        looked at is looked at again the next minute."""
        now, before = self._clock.now(), last_report(self._store)
        if not self._expected or (before is not None and before.day == now.astimezone(IST).date()):
            return ()
        try:
            found = self._messenger.subscriptions()
        except PatangError as error:
            self._metrics.count("subscriptions_not_checked", error=type(error).__name__)
            return ()
        problems = tuple(_problems(found, self._messenger.topics, self._expected))
        report = SubscriptionReport(checked_at=now, problems=problems, warnings=tuple(_warnings(found)))
        kept = create(report) if before is None else replace(report.evolve(revision=before.revision))
        self._store.write(kept)
        if problems:
            self._tell("; ".join(problems))
        return problems

    def _tell(self, text: str) -> None:
        self._metrics.alarm("subscription_missing", text=text)
        try:
            # By whichever way is left.
            self._notifier.send("A subscription does not stand", text, "alarm")
        except Exception as error:
            self._metrics.alarm("notification_failed", error=type(error).__name__, subject="subscription")


def _problems(found: Sequence[Subscription], topics: Sequence[str], expected: Sequence[str]) -> Iterator[str]:
    for topic, channel in product(topics, expected):
        of_it = [each for each in found if (each.topic, each.channel) == (topic, channel)]
        if any(each.confirmed for each in of_it):
            continue
        if of_it:
            place = of_it[0].place
            yield f"{channel} of {topic} to {place} waits to be confirmed: press the link in its mail"
        else:
            yield f"{channel} of {topic}: nobody is subscribed any more: deploy again, and confirm"


def _warnings(found: Sequence[Subscription]) -> Iterator[str]:
    for each in found:
        if each.channel == "email" and each.confirmed and each.sign_in_to_end is False:
            told = "ends by the link in any mail: confirm it with a sign-in"
            yield f"email of {each.topic} to {each.place} {told}"
