"""Numbered steps: everything a process does to the world, and where it is killed, refused or overtaken."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from botocore.exceptions import ClientError

from patang.ports import WriteConflict

__all__ = ["Fate", "Killed", "Mishaps", "Steps"]

type What = Literal["killed_before", "killed_after", "throttled", "conflict", "overtaken"]


class Killed(BaseException):
    """The process is gone: no handler of exceptions sees it."""


@dataclass(frozen=True, slots=True)
class Mishaps:
    """How often, in one invocation of a function, its process dies at a step, DynamoDB refuses one, a
    transaction meets another, or something else runs in between: chances from 0 to 1."""

    killed: float = 0.0
    throttled: float = 0.0
    conflict: float = 0.0
    overtaken: float = 0.0


@dataclass(frozen=True, slots=True)
class Fate:
    """What happens to one invocation at which of its steps."""

    step: int
    what: What


@dataclass(slots=True)
class _Invocation:
    function: str
    fate: Fate | None
    step: int = 0


class Steps:
    """Counts the steps of each invocation, and lets its fate happen at the one that was drawn for it.

    `meanwhile` runs something else between two steps; it is not overtaken itself.
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._running: list[_Invocation] = []
        self._longest: Counter[str] = Counter()
        self.mishaps = Mishaps()
        self.meanwhile: Callable[[str], None] = lambda _function: None
        self.happened: Counter[str] = Counter()
        """By what happened."""
        self.points: Counter[tuple[str, int, str]] = Counter()
        """By (function, step, what happened there)."""
        self.taken: Counter[str] = Counter()
        """Steps by function."""

    @property
    def function(self) -> str | None:
        """The function whose step this is."""
        return self._running[-1].function if self._running else None

    @contextmanager
    def invocation(self, function: str) -> Iterator[None]:
        """What is done in here are the steps of one invocation of the function."""
        fate = self._draw(function) if len(self._running) < 2 else None
        invocation = _Invocation(function, fate)
        self._running.append(invocation)
        try:
            yield
        finally:
            self._running.pop()
            self._longest[function] = max(self._longest[function], invocation.step)

    def take[R](self, act: Callable[[], R], *, writes: bool = False, stores: bool = False) -> R:
        """One step. Raises Killed, and of the store's steps (`stores`) what DynamoDB may answer."""
        if not self._running:
            return act()
        invocation = self._running[-1]
        invocation.step += 1
        self.taken[invocation.function] += 1
        fate = invocation.fate
        if fate is None or fate.step != invocation.step:
            return act()
        if fate.what == "killed_before":
            self._note(invocation)
            raise Killed
        if fate.what == "throttled" and stores:
            self._note(invocation)
            raise _throttled()
        if fate.what == "conflict" and writes:
            self._note(invocation)
            raise WriteConflict(())
        done = act()
        if fate.what == "killed_after":
            self._note(invocation)
            raise Killed
        if fate.what == "overtaken":
            self._note(invocation)
            invocation.fate = None
            self.meanwhile(invocation.function)
        return done

    def _draw(self, function: str) -> Fate | None:
        chances = {
            "killed_before": self.mishaps.killed / 2,
            "killed_after": self.mishaps.killed / 2,
            "throttled": self.mishaps.throttled,
            "conflict": self.mishaps.conflict,
            "overtaken": self.mishaps.overtaken if not self._running else 0.0,
        }
        drawn = self._chance.random()
        step = self._chance.randint(1, max(self._longest[function], 5) + 1)
        whats: tuple[What, ...] = ("killed_before", "killed_after", "throttled", "conflict", "overtaken")
        for what in whats:
            drawn -= chances[what]
            if drawn < 0:
                return Fate(step, what)
        return None

    def _note(self, invocation: _Invocation) -> None:
        fate = invocation.fate
        if fate is not None:
            self.happened[fate.what] += 1
            self.points[invocation.function, fate.step, fate.what] += 1


def _throttled() -> ClientError:
    return ClientError(
        {"Error": {"Code": "ThrottlingException", "Message": "throttled by the chaos campaign"}},
        "TransactWriteItems",
    )
