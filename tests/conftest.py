"""What every test process does once."""

import gc

import pytest

__all__ = ["pytest_collection_finish"]


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Collected tests and libraries live as long as the process: no search for garbage need look at them."""
    gc.freeze()
