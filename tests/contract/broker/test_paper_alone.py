"""What paper does and Kite does not, each a difference on purpose."""

from dataclasses import replace

import pytest

from patang.errors import BrokerRefused
from tests.contract.broker.test_contract import bought, find, follow, is_refused, price, share
from tests.contract.broker.venues import PaperVenue


def test_the_same_tag_is_the_same_order_however_often_it_is_placed(paper: PaperVenue) -> None:
    request = share(paper, "BUY", 5, "-3")
    assert paper.broker.place(request) == paper.broker.place(request)
    assert len(paper.broker.orders()) == 1


def test_nothing_is_sold_short(paper: PaperVenue) -> None:
    assert is_refused(paper, share(paper, "SELL", 5, "-1"))
    bought(paper, 5)
    paper.broker.place(share(paper, "SELL", 5, "3", tag="rests1"))
    with pytest.raises(BrokerRefused, match="0 free"):
        paper.broker.place(share(paper, "SELL", 5, "3", tag="twice1"))


def test_what_is_bought_is_paid_in_full_with_its_charges(paper: PaperVenue) -> None:
    before = paper.broker.margins()["equity"]["net"]
    order = bought(paper, 10)
    value = float(order.average_price) * 10
    paid = before - paper.broker.margins()["equity"]["net"]
    assert value < paid < value * 1.002
    sold = follow(paper, paper.broker.place(share(paper, "SELL", 10, "-1", tag="sold1")))
    back = paper.broker.margins()["equity"]["net"] - (before - paid)
    assert float(sold.average_price) * 10 * 0.998 < back < float(sold.average_price) * 10


def test_a_stop_whose_price_has_passed_is_triggered_by_the_next_tick(paper: PaperVenue) -> None:
    """Paper does not know the last price when an order comes, so it cannot reject it as the exchange does."""
    bought(paper, 5)
    above = price(paper, "NSE:INFY", "1")
    stop = share(paper, "SELL", 5, "-1", order_type="SL", trigger_price=above, tag="stop1")
    assert follow(paper, paper.broker.place(stop)).status == "COMPLETE"


def test_a_market_order_has_no_price_to_say_before_what_it_blocks(paper: PaperVenue) -> None:
    market = share(paper, "BUY", 5, "0", order_type="MARKET", price=None, market_protection="-1")
    with pytest.raises(BrokerRefused, match="give a price"):
        paper.broker.order_margins([market])


def test_an_order_and_its_trades_outlive_the_instance(paper: PaperVenue) -> None:
    order = bought(paper, 10)
    again = paper.reopened()
    assert find(paper, order.order_id) == next(
        row for row in again.orders() if row.order_id == order.order_id
    )
    assert again.positions() == paper.broker.positions()
    assert again.trades() == paper.broker.trades()


def test_of_orders_above_the_funds_the_last_is_refused(paper: PaperVenue) -> None:
    last = float(price(paper, "NSE:INFY", "0"))
    half = int(550_000 / last)
    paper.broker.place(share(paper, "BUY", half, "-3", tag="first1"))
    with pytest.raises(BrokerRefused, match="Insufficient funds"):
        paper.broker.place(replace(share(paper, "BUY", half, "-3"), tag="second1"))
