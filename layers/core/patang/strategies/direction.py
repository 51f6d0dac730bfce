"""What the cycles think of an underlying: kept for the guard, which sees ticks and no signals."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal

from patang.keys import direction_key
from patang.portfolio.position import Position
from patang.ports import Key, Put, StateStore
from patang.records import Record
from patang.settings import Settings
from patang.strategies.signal import Signal

__all__ = ["Direction", "directions_of", "keep_directions", "opposes"]

# An opinion that the next cycles have not repeated is none any more.
_CYCLES_OLD = 2


class Direction(Record):
    """The direction in which a cycle's signals on an underlying went; `as_of` is the cycle's market time."""

    underlying: str
    direction: Literal["UP", "DOWN"]
    as_of: datetime
    signal_id: str

    def key(self) -> Key:
        return direction_key(self.underlying)


def directions_of(signals: Iterable[Signal]) -> list[Direction]:
    """The direction of each underlying on which these signals of a cycle agree.

    Signals that a gate has refused are no opinion, and two that contradict each other are none either.
    """
    by_underlying: dict[str, list[Signal]] = {}
    for signal in signals:
        if not signal.refused:
            by_underlying.setdefault(signal.underlying, []).append(signal)
    return [
        Direction(
            underlying=underlying,
            direction="DOWN" if group[0].signal_type == "PUT" else "UP",
            as_of=group[0].as_of,
            signal_id=group[0].signal_id,
        )
        for underlying, group in by_underlying.items()
        if len({signal.signal_type == "PUT" for signal in group}) == 1
    ]


def keep_directions(store: StateStore, signals: Iterable[Signal]) -> None:
    """Writes the directions of a cycle's signals."""
    for kept in directions_of(signals):
        # A view, not a state: the last cycle knows best.
        store.write(Put(kept.key(), kept.model_dump(mode="json")))


def opposes(direction: Direction | None, position: Position, as_of: datetime, settings: Settings) -> bool:
    """Whether a cycle has lately, and after the position's entry, wished for the other direction."""
    if direction is None or not position.entry_time < direction.as_of <= as_of:
        return False
    oldest = as_of - _CYCLES_OLD * timedelta(seconds=settings.cycle_interval_seconds)
    falls = position.exchange in ("NFO", "BFO") and position.symbol.endswith("PE")
    return direction.as_of >= oldest and (direction.direction == "DOWN") != falls
