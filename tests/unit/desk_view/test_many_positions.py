"""Who holds hundreds of positions waits no longer for his page than who holds two."""

from collections import Counter

from tests.unit.api.sample_desk import busy, position, two_owners


def asked_for(more: int) -> Counter[str]:
    """How often each kind of item is read alone for the desk's status, with so many positions more."""
    desk = busy(two_owners())
    for number in range(more):
        desk.keep(position("main", f"m{number}", f"SYM{number}", state="OPEN"))
    singly: Counter[str] = Counter()
    get, trips = desk.store.get, ("get_many", "query", "query_index")

    def one(key):
        singly[key.partition.partition("#")[0]] += 1
        return get(key)

    def trip(read):
        # In memory each of them is made of single reads.
        def counted(*args, **more):
            desk.store.get = get
            found = read(*args, **more)
            desk.store.get = one
            return found

        return counted

    for name in trips:
        setattr(desk.store, name, trip(getattr(desk.store, name)))
    desk.store.get = one
    assert len(desk.desk_view().status(("main",)).positions) == 1 + more
    return singly


def test_what_is_known_of_positions_is_read_in_one_trip():
    few, many = asked_for(1), asked_for(40)
    assert many == few
