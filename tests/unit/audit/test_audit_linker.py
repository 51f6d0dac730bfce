"""(audit_linker): stream records in, chains out, whatever else is in the batch."""

from datetime import date, datetime, timedelta

import pytest
from boto3.dynamodb.types import TypeSerializer

from patang.app import Desk
from patang.audit.event import AuditEvent
from patang.market.sessions import IST
from patang.records import create
from tests.fakes import FixedClock, MemoryStore, RecordedDeadLetters, RecordedMetrics

DAY = date(2016, 8, 16)
START = datetime(2016, 8, 16, 9, 31, tzinfo=IST)


@pytest.fixture
def desk():
    desk = Desk({})
    desk.store, desk.audit_store = MemoryStore(), MemoryStore()
    desk.dead_letters, desk.metrics = RecordedDeadLetters(), RecordedMetrics()
    desk.clock = FixedClock(START + timedelta(seconds=75))
    return desk


@pytest.fixture
def handler(desk, monkeypatch):
    from functions.audit_linker import handler as module

    monkeypatch.setattr(module, "desk", desk)
    return lambda *records: module.handler({"Records": list(records)}, None)


def event(number: int, account: str = "main") -> AuditEvent:
    return AuditEvent(
        event_id=f"fill#{number}",
        account=account,
        kind="ORDER_FILLED",
        as_of=START,
        written_at=START,
        actor="lane",
        details={"number": number, "nested": {"list": [1, "two", True]}},
    )


def image(put) -> dict:
    keys = {"PK": put.key.partition, "SK": put.key.sort}
    return {name: TypeSerializer().serialize(value) for name, value in (dict(put.attributes) | keys).items()}


def record(put, name: str = "INSERT") -> dict:
    return {"eventName": name, "dynamodb": {"NewImage": image(put), "SequenceNumber": "1"}}


def test_outbox_records_are_linked_by_account_in_order(handler, desk):
    records = [record(create(event(n, "main" if n % 2 else "second"))) for n in range(6)]
    assert handler(*records) == {"linked": 6}
    for account, numbers in (("main", [1, 3, 5]), ("second", [0, 2, 4])):
        entries = desk.audit_log().page(account, DAY)
        assert [entry.event().details["number"] for entry in entries] == numbers
        assert desk.audit_log().verify(account, DAY).ok
    assert handler(*records) == {"linked": 0}


def test_what_is_no_outbox_item_is_passed_over(handler):
    other = {"PK": {"S": "ACCOUNT#main"}, "SK": {"S": "RISK"}, "revision": {"N": "4"}}
    removed = {"eventName": "REMOVE", "dynamodb": {"Keys": {}, "OldImage": image(create(event(1)))}}
    assert handler({"eventName": "MODIFY", "dynamodb": {"NewImage": other}}, removed) == {"linked": 0}


def test_an_unreadable_event_is_kept_and_stops_nobody(handler, desk):
    broken = {"PK": {"S": "OUTBOX#main#2016-08-16"}, "SK": {"S": "x"}, "kind": {"S": "?"}}
    assert handler({"dynamodb": {"NewImage": broken}}, record(create(event(1)))) == {"linked": 1}
    [(source, data, reason)] = desk.dead_letters.letters
    assert source == "audit_linker"
    assert b'"kind": "?"' in data
    assert "event_id" in reason
    assert desk.metrics.counts["audit_events_unreadable"] == 1


def test_the_age_of_the_oldest_event_is_measured(handler, desk):
    handler(record(create(event(1))))
    assert desk.metrics.durations["audit_unlinked_age_ms"] == [75_000.0]
    assert desk.metrics.counts["audit_events_linked"] == 1
