"""Every kind of order that people may ask for, from the request to what the exchange makes of it."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from patang.execution.orders.requests import (
    Basket,
    CancelOrder,
    ConvertPosition,
    DeleteGtt,
    ModifyGtt,
    ModifyOrder,
    PlaceGtt,
    PlaceOrder,
)
from patang.execution.prices import tick_floor
from patang_workbench.exchange.candles import MarketData
from tests.integration.orders.exchange_room import ExchangeRoom


def below(room: ExchangeRoom, instrument: Any, percent: str) -> Decimal:
    """That much below the last price, on the tick."""
    last = room.last(instrument.identifier)
    return tick_floor(last * (1 - Decimal(percent) / 100), instrument.tick_size)


def test_a_regular_order_of_each_type_validity_and_product(market: MarketData) -> None:
    room = ExchangeRoom(market)
    share, option = room.share(), room.option()
    over = tick_floor(room.last(option.identifier) * Decimal("1.02"), option.tick_size)
    wishes = [
        (room.order(share), {"COMPLETE", "ACKED"}),
        (room.order(share, product="MIS", order_type="MARKET", price=None), {"COMPLETE"}),
        (room.order(share, product="MTF", price=below(room, share, "2")), {"ACKED"}),
        (room.order(share, validity="IOC", price=below(room, share, "2")), {"CANCELLED"}),
        (room.order(share, validity="TTL", validity_ttl=1, price=below(room, share, "2")), {"ACKED"}),
        (room.order(share, quantity=10, disclosed_quantity=2, price=below(room, share, "2")), {"ACKED"}),
        (room.order(option, price=over), {"COMPLETE"}),
        (room.order(option, product="MIS", order_type="SL", price=over, trigger_price=over), {"ACKED"}),
        (
            room.order(share, product="MIS", order_type="SL-M", price=None, trigger_price=round(over) * 100),
            None,
        ),
    ]
    for number, (wish, states) in enumerate(wishes):
        receipt = room.ask(wish, f"r-{number}")
        if states is None:
            assert not receipt.accepted, "a trigger above the day's range"
            continue
        assert receipt.accepted, (wish, receipt.broken)
        room.run_lane()
        room.play(2)
        intent = room.intent(receipt.intent_ids[0])
        assert intent.state in states, (wish, intent.state, intent.status_message)
    assert {row["status"] for row in room.book()} <= {"COMPLETE", "OPEN", "TRIGGER PENDING", "CANCELLED"}


def test_an_order_for_some_minutes_ends_after_them(market: MarketData) -> None:
    room = ExchangeRoom(market)
    share = room.share()
    intent = room.sent(room.order(share, validity="TTL", validity_ttl=1, price=below(room, share, "2")))
    assert intent.state == "ACKED"
    room.play(120)
    assert room.intent(intent.intent_id).state == "CANCELLED"


def test_the_legs_of_an_iceberg_are_one_order_of_the_person(market: MarketData) -> None:
    room = ExchangeRoom(market)
    share = room.share()
    over = tick_floor(room.last(share.identifier) * Decimal("1.005"), share.tick_size)
    wish = room.order(share, quantity=10, variety="iceberg", iceberg_legs=3, iceberg_quantity=4, price=over)
    intent = room.sent(wish)
    room.play(10)
    assert [row["quantity"] for row in room.book()] == [4, 4, 2]
    done = room.intent(intent.intent_id)
    assert (done.state, done.filled_quantity) == ("COMPLETE", 10)
    assert len(done.slices) == 3
    (view,) = room.state().intents
    assert [part.filled_quantity for part in view.parts] == [4, 4, 2]
    assert "duplicate_orders" not in room.metrics.counts


def test_a_cover_orders_stop_is_moved_and_is_not_the_first_leg(market: MarketData) -> None:
    room = ExchangeRoom(market)
    share = room.share()
    stop_at = below(room, share, "2")
    cover = {"variety": "co", "product": "MIS", "order_type": "MARKET", "price": None, "quantity": 10}
    intent = room.sent(room.order(share, trigger_price=stop_at, **cover))
    room.play(2)
    first = room.intent(intent.intent_id)
    assert (first.state, first.filled_quantity) == ("COMPLETE", 10)
    stop = next(row for row in room.book() if row["parent_order_id"])
    moved = below(room, share, "1.5")
    told = room.refusals(
        ModifyOrder(variety="co", order_id=stop["order_id"], trigger_price=Decimal("1.01")), "m-0"
    )
    assert told
    assert (
        room.sent(ModifyOrder(variety="co", order_id=stop["order_id"], trigger_price=moved), "m-1").state
        == "COMPLETE"
    )
    stop = next(row for row in room.book() if row["parent_order_id"])
    assert Decimal(str(stop["trigger_price"])) == moved
    assert room.sent(CancelOrder(order_id=stop["order_id"]), "c-1").state == "COMPLETE"
    room.play(2)
    assert all(position.quantity == 0 for position in room.kite.positions())


def test_after_hours_an_order_waits_for_the_open(market: MarketData) -> None:
    room = ExchangeRoom(market, start="08:50:00")
    share = room.share()
    price = below(room, share, "-0.5")
    assert "give amo" in room.refusals(room.order(share, price=price))[0]
    intent = room.sent(room.order(share, variety="amo", price=price))
    assert intent.state == "ACKED"
    assert room.book()[0]["status"] == "AMO REQ RECEIVED"
    change = room.sent(ModifyOrder(variety="amo", order_id=intent.intent_id, quantity=2), "m-1")
    assert change.state == "COMPLETE"
    room.play(27 * 60)
    assert room.intent(intent.intent_id).filled_quantity == 2


def test_shares_that_somebody_did_not_deliver_are_offered_in_the_auction(market: MarketData) -> None:
    room = ExchangeRoom(market, start="14:31:00")
    itc = room.share("ITC")
    (offered,) = room.kite._calls.read("other", lambda client: client.get_auction_instruments())
    offer = {
        "variety": "auction",
        "transaction_type": "SELL",
        "auction_number": str(offered["auction_number"]),
    }
    assert "0 may be sold" not in str(room.ask(room.order(itc, quantity=20, **offer), "r-0").broken)
    room.run_lane()
    room.play(1800)
    (row,) = room.book()
    assert (row["variety"], row["status"]) == ("auction", "COMPLETE")
    assert "quantity is 31" in room.refusals(room.order(itc, quantity=31, transaction_type="SELL"))[0]


@pytest.mark.parametrize("autoslice", [False, True])
def test_more_than_the_freeze_quantity_is_bought_in_slices(market: MarketData, autoslice: bool) -> None:
    room = ExchangeRoom(market)
    option = room.option()
    over = tick_floor(room.last(option.identifier) * Decimal("1.02"), option.tick_size)
    receipt = room.ask(room.order(option, quantity=65 * 60, price=over, autoslice=autoslice))
    assert receipt.accepted, receipt.broken
    assert len(receipt.intent_ids) == (1 if autoslice else 3)
    room.run_lane()
    room.play(120)
    assert [row["quantity"] for row in room.book()] == [1755, 1755, 390]
    views = room.state().intents
    assert {view.state for view in views} == {"COMPLETE"}
    assert sum(view.filled_quantity for view in views) == 65 * 60


def test_a_basket_is_sent_whole_and_reported_order_by_order(market: MarketData) -> None:
    room = ExchangeRoom(market)
    share, option = room.share(), room.option()
    wish = Basket(
        orders=(
            room.order(share, price=below(room, share, "-0.4")),
            room.order(option, price=below(room, option, "3")),
        ),
        cancel_rest=True,
    )
    assert len(room.taken(wish)) == 2
    room.run_lane()
    room.play(3)
    state = room.state()
    assert [view.state for view in state.intents] == ["COMPLETE", "ACKED"]
    assert state.cancels == ()


def trigger(
    kind: str, instrument: Any, quantity: int, *prices: Decimal, side: str = "SELL"
) -> dict[str, Any]:
    leg = {"transaction_type": side, "quantity": quantity, "product": "CNC"}
    return {
        "kind": kind,
        "exchange": instrument.exchange,
        "tradingsymbol": instrument.tradingsymbol,
        "trigger_values": list(prices),
        "legs": [{**leg, "price": price} for price in prices],
    }


def test_triggers_are_laid_changed_and_taken_away(market: MarketData) -> None:
    room = ExchangeRoom(market)
    itc = room.share("ITC")
    stop, target, other = (below(room, itc, away) for away in ("3", "-4", "5"))
    both = room.sent(PlaceGtt.model_validate(trigger("two-leg", itc, 30, stop, target)), "g-1")
    single = room.sent(PlaceGtt.model_validate(trigger("single", itc, 20, other)), "g-2")
    assert (both.state, single.state) == ("COMPLETE", "COMPLETE")
    assert {gtt.request.kind for gtt in room.kite.gtts()} == {"two-leg", "single"}
    assert "0 may be sold" in room.refusals(room.order(itc, transaction_type="SELL"), "r-1")[0]
    wider = {**trigger("two-leg", itc, 25, other, target), "gtt_id": both.target_gtt_id}
    assert room.sent(ModifyGtt.model_validate(wider), "g-3").state == "COMPLETE"
    larger = {**trigger("two-leg", itc, 31, other, target), "gtt_id": both.target_gtt_id}
    assert "30 may be sold" in room.refusals(ModifyGtt.model_validate(larger), "g-4")[0]
    assert room.sent(DeleteGtt(gtt_id=both.target_gtt_id), "g-5").state == "COMPLETE"
    assert [gtt.gtt_id for gtt in room.kite.gtts() if gtt.status == "active"] == [single.target_gtt_id]
    assert "it is deleted" in room.refusals(DeleteGtt(gtt_id=both.target_gtt_id), "g-6")[0]
    (view,) = room.state("g-2").intents
    assert (view.state, view.gtt_id) == ("COMPLETE", single.target_gtt_id)


@pytest.mark.parametrize(
    ("away", "limit", "text"),
    [
        ("0.1", "0.1", "keep"),
        ("3", "9", "beyond its trigger"),
    ],
)
def test_a_trigger_that_would_be_refused_is_not_sent(
    market: MarketData, away: str, limit: str, text: str
) -> None:
    room = ExchangeRoom(market)
    itc = room.share("ITC")
    words = trigger("single", itc, 10, below(room, itc, away))
    words["legs"][0]["price"] = below(room, itc, limit)
    assert text in room.refusals(PlaceGtt.model_validate(words))[0]
    off = trigger("single", itc, 10, below(room, itc, "3") + Decimal("0.01"))
    assert "tick" in room.refusals(PlaceGtt.model_validate(off))[0]


def test_a_position_changes_its_product(market: MarketData) -> None:
    room = ExchangeRoom(market)
    share = room.share()
    over = below(room, share, "-0.4")
    room.sent(room.order(share, product="MIS", quantity=10, price=over), "r-1")
    room.play(2)
    convert = {
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "transaction_type": "BUY",
        "position_type": "day",
        "old_product": "MIS",
        "new_product": "CNC",
    }
    assert room.sent(ConvertPosition(quantity=4, **convert), "v-1").state == "COMPLETE"
    assert {p.product: p.quantity for p in room.kite.positions()} == {"MIS": 6, "CNC": 4}
    assert "6 may be sold" in room.refusals(ConvertPosition(quantity=7, **convert), "v-2")[0]


def test_the_brokers_margin_decides_what_a_future_costs(market: MarketData) -> None:
    room = ExchangeRoom(market, cash=1_000_000)
    future = room.future()
    assert room.sent(room.order(future, price=below(room, future, "-0.2"))).state in ("ACKED", "COMPLETE")
    many = room.order(future, quantity=future.lot_size * 5, price=below(room, future, "1"))
    assert "broker's own figure" in room.refusals(many, "r-2")[0]


_FIELDS = st.fixed_dictionaries(
    {
        "variety": st.sampled_from(["regular", "regular", "regular", "iceberg", "co"]),
        "order_type": st.sampled_from(["LIMIT", "LIMIT", "SL", "MARKET", "SL-M"]),
        "product": st.sampled_from(["CNC", "MIS", "NRML"]),
        "validity": st.sampled_from(["DAY", "DAY", "IOC", "TTL"]),
        "ttl": st.sampled_from([None, None, 5]),
        "lots": st.integers(1, 28),
        "odd": st.sampled_from([0, 0, 0, 1]),
        "price": st.none() | st.integers(-60, 60),
        "trigger": st.none() | st.integers(-60, 60),
        "half_tick": st.sampled_from([0, 0, 0, 1]),
        "legs": st.sampled_from([None, 2, 3]),
        "disclosed": st.sampled_from([None, None, 1, 10]),
        "what": st.sampled_from(["share", "option", "future"]),
    }
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(drawn=_FIELDS)
def test_what_passes_the_rules_is_not_refused_by_the_exchange(
    market: MarketData, drawn: dict[str, Any]
) -> None:
    room = _shared(market)
    wish = _drawn_order(room, drawn)
    if wish is None:
        return
    receipt = room.ask(wish, f"d-{room.venue.exchange.broker.placed}-{abs(hash(str(wish)))}")
    if not receipt.accepted:
        return
    room.run_lane()
    room.play(1)
    for intent_id in receipt.intent_ids:
        intent = room.intent(intent_id)
        assert intent.state in ("ACKED", "COMPLETE", "CANCELLED"), (wish, intent.status_message)
        if intent.state == "ACKED":
            room.ask(CancelOrder(order_id=intent_id), f"c-{intent_id}")
    room.run_lane()


_ROOMS: list[ExchangeRoom] = []


def _shared(market: MarketData) -> ExchangeRoom:
    if not _ROOMS:
        _ROOMS.append(ExchangeRoom(market))
    return _ROOMS[0]


def _drawn_order(room: ExchangeRoom, drawn: dict[str, Any]) -> PlaceOrder | None:
    """An order around the market, or None where its own form already says no."""
    instrument = getattr(room, drawn["what"])()
    last, tick = room.last(instrument.identifier), instrument.tick_size
    quantity = instrument.lot_size * drawn["lots"] + drawn["odd"]

    def near(steps: int | None) -> Decimal | None:
        if steps is None:
            return None
        return tick_floor(last * (1 + Decimal(steps) / 1000), tick) + tick / 2 * drawn["half_tick"]

    legs = drawn["legs"]
    fields = {
        "variety": drawn["variety"],
        "order_type": drawn["order_type"],
        "product": drawn["product"],
        "validity": drawn["validity"],
        "validity_ttl": drawn["ttl"],
        "quantity": quantity,
        "price": near(drawn["price"]),
        "trigger_price": near(drawn["trigger"]),
        "disclosed_quantity": drawn["disclosed"],
        "iceberg_legs": legs,
        "iceberg_quantity": None if legs is None else -(-quantity // legs),
    }
    try:
        return room.order(instrument, **fields)
    except ValidationError:
        return None
