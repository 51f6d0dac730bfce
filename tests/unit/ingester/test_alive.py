"""The container's health check."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from functions.ingester.alive import is_alive

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize(("age", "alive"), [(0, True), (29, True), (30, False), (3_600, False)])
def test_a_loop_that_was_silent_for_half_a_minute_hangs(tmp_path, age, alive):
    health = tmp_path / "alive"
    health.touch()
    assert is_alive(health, health.stat().st_mtime + age) is alive


def check(**environment: str) -> int:
    return subprocess.run(
        [sys.executable, "-m", "functions.ingester.alive"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        check=False,
    ).returncode


def test_the_process_says_it_by_its_exit_code(tmp_path):
    health = tmp_path / "alive"
    assert check(HEALTH_FILE=str(health)) == 1, "nothing has been heard of the loop yet"
    health.touch()
    assert check(HEALTH_FILE=str(health)) == 0
    os.utime(health, (time.time() - 60, time.time() - 60))
    assert check(HEALTH_FILE=str(health)) == 1
    assert check() == 1, "nobody has said where to look"


def test_it_loads_nothing_of_the_desks():
    """It runs every half minute beside a process that has little of a core."""
    code = "import sys, functions.ingester.alive; print(*[m for m in sys.modules if m.startswith('patang')])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
