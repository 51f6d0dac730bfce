"""After the close: the broker's word on a day's charges, through the official client, kept and told of."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

import patang_workbench.exchange.rest as rest
from patang.audit.event import AuditEvent
from patang.keys import outbox_partition
from patang.market.sessions import IST
from patang.ports import OrderRequest
from patang.records import load_all
from patang_workbench.exchange.errors import InputError
from tests.contract.kite.simulated_desk import DAY
from tests.fakes import RecordedNotifier

EVENING = datetime(2026, 8, 18, 15, 45, tzinfo=IST)


@pytest.fixture
def traded(desk):
    """Twenty shares bought and sold again at market; a resting order that trades nothing."""
    desk.notifier = RecordedNotifier()
    broker = desk.broker("main")
    for tag, side in (("tag0001", "BUY"), ("tag0002", "SELL")):
        terms = ("regular", "NSE", "INFY", side, 20, "MARKET", "MIS", "DAY", tag)
        broker.place(OrderRequest(*terms, market_protection="-1"))
    last = Decimal(str(desk.market_data().quotes(["NSE:TCS"])["NSE:TCS"]["last_price"]))
    price = str((last * Decimal("0.97")).quantize(Decimal("0.1")))
    broker.place(
        OrderRequest("regular", "NSE", "TCS", "BUY", 5, "LIMIT", "MIS", "DAY", "tag0003", price=price)
    )
    assert [order.filled_quantity for order in broker.orders()] == [20, 20, 0]
    return desk


def events(desk):
    found = load_all(desk.store, AuditEvent, outbox_partition("main", DAY))
    return [event for event in found if event.kind == "CHARGES_COMPARED"]


def test_a_day_is_compared_once_and_kept_with_its_audit_event(traded):
    assert traded.charge_check().run(EVENING) == {"main": "2 orders, 0 findings"}
    kept = traded.charge_check().kept("main", DAY)
    assert kept.findings == ()
    # Two small intraday orders: 0.03 % each; by hand, from what the account's book says.
    value = sum(Decimal(o.average_price) * o.filled_quantity for o in traded.broker("main").orders())
    assert kept.charged["brokerage"] == (value * Decimal("0.0003")).quantize(Decimal("0.01"))
    assert abs(kept.charged["total"] - kept.expected["total"]) < Decimal("0.6"), "stamp duty is rounded"
    (event,) = events(traded)
    assert event.details["orders"] == 2
    assert event.details["charged"]["brokerage"] == str(kept.charged["brokerage"])
    later = EVENING + timedelta(minutes=1)
    assert traded.charge_check().run(later) == {"main": "compared"}
    assert len(events(traded)) == 1
    assert traded.notifier.sent == []


def test_what_is_off_is_told_to_the_owner_and_counted(traded, monkeypatch):
    priced = rest.order_charges

    def dearer(rows, day):
        found = priced(rows, day)
        for row in found:
            row["charges"]["brokerage"] += 20
        return found

    monkeypatch.setattr(rest, "order_charges", dearer)
    assert traded.charge_check().run(EVENING) == {"main": "2 orders, 1 findings"}
    (finding,) = traded.charge_check().kept("main", DAY).findings
    assert finding.component == "brokerage"
    assert finding.charged - finding.expected == 40
    ((subject, text),) = traded.notifier.sent
    assert "Charges of 2026-08-18" in subject
    assert "brokerage: " in text
    assert traded.metrics.counts["charges_differ"] == 1
    assert events(traded)[0].details["findings"] == [str(finding)]


def test_before_the_close_and_on_a_holiday_nothing_is_asked(traded, monkeypatch):
    def refused(rows, day):
        raise InputError("not now")

    monkeypatch.setattr(rest, "order_charges", refused)
    assert traded.charge_check().run(EVENING.replace(hour=15, minute=20)) == {}
    assert traded.charge_check().run(EVENING + timedelta(days=4)) == {}, "a Saturday"
    assert traded.charge_check().kept("main", DAY) is None


def test_a_broker_that_does_not_answer_is_asked_again(traded, monkeypatch):
    with monkeypatch.context() as away:

        def refused(rows, day):
            raise InputError("The broker has no such route.")

        away.setattr(rest, "order_charges", refused)
        assert "no such route" in traded.charge_check().run(EVENING)["main"]
    assert traded.metrics.counts["charge_check_failed"] == 1
    assert events(traded) == []
    assert traded.charge_check().run(EVENING) == {"main": "2 orders, 0 findings"}


def test_a_day_without_trades_asks_for_no_note(desk):
    desk.notifier = RecordedNotifier()
    assert desk.charge_check().run(EVENING) == {"main": "0 orders, 0 findings"}
