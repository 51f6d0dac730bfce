from dataclasses import replace
from datetime import date, time

from patang_workbench.exchange.synthetic import synthetic_market
from tests.unit.exchange.floor_desk import Desk


def test_the_broker_ends_the_days_positions_at_its_time(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    desk.send(desk.infy, price=1481, quantity=10)
    stop = desk.send(
        desk.infy, transaction_type="SELL", quantity=10, order_type="SL", trigger_price=1450, price=1449
    )
    kept = desk.send(desk.infy, product="CNC", price=1481, quantity=3)
    desk.at("15:09")
    assert stop.status == "TRIGGER PENDING"
    desk.at("15:10")
    assert stop.status == "CANCELLED"
    assert "squared off" in str(stop.message)
    *_, ours = desk.account.orders.values()
    assert (ours.status, ours.placed_by, ours.terms.side, ours.filled) == ("COMPLETE", "RMS", "SELL", 10)
    assert desk.account.position(desk.infy, "MIS").net == 0
    assert (kept.status, desk.account.position(desk.infy, "CNC").net) == ("COMPLETE", 3)


def test_contracts_have_their_own_time_and_it_can_be_set(desk: Desk) -> None:
    desk.rules = replace(desk.rules, square_off_derivatives=time(15, 25))
    desk.book(desk.option, 10_000, 10_100)
    desk.send(desk.option, product="MIS", price=101)
    position = desk.account.position(desk.option, "MIS")
    desk.at("15:20")
    assert position.net == desk.option.instrument.lot
    desk.at("15:25")
    assert position.net == 0


def test_a_market_without_a_book_is_waited_for(desk: Desk) -> None:
    desk.book(desk.infy, 148_000, 148_100)
    desk.send(desk.infy, price=1481, quantity=10)
    desk.infy.bare()
    desk.at("15:10")
    desk.at("15:11")
    rms = [order for order in desk.account.orders.values() if order.placed_by]
    assert [order.status for order in rms] == ["OPEN"], "one order, not one a minute"
    desk.book(desk.infy, 147_000, 147_100)
    assert desk.account.position(desk.infy, "MIS").net == 0


def test_no_order_for_the_day_after_it(desk: Desk) -> None:
    desk.at("15:12")
    refused = desk.send(desk.infy, price=1481)
    assert "after the broker's square-off" in str(refused.message)
    assert desk.send(desk.infy, product="CNC", price=desk.infy.last / 100).status != "REJECTED"


def test_a_day_that_closes_early_ends_in_its_last_minute() -> None:
    desk = Desk(synthetic_market(7, date(2025, 10, 21), 1))
    desk.book(desk.infy, 148_000, 148_100)
    desk.send(desk.infy, price=1481, quantity=10)
    desk.at("14:43")
    assert desk.account.position(desk.infy, "MIS").net == 10
    desk.at("14:44")
    assert desk.account.position(desk.infy, "MIS").net == 0
