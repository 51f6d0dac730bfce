"""Everything that can be read of an account: of the simulated exchange over HTTP, and of paper."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal

import pytest

from patang.errors import BadInput, Refused, SessionExpired
from patang.execution.market_clock import MarketClock
from patang.market.sessions import IST
from patang.records import create
from tests.contract.kite.simulated_desk import resting_order, tell


@pytest.fixture
def reads(desk):
    return desk.broker_reads("main")


def test_the_account_and_its_book(desk, simulator, reads):
    resting = resting_order(simulator)
    order_id = desk.broker("main").place(resting)
    assert reads.profile().user_id == "AB1234"
    assert reads.funds().equity.net > 0
    (order,) = reads.orders()
    assert (order.order_id, order.tag, order.price) == (order_id, "tag0001", Decimal(resting.price))
    assert order.order_timestamp.tzinfo is not None
    history = reads.order_history(order_id)
    assert [history[0].status, history[-1].status] == ["PUT ORDER REQ RECEIVED", "OPEN"]
    assert reads.trades() == reads.order_trades(order_id) == reads.holdings() == reads.auctions() == ()
    assert (reads.positions().net, reads.triggers()) == ((), ())


def test_the_market(reads):
    (quote,) = reads.quotes(["NSE:INFY", "NSE:NOSUCH"]).values()
    assert len(quote.depth.buy) == 5
    assert quote.lower_circuit_limit < quote.last_price < quote.upper_circuit_limit
    token = quote.instrument_token
    start, end = datetime(2026, 8, 17, 9, 15, tzinfo=IST), datetime(2026, 8, 17, 10, 0, tzinfo=IST)
    candles = reads.candles(token, start, end, "5minute", continuous=False)
    assert (candles[0].date, candles[0].low <= candles[0].close <= candles[0].high) == (start, True)
    assert reads.trigger_ranges("BUY", ["NSE:INFY"])["NSE:INFY"].upper > 0


def test_what_orders_would_block_and_cost(simulator, reads):
    order = replace(resting_order(simulator), quantity=10, product="CNC")
    (margin,) = reads.order_margins([order])
    assert margin.total == pytest.approx(Decimal(order.price) * 10)
    assert reads.basket_margin([order, order], consider_positions=False).initial.total == margin.total * 2
    (note,) = reads.charges([order])
    assert note.charges.total > note.charges.transaction_tax > 0


def test_mutual_funds_and_alerts(simulator, reads):
    (held,) = reads.fund_holdings()
    assert held.tradingsymbol in {fund.tradingsymbol for fund in reads.funds_listed()}
    (ordered,), (sip,) = reads.fund_orders(), reads.fund_sips()
    assert reads.fund_order(ordered.order_id) == ordered
    assert reads.fund_sip(sip.sip_id) == sip
    assert reads.alerts() == ()
    with pytest.raises(Refused, match="not found"):
        reads.alert("00000001-0000-4000-8000-000000000000")


def test_what_is_no_id_reaches_no_address(reads):
    for call in (reads.order_history, reads.order_trades, reads.trigger, reads.alert, reads.fund_order):
        with pytest.raises(BadInput, match="no id"):
            call("../user/margins")


def test_on_paper_the_book_is_papers_and_the_person_the_brokers(desk, simulator):
    desk.broker("main").place(resting_order(simulator))
    desk.use(desk.settings().model_copy(update={"mode": "paper"}))
    now = desk.clock.now()
    desk.store.write(create(MarketClock(market_time=now, seen_at=now)))
    paper = desk.broker_reads("main")
    assert paper.profile().user_id == "AB1234"
    assert paper.orders() == paper.trades() == paper.triggers() == ()
    order_id = desk.broker("main").place(resting_order(simulator))
    (order,) = paper.orders()
    assert (order.order_id, paper.order_history(order_id)) == (order_id, (order,))
    assert paper.funds().equity.net < paper.funds().equity.available.cash
    assert paper.last_prices(["NSE:INFY"]).keys() == {"NSE:INFY"}
    with pytest.raises(Refused, match="no order"):
        paper.order_trades("P1")


def test_a_session_that_is_over_is_noticed(desk, simulator, reads):
    tell(simulator, "owner", action="log_in_elsewhere")
    with pytest.raises(SessionExpired):
        reads.profile()
    assert desk.accounts().session("main").state == "EXPIRED"
