"""A served desk a test, and a folder of one's own for what the client remembers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.mcp_client.served_desk import ServedDesk, served_desk


@pytest.fixture
def served() -> Iterator[ServedDesk]:
    with served_desk() as found:
        yield found


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the client remembers."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    return tmp_path / "patang" / "mcp"
