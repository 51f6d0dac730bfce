"""Watchlists, by their tools: whose they are, what goes into them, and two writers at a time."""

import pytest

from patang.errors import BadInput, TryAgain
from patang.identity.rights import ScopeMissing
from patang.ports import WriteConflict
from patang.tools.watchlists import TOOLS as ALL
from patang.watchlists.service import WatchlistService
from tests.unit.tools.written_desk import WrittenDesk, caller

TOOLS = {tool.name: tool for tool in ALL}


@pytest.fixture
def desk() -> WrittenDesk:
    return WrittenDesk()


def call(desk, tool, person="asha", /, **args):
    return TOOLS[tool].call(caller(desk, name=person), args)


def names(desk, person="asha"):
    return [one.name for one in call(desk, "list_watchlists", person).watchlists]


def test_a_list_is_made_changed_and_deleted(desk):
    call(desk, "create_watchlist", name=" Morning  shares ", instruments=["NSE:INFY"])
    added = call(desk, "add_to_watchlist", name="morning SHARES", instruments=["NSE:INFIBEAM", "NSE:INFY"])
    assert (added.name, added.instruments) == ("Morning shares", ("NSE:INFY", "NSE:INFIBEAM"))
    turned = ["NSE:INFIBEAM", "NSE:INFY"]
    assert call(desk, "reorder_watchlist", name="Morning shares", instruments=turned).instruments == tuple(
        turned
    )
    call(desk, "remove_from_watchlist", name="Morning shares", instruments=["NSE:INFY", "NSE:GONE"])
    call(desk, "rename_watchlist", name="Morning shares", new_name="Evening")
    (one,) = call(desk, "list_watchlists").watchlists
    assert (one.name, one.instruments) == ("Evening", ("NSE:INFIBEAM",))
    assert call(desk, "rename_watchlist", name="Evening", new_name="EVENING").name == "EVENING"
    call(desk, "delete_watchlist", name="evening")
    assert names(desk) == []


def test_nobody_sees_anothers(desk):
    call(desk, "create_watchlist", name="Mine", instruments=["NSE:INFY"])
    assert names(desk, "ravi") == []
    with pytest.raises(BadInput, match="no watchlist 'Mine'"):
        call(desk, "add_to_watchlist", "ravi", name="Mine", instruments=["NSE:INFY"])
    call(desk, "create_watchlist", "ravi", name="Mine")
    call(desk, "delete_watchlist", "ravi", name="Mine")
    assert names(desk) == ["Mine"]


def test_quotes_stand_in_the_lists_order(desk):
    call(desk, "create_watchlist", name="Two", instruments=["NSE:INFIBEAM", "NSE:INFY"])
    found = call(desk, "get_watchlist_quotes", name="Two")
    assert list(found.quotes) == ["NSE:INFIBEAM", "NSE:INFY"]
    assert found.quotes["NSE:INFIBEAM"] is None
    assert found.quotes["NSE:INFY"].last_price > 0
    call(desk, "create_watchlist", name="None")
    desk.asked.clear()
    assert call(desk, "get_watchlist_quotes", name="None").quotes == {}
    assert desk.asked == []


@pytest.mark.parametrize(
    ("tool", "args", "message"),
    [
        ("create_watchlist", {"name": "KNOWN"}, "already"),
        ("create_watchlist", {"name": "  "}, "no name"),
        ("create_watchlist", {"name": "x" * 41}, "1 to 40"),
        ("create_watchlist", {"name": "New", "instruments": ["NSE:INFI"]}, "did you mean NSE:INFY"),
        ("add_to_watchlist", {"name": "Known", "instruments": ["BSE:INFY"]}, "not listed today: BSE:INFY"),
        ("add_to_watchlist", {"name": "Unknown", "instruments": ["NSE:INFY"]}, "yours: 'Known'"),
        ("reorder_watchlist", {"name": "Known", "instruments": ["NSE:INFIBEAM"]}, "each of its 1"),
        ("rename_watchlist", {"name": "Unknown", "new_name": "New"}, "no watchlist"),
        ("delete_watchlist", {"name": "Unknown"}, "no watchlist"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changed(desk, tool, args, message):
    call(desk, "create_watchlist", name="Known", instruments=["NSE:INFY"])
    before = desk.store.items.copy()
    with pytest.raises(BadInput, match=message):
        call(desk, tool, **args)
    assert desk.store.items == before


def test_there_are_twenty_lists_of_a_hundred(desk):
    for number in range(20):
        call(desk, "create_watchlist", name=f"List {number}")
    with pytest.raises(BadInput, match="20 watchlists already"):
        call(desk, "create_watchlist", name="One more")
    service = WatchlistService(desk.store, _AnyListing)
    service.add("asha", "List 0", [f"NSE:S{number}" for number in range(100)])
    with pytest.raises(BadInput, match="101 instruments"):
        service.add("asha", "List 0", ["NSE:S100"])


class _AnyListing:
    def get(self, exchange: str, symbol: str) -> object:
        return (exchange, symbol)


def test_of_two_writers_neither_is_lost(desk):
    call(desk, "create_watchlist", name="Both")
    write, struck = desk.store.write, []

    def overtaken(*writes):
        if not struck:
            struck.append(True)
            WatchlistService(desk.store, desk.listings).add("asha", "Both", ["NSE:INFIBEAM"])
        write(*writes)

    desk.store.write = overtaken
    added = call(desk, "add_to_watchlist", name="Both", instruments=["NSE:INFY"])
    assert added.instruments == ("NSE:INFIBEAM", "NSE:INFY")


def test_a_store_that_never_yields_is_told(desk):
    def conflict(*_):
        raise WriteConflict([])

    desk.store.write = conflict
    with pytest.raises(WriteConflict):
        call(desk, "create_watchlist", name="Never")


def test_without_a_list_of_instruments_nothing_is_added(desk):
    desk.listings = lambda: None
    with pytest.raises(TryAgain, match="no list of instruments"):
        call(desk, "create_watchlist", name="Early", instruments=["NSE:INFY"])


def test_a_token_that_may_only_read_changes_nothing(desk):
    reader = caller(desk)
    reader = type(reader)(type(reader.principal)("asha", "token:t", ("main",), frozenset({"read"})), desk)
    for tool in ALL:
        if tool.effect == "changes":
            with pytest.raises(ScopeMissing):
                tool.call(reader, tool.example)
