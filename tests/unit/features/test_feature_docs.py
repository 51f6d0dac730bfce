"""The page for traders says of every feature what it is, and of every reason what it says."""

import re
from pathlib import Path

import pytest

from patang.features.indicator_formulas import BARS_NEEDED
from patang.features.undefined import Undefined
from patang.features.vector import CANDLE_FEATURES, FEATURE_NAMES

PAGE = Path(__file__).parents[3] / "docs" / "concepts" / "features.md"


def rows(first: str) -> list[list[str]]:
    """The cells of the table whose first column is called `first`."""
    lines = PAGE.read_text().splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith(f"| {first} |"))
    body = []
    for line in lines[begin + 2 :]:
        if not line.startswith("|"):
            break
        body.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]])
    return body


def test_one_table_has_every_feature_once_and_nothing_else():
    table = rows("feature")
    assert tuple(row[0] for row in table) == FEATURE_NAMES
    for name, formula, unit, timeframe, undefined, source in table:
        assert all((formula, unit, timeframe, undefined, source)), name


def test_its_reasons_exist():
    for name, *_, undefined, _ in rows("feature"):
        if undefined.startswith("as "):
            assert undefined.split()[1].rstrip(",") in FEATURE_NAMES
        said = re.findall(r"\b[A-Z]+(?:_[A-Z]+)+\b|\bGAP\b", undefined)
        assert said or undefined.startswith("as "), name
        assert {*said} <= {reason.name for reason in Undefined}, name


@pytest.mark.parametrize(("name", "needed"), list(zip(CANDLE_FEATURES, BARS_NEEDED.tolist(), strict=True)))
def test_it_says_how_many_bars_are_needed(name: str, needed: int):
    cells = next(row for row in rows("feature") if row[0] == name)
    assert f"before {needed} bars (WARMING_UP)" in cells[4]


def test_every_reason_has_its_text():
    told = {name: text.split(" (")[0] for name, text in rows("reason")}
    assert told == {reason.name: reason.value for reason in Undefined}
