"""The audit chain: idempotent, ordered, safe under two linkers, and honest about what was done to it."""

from datetime import date, datetime, timedelta

import pytest

from patang.audit.chain import link, verify
from patang.audit.entry import AuditEntry, AuditHead, head_key
from patang.audit.event import AuditEvent
from patang.audit.log import AuditLog
from patang.errors import TryAgain
from patang.market.sessions import IST
from patang.ports import Key, WriteConflict
from patang.records import create, load
from tests.fakes import MemoryStore

DAY = date(2016, 8, 16)
START = datetime(2016, 8, 16, 9, 31, tzinfo=IST)


def event(number: int, **details) -> AuditEvent:
    return AuditEvent(
        event_id=f"fill#{number}",
        account="main",
        kind="ORDER_FILLED",
        as_of=START + timedelta(minutes=number),
        written_at=START,
        actor="lane",
        details={"number": number, "price": 101.0, "symbol": "नमस्ते <b>"} | details,
    )


@pytest.fixture
def audit():
    return MemoryStore()


def log(audit, store=None):
    return AuditLog(store or MemoryStore(), audit)


def stored(audit) -> list[AuditEntry]:
    return log(audit).page("main", DAY, limit=1000)


def head(audit) -> AuditHead | None:
    return load(audit, AuditHead, head_key("main", DAY))


def test_events_are_chained_in_their_order(audit):
    assert link(audit, "main", DAY, [event(n) for n in range(5)]) == 5
    entries = stored(audit)
    assert [entry.event().details["number"] for entry in entries] == [0, 1, 2, 3, 4]
    assert [entry.previous for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert verify(entries, head(audit)).ok
    assert log(audit).verify("main", DAY).entries == 5


def test_redelivery_changes_nothing(audit):
    link(audit, "main", DAY, [event(1), event(2)])
    before = dict(audit.items)
    assert link(audit, "main", DAY, [event(1), event(2)]) == 0
    assert audit.items == before


def test_a_batch_that_was_linked_in_part_is_completed(audit):
    link(audit, "main", DAY, [event(n) for n in range(60)])
    assert link(audit, "main", DAY, [event(n) for n in range(50, 130)]) == 70
    assert [e.event().details["number"] for e in stored(audit)] == list(range(130))
    assert log(audit).verify("main", DAY).ok


def test_an_event_told_twice_in_one_batch_is_one_entry(audit):
    assert link(audit, "main", DAY, [event(1), event(1)]) == 1


def test_no_transaction_is_larger_than_dynamodb_takes(audit, monkeypatch):
    sizes = []
    write = audit.write
    monkeypatch.setattr(audit, "write", lambda *writes: (sizes.append(len(writes)), write(*writes))[1])
    link(audit, "main", DAY, [event(n) for n in range(200)])
    assert max(sizes) <= 100


class Overtaken(MemoryStore):
    """Another linker gets in between our read of the head and our write, `times` times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    def write(self, *writes):
        if self.times:
            self.times -= 1
            number = 1000 + self.times
            rival = MemoryStore()
            rival.items, rival.places = self.items, self.places
            link(rival, "main", DAY, [event(number)])
        super().write(*writes)


def test_two_linkers_at_once_make_one_chain():
    audit = Overtaken(times=3)
    assert link(audit, "main", DAY, [event(1), event(2)]) == 2
    assert [e.event().details["number"] for e in stored(audit)] == [1002, 1001, 1000, 1, 2]
    assert log(audit).verify("main", DAY).ok


def test_endless_contention_gives_up_and_says_so():
    with pytest.raises(TryAgain, match="contended"):
        link(Overtaken(times=50), "main", DAY, [event(1)])


def test_the_rival_that_linked_the_same_event_wins():
    class SameEvent(Overtaken):
        def write(self, *writes):
            if self.times:
                self.times -= 1
                rival = MemoryStore()
                rival.items, rival.places = self.items, self.places
                link(rival, "main", DAY, [event(1)])
            MemoryStore.write(self, *writes)

    audit = SameEvent(times=1)
    assert link(audit, "main", DAY, [event(1), event(2)]) == 1
    assert [e.event().details["number"] for e in stored(audit)] == [1, 2]


def test_bare_contention_is_tried_again(audit):
    failures = iter([WriteConflict([]), WriteConflict([])])
    write = audit.write

    def contended(*writes):
        for failure in failures:
            raise failure
        write(*writes)

    audit.write = contended
    assert link(audit, "main", DAY, [event(1)]) == 1


@pytest.fixture
def chain(audit):
    link(audit, "main", DAY, [event(n) for n in range(6)])
    return stored(audit), head(audit)


def test_a_changed_entry_is_found(chain):
    entries, end = chain
    forged = entries[2].event_json.replace("ORDER_FILLED", "ORDER_VOIDED")
    found = verify([*entries[:2], entries[2].evolve(event_json=forged), *entries[3:]], end)
    assert (found.ok, found.first_bad) == (False, 3)
    assert "changed" in found.reason


def test_a_changed_entry_with_a_new_hash_is_found(chain):
    entries, end = chain
    forged = entries[2].evolve(event_json=entries[2].event_json.replace("main", "mine"))
    found = verify([*entries[:2], forged.evolve(hash=forged.computed_hash()), *entries[3:]], end)
    assert (found.ok, found.first_bad) == (False, 4)


def test_a_lost_entry_is_found(chain):
    entries, end = chain
    found = verify(entries[:3] + entries[4:], end)
    assert (found.ok, found.first_bad) == (False, 4)
    assert "missing" in found.reason


def test_exchanged_entries_are_found(chain):
    entries, end = chain
    exchanged = [entries[0], entries[2], entries[1], *entries[3:]]
    assert verify(exchanged, end).first_bad == 2
    renumbered = [
        entries[0],
        entries[2].evolve(sequence=2),
        entries[1].evolve(sequence=3),
        *entries[3:],
    ]
    assert verify(renumbered, end).first_bad == 2


def test_a_cut_end_is_found(chain):
    entries, end = chain
    found = verify(entries[:4], end)
    assert (found.ok, found.first_bad) == (False, 5)
    assert "head says 6" in found.reason


def test_a_chain_rewritten_as_a_whole_does_not_fit_its_head(chain):
    entries, end = chain
    rewritten, previous = [], "0" * 64
    for entry in entries:
        changed = entry.evolve(previous=previous, event_json=entry.event_json.replace("lane", "none"))
        rewritten.append(changed.evolve(hash=changed.computed_hash()))
        previous = rewritten[-1].hash
    assert not verify(rewritten, end).ok


def test_a_lost_head_is_found(audit, chain):
    del audit.items[head_key("main", DAY)]
    assert not log(audit).verify("main", DAY).ok


def test_a_head_set_back_is_found(audit, chain):
    entries, end = chain
    rolled_back = end.evolve(sequence=3, hash=entries[2].hash)
    audit.items[head_key("main", DAY)] = rolled_back.model_dump(mode="json")
    found = log(audit).verify("main", DAY)
    assert (found.ok, found.first_bad) == (False, 4)


def test_a_chain_that_grows_while_it_is_read_is_whole(audit, chain):
    read, reads = audit.get, []

    def grows_after_the_head_was_read(key: Key):
        found = read(key)
        if key == head_key("main", DAY) and not reads:
            reads.append(key)
            link(audit, "main", DAY, [event(77)])
        return found

    audit.get = grows_after_the_head_was_read
    assert log(audit).verify("main", DAY).ok


def test_an_empty_day_is_whole(audit):
    assert log(audit).verify("main", DAY).ok


def test_pages_and_newest(audit):
    link(audit, "main", DAY, [event(n) for n in range(25)])
    view = log(audit)
    first = view.page("main", DAY, limit=10)
    second = view.page("main", DAY, after=first[-1].sequence, limit=10)
    assert [e.sequence for e in first + second] == list(range(1, 21))
    assert [e.sequence for e in view.newest("main", DAY, 3)] == [25, 24, 23]
    assert view.page("main", DAY, after=25) == []


def test_what_is_not_linked_yet_is_known(audit):
    store = MemoryStore()
    for number in range(3):
        store.write(create(event(number)))
    link(audit, "main", DAY, [event(1)])
    assert {e.event_id for e in log(audit, store).unlinked("main", DAY)} == {"fill#0", "fill#2"}
