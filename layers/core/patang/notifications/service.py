"""Notifier by the settings: by which way an event goes, when, and how many make one message.

    urgent ---------------------------------------------> sent at once, each by itself
    else, the last of its kind is longer ago than the
      settings merge, and it is no quiet hour ----------> sent, with what was held
    else ----------------------------------> held --flush--> sent, all in one

What is held lies in the table: whichever instance comes next sends it, once.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from patang.errors import SettingsError
from patang.notifications.held import HeldMessages, Message, merged
from patang.notifications.masking import masked
from patang.notifications.policy import URGENT, channels_for, is_quiet
from patang.ports import Clock, EventKind, Messenger, Metrics, StateStore, Write
from patang.records import change, create, load, replace
from patang.settings import Settings
from patang.settings.notifications import NotificationSettings

__all__ = ["Notifications"]

_MERGED: tuple[EventKind, ...] = ("position", "order", "data", "report")


class Notifications:
    """`settings` are those in force or the last good ones; while there are none, the defaults."""

    def __init__(
        self,
        store: StateStore,
        messenger: Messenger,
        settings: Callable[[], Settings],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._store = store
        self._messenger = messenger
        self._settings = settings
        self._clock = clock
        self._metrics = metrics

    def send(self, subject: str, text: str, kind: EventKind) -> None:
        """Raises what the messenger raises where the message goes at once."""
        settings, now = self._in_force(), self._clock.now()
        message = Message(subject=masked(subject), text=masked(text), at=now)
        if kind in URGENT:
            self._deliver([message], 0, kind, settings)
        elif channels_for(kind, settings):
            due, more = self._taken(kind, message, now, settings)
            self._deliver(due, more, kind, settings)

    def flush(self) -> int:
        """Sends what has been held long enough; how many messages went."""
        settings, now, sent = self._in_force(), self._clock.now(), 0
        for kind in _MERGED:
            due, more = change(self._store, partial(self._due, kind, now, settings))
            if not due:
                continue
            try:
                self._deliver(due, more, kind, settings)
                sent += 1
            except Exception as error:
                # Whatever failed: they are tried again with the next minute.
                self._metrics.alarm("notification_failed", error=type(error).__name__, subject=kind)
                self._put_back(kind, due, more)
        return sent

    def _in_force(self) -> NotificationSettings:
        try:
            return self._settings().notifications
        except SettingsError:
            return NotificationSettings()

    def _deliver(
        self, messages: Sequence[Message], more: int, kind: EventKind, settings: NotificationSettings
    ) -> None:
        channels = channels_for(kind, settings)
        if messages and channels:
            subject, text = merged(messages, more)
            self._messenger.deliver(subject, text, channels)

    def _taken(
        self, kind: EventKind, message: Message, now: datetime, settings: NotificationSettings
    ) -> tuple[Sequence[Message], int]:
        """What goes now: this message and those held before it, or nothing, as it is held."""
        try:
            return change(self._store, lambda: self._take(kind, message, now, settings))
        except Exception as error:
            # A table that is not to be had takes no message from its owner.
            self._metrics.count("notification_not_merged", error=type(error).__name__)
            return [message], 0

    def _take(
        self, kind: EventKind, message: Message, now: datetime, settings: NotificationSettings
    ) -> tuple[tuple[Sequence[Message], int], list[Write]]:
        before = self._load(kind)
        if _must_wait(before, now, settings):
            return ((), 0), [_written(before, before.holding(message))]
        return ([*before.held, message], before.more), [_written(before, before.emptied(now))]

    def _due(
        self, kind: EventKind, now: datetime, settings: NotificationSettings
    ) -> tuple[tuple[Sequence[Message], int], list[Write]]:
        before = self._load(kind)
        if not before.held or _must_wait(before, now, settings):
            return ((), 0), []
        return (before.held, before.more), [_written(before, before.emptied(now))]

    def _put_back(self, kind: EventKind, messages: Sequence[Message], more: int) -> None:
        def once() -> tuple[None, list[Write]]:
            before = self._load(kind)
            again = before.evolve(held=[*messages, *before.held], more=before.more + more)
            return None, [_written(before, again)]

        change(self._store, once)

    def _load(self, kind: EventKind) -> HeldMessages:
        none = HeldMessages(kind=kind)
        return load(self._store, HeldMessages, none.key()) or none


def _must_wait(before: HeldMessages, now: datetime, settings: NotificationSettings) -> bool:
    if is_quiet(now, settings):
        return True
    apart = timedelta(minutes=settings.merge_minutes)
    return before.last_sent_at is not None and now - before.last_sent_at < apart


def _written(before: HeldMessages, after: HeldMessages) -> Write:
    return create(after) if before.revision == 0 else replace(after)
