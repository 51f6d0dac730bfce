"""Each function has the memory that was measured and head room, and more only for a reason.

`measured_memory.csv` is what `pytest -s tests/bench/test_memory.py` printed: MiB on a day of the local stack,
and with 500 symbols where these make a difference.
"""

import csv
from pathlib import Path

import pytest

from infra.bundles import ROOT

HEAD_ROOM = 1.5
# A third of a core, nearly: less makes each start longer, and costs nothing less where calls are short.
USUAL = 512
CORE = 1769
MORE = {
    "api": "a page that is opened starts FastAPI while somebody waits",
    "mcp": "an assistant's first call starts the SDK while it waits",
    "archive": f"{CORE}: Parquet of a day, on a whole core",
    "features": f"{CORE}: a minute of 500 symbols is closed on a whole core",
    "morning": f"{CORE}: a hundred thousand instruments and nine sessions of 500 symbols, on a whole core",
    "signals": f"{CORE}: the model's answer is awaited by the minute's cycle",
}
WITH_500 = ("archive", "features", "morning", "signals")


def measured():
    rows = csv.DictReader(Path(__file__).with_name("measured_memory.csv").open())
    return {row["function"]: max(int(row["day_mib"]), int(row["symbols_500_mib"] or 0)) for row in rows}


@pytest.fixture(scope="module")
def memory(cloud):
    return {name: properties["MemorySize"] for name, properties in cloud.functions().items()}


def test_every_function_was_measured(memory):
    assert set(measured()) == set(memory)


def test_every_function_has_head_room(memory):
    short = {
        name: (held, memory[name]) for name, held in measured().items() if memory[name] < HEAD_ROOM * held
    }

    assert not short


def test_more_than_the_usual_has_a_reason(memory):
    assert {name for name, given in memory.items() if given > USUAL} == set(MORE)
    assert {name for name, given in memory.items() if given == CORE} == {
        n for n in MORE if str(CORE) in MORE[n]
    }


def test_what_grows_with_the_symbols_was_measured_with_500():
    rows = csv.DictReader(Path(__file__).with_name("measured_memory.csv").open())

    assert {row["function"] for row in rows if row["symbols_500_mib"]} == set(WITH_500)


def test_the_page_tells_what_was_measured_and_what_is_given(memory):
    page = (ROOT / "docs/concepts/functions.md").read_text()
    for row in csv.DictReader(Path(__file__).with_name("measured_memory.csv").open()):
        name = row["function"]
        with_500 = f" {row['symbols_500_mib']} ".replace("  ", " ")
        line = f"| ({name}) | {row['day_mib']} |{with_500}| {memory[name]} |"

        assert line in page, line
