"""What a minute of five hundred symbols costs outside the instance: writes and bytes, counted."""

from collections.abc import Mapping

import pytest

from patang.features.pointer import save_seed
from patang.features.state import FeatureState
from patang.market.universe import save_universe
from patang.ports import Write
from tests.fakes import MemoryObjects, MemoryStore
from tests.unit.features.big_market import SESSION, SYMBOLS, BigMarket
from tests.unit.features.test_service import SHARD, Desk

MINUTES = 10

# The first minute pays for the day's beginning; it is closed after its grace of two seconds.
_BEGUN = 63


class CountedStore(MemoryStore):
    """Counts writes (items) and reads by the partition's first word."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[str] = []
        self.read: list[str] = []

    def write(self, *writes: Write) -> None:
        self.written += [write.key.partition.partition("#")[0] for write in writes]
        super().write(*writes)

    def get(self, key):
        self.read.append(key.partition.partition("#")[0])
        return super().get(key)

    def query(self, partition, **how):
        before = len(self.read)
        found = super().query(partition, **how)
        self.read[before:] = [partition.partition("#")[0]]
        return found


class CountedObjects(MemoryObjects):
    """Counts puts and their bytes by the path's first folder."""

    def __init__(self) -> None:
        super().__init__()
        self.puts: list[tuple[str, int]] = []

    def put(self, path: str, content: bytes, *, content_type: str = "application/octet-stream") -> None:
        self.puts.append((path.partition("/")[0], len(content)))
        super().put(path, content, content_type=content_type)


@pytest.fixture(scope="module")
def desk() -> Desk:
    """After some minutes, delivered second by second to one instance; what came before is not counted."""
    market, desk = BigMarket(), Desk()
    desk.store, desk.objects = CountedStore(), CountedObjects()
    save_universe(desk.store, desk.objects, market.universe)
    state = FeatureState(market.universe, SESSION)
    state.warm_up(market.history())
    save_seed(desk.objects, state)
    records = desk.stream.put(market.records(SESSION.open, 60 * (MINUTES + 1) + 3))
    service = desk.instance()
    for second in range(len(records) // 2):
        if second == _BEGUN:
            for counted in (desk.store.written, desk.store.read, desk.objects.puts):
                counted.clear()
        service.process(records[2 * second : 2 * second + 2], SHARD)
    assert sum(i.is_spot for i in market.universe.instruments) == SYMBOLS
    return desk


def a_minute(counted: list[str]) -> Mapping[str, float]:
    return {name: counted.count(name) / MINUTES for name in sorted(set(counted))}


def test_the_table_is_written_once_a_batch_and_thrice_a_minute(desk: Desk) -> None:
    written, read = a_minute(desk.store.written), a_minute(desk.store.read)
    print(f"\nitems written a minute, {SYMBOLS} symbols, one batch a second: {written}; read: {read}")  # noqa: T201 (the figure)
    assert written == {"FEATURE_STATE": 61, "CLOSES": 1, "CYCLES": 1}, "a batch one, a snapshot one"
    assert read == {"CLOSES": 1}


def test_the_store_gets_two_objects_a_minute_and_a_chain_every_five(desk: Desk) -> None:
    puts = desk.objects.puts
    number = a_minute([folder for folder, _ in puts])
    size = {
        folder: max(length for of, length in puts if of == folder) / 1e6 for folder in sorted(set(number))
    }
    print(f"\nobjects put a minute: {number}; the largest, in megabytes: {size}")  # noqa: T201 (the figure)
    assert number == {"minutes": 1, "features": 1, "chains": 2 / 5}
    assert size["features"] < 4
    assert size["minutes"] < 1
    assert size["chains"] < 0.1


def test_a_larger_universe_does_not_cost_more_writes() -> None:
    counts = []
    for size in (3, SYMBOLS):
        market, desk = BigMarket(), Desk()
        desk.store = CountedStore()
        few = market.universe.evolve(instruments=market.universe.instruments[-size:])
        save_universe(desk.store, desk.objects, few)
        records = desk.stream.put(market.records(SESSION.open, 63))
        service = desk.instance()
        for start in range(0, len(records), 2):
            service.process(records[start : start + 2], SHARD)
        counts.append(len(desk.store.written))
    assert counts[0] == counts[1]
