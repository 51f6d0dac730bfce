"""What every test process does once."""

import gc

import pytest

__all__ = ["pytest_collection_finish", "pytest_collection_modifyitems", "pytest_configure"]


def pytest_configure(config: pytest.Config) -> None:
    """The one mark of ours: one that is not told of is an error."""
    config.addinivalue_line(
        "markers", "thorough: looked at before a release (make thorough), not at each change"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Where processes share the tests by groups, a file is one unless it has said otherwise."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(str(item.path)))


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Collected tests and libraries live as long as the process: no search for garbage need look at them."""
    gc.freeze()
