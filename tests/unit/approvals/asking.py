"""A desk that takes orders of an owner in his browser and of a program with a token."""

import re
from datetime import timedelta
from typing import Any

from patang.accounts.session import KiteSession
from patang.approvals.decisions import Decisions
from patang.approvals.requests.answer import RequestAnswer
from patang.approvals.requests.deciding import RequestDecisions
from patang.approvals.requests.record import OrderRequest, approval_id_of
from patang.approvals.requests.sending import RequestSender
from patang.approvals.requests.service import OrderRequests
from patang.execution.market_clock import MarketClock
from patang.execution.orders.requests import PersonsWish, PlaceOrder
from patang.identity.principal import ALL_SCOPES, Principal
from patang.keys import market_clock_key, session_key
from patang.records import load, replace
from patang.settings.requests import RequestSettings
from tests.unit.execution.orders.order_room import OrderRoom
from tests.unit.execution.orders.samples import SHARE
from tests.unit.risk.samples import halts

__all__ = ["OWNER", "PROGRAM", "AskingRoom", "asking", "intents", "purchase"]

OWNER = Principal("asha", "person:asha", ("main",), ALL_SCOPES, csrf="word")
PROGRAM = Principal("asha", "token:t1 of asha", ("main",), frozenset({"read", "trade"}))


def purchase(quantity: int = 10, price: str | None = "800", **changes: Any) -> PlaceOrder:
    """Of the share, which stands at 800."""
    said = {"exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY", "product": "CNC"}
    kind = "LIMIT" if price is not None else "MARKET"
    return PlaceOrder.model_validate(
        {**said, "quantity": quantity, "price": price, "order_type": kind, **changes}
    )


class AskingRoom(OrderRoom):
    """Orders are asked for here, and decided on."""

    def hold_shares(self, units: int) -> None:
        self.hold(SHARE, "CNC", units)

    def halt(self) -> None:
        halts(self.store, self.settings, self.clock, self.notifier, self.metrics).halt(
            "main", "a test", "person:asha", self.market_time
        )

    def sign_in_again(self) -> None:
        found = load(self.store, KiteSession, session_key("main"))
        assert found is not None
        self.store.write(replace(found.evolve(valid_until=self.clock.now() + timedelta(hours=8))))
        clock = load(self.store, MarketClock, market_clock_key())
        assert clock is not None
        self.store.write(replace(clock.evolve(market_time=self.market_time, seen_at=self.clock.now())))

    def sender(self) -> RequestSender:
        return RequestSender(self.store, self.persons_orders(), self.get_settings, self.clock)

    def order_requests(self) -> OrderRequests:
        return OrderRequests(
            self.store,
            lambda: self.auth_store,
            self.persons_orders(),
            self.sender(),
            self.broker,
            self.notifier,
            self.get_settings,
            self.public_url,
            self.clock,
            self.metrics,
        )

    def public_url(self) -> str:
        return "https://desk.example"

    def request_decisions(self) -> RequestDecisions:
        return RequestDecisions(
            self.store, self.persons_orders, self.sender, self.notifier, self.clock, self.metrics
        )

    def sweep_requests(self, account: str) -> int:
        return self.request_decisions().sweep(account)

    def decisions(self) -> Decisions:
        return Decisions(
            self.store,
            lambda: self.auth_store,
            self.approvals(),
            self.request_decisions(),
            self.get_settings,
            self.clock,
        )

    def wants(
        self, wish: PersonsWish | None = None, who: Principal = PROGRAM, request_id: str = "r-1"
    ) -> RequestAnswer:
        return self.order_requests().submit(who, "main", request_id, wish or purchase())

    def say(
        self, decision: str, digest: str | None = None, who: Principal = OWNER, request_id: str = "r-1"
    ) -> str:
        request = self.request(request_id)
        shown = digest or request.terms_digest
        return self.decisions().decide(who, "main", request.approval_id, decision, shown).result

    def request(self, request_id: str = "r-1") -> OrderRequest:
        found = self.request_decisions().find("main", approval_id_of("main", request_id))
        assert found is not None
        return found

    def nonce(self) -> str:
        """Of the link in the newest message."""
        found = re.search(r"/approvals/(\S+)", self.notifier.sent[-1][1])
        assert found is not None
        return found[1]


def asking(**changes: Any) -> AskingRoom:
    """A room whose settings of requests are these."""
    return AskingRoom(requests=RequestSettings(**changes))


def intents(desk: AskingRoom) -> list[Any]:
    """Every intent that was written."""
    return [item for key, item in desk.store.items.items() if key.sort.startswith("INTENT#")]
