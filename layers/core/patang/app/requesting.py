"""Orders that people and programs ask for, wired: from their rules to the owner's word on them."""

import time
from typing import TYPE_CHECKING

from patang.execution.amendments import Amendments
from patang.execution.leaving.exits import Exits
from patang.execution.orders.live_market import LiveMarket

if TYPE_CHECKING:
    from patang.approvals.requests.deciding import RequestDecisions
    from patang.approvals.requests.sending import RequestSender
    from patang.approvals.requests.service import OrderRequests
    from patang.execution.orders.foreign_holdings import ForeignHoldings
    from patang.execution.orders.persons_orders import PersonsOrders
from patang.app.markets import Markets

__all__ = ["Requesting"]


class Requesting(Markets):
    """Here, not at the top, is imported what only those need who take orders of people: their rules."""

    def amendments(self) -> Amendments:
        return Amendments(self.store, self.intent_queue, self.clock)

    def exits(self) -> Exits:
        return Exits(self.store, self.intent_queue, self.amendments(), self.clock)

    def order_requests(self) -> "OrderRequests":
        """What takes every order that is asked for, whoever asks."""
        from patang.approvals.requests.service import OrderRequests

        return OrderRequests(
            self.store,
            lambda: self.auth_store,
            self.persons_orders(),
            self._request_sender(),
            self.broker,
            self.notifier,
            self.standing_settings,
            self.public_url,
            self.clock,
            self.metrics,
        )

    def request_decisions(self) -> "RequestDecisions":
        from patang.approvals.requests.deciding import RequestDecisions

        return RequestDecisions(
            self.store, self.persons_orders, self._request_sender, self.notifier, self.clock, self.metrics
        )

    def persons_orders(self) -> "PersonsOrders":
        """The rules of people's orders, and what has become of them; order_requests() alone submits."""
        from patang.execution.orders.basket_rest import BasketRest
        from patang.execution.orders.intent_states import IntentStates
        from patang.execution.orders.order_desk import OrderDesk
        from patang.execution.orders.persons_orders import PersonsOrders
        from patang.execution.orders.request_book import RequestBook

        desk = OrderDesk(
            self.store,
            self.broker,
            LiveMarket(self.market_data).quotes,
            self._listed,
            self.settings,
            self.standing_settings,
            self.clock,
        )
        book = RequestBook(self.store, self.intent_queue, self.clock)
        states = IntentStates(self.store, self.clock, time.sleep)
        baskets = BasketRest(self.store, self.amendments(), self.clock)
        return PersonsOrders(desk, book, self.exits(), states, baskets)

    def foreign_holdings(self) -> "ForeignHoldings":
        from patang.execution.orders.foreign_holdings import ForeignHoldings

        return ForeignHoldings(
            self.store, self.broker, self.order_requests().sell_out, self.standing_settings
        )

    def _request_sender(self) -> "RequestSender":
        from patang.approvals.requests.sending import RequestSender

        return RequestSender(self.store, self.persons_orders(), self.standing_settings, self.clock)
