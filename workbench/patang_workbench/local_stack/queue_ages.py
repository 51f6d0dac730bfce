"""How long the oldest message of a queue has waited, as the emulator tells its messages: seconds."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

__all__ = ["oldest_by_the_market", "oldest_by_the_wall"]


def oldest_by_the_market(
    messages: Sequence[Mapping[str, Any]], looks: Sequence[tuple[float, datetime]], moment: datetime
) -> float:
    """Market time until `moment` since the look that came before the message was sent; `looks` are wall time
    and market time of each look so far."""
    return max((_since_the_look_before(sent, looks, moment) for sent in _since_when(messages)), default=0.0)


def oldest_by_the_wall(messages: Sequence[Mapping[str, Any]], now: float) -> float:
    """Wall time until `now`: of tickets that are due by the wall, for a market that runs hundreds of times as
    fast puts minutes between two of its seconds."""
    return max((now - sent for sent in _since_when(messages)), default=0.0)


def _since_when(messages: Sequence[Mapping[str, Any]]) -> Iterator[float]:
    """When each could be had, in seconds of wall time; one that was sent with a delay has waited for nobody
    until then."""
    for message in messages:
        if message["IsVisible"] or message["ReceiveCount"]:
            yield float(message["SentTimestamp" if message["ReceiveCount"] else "VisibleAt"])


def _since_the_look_before(sent: float, looks: Sequence[tuple[float, datetime]], moment: datetime) -> float:
    looked = [market for wall, market in looks if wall <= sent]
    return 0.0 if not looked else (moment - looked[-1]).total_seconds()
