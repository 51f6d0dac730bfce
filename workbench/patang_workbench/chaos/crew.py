"""Worker processes of a campaign, each with an emulator of its own: they share nothing but the machine.

Whatever ends the launcher, by whichever signal, ends them too: the keeper has their process groups.
"""

import multiprocessing
import os
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection, wait
from pathlib import Path

from patang.adapters.aws.dynamodb import DynamoStore
from patang_workbench.chaos.day import ChaosDay
from patang_workbench.chaos.dynamodb import WireDynamo, create_table
from patang_workbench.chaos.plan import DayPlan, DayResult
from patang_workbench.local_stack.emulator import Emulator
from patang_workbench.local_stack.processes import Keeper

__all__ = ["Crew", "CrewError", "emulator", "run_day"]

_PROJECT = Path(__file__).resolve().parents[3]


@contextmanager
def emulator() -> Iterator[Emulator]:
    """An AWS emulator for the campaign alone. Raises EmulatorError where it is not installed."""
    with Keeper() as keeper, _kept(keeper) as found:
        found.wait_ready()
        yield found


def run_day(endpoint: str, plan: DayPlan) -> DayResult:
    """One day on tables of its own."""
    client = WireDynamo(endpoint)
    tables = [create_table(client, purpose, plan.seed) for purpose in ("desk", "auth")]
    desk, auth = (DynamoStore(client, name) for name in tables)
    try:
        return ChaosDay(plan, desk, auth).run()
    finally:
        for name in tables:
            client.call("DeleteTable", {"TableName": name})


class CrewError(RuntimeError):
    """A worker has ended in the middle of a day."""


class Crew:
    """So many workers, each for one day at a time. Raises EmulatorError where an emulator does not start."""

    def __init__(self, workers: int) -> None:
        with ExitStack() as stack:
            keeper = stack.enter_context(Keeper())
            emulators = [stack.enter_context(_kept(keeper)) for _ in range(workers)]
            for each in emulators:
                each.wait_ready()
            self._free = [stack.enter_context(_worker(keeper, each.endpoint)) for each in emulators]
            self._busy: dict[Connection, int] = {}
            self._ends = stack.pop_all()

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.close()

    @property
    def busy(self) -> int:
        """How many days are being run."""
        return len(self._busy)

    @property
    def has_room(self) -> bool:
        """Whether a worker is free."""
        return bool(self._free)

    def begin(self, number: int, plan: DayPlan) -> None:
        """Gives a day to a free worker."""
        line = self._free.pop()
        line.send(plan)
        self._busy[line] = number

    def finished(self) -> list[tuple[int, DayResult]]:
        """Days that are done, by their numbers; waits for the first. Raises CrewError for one that broke
        off."""
        found = []
        for line in wait(list(self._busy)):
            assert isinstance(line, Connection)
            number = self._busy.pop(line)
            try:
                found.append((number, line.recv()))
            except EOFError as error:
                told = f"day {number} broke off: its worker has said why on the standard error"
                raise CrewError(told) from error
            self._free.append(line)
        return found


@contextmanager
def _kept(keeper: Keeper) -> Iterator[Emulator]:
    python = _PROJECT / ".emulator" / "bin" / "python"
    found = Emulator(python, Path(tempfile.mkdtemp(prefix="patang-chaos-")), keeper)
    try:
        yield found
    finally:
        found.stop()


@contextmanager
def _worker(keeper: Keeper, endpoint: str) -> Iterator[Connection]:
    """The line to a new worker process, which ends when the line does."""
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, endpoint), daemon=True)
    process.start()
    there.close()
    group = int(process.pid or 0)
    keeper.watch_group(group)
    try:
        yield here
    finally:
        here.close()
        process.terminate()
        process.join()
        keeper.group_ended(group)


def _work(line: Connection, endpoint: str) -> None:
    """Days until nobody asks for another."""
    # A group of its own: the keeper ends groups, and a key pressed at the terminal is the launcher's alone.
    os.setsid()
    while True:
        try:
            plan = line.recv()
        except EOFError:
            return
        result = run_day(endpoint, plan)
        # It is long, and told only of a day that somebody looks at.
        result.history = []
        line.send(result)
