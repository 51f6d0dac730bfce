"""What a home desk says while it runs: messages to its owner and its measurements, in the log."""

import logging

from patang.errors import BadInput
from patang.ports import Channel, Subscription

__all__ = ["LoggedMessenger", "LoggedMetrics"]

_log = logging.getLogger("patang.home")


class LoggedMessenger:
    """Messenger whose one reader sits at the terminal, or looks into the host's log."""

    @property
    def topics(self) -> tuple[str, ...]:
        return ()

    def deliver(self, subject: str, text: str, channels: frozenset[Channel]) -> None:
        del channels
        _log.warning("%s\n%s", subject, text)

    def subscriptions(self) -> tuple[Subscription, ...]:
        return ()

    def confirm(self, topic: str, token: str) -> None:
        del token
        raise BadInput(f"{topic!r}: a desk at home sends no mail, so there is nothing to confirm")


class LoggedMetrics:
    """Metrics as lines that are read only where somebody looks for them; an alarm is seen."""

    def count(self, name: str, value: float = 1, **details: str) -> None:
        _log.debug("%s %g %s", name, value, details)

    def duration_ms(self, name: str, value: float, **details: str) -> None:
        _log.debug("%s %.1f ms %s", name, value, details)

    def alarm(self, name: str, **details: str) -> None:
        _log.error("ALARM %s %s", name, details)
