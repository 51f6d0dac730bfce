"""What every broker does: the same tests against Kite's adapter over HTTP and against paper."""

from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from patang.errors import BrokerRefused, Refused
from patang.market.sessions import IST
from patang.ports import BrokerOrder, BrokerPosition, ConversionRequest, Gtt, GttLeg, GttRequest, OrderRequest
from tests.contract.broker.venues import CARRIED, HELD, Venue

ENDED = ("COMPLETE", "CANCELLED", "REJECTED")
INFY = "NSE:INFY"


def price(venue: Venue, key: str, percent: str) -> str:
    """A price on the tick, so many percent of the last one away."""
    line = venue.line(key)
    tick = Decimal(line.instrument.tick) / 100
    wanted = Decimal(line.last) / 100 * (100 + Decimal(percent)) / 100
    return str((wanted / tick).quantize(Decimal(1), ROUND_HALF_UP) * tick)


def share(venue: Venue, side: str, quantity: int, percent: str, **terms: Any) -> OrderRequest:
    """A LIMIT order for INFY, MIS, so many percent from the last price."""
    request = OrderRequest("regular", "NSE", "INFY", side, quantity, "LIMIT", "MIS", "DAY", "tag0001")
    return replace(request, **({"price": price(venue, INFY, percent)} | terms))


def find(venue: Venue, order_id: str) -> BrokerOrder:
    return next(order for order in venue.broker.orders() if order.order_id == order_id)


def follow(venue: Venue, order_id: str, step: int = 5) -> BrokerOrder:
    """The order once it has ended, looked at every so many seconds, 30 times at most."""
    for _ in range(30):
        order = find(venue, order_id)
        if order.status in ENDED:
            return order
        venue.play(step)
    return find(venue, order_id)


def position(venue: Venue, symbol: str, product: str) -> BrokerPosition | None:
    rows = venue.broker.positions()
    return next((row for row in rows if (row.tradingsymbol, row.product) == (symbol, product)), None)


def bought(venue: Venue, quantity: int, product: str = "MIS") -> BrokerOrder:
    """Shares bought at the market."""
    order_id = venue.broker.place(share(venue, "BUY", quantity, "1", product=product, tag="bought1"))
    order = follow(venue, order_id)
    assert order.status == "COMPLETE"
    return order


def net_funds(venue: Venue) -> float:
    return float(venue.broker.margins()["equity"]["net"])


def is_refused(venue: Venue, request: OrderRequest) -> bool:
    """Refused at once, or rejected in the order book: a broker may do either."""
    try:
        order_id = venue.broker.place(request)
    except BrokerRefused:
        return True
    venue.play(1)
    return find(venue, order_id).status == "REJECTED"


def test_an_order_stands_in_the_book_with_its_tag_and_terms(venue: Venue) -> None:
    request = share(venue, "BUY", 5, "-3")
    order_id = venue.broker.place(request)
    venue.play(2)
    (order,) = venue.broker.orders()
    assert (order.order_id, order.tag, order.status) == (order_id, "tag0001", "OPEN")
    assert (order.exchange, order.tradingsymbol, order.transaction_type) == ("NSE", "INFY", "BUY")
    assert (order.quantity, order.filled_quantity, Decimal(order.average_price)) == (5, 0, 0)
    assert Decimal(str(order.raw["price"])) == Decimal(request.price or "")
    assert order.updated_at is not None
    assert order.updated_at.tzinfo is IST


def test_a_fill_is_told_by_order_trades_position_and_funds_alike(venue: Venue) -> None:
    before = net_funds(venue)
    order = bought(venue, 10)
    limit = Decimal(str(order.raw["price"]))
    assert (order.filled_quantity, order.quantity) == (10, 10)
    assert 0 < Decimal(order.average_price) <= limit
    trades = venue.broker.trades()
    assert {trade.order_id for trade in trades} == {order.order_id}
    assert sum(trade.quantity for trade in trades) == 10
    value = sum(Decimal(trade.price) * trade.quantity for trade in trades)
    assert abs(value / 10 - Decimal(order.average_price)) < Decimal("0.01")
    assert all(trade.traded_at.tzinfo is not None and trade.product == "MIS" for trade in trades)
    assert len({trade.trade_id for trade in trades}) == len(trades)
    held = position(venue, "INFY", "MIS")
    assert held is not None
    assert (held.exchange, held.quantity, held.overnight_quantity, held.multiplier) == ("NSE", 10, 0, 1)
    assert abs(Decimal(held.average_price) - Decimal(order.average_price)) < Decimal("0.01")
    assert Decimal(held.last_price) > 0
    assert net_funds(venue) < before


def test_what_was_sold_again_stands_with_nothing(venue: Venue) -> None:
    bought(venue, 10)
    sold = follow(venue, venue.broker.place(share(venue, "SELL", 10, "-1", tag="sold1")))
    assert sold.status == "COMPLETE"
    held = position(venue, "INFY", "MIS")
    assert held is not None
    assert held.quantity == 0


def test_a_resting_order_is_changed_and_cancelled_and_then_left_alone(venue: Venue) -> None:
    broker = venue.broker
    order_id = broker.place(share(venue, "BUY", 5, "-3"))
    venue.play(2)
    better = price(venue, INFY, "-2.5")
    broker.modify("regular", order_id, {"quantity": "3", "price": better})
    venue.play(2)
    order = find(venue, order_id)
    assert (order.quantity, Decimal(str(order.raw["price"]))) == (3, Decimal(better))
    broker.cancel("regular", order_id)
    venue.play(2)
    assert find(venue, order_id).status == "CANCELLED"
    for late in (
        lambda: broker.cancel("regular", order_id),
        lambda: broker.modify("regular", order_id, {"price": better}),
    ):
        with pytest.raises(BrokerRefused):
            late()
    assert broker.positions() == []


def test_a_cancelled_order_gives_its_money_back(venue: Venue) -> None:
    before = net_funds(venue)
    order_id = venue.broker.place(share(venue, "BUY", 5, "-3"))
    venue.play(2)
    assert net_funds(venue) < before
    venue.broker.cancel("regular", order_id)
    venue.play(2)
    assert net_funds(venue) == before


@pytest.mark.parametrize(
    "wrong",
    [
        {"tradingsymbol": "NOSUCH"},
        {"quantity": 0},
        {"price": None},
        {"price": "1500.03"},
        {"tag": "x" * 21},
        {"tag": "not-this"},
        {"product": "NRML"},
        {"order_type": "MARKET", "price": None},
        {"order_type": "SL"},
        {"quantity": 50_000},
        {"validity": "TTL"},
    ],
)
def test_what_no_exchange_takes_is_refused_and_trades_nothing(venue: Venue, wrong: dict[str, Any]) -> None:
    before = net_funds(venue)
    assert is_refused(venue, replace(share(venue, "BUY", 5, "1"), **wrong))
    assert venue.broker.trades() == []
    assert net_funds(venue) == before


def test_an_option_has_lots_a_freeze_quantity_and_no_market_stops(venue: Venue) -> None:
    cheap = option(venue)
    wrong = (
        {"quantity": 64},
        {"quantity": 65 * 28},
        {"order_type": "SL-M", "trigger_price": price(venue, key(cheap), "20"), "market_protection": "-1"},
    )
    assert all(is_refused(venue, replace(cheap, **terms)) for terms in wrong)


def test_an_order_nobody_has_is_refused(venue: Venue) -> None:
    with pytest.raises(BrokerRefused):
        venue.broker.cancel("regular", "999999999999999")
    with pytest.raises(BrokerRefused):
        venue.broker.modify("regular", "999999999999999", {"price": "1"})


def falling(venue: Venue) -> str:
    """The share that falls farthest within the half hour from 09:25."""
    symbols = [row.tradingsymbol for row in venue.listed() if row.segment == "NSE"]

    def change(symbol: str) -> float:
        bars = venue.bars(symbol)[10:40]
        return min(bar.low for bar in bars) / bars[0].open

    return min(symbols, key=change)


def test_a_stop_rests_until_its_price_is_reached_and_then_sells(venue: Venue) -> None:
    symbol = falling(venue)
    name = f"NSE:{symbol}"
    buy = share(venue, "BUY", 10, "1", tradingsymbol=symbol, price=price(venue, name, "1"))
    assert follow(venue, venue.broker.place(buy)).status == "COMPLETE"
    terms = {"order_type": "SL", "trigger_price": price(venue, name, "-0.1"), "tag": "stop1"}
    stop = replace(buy, transaction_type="SELL", price=price(venue, name, "-1"), **terms)
    order_id = venue.broker.place(stop)
    assert find(venue, order_id).status == "TRIGGER PENDING"
    sold = follow(venue, order_id, 60)
    assert (sold.status, sold.filled_quantity) == ("COMPLETE", 10)
    assert Decimal(stop.price or "") <= Decimal(sold.average_price)
    held = position(venue, symbol, "MIS")
    assert held is not None
    assert held.quantity == 0


def test_a_stop_becomes_the_exit_and_nothing_is_sold_twice(venue: Venue) -> None:
    bought(venue, 10)
    stop = share(venue, "SELL", 10, "-4", order_type="SL", trigger_price=price(venue, INFY, "-3"))
    order_id = venue.broker.place(replace(stop, tag="stop1"))
    venue.play(2)
    assert find(venue, order_id).status == "TRIGGER PENDING"
    venue.broker.modify("regular", order_id, {"order_type": "LIMIT", "price": price(venue, INFY, "-1")})
    sold = follow(venue, order_id)
    assert (sold.status, sold.filled_quantity) == ("COMPLETE", 10)
    sales = [order for order in venue.broker.orders() if order.transaction_type == "SELL"]
    assert [order.order_id for order in sales] == [order_id]


def test_an_order_for_now_or_never_is_cancelled_if_nobody_takes_it(venue: Venue) -> None:
    order_id = venue.broker.place(share(venue, "BUY", 5, "-3", validity="IOC"))
    order = follow(venue, order_id)
    assert (order.status, order.filled_quantity) == ("CANCELLED", 0)


def test_an_order_of_some_minutes_ends_with_them(venue: Venue) -> None:
    order_id = venue.broker.place(share(venue, "BUY", 5, "-3", validity="TTL", validity_ttl=2))
    venue.play(100)
    assert find(venue, order_id).status == "OPEN"
    venue.play(40)
    assert find(venue, order_id).status == "CANCELLED"


def test_a_market_order_with_protection_is_filled_near_the_price(venue: Venue) -> None:
    last = Decimal(venue.line(INFY).last) / 100
    market = share(venue, "BUY", 10, "0", order_type="MARKET", price=None, market_protection="-1")
    order = follow(venue, venue.broker.place(market))
    assert order.status == "COMPLETE"
    assert abs(Decimal(order.average_price) / last - 1) < Decimal("0.01")


def test_shares_of_the_demat_account_are_sold_once(venue: Venue) -> None:
    itc = replace(share(venue, "SELL", HELD, "0"), tradingsymbol="ITC", product="CNC", tag="sold1")
    itc = replace(itc, price=price(venue, "NSE:ITC", "-1"))
    (held,) = venue.broker.holdings()
    assert (held.tradingsymbol, held.quantity, held.t1_quantity, held.used_quantity) == (
        "ITC",
        HELD,
        CARRIED,
        0,
    )
    assert is_refused(venue, replace(itc, quantity=HELD + CARRIED + 1, tag="toomany1"))
    assert follow(venue, venue.broker.place(itc)).status == "COMPLETE"
    (held,) = venue.broker.holdings()
    assert (held.quantity, held.t1_quantity, held.used_quantity) == (0, CARRIED, HELD)
    sold = position(venue, "ITC", "CNC")
    assert sold is not None
    assert sold.quantity == -HELD
    resting = replace(itc, quantity=CARRIED, price=price(venue, "NSE:ITC", "3"), tag="rests1")
    venue.broker.place(resting)
    venue.play(2)
    assert is_refused(venue, replace(itc, quantity=1, tag="twice1"))


def test_a_position_changes_its_product(venue: Venue) -> None:
    bought(venue, 10)
    ask = ConversionRequest("NSE", "INFY", "BUY", "day", 4, "MIS", "CNC")
    venue.broker.convert_position(ask)
    products = {row.product: row.quantity for row in venue.broker.positions()}
    assert products == {"MIS": 6, "CNC": 4}
    for wrong in ({"quantity": 7}, {"new_product": "NRML"}, {"position_type": "overnight"}):
        with pytest.raises(BrokerRefused):
            venue.broker.convert_position(replace(ask, **wrong))
    assert {row.product: row.quantity for row in venue.broker.positions()} == products


def key(request: OrderRequest) -> str:
    return f"{request.exchange}:{request.tradingsymbol}"


def option(venue: Venue) -> OrderRequest:
    """One lot of a NIFTY call of about 100 rupees, far below its price."""
    calls = [
        row
        for row in venue.listed()
        if row.name == "NIFTY" and row.kind == "CE" and venue.line(row.key).bid and venue.line(row.key).ask
    ]
    row = min(calls, key=lambda call: abs(venue.line(call.key).last - 100_00))
    request = OrderRequest("regular", "NFO", row.tradingsymbol, "BUY", 65, "LIMIT", "NRML", "DAY", "tag0001")
    return replace(request, price=price(venue, key(request), "-20"))


def test_what_is_above_the_freeze_quantity_is_cut_into_orders_of_one_tag(venue: Venue) -> None:
    request = replace(option(venue), quantity=65 * 30, tag="sliced1")
    results = venue.broker.place_sliced(request)
    venue.play(2)
    placed = {result.order_id for result in results}
    orders = [order for order in venue.broker.orders() if order.tag == "sliced1"]
    assert {order.order_id for order in orders} == placed
    assert sorted(order.quantity for order in orders) == [65 * 3, 65 * 27]
    with pytest.raises(BrokerRefused):
        venue.broker.place_sliced(replace(request, quantity=65 * 280, tag="sliced2"))
    with pytest.raises(BrokerRefused):
        venue.broker.place_sliced(replace(request, quantity=65, tag="sliced3"))


def test_what_orders_would_block_is_known_before(venue: Venue) -> None:
    small, large = share(venue, "BUY", 5, "0", product="CNC"), share(venue, "BUY", 10, "0", product="CNC")
    rows = venue.broker.order_margins([small, large])
    assert [row["tradingsymbol"] for row in rows] == ["INFY", "INFY"]
    value = Decimal(small.price or "") * 5
    assert Decimal(str(rows[0]["total"])) == pytest.approx(value, rel=Decimal("0.01"))
    assert rows[1]["total"] == pytest.approx(rows[0]["total"] * 2, rel=0.01)
    basket = venue.broker.basket_margins([small, large])
    assert 0 < basket["final"]["total"] <= basket["initial"]["total"]
    assert basket["initial"]["total"] == pytest.approx(rows[0]["total"] + rows[1]["total"], rel=0.01)
    # As the desk asks: before an order has its intent, which is its tag.
    assert venue.broker.order_margins([replace(small, tag="")]) == rows[:1]
    assert venue.broker.orders() == []
    with pytest.raises(Refused):
        venue.broker.order_margins([replace(small, tradingsymbol="NOSUCH")])


def test_the_account_says_whose_it_is_and_whether_shares_may_leave(venue: Venue) -> None:
    profile = venue.broker.profile()
    assert profile["user_id"]
    assert profile["meta"]["demat_consent"] == "consent"


def trigger(venue: Venue, *percents: str, quantity: int = 10) -> GttRequest:
    """A trigger of one or two legs on INFY, that sells a little below where each is reached."""
    values = tuple(price(venue, INFY, percent) for percent in percents)
    legs = tuple(
        GttLeg("SELL", quantity, "CNC", price(venue, INFY, str(Decimal(percent) - 1))) for percent in percents
    )
    kind = "single" if len(values) == 1 else "two-leg"
    return GttRequest(kind, "NSE", "INFY", values, price(venue, INFY, "0"), legs)


def active(venue: Venue, gtt_id: str) -> Gtt:
    return next(gtt for gtt in venue.broker.gtts() if gtt.gtt_id == gtt_id)


def until_triggered(venue: Venue, gtt_id: str) -> Gtt:
    for _ in range(70):
        found = active(venue, gtt_id)
        if found.status != "active":
            return found
        venue.play(300)
    raise AssertionError(f"trigger {gtt_id} was not reached")


def test_a_trigger_is_kept_changed_and_deleted(venue: Venue) -> None:
    request = trigger(venue, "-5")
    gtt_id = venue.broker.place_gtt(request)
    kept = active(venue, gtt_id)
    assert (kept.status, kept.order_ids) == ("active", (None,))
    assert decimals(kept.request) == decimals(request)
    assert kept.created_at.tzinfo is not None
    lower = trigger(venue, "-6", quantity=7)
    venue.broker.modify_gtt(gtt_id, lower)
    assert decimals(active(venue, gtt_id).request) == decimals(lower)
    venue.broker.delete_gtt(gtt_id)
    assert all(gtt.status == "deleted" for gtt in venue.broker.gtts() if gtt.gtt_id == gtt_id)
    late: tuple[Callable[[], None], ...] = (
        lambda: venue.broker.delete_gtt(gtt_id),
        lambda: venue.broker.modify_gtt(gtt_id, lower),
        lambda: venue.broker.delete_gtt("999"),
    )
    for change in late:
        with pytest.raises(BrokerRefused):
            change()
    assert venue.broker.orders() == []


def decimals(request: GttRequest) -> tuple[Any, ...]:
    """A trigger's terms with its prices as numbers: brokers write them with more or fewer zeros."""
    legs = [(leg.transaction_type, leg.quantity, leg.product, Decimal(leg.price)) for leg in request.legs]
    values = [Decimal(value) for value in request.trigger_values]
    return request.kind, request.exchange, request.tradingsymbol, values, Decimal(request.last_price), legs


@pytest.mark.parametrize(
    "wrong",
    [
        {"trigger_values": ("1",), "kind": "two-leg"},
        {"last_price": "0"},
        {"tradingsymbol": "NOSUCH"},
        {"legs": (GttLeg("SELL", 10, "MIS", "1500"),)},
        {"legs": (GttLeg("SELL", 10, "CNC", "1500", "MARKET"),)},
        {"legs": (GttLeg("SELL", 0, "CNC", "1500"),)},
    ],
)
def test_a_trigger_that_cannot_be_is_refused(venue: Venue, wrong: dict[str, Any]) -> None:
    with pytest.raises(BrokerRefused):
        venue.broker.place_gtt(replace(trigger(venue, "-5"), **wrong))
    assert venue.broker.gtts() == []


def test_a_trigger_too_near_the_price_is_refused(venue: Venue) -> None:
    with pytest.raises(BrokerRefused, match=r"0\.25"):
        venue.broker.place_gtt(trigger(venue, "-0.1"))
    with pytest.raises(BrokerRefused):
        venue.broker.place_gtt(trigger(venue, "1", "2"))


def test_of_two_triggers_the_first_reached_sells_and_the_other_is_gone(venue: Venue) -> None:
    bought(venue, 10, "CNC")
    gtt_id = venue.broker.place_gtt(trigger(venue, "-0.4", "0.4"))
    done = until_triggered(venue, gtt_id)
    assert done.status == "triggered"
    (child,) = [order_id for order_id in done.order_ids if order_id is not None]
    sold = follow(venue, child)
    assert (sold.status, sold.transaction_type, sold.filled_quantity) == ("COMPLETE", "SELL", 10)
    assert sold.tag == ""
    held = position(venue, "INFY", "CNC")
    assert held is not None
    assert held.quantity == 0
    assert len([order for order in venue.broker.orders() if order.transaction_type == "SELL"]) == 1


def test_a_trigger_for_shares_that_are_gone_sells_nothing(venue: Venue) -> None:
    gtt_id = venue.broker.place_gtt(trigger(venue, "-0.4", "0.4"))
    done = until_triggered(venue, gtt_id)
    assert done.status != "active"
    assert done.order_ids == (None, None)
    assert venue.broker.trades() == []


@pytest.mark.parametrize("start", ["15:12:00"])
def test_a_days_orders_end_with_the_day(venue: Venue) -> None:
    resting = option(venue)
    stop = replace(
        resting,
        order_type="SL",
        trigger_price=price(venue, key(resting), "15"),
        price=price(venue, key(resting), "20"),
        tag="stop1",
    )
    placed = [venue.broker.place(resting), venue.broker.place(stop)]
    venue.play(2)
    assert [find(venue, order_id).status for order_id in placed] == ["OPEN", "TRIGGER PENDING"]
    venue.play(30 * 60)
    assert [find(venue, order_id).status for order_id in placed] == ["CANCELLED", "CANCELLED"]


def test_other_varieties_are_placed_and_cancelled_by_their_name(venue: Venue) -> None:
    iceberg = share(
        venue, "BUY", 100, "-3", variety="iceberg", iceberg_legs=5, iceberg_quantity=20, tag="ice1"
    )
    cover = share(
        venue, "BUY", 5, "-3", variety="co", trigger_price=price(venue, "NSE:INFY", "-5"), tag="cover1"
    )
    for request in (iceberg, cover):
        order_id = venue.broker.place(request)
        venue.play(1)
        assert find(venue, order_id).raw["variety"] == request.variety
        venue.broker.cancel(request.variety, order_id)
        venue.play(1)
        assert find(venue, order_id).status == "CANCELLED"


def test_a_cover_orders_second_leg_is_the_way_out(venue: Venue) -> None:
    cover = share(
        venue, "BUY", 5, "1", variety="co", trigger_price=price(venue, "NSE:INFY", "-2"), tag="cover1"
    )
    parent = follow(venue, venue.broker.place(cover))
    assert parent.status == "COMPLETE"
    (stop,) = [order for order in venue.broker.orders() if order.order_id != parent.order_id]
    assert (stop.transaction_type, stop.raw["parent_order_id"]) == ("SELL", parent.order_id)
    venue.broker.cancel("co", stop.order_id, parent.order_id)
    assert follow(venue, stop.order_id).status == "COMPLETE"
    assert all(row.quantity == 0 for row in venue.broker.positions())


def test_a_cover_orders_stop_sells_by_itself_and_its_trigger_can_be_moved(venue: Venue) -> None:
    cover = share(venue, "BUY", 5, "1", variety="co", trigger_price=price(venue, INFY, "-4"), tag="cover1")
    parent = follow(venue, venue.broker.place(cover))
    (stop,) = [order for order in venue.broker.orders() if order.order_id != parent.order_id]
    assert (stop.status, stop.quantity, stop.tag) == ("TRIGGER PENDING", 5, "cover1")
    nearer = price(venue, INFY, "-0.02")
    venue.broker.modify("co", stop.order_id, {"trigger_price": nearer}, parent.order_id)
    assert follow(venue, stop.order_id).status == "COMPLETE"
    assert all(row.quantity == 0 for row in venue.broker.positions())


def test_the_legs_of_an_iceberg_come_one_after_another(venue: Venue) -> None:
    request = share(venue, "BUY", 25, "1", variety="iceberg", iceberg_legs=3, iceberg_quantity=10, tag="ice1")
    first = venue.broker.place(request)
    seen = set()
    for _ in range(30):
        venue.play(2)
        legs = venue.broker.orders()
        seen.add(sum(leg.status not in ENDED for leg in legs))
        if sum(leg.filled_quantity for leg in legs) == 25:
            break
    legs = venue.broker.orders()
    assert seen <= {0, 1}
    assert legs[0].order_id == first or first in {leg.order_id for leg in legs}
    assert sorted(leg.quantity for leg in legs) == [5, 10, 10]
    assert {(leg.tag, leg.status) for leg in legs} == {("ice1", "COMPLETE")}
    told = sorted(
        (leg.raw["meta"]["iceberg"]["leg"], leg.raw["meta"]["iceberg"]["remaining_quantity"]) for leg in legs
    )
    assert told == [(1, 15), (2, 5), (3, 0)]


def test_what_a_variety_does_not_allow_is_refused(venue: Venue) -> None:
    wrong: list[tuple[str, dict[str, Any]]] = [
        ("auction", {}),
        ("auction", {"transaction_type": "SELL", "product": "CNC", "auction_number": "7"}),
        ("co", {}),
        ("co", {"product": "CNC", "trigger_price": "1"}),
        ("iceberg", {"iceberg_legs": 1, "iceberg_quantity": 5}),
        ("iceberg", {"iceberg_legs": 2, "iceberg_quantity": 1}),
        ("amo", {}),
    ]
    for number, (variety, terms) in enumerate(wrong):
        request = share(venue, "BUY", 5, "-3", variety=variety, tag=f"wrong{number}", **terms)
        assert is_refused(venue, request), (variety, terms)


@pytest.mark.parametrize("start", ["09:14:30"])
def test_an_after_market_order_goes_to_the_exchange_when_that_opens(venue: Venue) -> None:
    request = replace(share(venue, "BUY", 5, "-4"), variety="amo", tag="amo1")
    order_id = venue.broker.place(request)
    venue.play(5)
    assert find(venue, order_id).status == "AMO REQ RECEIVED"
    venue.play(40)
    assert find(venue, order_id).status == "OPEN"
    venue.broker.cancel("amo", order_id)
    venue.play(2)
    assert find(venue, order_id).status == "CANCELLED"


def test_the_broker_ends_what_is_intraday_at_his_hour(venue: Venue) -> None:
    venue.end_intraday_at("09:22")
    bought(venue, 5)
    resting = venue.broker.place(share(venue, "BUY", 5, "-4", tag="rests1"))
    venue.play(125)
    ended = find(venue, resting)
    assert ended.status == "CANCELLED"
    assert "squared off" in ended.status_message
    (by_broker,) = [order for order in venue.broker.orders() if order.raw["placed_by"] == "RMS"]
    by_broker = follow(venue, by_broker.order_id)
    assert (by_broker.transaction_type, by_broker.filled_quantity, by_broker.tag) == ("SELL", 5, "")
    assert all(row.quantity == 0 for row in venue.broker.positions())
    assert is_refused(venue, share(venue, "BUY", 5, "-1", tag="late1"))
    assert not is_refused(venue, share(venue, "BUY", 5, "-1", tag="late2", product="CNC"))
