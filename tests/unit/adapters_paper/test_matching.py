"""How paper orders meet the ticks: spread, depth, the queue, charges, and the end of the day."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patang.adapters.paper.matching import after_ticks
from patang.adapters.paper.order import PaperOrder
from patang.market.sessions import IST
from tests.unit.adapters_paper.book import CALL, INFY, NOW, ticks

LATER = NOW + timedelta(seconds=5)
CLOSE = datetime(2026, 8, 18, 15, 30, tzinfo=IST)


def order(**terms: object) -> PaperOrder:
    """A resting order for 100 INFY at 1,500.20."""
    standing = {
        "account": "main",
        "order_id": "P1",
        "tag": "t1",
        "status": "OPEN",
        "variety": "regular",
        "exchange": "NSE",
        "tradingsymbol": "INFY",
        "instrument_token": INFY.instrument_token,
        "lot_size": 1,
        "tick_size": "0.05",
        "transaction_type": "BUY",
        "quantity": 100,
        "order_type": "LIMIT",
        "product": "MIS",
        "validity": "DAY",
        "price": "1500.20",
        "placed_at": NOW,
        "updated_at": NOW,
        "good_until": CLOSE,
        "written_at": NOW,
    }
    return PaperOrder.model_validate(standing | terms)


def shown(*rows, units: int, volume: int | None = None, instrument=INFY):
    """Ticks with so many units behind each quote; the volume grows to `volume` with the last one."""
    made = ticks(*rows, instrument=instrument)
    made["bid_quantity"] = made["ask_quantity"] = units
    if volume is not None:
        made["volume"][-1] = volume
    return made


def prices(after: PaperOrder) -> list[tuple[int, str]]:
    return [(fill.quantity, str(fill.price)) for fill in after.fills]


def test_a_small_order_pays_the_spread():
    after = after_ticks(order(quantity=30), shown((1, 1499.9, 1500), units=40), LATER, None)
    assert (after.status, prices(after)) == ("COMPLETE", [(30, "1500.00")])
    sold = order(quantity=30, transaction_type="SELL", price="1499.00")
    assert prices(after_ticks(sold, shown((1, 1499.9, 1500), units=40), LATER, None)) == [(30, "1499.90")]


def test_a_larger_one_slips_from_level_to_level_up_to_its_limit():
    after = after_ticks(order(), shown((1, 1499.9, 1500), units=25), LATER, None)
    assert prices(after) == [(25, "1500.00"), (25, "1500.05"), (25, "1500.10"), (25, "1500.15")]
    assert after.average_price == Decimal("1500.075")
    sold = after_ticks(
        order(transaction_type="SELL", price="1499.80"), shown((1, 1499.9, 1500), units=40), LATER, None
    )
    assert prices(sold) == [(40, "1499.90"), (40, "1499.85"), (20, "1499.80")]


def test_without_a_quote_the_price_is_a_tick_worse_than_the_last():
    bare = shown((1, 0, 0, 1500), units=0)
    assert prices(after_ticks(order(), bare, LATER, None)) == [(100, "1500.05")]
    sold = order(transaction_type="SELL", price="1499.00")
    assert prices(after_ticks(sold, bare, LATER, None)) == [(100, "1499.95")]
    nothing = order()
    assert after_ticks(nothing, shown((1, 0, 0, 0), units=0), LATER, None) is nothing


def test_what_is_left_waits_for_the_next_tick():
    first = after_ticks(order(), shown((1, 1499.9, 1500.15), units=30), LATER, None)
    assert (first.status, first.filled, first.pending) == ("OPEN", 60, 40)
    again = after_ticks(first, shown((2, 1499.9, 1500.2), units=30), LATER, None)
    assert (again.status, again.filled) == ("OPEN", 90)
    done = after_ticks(again, shown((3, 1499.9, 1500), units=30), LATER, None)
    assert (done.status, prices(done)[-1]) == ("COMPLETE", (10, "1500.00"))


def test_fills_come_in_lots():
    option = order(
        exchange="NFO",
        tradingsymbol=CALL.tradingsymbol,
        instrument_token=CALL.instrument_token,
        product="NRML",
        lot_size=65,
        quantity=195,
        price="120.00",
    )
    after = after_ticks(option, shown((1, 119, 119.95), units=100, instrument=CALL), LATER, None)
    assert prices(after) == [(65, "119.95"), (65, "120.00")]


def test_an_order_in_the_queue_gets_a_fifth_of_what_trades_at_better_prices():
    ask_stays_above = shown((1, 1500.1, 1500.3, 1500.2), (2, 1500.1, 1500.3, 1500.1), units=500, volume=1000)
    ask_stays_above["volume"][0] = 800
    after = after_ticks(order(), ask_stays_above, LATER, 700)
    assert prices(after) == [(40, "1500.20")], (
        "of 200 traded below the limit; the 100 at the limit are others'"
    )


def test_without_a_volume_before_nothing_is_known_to_have_traded():
    through = shown((1, 1500.1, 1500.3, 1500.1), units=500, volume=100_000)
    waiting = order()
    assert after_ticks(waiting, through, LATER, None) is waiting


def test_a_stop_is_triggered_by_the_last_price_and_then_takes_what_its_limit_reaches():
    stop = order(
        transaction_type="SELL",
        order_type="SL",
        status="TRIGGER PENDING",
        trigger_price="1490",
        price="1489.90",
    )
    above = shown((1, 1490.5, 1490.6, 1490.05), units=60)
    assert after_ticks(stop, above, LATER, None) is stop
    after = after_ticks(stop, shown((2, 1489.95, 1490.05, 1490), units=60), LATER, None)
    assert (after.status, prices(after)) == ("COMPLETE", [(60, "1489.95"), (40, "1489.90")])
    jumped = after_ticks(stop, shown((2, 1480, 1481, 1480), units=60), LATER, None)
    assert (jumped.status, jumped.fills) == ("OPEN", ())


def test_a_stop_at_the_market_stays_within_its_protection():
    stop = order(
        transaction_type="SELL",
        order_type="SL-M",
        status="TRIGGER PENDING",
        trigger_price="1490",
        price=None,
        market_protection="1",
    )
    after = after_ticks(stop, shown((2, 1489.95, 1490.05, 1490), units=10), LATER, None)
    assert (after.status, after.filled) == ("OPEN", 50)
    assert after_ticks(after, shown((3, 1400, 1490, 1490), units=10), LATER, None) is after


def test_an_order_for_now_takes_what_is_there_and_is_cancelled_for_the_rest():
    after = after_ticks(order(validity="IOC"), shown((1, 1499.9, 1500.15), units=30), LATER, None)
    assert (after.status, after.filled) == ("CANCELLED", 60)
    assert after.as_sent()["cancelled_quantity"] == 40


def test_no_tick_behind_the_close_fills_anything():
    late = ticks((0, 1400, 1401))
    late["exchange_time"] = int(CLOSE.timestamp())
    after = after_ticks(order(), late, CLOSE, None)
    assert (after.status, after.fills, after.status_message) == ("CANCELLED", (), "its time is over")
    kept = order()
    assert after_ticks(kept, ticks(), CLOSE - timedelta(seconds=1), None) is kept
    assert after_ticks(kept, ticks(), CLOSE, None).status == "CANCELLED"


def test_charges_are_of_the_order_and_not_of_its_fills():
    whole = after_ticks(order(price="1500.00"), shown((1, 1499.9, 1500), units=100), LATER, None)
    parts = order(price="1500.00")
    for second in range(1, 5):
        parts = after_ticks(parts, shown((second, 1499.9, 1500), units=25), LATER, None)
    assert (parts.status, len(parts.fills)) == ("COMPLETE", 4)
    assert parts.charges == whole.charges > 0


tick_rows = st.tuples(
    st.integers(0, 3),  # seconds later
    st.integers(-8, 8),  # the bid, in ticks from the limit
    st.integers(1, 4),  # the spread, in ticks
    st.integers(-8, 8),  # the last price, in ticks from the limit
    st.integers(0, 120),  # units behind each quote
    st.integers(0, 400),  # traded since the tick before
)


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["BUY", "SELL"]),
    st.sampled_from([1, 7]),
    st.lists(tick_rows, min_size=1, max_size=30),
    st.integers(1, 30),
)
def test_whatever_the_ticks_an_order_is_never_filled_worse_or_more_than_it_asked(side, lot, rows, batch):
    resting = order(transaction_type=side, lot_size=lot, quantity=lot * 14)
    second, volume, made = 0, 0, []
    for after, bid, spread, last, units, traded in rows:
        second, volume = second + after, volume + traded
        at = [1500.2 + 0.05 * steps for steps in (bid, bid + spread, last)]
        tick = shown((second, *at), units=units)
        tick["volume"] = volume
        made.append(tick)
    seen = 0
    for first in range(0, len(made), batch):
        for tick in made[first : first + batch]:
            resting = after_ticks(resting, tick, LATER, seen)
            seen = int(tick["volume"][0])
    limit = Decimal("1500.20")
    assert resting.filled <= resting.quantity
    assert (resting.status == "COMPLETE") == (resting.filled == resting.quantity)
    assert all(fill.quantity > 0 and fill.quantity % lot == 0 for fill in resting.fills)
    assert all(fill.price <= limit if side == "BUY" else fill.price >= limit for fill in resting.fills)
    assert [fill.at for fill in resting.fills] == sorted(fill.at for fill in resting.fills)


@pytest.mark.parametrize("side", ["BUY", "SELL"])
def test_what_is_held_for_an_order_shrinks_with_each_fill_and_is_gone_with_the_last(side):
    resting = order(transaction_type=side)
    first = after_ticks(resting, shown((1, 1500.2, 1500.2), units=40), LATER, None)
    assert first.reservation < resting.reservation or side == "SELL"
    done = after_ticks(first, shown((2, 1500.2, 1500.2), units=80), LATER, None)
    assert (done.status, done.reservation) == ("COMPLETE", 0)
