"""A desk in memory that takes orders and sends them."""

from patang.accounts.service import AccountService
from tests.unit.api.sample_desk import SampleDesk
from tests.unit.approvals.asking import AskingRoom

__all__ = ["ASKED", "OrderedDesk"]

ASKED = {
    "account_id": "main",
    "request_id": "r-1",
    "exchange": "NSE",
    "tradingsymbol": "INFY",
    "transaction_type": "BUY",
    "quantity": 10,
    "order_type": "LIMIT",
    "product": "CNC",
    "price": 800,
}


class OrderedDesk(SampleDesk):
    """A sample desk whose orders go to an exchange in memory: `room` has its rules, its lane and its book."""

    def __init__(self, public_url: str = "http://testserver") -> None:
        self.room = AskingRoom()
        super().__init__(self.room.clock.now(), public_url)
        self.store, self.auth_store = self.room.store, self.room.auth_store
        self.clock, self.notifier = self.room.clock, self.room.notifier
        self.secrets.put("patang/test/account/main", {"api_secret": "secret-main"})
        self._sample_accounts = AccountService(
            self.store,
            self.secrets,
            self.clock,
            self.kite,
            secret_prefix="patang/test",
            login_root=lambda: "https://kite.example",
        )

    def order_requests(self):
        return self.room.order_requests()

    def persons_orders(self):
        return self.room.persons_orders()

    def request_decisions(self):
        return self.room.request_decisions()

    def approvals(self):
        return self.room.approvals()
