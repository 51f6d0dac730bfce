"""One deployed desk and one session on it, for every test of this folder."""

import os
import time
from collections.abc import Iterator

import pytest

from patang_workbench.local_stack.stack import LocalStack
from tests.e2e.evidence import Evidence
from tests.e2e.troubled_day import Day, carry_out


@pytest.fixture(scope="session")
def day() -> Iterator[Day]:
    """The day is over when a test sees it, and everything it left behind still stands."""
    before, began = dict(os.environ), time.monotonic()
    told: list[str] = []
    try:
        with LocalStack(told.append, enforce_roles=True) as stack:
            try:
                over = carry_out(
                    stack, lambda line: told.append(f"[{time.monotonic() - began:.1f} s] {line}")
                )
            except Exception as error:
                error.add_note("\n".join([*told[-30:], *_last_words(stack)]))
                raise
            yield over
            over.owner.close()
    finally:
        # The stack tells boto3 of itself by the environment of this process.
        os.environ.clear()
        os.environ.update(before)


@pytest.fixture(scope="session")
def evidence(day: Day) -> Evidence:
    return Evidence(day.stack)


def _last_words(stack: LocalStack) -> list[str]:
    logs = (
        stack.folder / "ingester.log",
        stack.folder / "exchange.log",
        stack.folder / "emulator/emulator.log",
    )
    return [
        f"{log.name}: {line}"
        for log in logs
        if log.exists()
        for line in log.read_text(errors="replace").splitlines()[-5:]
    ]
