"""What the owner does on the broker's own pages, over HTTP, and what the desk makes of it."""

from collections import Counter

import pytest

from patang.errors import SessionExpired


@pytest.fixture
def call(desk):
    """A call on NIFTY near the money."""
    floor = desk.simulator.exchange.floor
    spot = floor.by_key["NSE:NIFTY 50"].last
    calls = [
        line.instrument
        for key, line in floor.by_key.items()
        if key.startswith("NFO:NIFTY2") and key.endswith("CE") and line.last > 0
    ]
    first = min(row.expiry for row in calls)
    later = [row for row in calls if row.expiry > first] or calls
    return min(later, key=lambda row: abs(row.strike - spot)).tradingsymbol


def sold(desk, symbol, product, units=None):
    desk.owner("close", exchange="NFO" if symbol.endswith("CE") else "NSE", tradingsymbol=symbol,
               product=product, quantity=units, market_protection=5)  # fmt: skip


def kinds(answer):
    return [
        (found["kind"], "explained" in found and found["explained"] is not None)
        for found in answer["differences"]
    ]


def test_an_account_that_nobody_else_touches_agrees(desk, call):
    desk.buy("INFY", 20, "MIS")
    desk.buy("TCS", 5, "CNC")
    desk.buy(call, 65, "NRML")
    answer = desk.reconcile()
    assert (answer["clean"], answer["differences"], answer["looks"]) == (True, [], 1)
    assert answer["checked"] == {
        "orders": 4, "trades": len(desk.broker("main").trades()), "positions": 3, "holdings": 0,
        "funds": 1, "gtts": 2,
    }  # fmt: skip
    assert [p.protection.state for p in desk.positions()] == ["RESTING"] * 3


def test_what_the_owner_trades_is_his_and_counted(desk):
    desk.buy("INFY", 20, "MIS")
    desk.owner("place", exchange="NSE", tradingsymbol="TCS", transaction_type="BUY", quantity=4,
               order_type="MARKET", product="CNC", validity="DAY", market_protection=5)  # fmt: skip
    desk.owner("place", exchange="NSE", tradingsymbol="INFY", transaction_type="BUY", quantity=3,
               order_type="MARKET", product="MIS", validity="DAY", market_protection=5)  # fmt: skip
    answer = desk.reconcile()
    assert (answer["clean"], answer["differences"]) == (True, [])
    assert Counter({(f["symbol"], f["product"]): f["quantity"] for f in answer["foreign"]}) == Counter(
        {("TCS", "CNC"): 4, ("INFY", "MIS"): 3}
    )
    assert desk.resting_sells("INFY") == 20


@pytest.mark.parametrize(("product", "symbol"), [("MIS", "INFY"), ("CNC", "TCS"), ("NRML", "call")])
def test_a_position_sold_by_hand_loses_its_protection_first_and_is_closed_at_the_price(
    desk, call, product, symbol
):
    symbol = call if symbol == "call" else symbol
    position = desk.buy(symbol, 65 if product == "NRML" else 20, product)
    assert desk.resting_sells(symbol) == position.quantity
    sold(desk, symbol, product)
    answer = desk.reconcile()
    assert (answer["clean"], answer["looks"], kinds(answer)) == (True, 2, [("HOLDING_SHORT", True)])
    (waiting,) = desk.positions()
    assert (waiting.state, waiting.open_quantity) == ("OPEN", 0)
    desk.settle()
    assert desk.resting_sells(symbol) == 0
    assert desk.reconcile()["clean"]
    (closed,) = desk.positions()
    assert (closed.state, closed.exit_reason) == ("CLOSED", "CLOSED_EXTERNALLY")
    trades = [t for t in desk.broker("main").trades() if t.transaction_type == "SELL"]
    paid = sum(t.quantity * float(t.price) for t in trades) / sum(t.quantity for t in trades)
    assert float(closed.exit_price) == pytest.approx(paid, abs=0.001)
    answer = desk.reconcile()
    assert (answer["clean"], answer["differences"], answer["foreign"]) == (True, [], [])


def test_a_part_that_is_sold_makes_protection_and_position_smaller(desk):
    desk.buy("INFY", 20, "MIS")
    sold(desk, "INFY", "MIS", 8)
    desk.reconcile()
    desk.settle()
    assert desk.resting_sells("INFY") == 12
    desk.reconcile()
    (left,) = desk.positions()
    assert (left.state, left.open_quantity, left.exited_quantity) == ("OPEN", 12, 8)
    assert desk.reconcile()["differences"] == []


def test_a_position_converted_by_hand_goes_on_as_the_other_product(desk):
    desk.buy("INFY", 20, "MIS")
    desk.owner("convert", exchange="NSE", tradingsymbol="INFY", transaction_type="BUY", position_type="day",
               quantity=20, old_product="MIS", new_product="CNC")  # fmt: skip
    answer = desk.reconcile()
    assert kinds(answer) == [("HOLDING_SHORT", True)]
    assert answer["differences"][0]["explained"] == "converted by hand to CNC"
    desk.settle()
    desk.reconcile()
    (goes_on,) = desk.positions()
    assert (goes_on.product, goes_on.open_quantity) == ("CNC", 20)
    assert desk.reconcile()["clean"]


def test_protection_that_the_owner_takes_away_is_laid_again(desk):
    desk.buy("TCS", 5, "CNC")
    (gtt,) = desk.broker("main").gtts()
    desk.owner("end_gtt", trigger_id=gtt.gtt_id)
    desk.settle()
    assert desk.resting_sells("TCS") == 5
    assert desk.reconcile()["differences"] == []


def test_what_nobody_can_explain_stops_entries_until_it_is_gone_and_somebody_resumes(desk):
    desk.buy("INFY", 20, "MIS")
    account = desk.simulator.exchange.accounts["AB1234"]
    (held,) = account.positions.values()
    held.buy_quantity -= 5
    answer = desk.reconcile()
    assert (answer["clean"], answer["looks"], kinds(answer)) == (False, 2, [("HOLDING_SHORT", False)])
    assert desk.waits == [3.0]
    assert desk.risk_state().state == "REDUCING"
    assert not desk.halts().resume("main", "owner", desk.now())
    (position,) = desk.positions()
    assert (position.state, position.open_quantity) == ("OPEN", 20)
    held.buy_quantity += 5
    assert desk.reconcile()["clean"]
    assert desk.halts().resume("main", "owner", desk.now())
    assert desk.risk_state().state == "ACTIVE"


def test_a_session_that_is_gone_leaves_the_verdict_before_as_it_was(desk):
    desk.buy("INFY", 20, "MIS")
    assert desk.reconcile()["clean"]
    desk.owner("log_in_elsewhere")
    answer = desk.reconcile()
    assert (answer["clean"], answer["error"].partition(":")[0]) == (False, SessionExpired.__name__)
    done = desk.reconciler().run(desk.now())
    assert done["accounts"] == {"main": "SESSION_EXPIRED"}


def test_every_function_of_the_minute_runs_against_the_exchange(desk):
    desk.buy("INFY", 20, "MIS")
    done = desk.reconciler().run(desk.now())
    assert done["accounts"] == {"main": "2 orders followed, books agree"}
    assert desk.poll_queue.tickets[-1][1] == 5
    ticket, _ = desk.poll_queue.tickets[-1]
    assert desk.polling().poll(ticket) == "POLLED"
