"""The audit log as files."""

from datetime import date, datetime, timedelta

from patang.audit.chain import link, verify
from patang.audit.entry import AuditEntry, AuditHead
from patang.audit.event import AuditEvent
from patang.audit.export import AuditExport, AuditPart
from patang.audit.log import AuditLog
from patang.market.sessions import IST
from tests.fakes import MemoryObjects, MemoryStore

DAY = date(2026, 8, 18)
OPEN = datetime(2026, 8, 18, 9, 15, tzinfo=IST)


class Desk:
    def __init__(self) -> None:
        self.audit_store, self.objects = MemoryStore(), MemoryObjects()
        self.exports = AuditExport(AuditLog(MemoryStore(), self.audit_store), self.objects)

    def happens(self, account: str, *minutes: int) -> None:
        events = [
            AuditEvent(
                event_id=f"order_acked#{account}{minute}",
                account=account,
                kind="ORDER_ACKED",
                as_of=OPEN + timedelta(minutes=minute),
                written_at=OPEN + timedelta(minutes=minute),
                actor="patang",
                details={"price": 1.0},
            )
            for minute in minutes
        ]
        link(self.audit_store, account, DAY, events)

    def parts(self) -> dict[str, AuditPart]:
        return {
            path: AuditPart.model_validate_json(self.objects.blobs[path])
            for path in sorted(self.objects.list("audit_logs/"))
        }

    def head(self, account: str) -> AuditHead | None:
        return AuditLog(MemoryStore(), self.audit_store).head(account, DAY)

    def chain(self, account: str) -> list[AuditEntry]:
        return [
            AuditEntry(account=account, day=part.day, **entry.model_dump())
            for part in self.parts().values()
            for chain in part.chains
            if chain.account == account
            for entry in chain.entries
        ]


def test_parts_follow_one_another_and_the_whole_chain_can_be_checked_from_them():
    desk = Desk()
    desk.happens("main", 0, 5)
    desk.happens("second", 7)
    assert desk.exports.run(["main", "second"], DAY) == 3
    desk.happens("main", 60, 61)
    assert desk.exports.run(["main", "second"], DAY) == 2
    assert list(desk.parts()) == [
        "audit_logs/2026-08-18/audit_2026-08-18_0915_0922.json",
        "audit_logs/2026-08-18/audit_2026-08-18_1015_1016.json",
    ]
    whole = desk.chain("main")
    assert [entry.sequence for entry in whole] == [1, 2, 3, 4]
    assert verify(whole, desk.head("main")).ok
    assert verify(desk.chain("second"), desk.head("second")).ok


def test_a_file_that_was_changed_no_longer_checks():
    desk = Desk()
    desk.happens("main", 0, 5)
    desk.exports.run(["main"], DAY)
    [path] = desk.parts()
    desk.objects.blobs[path] = desk.objects.blobs[path].replace(b"1.0", b"2.0", 1)
    assert verify(desk.chain("main"), desk.head("main")).first_bad == 1


def test_nothing_new_writes_nothing():
    desk = Desk()
    assert desk.exports.run(["main"], DAY) == 0
    desk.happens("main", 0)
    desk.exports.run(["main"], DAY)
    before = dict(desk.objects.blobs)
    assert desk.exports.run(["main"], DAY) == 0
    assert desk.objects.blobs == before


def test_two_parts_of_the_same_minute_are_two_files():
    desk = Desk()
    desk.happens("main", 0)
    desk.exports.run(["main"], DAY)
    desk.happens("second", 0)
    desk.exports.run(["main", "second"], DAY)
    assert len(desk.parts()) == 2
    assert len(desk.chain("main")) == len(desk.chain("second")) == 1
