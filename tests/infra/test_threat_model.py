"""The pages of threats name tests, and every test that is named exists."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.bundles import ROOT

PAGES = [ROOT / "docs/concepts" / name for name in ("threat-model.md", "mcp-threats.md")]
NAMED = re.compile(r"`(test_\w+)(\.py|\.\.\.)?`")
PLACES = re.compile(r"`(tests/[\w/.]+)`")


def written() -> Iterator[tuple[str, str]]:
    """(file, name) of every test there is."""
    for file in sorted((ROOT / "tests").rglob("test_*.py")):
        for name in re.findall(r"^\s*(?:async )?def (test_\w+)", file.read_text(), re.MULTILINE):
            yield file.name, name


FOUND = list(written())
FILES = {file for file, _ in FOUND}
NAMES = {name for _, name in FOUND}


def missing(text: str) -> list[str]:
    """What a page names and nobody has written."""
    gone = [place for place in PLACES.findall(text) if not (ROOT / place).exists()]
    for name, kind in NAMED.findall(text):
        there = {
            ".py": f"{name}.py" in FILES,
            "...": any(known.startswith(name) for known in NAMES),
            "": name in NAMES,
        }
        gone += [] if there[kind] else [name]
    return gone


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_test_that_a_threat_is_shown_by_exists(page: Path) -> None:
    assert missing(page.read_text()) == []


def test_a_test_that_is_not_there_is_found() -> None:
    assert missing("by `test_nobody_wrote_this`, `test_nor_this.py`, `test_nor_th...`, `tests/nowhere`") == [
        "tests/nowhere", "test_nobody_wrote_this", "test_nor_this", "test_nor_th",
    ]  # fmt: skip


def test_nearly_every_threat_of_the_desk_is_shown_by_a_test() -> None:
    rows = [
        [cell.strip() for cell in line.strip("| ").split(" | ")]
        for line in PAGES[0].read_text().splitlines()
        if line.startswith("| ") and not line.startswith("| who, how")
    ]
    shown = [row for row in rows if "`test" in "".join(row[2:3])]

    assert len(rows) > 30
    # Against who has the password at the broker nothing here helps, and the page says so.
    assert len(rows) - len(shown) == 1
