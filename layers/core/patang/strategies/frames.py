"""A symbol's features over bars of several lengths, and what a rule reads from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal, NamedTuple

__all__ = ["LONGER", "Direction", "Frames", "Setup"]

# Minutes of the bars that say whether a minute's setup is more than that minute.
LONGER: Final[tuple[Literal[5, 15], ...]] = (5, 15)

# A trade that wants its underlying to rise, or to fall.
type Direction = Literal[1, -1]


@dataclass(frozen=True, slots=True)
class Frames:
    """Features by name of the last closed bar of 1, 5 and 15 minutes; empty where they are not known."""

    one: Mapping[str, float]
    five: Mapping[str, float] = field(default_factory=dict)
    fifteen: Mapping[str, float] = field(default_factory=dict)

    def of(self, minutes: Literal[5, 15]) -> Mapping[str, float]:
        """The features of bars of that many minutes."""
        return self.five if minutes == 5 else self.fifteen


class Setup(NamedTuple):
    """A reason to enter: +1 for what rises, -1 for what falls, and the sentence that explains it."""

    direction: Direction
    reason: str
