"""The event loop of Lambda's main thread, which Mangum takes its calls to."""

import asyncio
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def main_loop() -> Iterator[None]:
    """A loop for each test, ended with whatever a stream has left waiting in it."""
    with asyncio.Runner() as runner:
        runner.get_loop()
        yield
