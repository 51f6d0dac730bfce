"""The broker's port on the official client against the simulated exchange."""

from dataclasses import replace
from datetime import datetime

import pytest

from patang.errors import BrokerRefused, OutcomeUnknown, TryAgain
from patang.market.sessions import IST
from tests.contract.kite.simulated_desk import resting_order, tell


@pytest.fixture
def resting(simulator):
    return resting_order(simulator)


def test_an_order_comes_back_in_the_book_with_its_tag(desk, resting):
    order_id = desk.broker("main").place(resting)
    (order,) = desk.broker("main").orders()
    assert (order.order_id, order.tag, order.quantity) == (order_id, "tag0001", 5)
    assert order.updated_at.tzinfo is IST
    assert isinstance(order.raw["order_timestamp"], str)


def test_a_resting_order_is_changed_and_cancelled(desk, resting):
    broker = desk.broker("main")
    order_id = broker.place(resting)
    broker.modify("regular", order_id, {"quantity": "3"})
    broker.cancel("regular", order_id)
    (order,) = broker.orders()
    assert (order.status, order.quantity) == ("CANCELLED", 3)


def test_a_clean_refusal_carries_the_brokers_words(desk, resting):
    with pytest.raises(BrokerRefused, match="does not exist"):
        desk.broker("main").place(replace(resting, tradingsymbol="NOSUCH"))
    assert desk.broker("main").orders() == []


@pytest.mark.parametrize("fault", ["timeout", "timed_out_400", "http_500"])
def test_a_send_without_a_clear_reply_has_an_unknown_outcome(desk, simulator, resting, fault):
    tell(simulator, "fault", kind=fault, delay=1.5)
    with pytest.raises(OutcomeUnknown):
        desk.broker("main").place(resting)


def test_a_broker_that_is_away_makes_a_read_try_again_and_a_send_certain(desk, simulator, resting):
    simulator.stop()
    with pytest.raises(TryAgain, match="could not be reached"):
        desk.broker("main").orders()
    with pytest.raises(TryAgain):
        desk.broker("main").place(resting)


def test_a_broker_of_a_mode_that_was_left_meanwhile_sends_nothing(desk, resting):
    broker, simulated = desk.broker("main", "simulator"), desk.settings()
    desk.use(simulated.model_copy(update={"mode": "live"}))
    with pytest.raises(TryAgain, match="nothing was sent"):
        broker.place(resting)
    desk.use(simulated)
    assert broker.orders() == []


def test_history_of_a_long_range_is_fetched_in_pieces_and_ordered(desk):
    (infy,) = [row for row in desk.market_data().instruments("NSE") if row["tradingsymbol"] == "INFY"]
    start = datetime(2026, 1, 1, 9, 15, tzinfo=IST)
    end = datetime(2026, 8, 17, 15, 30, tzinfo=IST)
    candles = desk.market_data().candles(infy["instrument_token"], start, end, "minute")
    times = [candle["date"] for candle in candles]
    assert times == sorted(set(times))
    assert times[0].utcoffset() == times[0].astimezone(IST).utcoffset()
    assert times[-1].date() == end.date()


def test_money_and_positions_are_read(desk):
    assert desk.broker("main").margins()["equity"]["net"] > 0
    assert desk.broker("main").positions() == []
