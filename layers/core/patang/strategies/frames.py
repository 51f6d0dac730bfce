"""A symbol's features over bars of several lengths, and what a rule reads from them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

__all__ = ["Direction", "Frames", "Setup"]

# A trade that wants its underlying to rise, or to fall.
type Direction = Literal[1, -1]


@dataclass(frozen=True, slots=True)
class Frames:
    """Features by name of the last closed bar of 1, 5 and 15 minutes; empty where they are not known."""

    one: Mapping[str, float]
    five: Mapping[str, float] = field(default_factory=dict)
    fifteen: Mapping[str, float] = field(default_factory=dict)

    def of(self, minutes: int) -> Mapping[str, float]:
        """The features of bars of that many minutes: 1, 5 or 15."""
        return {1: self.one, 5: self.five, 15: self.fifteen}[minutes]


@dataclass(frozen=True, slots=True)
class Setup:
    """A reason to enter: +1 for what rises, -1 for what falls, and the sentence that explains it."""

    direction: Direction
    reason: str
