"""Slippage is learned from orders that have ended: each once, with its last word, whoever tells it."""

import itertools
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from patang.approvals.proposal import OrderTerms
from patang.execution.following.fill_quality import count_slippage
from patang.execution.following.updates import followed
from patang.execution.intent import OrderIntent
from patang.keys import slippage_partition
from patang.ports import BrokerOrder
from patang.records import load_all
from patang.risk.slippage import SlippageTally, load_slippage, slippage_pct
from tests.fakes import MemoryStore
from tests.unit.execution.samples import MORNING, option_signal
from tests.unit.execution.stages import bought, closing, submitted, tell
from tests.unit.execution.test_updates import frame, sent
from tests.unit.execution.trading_desk import TradingDesk

D = Decimal
# 1,500.80 instead of 1,500 rupees.
ENTRY_PCT = D("0.053333")


def tallies(desk: TradingDesk) -> dict[tuple[str, str], tuple[int, Decimal]]:
    found = load_all(desk.store, SlippageTally, slippage_partition(desk.settings.mode))
    return {(t.instrument_class, t.size): (t.fills, t.total_pct) for t in found}


def test_an_entry_that_has_ended_is_counted_with_what_it_paid_above_its_price() -> None:
    desk = TradingDesk()
    intent = sent(desk)
    tell(desk, frame(intent, "OPEN", 5, 1500.0, at=2))
    assert tallies(desk) == {}, "it may still fill"
    tell(desk, frame(intent, "COMPLETE", 20, 1500.8, at=3))
    # 20 shares of 1,500 rupees.
    assert tallies(desk) == {("equity", "small"): (1, ENTRY_PCT)}


def test_however_often_and_in_whatever_order_it_is_told() -> None:
    for order in itertools.permutations(range(3)):
        desk = TradingDesk()
        intent = sent(desk)
        frames = [
            frame(intent, "OPEN", 5, 1500.0, at=2),
            frame(intent, "COMPLETE", 20, 1500.8, at=4),
            frame(intent, "COMPLETE", 20, 1500.8, at=4),
        ]
        tell(desk, *(frames[n] for n in order), *(frames[n] for n in order))
        assert tallies(desk) == {("equity", "small"): (1, ENTRY_PCT)}


def test_an_exit_is_counted_beside_it_with_what_it_got_less() -> None:
    desk = TradingDesk()
    _, intent = closing(desk)
    assert tallies(desk) == {("equity", "small"): (1, D(0))}
    tell(desk, frame(intent, "COMPLETE", 20, 1488.5, at=9))
    # 1,488.50 instead of the 1,488.90 that were bid when the last trade was at 1,489.
    assert tallies(desk) == {("equity", "small"): (2, D("0.026865"))}


def test_without_a_bid_an_exit_is_held_against_the_last_price() -> None:
    desk = TradingDesk()
    assert desk.exits().begin(bought(desk), "STOP", desk.market_time, D("1489.00"))
    (position,) = desk.positions()
    exit_order = next(i for i in desk.intents() if i.intent_id == position.exit_intent_id)
    tell(desk, frame(exit_order, "COMPLETE", 20, 1488.5, at=9))
    assert tallies(desk) == {("equity", "small"): (2, D("0.033580"))}


def test_a_part_that_was_filled_before_the_order_was_cancelled_counts() -> None:
    desk = TradingDesk()
    intent = sent(desk)
    tell(desk, frame(intent, "CANCELLED", 15, 1500.8, at=4))
    assert tallies(desk) == {("equity", "small"): (1, ENTRY_PCT)}


@pytest.mark.parametrize("status", ["REJECTED", "CANCELLED"])
def test_an_order_that_bought_nothing_teaches_nothing(status: str) -> None:
    desk = TradingDesk()
    tell(desk, frame(sent(desk), status))
    assert tallies(desk) == {}


def test_a_fill_after_the_end_corrects_what_was_counted() -> None:
    desk = TradingDesk()
    intent = sent(desk)
    tell(desk, frame(intent, "CANCELLED", 5, 1501.5, at=2))
    assert tallies(desk) == {("equity", "small"): (1, D("0.1"))}
    tell(desk, frame(intent, "COMPLETE", 20, 1500.8, at=3))
    assert tallies(desk) == {("equity", "small"): (1, ENTRY_PCT)}


def test_options_are_a_class_of_their_own_and_large_orders_a_size() -> None:
    desk = TradingDesk()
    signal = option_signal()
    intent = submitted(desk, signal, 1300)
    tell(desk, frame(intent, "COMPLETE", 1300, float(signal.entry_price) * 1.01))
    assert tallies(desk) == {("options", "medium"): (1, D(1))}


def test_what_is_counted_is_what_the_next_cycle_reads() -> None:
    desk = TradingDesk()
    tell(desk, frame(sent(desk), "COMPLETE", 20, 1500.8))
    found = load_slippage(desk.store, desk.settings.mode)
    assert found.pct("equity-intraday", D(30_000)) == (30 * D("0.02") + ENTRY_PCT) / 31
    assert load_slippage(desk.store, "live").seen == {}


told = st.tuples(
    st.integers(0, 2),
    st.sampled_from(["OPEN", "COMPLETE", "CANCELLED", "REJECTED"]),
    st.integers(0, 20),
    st.sampled_from(["1490", "1500", "1500.8", "1700"]),
)


@hypothesis_settings(deadline=None)
@given(st.lists(told, max_size=30))
def test_whatever_is_told_the_count_is_that_of_the_orders_as_they_stand(updates) -> None:
    """Three orders, told of in any order, also what cannot be."""
    store = MemoryStore()
    orders = [order_intent(number) for number in range(3)]
    for number, status, filled, price in updates:
        old = orders[number]
        new = followed(old, broker_order(old, status, filled, price))
        writes = count_slippage(store, old, new)
        if writes:
            store.write(*writes)
        orders[number] = new
    ended = [order for order in orders if order.is_final and order.filled_quantity and order.average_price]
    expected = sum((slippage_pct("BUY", D(1500), order.average_price or D(0)) for order in ended), D(0))
    tallies = load_all(store, SlippageTally, slippage_partition("paper"))
    assert sum(tally.fills for tally in tallies) == len(ended)
    assert sum((tally.total_pct for tally in tallies), D(0)) == expected


def order_intent(number: int) -> OrderIntent:
    return OrderIntent(
        account="main",
        intent_id=f"N26081800000000000{number}",
        kind="ENTRY",
        state="ACKED",
        terms=OrderTerms(
            account="main",
            mode="paper",
            exchange="NSE",
            tradingsymbol="INFY",
            transaction_type="BUY",
            quantity=20,
            order_type="LIMIT",
            product="MIS",
            price=D(1503),
        ),
        as_of=MORNING,
        written_at=MORNING,
        expected_price=D(1500),
        broker_order_id=f"26081800000{number}",
    )


def broker_order(intent: OrderIntent, status: str, filled: int, price: str) -> BrokerOrder:
    return BrokerOrder(
        order_id=intent.broker_order_id or "",
        tag=intent.intent_id,
        status=status,
        exchange="NSE",
        tradingsymbol="INFY",
        transaction_type="BUY",
        quantity=20,
        filled_quantity=filled,
        average_price=price if filled else "0",
    )
