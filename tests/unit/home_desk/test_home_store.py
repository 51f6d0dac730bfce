"""The home desk's file: what a process leaves, what several do at once, what a reader of its changes gets."""

import multiprocessing
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest

from patang.errors import BadInput
from patang.market.sessions import IST
from patang.ports import Absent, Delete, Key, Matches, Put, WriteConflict
from patang_workbench.home_desk.database import Database
from patang_workbench.home_desk.state_store import HomeStore

NOW = datetime(2026, 8, 18, 10, 0, tzinfo=IST)
COUNTER = Key("COUNTERS", "one")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "desk.sqlite"


def count_up(file: Path, times: int, together: Barrier, beaten: Queue[int]) -> None:
    """Adds one so often, each time on what was read; tells how often somebody else was first."""
    store, lost = HomeStore(Database(file), "desk"), 0
    together.wait(30)
    for _ in range(times):
        while True:
            before = store.get(COUNTER)
            assert before is not None
            time.sleep(0.001)
            try:
                store.write(Put(COUNTER, {"n": before["n"] + 1}, expect=Matches({"n": before["n"]})))
                break
            except WriteConflict:
                lost += 1
    beaten.put(lost)


def test_processes_that_write_at_once_lose_nothing_of_each_other(file: Path) -> None:
    HomeStore(Database(file), "desk").write(Put(COUNTER, {"n": 0}))
    context = multiprocessing.get_context("spawn")
    together, beaten = context.Barrier(2), context.Queue()
    both = [context.Process(target=count_up, args=(file, 40, together, beaten)) for _ in range(2)]
    for process in both:
        process.start()
    lost = [beaten.get(timeout=60) for _ in both]
    for process in both:
        process.join(30)
    assert HomeStore(Database(file), "desk").get(COUNTER) == {"n": 80}
    assert sum(lost) > 0, "they never met"


def test_threads_that_create_the_same_item_are_told_who_was_first(file: Path) -> None:
    store = HomeStore(Database(file), "desk")

    def create(number: int) -> bool:
        try:
            store.write(Put(Key("P", "one"), {"by": number}, expect=Absent()))
        except WriteConflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(create, range(8)))
    assert sum(won) == 1
    assert store.get(Key("P", "one")) == {"by": won.index(True)}


def test_what_was_written_is_there_for_the_next_process_and_tables_are_apart(file: Path) -> None:
    HomeStore(Database(file), "desk").write(Put(Key("P", "a"), {"n": 1}, index=Key("OPEN", "a")))
    again = Database(file)
    assert HomeStore(again, "desk").query_index("OPEN") == [{"n": 1}]
    assert HomeStore(again, "auth").get(Key("P", "a")) is None


def test_nobody_else_reads_the_file_or_the_journal_beside_it(file: Path) -> None:
    """In a folder that others may enter, too."""
    file.parent.chmod(0o755)
    HomeStore(Database(file), "desk").write(Put(Key("P", "a"), {"n": 1}))
    kept = list(file.parent.iterdir())
    assert {path.name for path in kept} >= {"desk.sqlite", "desk.sqlite-wal"}
    assert [path.name for path in kept if path.stat().st_mode & 0o077] == []


def test_a_value_that_is_not_there_matches_nothing_not_even_null(file: Path) -> None:
    store = HomeStore(Database(file), "desk")
    store.write(Put(Key("P", "a"), {"n": 1}))
    with pytest.raises(WriteConflict):
        store.write(Delete(Key("P", "a"), Matches({"other": None})))


def test_a_transaction_that_the_table_would_refuse_is_refused(file: Path) -> None:
    store = HomeStore(Database(file), "desk")
    with pytest.raises(BadInput, match="P/a twice"):
        store.write(Put(Key("P", "a"), {}), Delete(Key("P", "a")))
    with pytest.raises(BadInput, match="400 KB"):
        store.write(Put(Key("P", "a"), {"text": "x" * 400_001}))
    assert store.get(Key("P", "a")) is None


def test_prefixes_end_where_they_end(file: Path) -> None:
    store = HomeStore(Database(file), "desk")
    for sort in ("A", "A#1", "A#\U0001f600", "A$", "B", "a#1"):
        store.write(Put(Key("P", sort), {"sort": sort}, index=Key("I", sort)))
    assert [item["sort"] for item in store.query("P", prefix="A#")] == ["A#1", "A#\U0001f600"]
    assert [item["sort"] for item in store.query_index("I", prefix="A#")] == ["A#1", "A#\U0001f600"]
    assert [item["sort"] for item in store.query("P", newest_first=True, after="B")] == [
        "A$",
        "A#\U0001f600",
        "A#1",
        "A",
    ]


def test_a_reader_gets_each_followed_write_until_it_has_dealt_with_it(file: Path) -> None:
    store = HomeStore(Database(file), "desk", followed="OUTBOX#")
    store.write(Put(Key("OUTBOX#main#2026-08-18", "e1"), {"n": 1}), Put(Key("P", "a"), {"n": 9}))
    with pytest.raises(WriteConflict):
        store.write(
            Put(Key("OUTBOX#main#2026-08-18", "e2"), {"n": 2}), Put(Key("P", "a"), {}, expect=Absent())
        )
    store.write(Put(Key("OUTBOX#main#2026-08-18", "e3"), {"n": 3}))
    store.write(Delete(Key("OUTBOX#main#2026-08-18", "e1")))
    found = HomeStore(Database(file), "desk", followed="OUTBOX#").written(10)
    assert [item for _, item in found] == [{"n": 1}, {"n": 3}]
    store.forget_written(found[0][0])
    assert [item for _, item in store.written(10)] == [{"n": 3}]


def test_what_is_over_is_let_go(file: Path) -> None:
    store = HomeStore(Database(file), "auth")
    over, lives = NOW - timedelta(seconds=5), NOW + timedelta(seconds=5)
    store.write(Put(Key("P", "a"), {}, expires_at=int(over.timestamp())))
    store.write(Put(Key("P", "b"), {}, expires_at=int(lives.timestamp())), Put(Key("P", "c"), {}))
    assert store.expire(NOW) == 1
    assert [store.get(Key("P", sort)) for sort in "abc"] == [None, {}, {}]
