"""Notifier by the settings: by which way an event goes, when, and how many make one message.

    urgent ---------------------------------------------> sent at once, each by itself
    else, the last of its kind is longer ago than the
      settings merge, and it is no quiet hour ----------> sent, with what was held
    else ----------------------------------> held --flush--> sent, all in one

What is held lies in the table: whichever instance comes next claims it, sends it, and takes it out. What
could not be sent, urgent or not, lies there too until it has been: a message may come twice, none is lost.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple, get_args

from patang.errors import SettingsError
from patang.notifications.held import HeldMessages, Message, merged
from patang.notifications.masking import masked
from patang.notifications.policy import URGENT, channels_for, is_quiet
from patang.ports import Clock, EventKind, Messenger, Metrics, StateStore, Write
from patang.records import change, create, load, replace
from patang.settings import Settings
from patang.settings.notifications import NotificationSettings

__all__ = ["Notifications"]

_KINDS: tuple[EventKind, ...] = get_args(EventKind.__value__)
# Longer than sending takes with all its tries, and over before the next minute's flush.
_CLAIM = timedelta(seconds=50)


class _Claimed(NamedTuple):
    """What one instance sends now, all in one: `record` as it stands in the table meanwhile."""

    record: HeldMessages
    messages: Sequence[Message]
    more: int


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
        """Raises what the messenger raises where the message goes at once; the next flush sends it then."""
        settings, now = self._in_force(), self._clock.now()
        message = Message(subject=masked(subject), text=masked(text), at=now)
        if kind in URGENT:
            self._send_at_once(kind, message, settings)
        elif channels_for(kind, settings):
            self._hold(kind, message, now, settings)

    def flush(self) -> int:
        """Sends what has been held long enough; how many messages went."""
        settings, now, sent = self._in_force(), self._clock.now(), 0
        for kind in _KINDS:
            try:
                claimed = change(self._store, partial(self._claim, kind, now, settings))
                if claimed is not None:
                    self._send_claimed(claimed, now, settings)
                    sent += 1
            except Exception as error:
                # Whatever failed: they are tried again with the next minute, and the other kinds now.
                self._metrics.alarm("notification_failed", error=type(error).__name__, subject=kind)
        return sent

    def _in_force(self) -> NotificationSettings:
        try:
            return self._settings().notifications
        except SettingsError:
            return NotificationSettings()
        except Exception as error:
            # A table that is not to be had takes no message from its owner.
            self._metrics.count("notification_settings_unread", error=type(error).__name__)
            return NotificationSettings()

    def _send_at_once(self, kind: EventKind, message: Message, settings: NotificationSettings) -> None:
        try:
            self._deliver([message], 0, kind, settings)
        except Exception:
            self._keep(kind, message)
            raise

    def _keep(self, kind: EventKind, message: Message) -> None:
        def decide() -> tuple[None, list[Write]]:
            before = self._load(kind)
            return None, [_written(before, before.holding(message))]

        try:
            change(self._store, decide)
        except Exception as error:
            # That it was not sent is told by whoever called.
            self._metrics.count("notification_not_kept", error=type(error).__name__)

    def _hold(self, kind: EventKind, message: Message, now: datetime, settings: NotificationSettings) -> None:
        """Holds a message, and sends it with those held before it where it is time."""
        try:
            claimed = change(self._store, lambda: self._claim(kind, now, settings, message))
        except Exception as error:
            self._metrics.count("notification_not_merged", error=type(error).__name__)
            self._deliver([message], 0, kind, settings)
        else:
            if claimed is not None:
                self._send_claimed(claimed, now, settings)

    def _claim(
        self, kind: EventKind, now: datetime, settings: NotificationSettings, new: Message | None = None
    ) -> tuple[_Claimed | None, list[Write]]:
        """What goes now: what was held and, whole, the new one. None: it waits."""
        before = self._load(kind)
        after = before if new is None else before.holding(new)
        if not after.held or _must_wait(before, now, settings):
            return None, [] if new is None else [_written(before, after)]
        claimed = after.evolve(claimed_until=now + _CLAIM)
        messages = before.held if new is None else (*before.held, new)
        return _Claimed(claimed, messages, before.more), [_written(before, claimed)]

    def _send_claimed(self, claimed: _Claimed, now: datetime, settings: NotificationSettings) -> None:
        self._deliver(claimed.messages, claimed.more, claimed.record.kind, settings)
        try:
            change(self._store, partial(self._sent, claimed.record, now))
        except Exception as error:
            # It has gone; at the worst it goes once more.
            self._metrics.count("notification_not_merged", error=type(error).__name__)

    def _sent(self, claimed: HeldMessages, now: datetime) -> tuple[None, list[Write]]:
        before = self._load(claimed.kind)
        if before.claimed_until != claimed.claimed_until:
            return None, []
        return None, [replace(before.without(claimed, now))]

    def _deliver(
        self, messages: Sequence[Message], more: int, kind: EventKind, settings: NotificationSettings
    ) -> None:
        channels = channels_for(kind, settings)
        if channels:
            subject, text = merged(messages, more)
            self._messenger.deliver(subject, text, channels)

    def _load(self, kind: EventKind) -> HeldMessages:
        none = HeldMessages(kind=kind)
        return load(self._store, HeldMessages, none.key()) or none


def _must_wait(before: HeldMessages, now: datetime, settings: NotificationSettings) -> bool:
    if before.claimed_until is not None and now < before.claimed_until:
        return True
    if before.kind in URGENT:
        return False
    if is_quiet(now, settings):
        return True
    apart = timedelta(minutes=settings.merge_minutes)
    return before.last_sent_at is not None and now - before.last_sent_at < apart


def _written(before: HeldMessages, after: HeldMessages) -> Write:
    return create(after) if before.revision == 0 else replace(after)
