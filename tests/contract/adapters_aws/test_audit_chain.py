"""The audit chain on the table itself, and on the home desk's file: conditions, redelivery, and numbers as
they come back."""

from datetime import date, datetime

import boto3
import pytest

from patang.adapters.aws.dynamodb import DynamoStore
from patang.audit.chain import link
from patang.audit.event import AuditEvent
from patang.audit.log import AuditLog
from patang.market.sessions import IST
from patang.records import create
from patang_workbench.home_desk.database import Database
from patang_workbench.home_desk.state_store import HomeStore

DAY = date(2016, 8, 16)
START = datetime(2016, 8, 16, 9, 31, tzinfo=IST)


@pytest.fixture(params=["dynamodb", "home"])
def store(request, table, tmp_path):
    if request.param == "home":
        return HomeStore(Database(tmp_path / "desk.sqlite"), "desk")
    return DynamoStore(boto3.client("dynamodb"), table)


def event(number: int) -> AuditEvent:
    return AuditEvent(
        event_id=f"fill#{number}",
        account="main",
        kind="ORDER_FILLED",
        as_of=START,
        written_at=START,
        actor="lane",
        # The table knows one kind of number: it gives 1.0 back as 1 and 1e3 as 1000.
        details={
            "number": number,
            "price": 1.0,
            "large": 1e3,
            "small": 0.1,
            "text": "₹",
            "none": [True, 2.50],
        },
    )


def test_a_chain_stays_whole_on_the_table(store):
    assert link(store, "main", DAY, [event(n) for n in range(90)]) == 90
    assert link(store, "main", DAY, [event(n) for n in range(80, 95)]) == 5
    log = AuditLog(store, store)
    assert log.verify("main", DAY).entries == 95
    assert log.verify("main", DAY).ok
    assert [e.sequence for e in log.newest("main", DAY, 2)] == [95, 94]
    assert [e.sequence for e in log.page("main", DAY, after=93)] == [94, 95]


def test_an_event_read_back_from_the_outbox_is_linked_and_verified(store):
    store.write(create(event(1)))
    log = AuditLog(store, store)
    [waiting] = log.unlinked("main", DAY)
    assert link(store, "main", DAY, [waiting]) == 1
    assert log.unlinked("main", DAY) == []
    assert log.verify("main", DAY).ok
