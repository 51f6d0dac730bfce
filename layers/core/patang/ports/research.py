"""Research that is done elsewhere: the machine that works through a manifest of jobs."""

from typing import Literal, Protocol

__all__ = ["ResearchMachine", "ResearchState"]

# FAILED: it has ended without all of its results, however that came.
type ResearchState = Literal["RUNNING", "SUCCEEDED", "FAILED"]


class ResearchMachine(Protocol):
    """Executions by name, each of which calls the worker for every line of an object of the store."""

    def start(self, name: str, manifest: str, report: str) -> bool:
        """`manifest` and `report` are paths in the store. False if one of that name was started before."""
        ...

    def state(self, name: str) -> ResearchState | None:
        """How the execution of that name stands; None if none was started."""
        ...
