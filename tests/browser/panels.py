"""Who meets at the order panel: an assistant that asks for an order, and the owner in his own browser."""

from typing import Any

from patang.approvals.requests.record import approval_id_of
from tests.browser.chromium import Chromium, Page
from tests.browser.serving import Host, ServedDesk
from tests.unit.api.oauth_client import browser_at, log_in_at_kite
from tests.unit.api.ordered_desk import ASKED, OrderedDesk

__all__ = ["Order"]


class Order:
    """An order of ten shares at 800, which stand at 800, at a desk of the principal `owner`."""

    def __init__(self, browser: Chromium, served: ServedDesk) -> None:
        self._browser, self._served = browser, served
        self.desk: OrderedDesk = served.desk
        self.room = self.desk.room
        self.address = served.address
        self.page_address = f"{served.address}/proposals/main/{approval_id_of('main', 'r-1')}"

    def ask(
        self, tool: str = "place_order", scopes: tuple[str, ...] = ("read", "trade"), **asked: Any
    ) -> Host:
        """The assistant asks; its host shows the panel."""
        token = self.desk.tokens().issue("owner", "test", scopes, days=1).secret
        return self._served.show(self._browser, token, tool, **{"arguments": ASKED} | asked)

    def state(self) -> str:
        """Of the request, as it is stored."""
        return self.room.request().state

    def owners_page(self, address: str) -> Page:
        """A page of the desk in the owner's browser, signed in."""
        client = browser_at(self.desk, self.address)
        assert log_in_at_kite(client, self.desk, "/login?account=main", "AB1234").status_code == 303
        page = self._browser.page()
        page.cookie(self._served.address, "patang-session", client.cookies["patang-session"])
        return page.open(address)

    def fill(self) -> None:
        """The lane sends what is queued, and the market fills it."""
        self.room.run_lane()
        self.room.trade()
