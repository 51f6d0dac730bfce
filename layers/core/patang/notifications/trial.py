"""A message that somebody asks for to see whether it arrives."""

import logging
from collections.abc import Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Final

from pydantic import BaseModel, ConfigDict

from patang.errors import PatangError, RateLimited, TryAgain
from patang.execution.journal import journal
from patang.market.sessions import IST
from patang.ports import Channel, Clock, Key, Messenger, StateStore, Subscription, Write
from patang.records import Record, change, create, load, replace
from patang.settings.changes import DESK_CHAIN

__all__ = ["MOST_TRIALS_A_DAY", "MessageTrial", "SentTrial", "WayTried"]

_log = logging.getLogger(__name__)

# An SMS costs, and whoever holds a stolen session shall not fill a mailbox.
MOST_TRIALS_A_DAY: Final = 10
_APART: Final = timedelta(minutes=1)
_NAMES: Final[dict[Channel, str]] = {"email": "e-mail", "sms": "SMS"}


class WayTried(BaseModel):
    """Whom a way leads to: his address with most of it left out. `waiting`: subscribed, but not confirmed,
    so that nothing comes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    channel: Channel
    places: tuple[str, ...] = ()
    waiting: tuple[str, ...] = ()


class SentTrial(BaseModel):
    """What was sent where; `message` says it in a sentence. `ways` is null where nobody could be asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sent_at: datetime
    ways: tuple[WayTried, ...] | None
    message: str


class _Trials(Record):
    """How many of a day (IST, wall time), and when the last."""

    day: date
    sent: int
    last_at: datetime

    def key(self) -> Key:
        return Key("NOTIFICATIONS", "TRIALS")


class MessageTrial:
    """Sends a message at once by the ways that are asked for, whatever the settings say of hours."""

    def __init__(self, store: StateStore, messenger: Messenger, clock: Clock) -> None:
        self._store = store
        self._messenger = messenger
        self._clock = clock

    def send(self, channels: Collection[Channel], actor: str, as_of: datetime) -> SentTrial:
        """One a minute and ten a day, told to the audit log before it is sent. `as_of`: market time.

        Raises RateLimited before its time, TryAgain if it could not be handed over.
        """
        now, ways = self._clock.now(), sorted(frozenset(channels))
        change(self._store, lambda: (None, self._counted(ways, actor, as_of, now)))
        try:
            self._messenger.deliver("Test message", _text(actor, now), frozenset(channels))
        except Exception as error:
            # Whatever a cloud raises: its own words may name what is not for a page, and stand in the log.
            _log.exception("a test message was not taken")
            raise TryAgain(
                f"the message was not taken ({type(error).__name__}): look at the log of the api function"
            ) from error
        tried = self._ways(ways)
        return SentTrial(sent_at=now.astimezone(IST), ways=tried, message=_said(ways, tried))

    def _counted(
        self, ways: Sequence[Channel], actor: str, as_of: datetime, now: datetime
    ) -> Sequence[Write]:
        today = now.astimezone(IST).date()
        before = load(self._store, _Trials, _Trials(day=today, sent=0, last_at=now).key())
        if before is not None and now - before.last_at < _APART:
            raise RateLimited("a test message was sent within the last minute: wait for it to arrive")
        sent = before.sent if before is not None and before.day == today else 0
        if sent >= MOST_TRIALS_A_DAY:
            raise RateLimited(f"{sent} test messages were sent today, as many as may be: try tomorrow")
        new = _Trials(
            day=today, sent=sent + 1, last_at=now, revision=before.revision if before is not None else 0
        )
        event = journal(
            DESK_CHAIN, "MESSAGE_TESTED", f"{today}#{sent + 1}", as_of, now, actor, ways=", ".join(ways)
        )
        return [create(new) if before is None else replace(new), event]

    def _ways(self, ways: Sequence[Channel]) -> tuple[WayTried, ...] | None:
        if not self._messenger.topics:
            return None
        try:
            found = self._messenger.subscriptions()
        except PatangError:
            # It has gone; who gets it is a detail of it.
            return None
        # CloudWatch's own alarms go another way.
        messages = [one for one in found if one.topic == self._messenger.topics[0]]
        return tuple(_way(channel, messages) for channel in ways)


def _way(channel: Channel, found: Sequence[Subscription]) -> WayTried:
    own = [one for one in found if one.channel == channel]
    return WayTried(
        channel=channel,
        places=tuple(one.place for one in own if one.confirmed),
        waiting=tuple(one.place for one in own if not one.confirmed),
    )


def _text(actor: str, now: datetime) -> str:
    return f"{actor} asked for this test message at {now.astimezone(IST):%H:%M} IST. Nothing has happened."


def _said(ways: Sequence[Channel], tried: Sequence[WayTried] | None) -> str:
    if tried is None:
        return f"Sent by {' and '.join(_NAMES[one] for one in ways)}. Whom it reaches is not known here."
    return " ".join(_sentence(one) for one in tried)


def _sentence(way: WayTried) -> str:
    name = _NAMES[way.channel]
    if way.places:
        return f"Sent by {name} to {', '.join(way.places)}."
    if way.waiting:
        return f"By {name} it reaches nobody: {', '.join(way.waiting)} has not confirmed the subscription."
    return f"By {name} it reaches nobody: no address of that kind is subscribed."
