"""What a position has made if it were sold now, since its entry and within the day."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from patang.market.sessions import IST
from patang.portfolio.ledger import Fill, after_exit
from patang.portfolio.open_result import before_the_day, open_result, worth
from patang.portfolio.position import PriceBreak
from patang.risk.charges import leg_charges, segment_of
from tests.unit.risk.samples import AS_OF, mark, option_signal, position

D = Decimal
FRESH = timedelta(seconds=120)
prices = st.decimals(D("60"), D("180"), places=2)


def exit_charges(held, price, quantity=None):
    segment = segment_of(held.exchange, held.symbol, held.product)
    sold = held.open_quantity if quantity is None else quantity
    return leg_charges(segment, held.exchange, "SELL", price, sold, AS_OF.date()).total


def test_a_long_is_worth_what_is_bid_and_pays_for_its_exit():
    held = position()
    seen = mark(held, last_price=D(101), bid=D("100.5"))
    found = open_result(held, seen, AS_OF, FRESH)
    expected = 100 * D("0.5") - held.entry_charges - exit_charges(held, D("100.5"))
    assert (found.since_entry, found.of_the_day, found.stale) == (expected, expected, False)
    assert expected < D("50") - 10


@pytest.mark.parametrize(
    ("seconds", "bid", "last", "expected"),
    [
        (120, D(101), D(102), D(101)),
        # Nobody bids: the last price less 1 %.
        (0, None, D(102), D("100.98")),
        # Too old: the bid less 1 %, or the stop at 99 where that is lower.
        (121, D(99), D(102), D("98.01")),
        (121, D(105), D(106), D(99)),
        (121, None, D(105), D(99)),
    ],
)
def test_without_a_fresh_bid_the_value_is_conservative(seconds, bid, last, expected):
    held = position()
    seen = mark(held, as_of=AS_OF - timedelta(seconds=seconds), last_price=last, bid=bid)
    assert worth(held, seen, AS_OF, FRESH) == (expected, seconds > 120)


def test_before_its_first_mark_a_position_may_be_at_its_stop():
    assert worth(position(), None, AS_OF, FRESH) == (D(99), True)


def test_an_option_without_a_bid_loses_more_on_its_way():
    held = position("NIFTY26AUG25000CE", exchange="NFO", expiry=option_signal().expiry, product="NRML")
    assert worth(held, mark(held, bid=None, last_price=D(120)), AS_OF, FRESH) == (D(114), False)


def test_a_restated_price_is_no_loss_while_nobody_knows_the_ratio():
    broken = PriceBreak(day=AS_OF.date(), kept=D(104), told=D(52))
    held = position(price_break=broken)
    assert worth(held, mark(held, last_price=D(52), bid=D(52)), AS_OF, FRESH) == (D("102.96"), True)


def test_a_position_carried_into_the_day_begins_at_the_previous_close():
    held = position(entry_time=AS_OF - timedelta(days=1), product="CNC")
    seen = mark(held, last_price=D(108), bid=D(108), previous_close=D(110))
    found = open_result(held, seen, AS_OF, FRESH)
    # The gain to 110 and the charges of the entry were yesterday's.
    assert found.of_the_day == -200 - exit_charges(held, D(108))
    assert found.since_entry == 800 - 10 - exit_charges(held, D(108))


def test_a_mark_of_yesterday_is_yesterdays_close():
    held = position(entry_time=AS_OF - timedelta(days=1), product="CNC")
    old = mark(held, as_of=AS_OF - timedelta(hours=19), last_price=D(110), bid=D("109.5"))
    assert before_the_day(held, old, AS_OF.date()) == 1_000 - 10
    assert before_the_day(held, None, AS_OF.date()) == 0


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.lists(prices, min_size=1, max_size=6), prices)
def test_the_results_of_the_days_add_up_to_the_result_of_the_trade(closes, sold_at):
    """Each day the change of its close, on the last the exit: nothing counts twice, nothing is forgotten."""
    opened_at = datetime(2026, 8, 10, 10, 0, tzinfo=IST)
    held = position(entry_time=opened_at, product="CNC", quantity=50, entry_price=D(100))
    days, previous = D(0), None
    for number, close in enumerate(closes):
        as_of = opened_at + timedelta(days=number)
        seen = mark(held, as_of=as_of, last_price=close, bid=close, previous_close=previous)
        found = open_result(held, seen, as_of, FRESH)
        days += found.of_the_day + exit_charges(held, close)
        previous = close
    last = opened_at + timedelta(days=len(closes))
    final = mark(held, as_of=last, last_price=sold_at, bid=sold_at, previous_close=previous)
    sold = after_exit(held, None, Fill(50, sold_at, last), sold_at)
    days += sold.realised_pnl - before_the_day(sold, final, last.date())
    assert abs(days - sold.realised_pnl) <= D("0.01")


@hypothesis_settings(max_examples=100, deadline=None)
@given(prices, prices, st.integers(0, 100))
def test_selling_at_the_bid_realises_what_was_shown_but_for_rounding(bid, first_price, sold):
    """Whatever part was sold before."""
    held = position()
    if sold:
        held = after_exit(held, None, Fill(sold, first_price, AS_OF), first_price)
    if held.state == "CLOSED":
        return
    shown = open_result(held, mark(held, bid=bid, last_price=bid), AS_OF, FRESH).since_entry
    done = after_exit(held, None, Fill(held.open_quantity, bid, AS_OF), bid)
    assert abs(done.realised_pnl - shown) <= D("0.01")


@hypothesis_settings(max_examples=100, deadline=None)
@given(prices, prices)
def test_a_stale_price_never_shows_more_than_the_same_price_fresh(bid, last):
    held = position()
    now = open_result(held, mark(held, bid=bid, last_price=last), AS_OF, FRESH)
    old = mark(held, as_of=AS_OF - timedelta(minutes=5), bid=bid, last_price=last)
    assert open_result(held, old, AS_OF, FRESH).since_entry <= now.since_entry


@pytest.mark.parametrize("yesterdays_price", ["80", "120"])
def test_what_was_sold_in_part_on_an_earlier_day_is_that_days_alone(yesterdays_price):
    yesterday, tomorrow = AS_OF, AS_OF + timedelta(days=1)
    held = position(product="CNC", entry_time=yesterday - timedelta(days=1))
    part = after_exit(held, None, Fill(40, D(yesterdays_price), yesterday), D(100))
    closed_at = mark(part, as_of=yesterday.replace(hour=15), last_price=D(105), bid=D(105))
    seen = mark(part, as_of=tomorrow, last_price=D(105), bid=D(105), previous_close=D(105))
    # The price has not moved: the day has cost the exit to come, and nothing else.
    of_the_day = open_result(part, seen, tomorrow, FRESH).of_the_day
    assert of_the_day == -exit_charges(part, D(105))
    rest = after_exit(part, None, Fill(60, D(105), tomorrow), D(105))
    for known in (closed_at, seen):
        made = rest.realised_pnl - before_the_day(rest, known, tomorrow.date())
        # Booked to the paisa.
        assert abs(made - of_the_day) < D("0.01")
    assert rest.exited_earlier == 40
