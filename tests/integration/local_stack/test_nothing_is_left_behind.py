"""Whatever the launcher starts ends with it, however it ends."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from patang_workbench.local_stack.emulator import Emulator, EmulatorError
from patang_workbench.local_stack.processes import GroupProcess, Keeper, clean_environment
from patang_workbench.local_stack.stack import PROJECT_ROOT

PYTHON = PROJECT_ROOT / ".emulator" / "bin" / "python"


def alive(group: int) -> bool:
    """Whether a process of the group still runs; one that ended and waits for its parent does not."""
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            fields = status.read_text().rpartition(")")[2].split()
            if int(fields[2]) == group and fields[0] != "Z":
                return True
    return False


def ignored(pid: int) -> set[int]:
    """The signals that a process ignores."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (mask,) = (int(line.split()[1], 16) for line in lines if line.startswith("SigIgn"))
    return {number for number in range(1, 65) if mask >> (number - 1) & 1}


def until(true: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


@pytest.fixture
def keeper() -> Iterator[Keeper]:
    with Keeper() as kept:
        yield kept


def start(keeper: Keeper, folder: Path, code: str) -> GroupProcess:
    """A child that has come as far as to print a line."""
    log = folder / "child.log"
    with log.open("wb") as output:
        child = GroupProcess(
            [sys.executable, "-uc", code],
            keeper=keeper,
            environment=clean_environment(),
            folder=folder,
            output=output,
        )
    until(lambda: log.read_text().count("\n") > 0)
    return child


STUBBORN = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print("up", flush=True)
time.sleep(600)
"""


def test_a_stubborn_child_is_killed_with_its_own_children(keeper: Keeper, tmp_path: Path) -> None:
    child = start(keeper, tmp_path, STUBBORN)
    assert alive(child.pid)
    child.stop(grace=0.2)
    assert child.exit_code == -signal.SIGKILL
    until(lambda: not alive(child.pid))
    child.stop()


def test_a_child_that_ends_when_asked_is_not_killed(keeper: Keeper, tmp_path: Path) -> None:
    polite = (
        "import signal, sys, time\nsignal.signal(15, lambda *_: sys.exit(7))\nprint('up')\ntime.sleep(600)"
    )
    child = start(keeper, tmp_path, polite)
    child.stop()
    assert child.exit_code == 7


def test_a_closed_keeper_has_ended_and_removed_what_was_left(tmp_path: Path) -> None:
    going, staying = tmp_path / "going", tmp_path / "staying"
    going.mkdir()
    staying.mkdir()
    keeper = Keeper()
    child = start(keeper, tmp_path, "import time\nprint('up')\ntime.sleep(600)")
    for folder in (going, staying):
        keeper.remove_folder(folder)
    keeper.keep_folder(staying)
    keeper.close()
    assert child.exit_code is not None
    assert [folder.exists() for folder in (going, staying)] == [False, True]
    with pytest.raises(RuntimeError, match="start a new Keeper"):
        keeper.remove_folder(going)


def test_the_keeper_outlives_the_signals_of_a_terminal(keeper: Keeper) -> None:
    until(lambda: ignored(keeper.pid) >= {signal.SIGINT, signal.SIGTERM, signal.SIGHUP})
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        os.kill(keeper.pid, number)
    time.sleep(0.1)
    assert alive(keeper.pid)


def test_a_stopped_emulator_leaves_nothing(keeper: Keeper, tmp_path: Path) -> None:
    emulator = Emulator(PYTHON, tmp_path / "emulator", keeper)
    emulator.wait_ready()
    assert emulator.running
    emulator.client("s3").create_bucket(
        Bucket="a-bucket", CreateBucketConfiguration={"LocationConstraint": "ap-south-1"}
    )
    emulator.stop()
    assert not emulator.running
    assert not emulator.folder.exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(emulator.endpoint, trust_env=False)


def test_an_emulator_that_is_not_installed_says_what_to_do(keeper: Keeper, tmp_path: Path) -> None:
    with pytest.raises(EmulatorError, match="make setup"):
        Emulator(tmp_path / "no" / "python", tmp_path / "emulator", keeper)
    assert not (tmp_path / "emulator").exists()


def test_an_emulator_that_ends_shows_its_last_words(keeper: Keeper, tmp_path: Path) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho no such module as ministack\nexit 3\n")
    python.chmod(0o755)
    emulator = Emulator(python, tmp_path / "emulator", keeper)
    with pytest.raises(EmulatorError, match=r"ended with 3:\nno such module"):
        emulator.wait_ready()


LAUNCHER = """
import sys, time
from pathlib import Path
from patang_workbench.local_stack.emulator import Emulator
from patang_workbench.local_stack.stack import PROJECT_ROOT, LocalStack

with LocalStack(lambda line: None) as stack:
    python = PROJECT_ROOT / ".emulator" / "bin" / "python"
    emulator = Emulator(python, stack.folder / "emulator", stack._keeper)
    emulator.wait_ready()
    print(stack._keeper.pid, emulator._process.pid, stack.folder, flush=True)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda number: number.name)
def test_a_launcher_that_is_killed_leaves_nothing(number: signal.Signals) -> None:
    launcher = subprocess.Popen(
        [sys.executable, "-c", LAUNCHER], stdout=subprocess.PIPE, text=True, env=clean_environment()
    )
    assert launcher.stdout is not None
    keeper, emulator, folder = launcher.stdout.readline().split()
    assert alive(int(emulator))
    assert Path(folder).exists()
    launcher.send_signal(number)
    launcher.wait(timeout=10)
    until(lambda: not alive(int(emulator)))
    until(lambda: not alive(int(keeper)))
    assert not Path(folder).exists()
    launcher.stdout.close()
