"""A whole trade on paper: the desk's own services, the paper broker, and ticks through the guard."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from patang.adapters.paper.broker import PaperBroker
from patang.adapters.paper.exchange import PaperExchange
from patang.execution.market_clock import MarketClock
from patang.market.instruments import Instrument, Universe
from patang.market.ticks import TICK, StreamRecord, pack
from patang.portfolio.position import Position
from patang.records import create
from patang.strategies.signal import Signal
from tests.unit.execution.samples import MORNING, TOKENS, equity_signal, option_signal
from tests.unit.execution.stages import submitted
from tests.unit.execution.trading_desk import TradingDesk

SHARE = Instrument(
    instrument_token=TOKENS["INFY"],
    exchange="NSE",
    tradingsymbol="INFY",
    name="INFOSYS",
    instrument_type="EQ",
    segment="NSE",
    tick_size=Decimal("0.05"),
    lot_size=1,
)
CALL = Instrument(
    instrument_token=TOKENS["NIFTY26AUG25000CE"],
    exchange="NFO",
    tradingsymbol="NIFTY26AUG25000CE",
    name="NIFTY",
    instrument_type="CE",
    segment="NFO-OPT",
    tick_size=Decimal("0.05"),
    lot_size=65,
    expiry=date(2026, 8, 25),
    strike=Decimal(25000),
)
UNIVERSE = Universe(day=MORNING.date(), instruments=(SHARE, CALL))


class PaperDesk(TradingDesk):
    """A desk in mode paper whose orders meet the ticks that its guard sees."""

    def __init__(self) -> None:
        super().__init__(mode="paper")
        self.store.write(create(MarketClock(market_time=MORNING, seen_at=MORNING)))
        self.paper = PaperBroker(
            "main", self.store, self.clock, self.get_settings, {UNIVERSE.day: UNIVERSE}.get
        )
        self._guard = self.guard(lambda: PaperExchange(self.store, self.clock, self.get_settings))

    def broker(self, account: str, mode: str) -> Any:
        return self.paper

    def second(self, token: int, last: float, seconds: int = 1) -> None:
        """Some seconds later a tick with its quotes; then lane and updates until all is quiet."""
        self.pass_time(seconds)
        one = np.zeros(1, TICK)
        one["token"], one["exchange_time"] = token, int(self.market_time.timestamp())
        one["last_price"], one["bid"], one["ask"] = last, last - 0.05, last
        one["bid_quantity"] = one["ask_quantity"] = 500
        self._guard.process([record("marker", self.market_time), record("ticks", self.market_time, one)])
        self.settle()

    def settle(self) -> None:
        for _ in range(20):
            messages, self.queue.messages[:] = list(self.queue.messages), []
            updates, self.updates_queue.updates[:] = list(self.updates_queue.updates), []
            if not messages and not updates:
                return
            for update in updates:
                self.order_updates().apply(update)
            for _, _, body in messages:
                self.lane().process(body)
        raise AssertionError("the desk does not come to rest")

    def poll(self) -> None:
        """What the reconciler sees of the broker's books."""
        self.follower().follow("main", self.market_time, "poll")
        self.settle()

    def net(self, symbol: str) -> int:
        return sum(row.quantity for row in self.paper.positions() if row.tradingsymbol == symbol)

    def sold(self) -> int:
        return sum(trade.quantity for trade in self.paper.trades() if trade.transaction_type == "SELL")

    def position(self) -> Position:
        (position,) = self.positions()
        return position


def record(kind: Any, at: datetime, ticks: Any = None) -> bytes:
    return pack(StreamRecord(kind, at, "INFY", np.zeros(0, TICK) if ticks is None else ticks))


def held(signal: Signal, quantity: int) -> PaperDesk:
    """Bought at the signal's price, and protected."""
    desk = PaperDesk()
    submitted(desk, signal, quantity)
    desk.settle()
    desk.second(signal.instrument_token, float(signal.entry_price))
    assert (desk.position().state, desk.position().open_quantity) == ("OPEN", quantity)
    assert desk.net(signal.symbol) == quantity
    return desk


def test_a_share_is_bought_protected_and_sold_by_its_stop_once() -> None:
    desk = held(equity_signal(), 20)
    (stop,) = [order for order in desk.paper.orders() if order.transaction_type == "SELL"]
    assert (stop.status, stop.raw["order_type"], stop.quantity) == ("TRIGGER PENDING", "SL", 20)
    desk.second(TOKENS["INFY"], 1489.95)
    desk.second(TOKENS["INFY"], 1489.90)
    assert desk.position().state == "CLOSED"
    assert (desk.net("INFY"), desk.sold()) == (0, 20)
    assert all(order.order_id == stop.order_id for order in desk.paper.orders() if order.tag == stop.tag)


def test_a_share_at_its_target_is_sold_by_the_order_that_protected_it() -> None:
    desk = held(equity_signal(), 20)
    (stop,) = [order for order in desk.paper.orders() if order.transaction_type == "SELL"]
    for price in (1515.0, 1515.05, 1515.05):
        desk.second(TOKENS["INFY"], price)
    assert (desk.position().state, desk.position().exit_reason) == ("CLOSED", "TARGET")
    assert (desk.net("INFY"), desk.sold()) == (0, 20)
    sales = [order for order in desk.paper.orders() if order.transaction_type == "SELL"]
    assert [(order.order_id, order.status) for order in sales] == [(stop.order_id, "COMPLETE")]


@pytest.mark.parametrize(
    ("signal", "quantity", "price"),
    [
        (option_signal(holding_period="swing"), 65, 59.0),
        (option_signal(holding_period="swing"), 65, 151.0),
        (equity_signal(holding_period="swing"), 20, 1489.0),
        (equity_signal(holding_period="swing"), 20, 1516.0),
    ],
    ids=["a contract's stop", "a contract's target", "a share's stop", "a share's target"],
)
def test_what_is_kept_over_nights_is_sold_by_its_trigger_or_the_guard_and_once(
    signal: Signal, quantity: int, price: float
) -> None:
    desk = held(signal, quantity)
    (trigger,) = desk.paper.gtts()
    assert (trigger.status, trigger.request.kind) == ("active", "two-leg")
    assert {leg.quantity for leg in trigger.request.legs} == {quantity}
    for _ in range(8):
        desk.second(signal.instrument_token, price, seconds=5)
        desk.poll()
    assert desk.position().state == "CLOSED"
    assert (desk.net(signal.symbol), desk.sold()) == (0, quantity)
    assert all(gtt.status != "active" for gtt in desk.paper.gtts())


def test_a_desk_that_dies_leaves_its_position_guarded_by_the_exchange() -> None:
    desk = held(equity_signal(), 20)
    matcher = PaperExchange(desk.store, desk.clock, desk.get_settings)
    one = np.zeros(1, TICK)
    one["token"], one["exchange_time"] = TOKENS["INFY"], int(MORNING.timestamp()) + 60
    one["last_price"], one["bid"], one["ask"] = 1489.9, 1489.85, 1489.95
    (frame,) = matcher.match(one, MORNING + timedelta(seconds=60))
    assert (frame["transaction_type"], frame["status"]) == ("SELL", "COMPLETE")
    assert desk.net("INFY") == 0


def compared(desk: PaperDesk) -> tuple[bool, int, list[str]]:
    found, _ = desk.comparison().run("main", desk.market_time)
    return found.clean, found.looks, [difference.kind for difference in found.differences]


@pytest.mark.parametrize("holding_period", ["intraday", "swing"])
def test_on_paper_the_books_are_compared_too_and_agree_from_the_entry_to_the_end(holding_period: str) -> None:
    exit_by = None if holding_period == "swing" else equity_signal().exit_by
    desk = held(equity_signal(holding_period=holding_period, exit_by=exit_by), 20)
    assert compared(desk) == (True, 1, [])
    assert desk.position().protection is not None
    desk.second(TOKENS["INFY"], 1505.0)
    assert compared(desk) == (True, 1, [])
    for price in (1489.95, 1489.90, 1489.90):
        desk.second(TOKENS["INFY"], price)
        desk.poll()
    assert desk.position().state == "CLOSED"
    assert compared(desk) == (True, 1, [])
    assert desk.net("INFY") == 0


def test_on_paper_a_comparison_sees_what_is_wrong() -> None:
    desk = held(equity_signal(holding_period="swing", exit_by=None), 20)
    (gtt,) = desk.paper.gtts()
    desk.paper.delete_gtt(gtt.gtt_id)
    assert compared(desk) == (False, 2, ["PROTECTION_MISSING"])
    assert desk.risk().gate == "RECONCILIATION"


def test_shares_of_paper_are_found_again_the_next_day() -> None:
    desk = held(equity_signal(holding_period="swing", exit_by=None), 20)
    desk.pass_time(23 * 3600)
    assert compared(desk) == (True, 1, [])
