"""A symbol's features over bars of several lengths, and what a rule reads from them."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

__all__ = ["LONGER", "NOTHING_KNOWN", "Direction", "Frames", "Setup"]

# Minutes of the bars that say whether a minute's setup is more than that minute.
LONGER: Final[tuple[Literal[5, 15], ...]] = (5, 15)

NOTHING_KNOWN: Mapping[str, float] = MappingProxyType({})

# A trade that wants its underlying to rise, or to fall.
type Direction = Literal[1, -1]


class Frames(NamedTuple):
    """Features by name of the last closed bar of 1, 5 and 15 minutes; empty where they are not known."""

    one: Mapping[str, float]
    five: Mapping[str, float] = NOTHING_KNOWN
    fifteen: Mapping[str, float] = NOTHING_KNOWN

    def of(self, minutes: Literal[5, 15]) -> Mapping[str, float]:
        """The features of bars of that many minutes."""
        return self.five if minutes == 5 else self.fifteen


class Setup(NamedTuple):
    """A reason to enter: +1 for what rises, -1 for what falls, and the sentence that explains it."""

    direction: Direction
    reason: str
