"""A desk whose account takes orders of people: signed in, in a market that is known, with a lane to send
them.
"""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from patang.execution.intent import OrderIntent
from patang.execution.market_clock import MarketClock
from patang.execution.orders.basket_rest import BasketRest
from patang.execution.orders.intent_states import IntentStates
from patang.execution.orders.market_facts import MarketQuote
from patang.execution.orders.order_desk import OrderDesk
from patang.execution.orders.persons_orders import PersonsOrders
from patang.execution.orders.request_book import Receipt, RequestBook
from patang.execution.orders.requests import PersonsWish
from patang.keys import intent_key
from patang.market.instruments import Instrument
from patang.records import create, load
from tests.unit.execution.orders.samples import FUTURE, OPTION, SHARE
from tests.unit.execution.samples import equity_signal, open_account
from tests.unit.execution.stages import bought
from tests.unit.execution.trading_desk import TradingDesk

__all__ = ["OrderRoom", "bought_by_patang", "clear_account", "halted"]

PRICES = {OPTION.tradingsymbol: 100.0, FUTURE.tradingsymbol: 24_400.0, SHARE.tradingsymbol: 800.0}


class OrderRoom(TradingDesk):
    """The option stands at 100, the share at 800, the future at 24400; nothing fills until a test matches."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        open_account(self.store)
        self.store.write(create(MarketClock(market_time=self.market_time, seen_at=self.clock.now())))
        self.market = dict(PRICES)

    def quotes(self, identifiers: Iterable[str]) -> Mapping[str, MarketQuote]:
        self.exchange.prices, kept = self.market, self.exchange.prices
        try:
            return {identifier: self.exchange.quote(identifier) for identifier in identifiers}
        finally:
            self.exchange.prices = kept

    def instrument(self, exchange: str, tradingsymbol: str, as_of: datetime) -> Instrument | None:
        listed = {(i.exchange, i.tradingsymbol): i for i in (OPTION, FUTURE, SHARE)}
        return listed.get((exchange, tradingsymbol))

    def persons_orders(self) -> PersonsOrders:
        desk = OrderDesk(
            self.store,
            self.broker,
            self.quotes,
            self.instrument,
            self.get_settings,
            self.get_settings,
            self.clock,
        )
        book = RequestBook(self.store, self.queue, self.clock)
        states = IntentStates(self.store, self.clock, self.clock.advance)
        baskets = BasketRest(self.store, self.amendments(), self.clock)
        return PersonsOrders(desk, book, self.exits(), states, baskets)

    def ask(self, wish: PersonsWish, request_id: str = "r-1") -> Receipt:
        return self.persons_orders().submit("main", request_id, wish, "owner")

    def refusals(self, wish: PersonsWish, request_id: str = "r-1") -> list[str]:
        """What a refused request is told; nothing of it may be left."""
        written, queued = json.dumps(sorted(map(str, self.store.items))), len(self.queue.messages)
        receipt = self.ask(wish, request_id)
        assert not receipt.accepted
        assert receipt.intent_ids == ()
        assert json.dumps(sorted(map(str, self.store.items))) == written
        assert len(self.queue.messages) == queued
        return [broken.text for broken in receipt.broken]

    def taken(self, wish: PersonsWish, request_id: str = "r-1") -> tuple[OrderIntent, ...]:
        """The intents of an accepted request."""
        receipt = self.ask(wish, request_id)
        assert receipt.accepted, receipt.broken
        return tuple(map(self.intent, receipt.intent_ids))

    def intent(self, intent_id: str) -> OrderIntent:
        found = load(self.store, OrderIntent, intent_key("main", intent_id))
        assert found is not None
        return found

    def run_lane(self) -> None:
        """Everything that is queued is sent, in order."""
        messages, self.queue.messages = self.queue.messages, []
        for _, _, body in messages:
            self.lane().process(body)

    def trade(self, prices: dict[str, float] | None = None) -> None:
        """What the market's price allows is filled and told."""
        self.exchange.prices = self.market if prices is None else prices
        self.exchange.match()
        self.exchange.prices = {}
        self.hear()

    def hear(self) -> None:
        frames, self.exchange.frames = self.exchange.frames, []
        for frame in frames:
            self.order_updates().apply({"account": "main", "source": "frame", "order": frame})

    def hold(self, instrument: Instrument, product: str, units: int) -> None:
        """The account has held that much since yesterday, by its owner's own doing."""
        self.exchange.carried[instrument.exchange, instrument.tradingsymbol, product] += units

    def state(self, request_id: str = "r-1", seconds: float = 2) -> Any:
        return self.persons_orders().state("main", request_id, timedelta(seconds=seconds))


def halted(room: OrderRoom) -> None:
    room.halts().halt("main", "the owner said stop", "owner", room.market_time)


def bought_by_patang(room: OrderRoom) -> Any:
    """Twenty shares for the day, by the desk's own steps."""
    clear_account(room)
    return bought(room, equity_signal())


def clear_account(room: OrderRoom) -> None:
    """The stages of a trade open the account themselves."""
    for key in [key for key in room.store.items if key.partition == "ACCOUNTS" or key.sort == "SESSION"]:
        del room.store.items[key]
