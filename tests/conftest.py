"""What every test process does once."""

import gc
from typing import Any, Final

import pytest
from xdist.scheduler import LoadFileScheduling

__all__ = ["pytest_collection_finish", "pytest_configure", "pytest_xdist_make_scheduler"]

_ONE_DAY: Final = "tests/e2e/"


def pytest_configure(config: pytest.Config) -> None:
    """The one mark of ours: one that is not told of is an error."""
    config.addinivalue_line(
        "markers", "thorough: looked at before a release (make thorough), not at each change"
    )


class _ByFile(LoadFileScheduling):
    """A file is one process's. So are all end-to-end tests: they look at one day, in their order."""

    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return _ONE_DAY if file.startswith(_ONE_DAY) else file


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling | None:
    """How processes share the tests with --dist loadfile."""
    return _ByFile(config, log) if config.getvalue("dist") == "loadfile" else None


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Collected tests and libraries live as long as the process: no search for garbage need look at them."""
    gc.freeze()
