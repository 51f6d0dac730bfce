"""Tasks that are kept running somewhere.

Not among the protocols of patang.ports: one service alone asks for them.
"""

from dataclasses import dataclass
from typing import Protocol

__all__ = ["TaskService", "TaskState"]


@dataclass(frozen=True, slots=True)
class TaskState:
    """How many are wanted and how many run. `is_deploying`: a new version of them has not proved good yet."""

    wanted: int
    running: int
    is_deploying: bool


class TaskService(Protocol):
    """What keeps as many tasks of one kind running as are wanted."""

    def state(self) -> TaskState:
        """As it is now. Raises SettingsError where there is no such service."""
        ...

    def want(self, count: int) -> None:
        """From now on so many."""
        ...
