"""Whatever is asked of a paper account in whatever order, its books balance and nothing is sold twice."""

import contextlib
from collections import Counter
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from patang.adapters.paper.broker import PaperBroker
from patang.adapters.paper.exchange import PaperExchange
from patang.adapters.paper.funds import PaperFunds
from patang.adapters.paper.keys import paper_funds_key
from patang.adapters.paper.order import PaperOrder
from patang.errors import BrokerRefused
from patang.execution.market_clock import MarketClock
from patang.ports import ConversionRequest, GttLeg, GttRequest, OrderRequest, Write, WriteConflict
from patang.records import create, load, load_all
from patang.settings import Settings
from tests.fakes import FixedClock, MemoryStore
from tests.unit.adapters_paper.book import NOW, UNIVERSE, ticks

CAPITAL = Decimal(300_000)
sides = st.sampled_from(["BUY", "SELL"])
products = st.sampled_from(["MIS", "CNC"])
steps = st.integers(-40, 40)


def price(step: int) -> str:
    return str(Decimal(1500) + Decimal("0.05") * step)


class Unsteady(MemoryStore):
    """A store on which now and then somebody else was faster."""

    def __init__(self) -> None:
        super().__init__()
        self.conflicts = 0

    def write(self, *writes: Write) -> None:
        if self.conflicts:
            self.conflicts -= 1
            raise WriteConflict([writes[0].key])
        super().write(*writes)


class PaperAccountMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.store = Unsteady()
        self.clock = FixedClock(NOW)
        self.store.write(create(MarketClock(market_time=NOW, seen_at=NOW)))
        self.open()
        self.second = self.volume = self.numbers = 0
        self.converted: Counter[str] = Counter()

    @rule()
    def open(self) -> None:
        """The processes end, and others go on."""
        self.broker = PaperBroker("main", self.store, self.clock, Settings, {NOW.date(): UNIVERSE}.get)
        self.exchange = PaperExchange(self.store, self.clock, Settings)

    @rule(times=st.integers(1, 4))
    def meet_others(self, times: int) -> None:
        self.store.conflicts = times

    @rule(side=sides, product=products, quantity=st.integers(1, 150), at=steps, again=st.booleans())
    def place_limit(self, side: str, product: str, quantity: int, at: int, again: bool) -> None:
        self.numbers += not again
        tag = f"t{self.numbers}"
        request = OrderRequest(
            "regular", "NSE", "INFY", side, quantity, "LIMIT", product, "DAY", tag, price=price(at)
        )
        with contextlib.suppress(BrokerRefused):
            self.broker.place(request)

    @rule(side=sides, product=products, quantity=st.integers(1, 250), ioc=st.booleans())
    def place_market(self, side: str, product: str, quantity: int, ioc: bool) -> None:
        self.numbers += 1
        terms = ("MARKET", product, "IOC" if ioc else "DAY", f"t{self.numbers}")
        request = OrderRequest("regular", "NSE", "INFY", side, quantity, *terms, market_protection="-1")
        with contextlib.suppress(BrokerRefused):
            self.broker.place(request)

    @rule(product=products, quantity=st.integers(1, 100), at=steps)
    def place_stop(self, product: str, quantity: int, at: int) -> None:
        self.numbers += 1
        terms = ("SL", product, "DAY", f"t{self.numbers}")
        request = OrderRequest(
            "regular",
            "NSE",
            "INFY",
            "SELL",
            quantity,
            *terms,
            price=price(at - 10),
            trigger_price=price(at),
        )
        with contextlib.suppress(BrokerRefused):
            self.broker.place(request)

    @rule(quantity=st.integers(1, 100))
    def place_trigger(self, quantity: int) -> None:
        legs = (GttLeg("SELL", quantity, "CNC", "1490"), GttLeg("SELL", quantity, "CNC", "1500"))
        values = ("1496", "1504")
        with contextlib.suppress(BrokerRefused):
            self.broker.place_gtt(GttRequest("two-leg", "NSE", "INFY", values, "1500", legs))

    @rule(quantity=st.integers(1, 100), product=products)
    def convert(self, quantity: int, product: str) -> None:
        other = "CNC" if product == "MIS" else "MIS"
        ask = ConversionRequest("NSE", "INFY", "BUY", "day", quantity, product, other)
        with contextlib.suppress(BrokerRefused):
            self.broker.convert_position(ask)
            self.converted[product] -= quantity
            self.converted[other] += quantity

    @precondition(lambda self: self.orders())
    @rule(which=st.integers(0, 200), quantity=st.integers(1, 200), at=steps, to_limit=st.booleans())
    def change(self, which: int, quantity: int, at: int, to_limit: bool) -> None:
        orders = self.orders()
        changes = {"quantity": str(quantity), "price": price(at)}
        if to_limit:
            changes["order_type"] = "LIMIT"
        with contextlib.suppress(BrokerRefused):
            self.broker.modify("regular", orders[which % len(orders)].order_id, changes)

    @precondition(lambda self: self.orders())
    @rule(which=st.integers(0, 200))
    def cancel(self, which: int) -> None:
        orders = self.orders()
        with contextlib.suppress(BrokerRefused):
            self.broker.cancel("regular", orders[which % len(orders)].order_id)

    @rule(bid=steps, spread=st.integers(1, 4), last=st.integers(-100, 100), units=st.integers(0, 120))
    def tick(self, bid: int, spread: int, last: int, units: int) -> None:
        self.second += 1
        self.volume += units * 3
        made = ticks((self.second, float(price(bid)), float(price(bid + spread)), float(price(last))))
        made["bid_quantity"] = made["ask_quantity"] = units
        made["volume"] = self.volume
        for frame in self.exchange.match(made, NOW):
            standing = next(order for order in self.orders() if order.order_id == frame["order_id"])
            assert frame == standing.as_sent(), "what is told is what is kept"

    def orders(self) -> list[PaperOrder]:
        return load_all(self.store, PaperOrder, "PAPER#main", "ORDER#")

    def funds(self) -> PaperFunds:
        known = load(self.store, PaperFunds, paper_funds_key("main"))
        return known or PaperFunds(account="main", cash=CAPITAL)

    @invariant()
    def cash_is_what_the_fills_and_charges_have_left(self) -> None:
        spent = Decimal(0)
        for order in self.orders():
            sign = 1 if order.transaction_type == "BUY" else -1
            spent += order.charges + sign * sum((f.price * f.quantity for f in order.fills), Decimal(0))
        assert self.funds().cash == CAPITAL - spent
        assert self.funds().available >= 0

    @invariant()
    def money_is_held_for_what_rests_and_for_nothing_else(self) -> None:
        held = {order.order_id: order.reservation for order in self.orders() if order.reservation}
        assert self.funds().reserved == held

    @invariant()
    def positions_are_the_sum_of_the_fills(self) -> None:
        for product in ("MIS", "CNC"):
            net = self.converted[product]
            for order in self.orders():
                if order.product == product:
                    net += order.filled if order.transaction_type == "BUY" else -order.filled
            assert self.funds().position(f"NSE:INFY:{product}").net == net

    @invariant()
    def nothing_is_sold_that_is_not_there(self) -> None:
        for product in ("MIS", "CNC"):
            resting = sum(
                order.pending
                for order in self.orders()
                if order.transaction_type == "SELL" and order.product == product
            )
            assert 0 <= resting <= self.funds().long(f"NSE:INFY:{product}")

    @invariant()
    def an_order_is_whole(self) -> None:
        for order in self.orders():
            assert 0 <= order.filled <= order.quantity
            assert (order.status == "COMPLETE") == (order.filled == order.quantity)


TestBooksBalance = PaperAccountMachine.TestCase
TestBooksBalance.settings = settings(max_examples=40, stateful_step_count=40, deadline=None)
